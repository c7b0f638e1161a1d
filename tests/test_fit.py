"""Training is repeatable to the byte and learns every output that a routing shows."""

from dataclasses import replace

import numpy as np
import pytest

from model.artefact import Artefact
from model.gramindex import GramIndex
from model.router import Router
from model.taxonomy import Taxonomy
from model.triage import TriageData
from training.config import TrainingConfig
from training.corpus import Tip
from training.fit import fit_model


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_same_corpus_and_seed_give_the_same_bytes(
    artefact: Artefact, small_corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData, n_jobs: int
) -> None:
    again = fit_model(small_corpus, taxonomy, words, triage, TrainingConfig(), n_jobs=n_jobs)
    for name in ("char_index", "idf", "weights", "intercepts"):
        assert getattr(again, name).tobytes() == getattr(artefact, name).tobytes()
    assert again.manifest == artefact.manifest


def test_another_corpus_has_another_digest(
    artefact: Artefact, small_corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData
) -> None:
    tips = [replace(small_corpus[0], text=small_corpus[0].text + "。"), *small_corpus[1:]]
    other = fit_model(tips, taxonomy, words, triage, TrainingConfig())
    assert other.manifest.corpus["sha256"] != artefact.manifest.corpus["sha256"]


def test_a_corpus_without_kind_and_also_still_trains(
    small_corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData
) -> None:
    tips = [replace(tip, kind=None, also=None) for tip in small_corpus]
    router = Router(fit_model(tips, taxonomy, words, triage, TrainingConfig()))
    routing = router.route(["老板拖欠工资"])[0]
    assert routing.desk in router.desks
    assert routing.also == ()


def test_every_output_is_learned(artefact: Artefact) -> None:
    n_desks, n_kinds = len(artefact.taxonomy.desks), len(artefact.taxonomy.kinds)
    assert artefact.intercepts.size == 2 * n_desks + n_kinds + 1
    assert (np.abs(artefact.weights).sum(axis=0) > 0).sum() == artefact.intercepts.size


def test_each_character_n_gram_has_a_number_of_its_own(artefact: Artefact) -> None:
    numbers = GramIndex(artefact.char_index).numbers()
    assert sorted(numbers.tolist()) == list(range(artefact.idf.size - len(artefact.words)))


def test_the_manifest_says_what_was_learned(artefact: Artefact, small_corpus: list[Tip]) -> None:
    manifest = artefact.manifest
    assert manifest.corpus["tips"] == len(small_corpus)
    assert manifest.recipe["random_state"] == 0
    assert manifest.metrics["accuracy"] > 0.4
    assert manifest.libraries.keys() >= {"numpy", "scikit-learn"}


def test_own_cases_weigh_more_and_calibrate(
    artefact: Artefact,
    small_corpus: list[Tip],
    taxonomy: Taxonomy,
    words: list[str],
    triage: TriageData,
    corpus: list[Tip],
) -> None:
    """A hotline that calls a matter by a word of its own is understood once its own cases are learned."""
    desk = taxonomy.desk_ids[0]
    own = [replace(tip, desk=desk, text=f"鹭江专案 {tip.text}") for tip in corpus[-60:]]
    own += [tip for tip in corpus[400:] if tip not in small_corpus][:100]
    learned = fit_model(small_corpus, taxonomy, words, triage, TrainingConfig(), own=own)
    before, after = (Router(model).predict_proba(["鹭江专案"])[0, 0] for model in (artefact, learned))
    assert after > max(before, 0.5)
    assert "160 tips of the hotline's own cases" in learned.manifest.calibration
    assert learned.manifest.corpus["own"] == learned.manifest.metrics["n"] == len(own)


def test_a_stated_share_makes_a_desk_likelier(
    artefact: Artefact, small_corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData
) -> None:
    shares = {desk: 0.5 if desk == taxonomy.desk_ids[3] else 0.5 / 12 for desk in taxonomy.desk_ids}
    shifted = fit_model(small_corpus, taxonomy, words, triage, TrainingConfig(), shares=shares)
    texts = [tip.text for tip in small_corpus]
    before, after = (Router(model).predict_proba(texts)[:, 3].mean() for model in (artefact, shifted))
    assert after > before
