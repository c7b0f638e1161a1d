"""What a routing promises, for any text at all."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.artefact import Artefact
from model.errors import ArtefactFormatError
from model.registry import Registry
from model.router import Router
from model.routing import PIECES
from training.corpus import Tip

UNREADABLE = {
    "empty": "",
    "blank": " \n\t\u3000",
    "one character": "欠",
    "emoji": "😀😡🙏",
    "English": "my boss does not pay me",
    "digits": "12351 12351",
    "NUL": "\x00\x00",
    "lone surrogate": "\ud800",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_chinese_text_goes_to_review(router: Router, text: str) -> None:
    assert router.route([text])[0].decision == "review"


def test_gibberish_goes_to_review(router: Router) -> None:
    assert router.route(["乜冇咁嚟咗喺嘢攞"])[0].decision == "review"


def test_any_length_and_mix_is_routed(router: Router) -> None:
    texts = ["欠薪" * 50_000, "老板 owes me 3 months 工资 кого \u202e倒\u202c", "a\x00工资\ud800拖欠"]
    assert [routing.desk in router.desks for routing in router.route(texts)] == [True, True, True]


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), max_size=80))
def test_promises_hold_for_any_text(router: Router, text: str) -> None:
    routing = router.route([text])[0]
    probabilities = [candidate.probability for candidate in routing.candidates]
    assert routing.candidates[0].desk == routing.desk == routing.prediction_set[0]
    assert routing.confidence == probabilities[0] == max(probabilities)
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(probabilities) >= 3
    assert routing.desk not in {further.desk for further in routing.also}
    assert 0 < routing.kind.probability <= 1
    json.dumps(routing.to_dict())


def test_probabilities_are_a_distribution(router: Router, corpus: list[Tip]) -> None:
    proba = router.predict_proba([tip.text for tip in corpus[:200]])
    assert proba.shape == (200, 13)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_no_texts_give_no_routings(router: Router) -> None:
    assert router.route([]) == []
    assert router.predict_proba([]).shape == (0, 13)


def test_more_texts_than_a_batch_keep_their_order(router: Router, corpus: list[Tip]) -> None:
    texts = [tip.text for tip in corpus[:1500]]
    routings = router.route(texts, explain=False)
    assert [routing.desk for routing in routings] == [
        router.desks[column] for column in router.predict_proba(texts).argmax(axis=1)
    ]


def test_explaining_changes_no_decision(router: Router, corpus: list[Tip]) -> None:
    texts = [tip.text for tip in corpus[:100]]
    plain = router.route(texts, explain=False)
    explained = router.route(texts)
    assert [r.to_dict().keys() - PIECES for r in explained] == [r.to_dict().keys() for r in plain]
    assert [(r.desk, r.confidence, r.decision) for r in plain] == [
        (r.desk, r.confidence, r.decision) for r in explained
    ]


def test_decisions_follow_the_policy(router: Router, corpus: list[Tip]) -> None:
    policy = router.manifest.policy
    routings = router.route([tip.text for tip in corpus], explain=False)
    for routing in routings:
        if routing.decision == "auto":
            assert routing.confidence >= policy.auto_thresholds[routing.desk]
        if routing.decision != "review":
            assert len(routing.prediction_set) <= policy.max_confirm
    assert {routing.decision for routing in routings} == {"auto", "confirm", "review"}


def test_a_model_for_another_segmenter_is_refused(artefact: Artefact) -> None:
    from dataclasses import replace

    manifest = replace(artefact.manifest, segmenter={"name": "jieba", "version": "0.1", "rjieba": "0.1"})
    with pytest.raises(ArtefactFormatError, match="segmenter"):
        Router(replace(artefact, manifest=manifest))


def test_the_version_is_the_registrys(router: Router, home: object) -> None:
    from pathlib import Path

    assert router.version == Registry.of_home(Path(str(home))).path("champion").name
