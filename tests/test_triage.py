"""What a desk needs besides its name stands where the text as received has it, and nothing is asked twice."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from model.artefact import Artefact
from model.errors import TaxonomyError
from model.router import Router
from model.routing import Routing, Urgency
from model.taxonomy import Taxonomy
from tests.conftest import DATA
from training.calibrate import NEVER
from training.triage import read_triage

TODAY = datetime.date(2026, 11, 30)


def route(router: Router, text: str) -> Routing:
    return router.route([text], today=TODAY)[0]


@pytest.mark.parametrize("before", ["", "㎡\u200b ", "😀①", "您好，"])
def test_spans_are_of_the_text_as_received(router: Router, before: str) -> None:
    text = f"{before}老闆欠我們１２個工人三萬五，今天有人要跳樓"
    routing = route(router, text)
    assert routing.facts is not None
    assert routing.urgency is not None
    told = {fact.kind: fact for fact in routing.facts}
    assert told["headcount"].text == "１２個工人"
    assert told["money"].value == 35000
    assert told["date"].value == "2026-11-30"
    assert all(text[fact.start : fact.end] == fact.text for fact in routing.facts)
    assert any("跳" in text[signal.start : signal.end] for signal in routing.urgency.signals)


def test_each_reason_is_told_once(router: Router) -> None:
    urgency = route(router, "我们厂二三十个工人三个月没发工资,十二个人堵在门口").urgency
    assert urgency is not None
    reasons = [signal.reason for signal in urgency.signals]
    assert reasons
    assert len(set(reasons)) == len(reasons)


def test_what_is_told_is_not_asked(router: Router) -> None:
    silent, telling = route(router, "拖欠工资"), route(router, "长沙市鸿达电子厂拖欠我们十二个工人工资三万元")
    assert silent.desk == telling.desk == "wages"
    assert silent.questions is not None
    assert telling.questions is not None
    answered = [question for question in silent.questions if question not in telling.questions]
    assert answered == ["请问单位全称叫什么？", "一共差您多少钱？", "跟您一样没拿到钱的有多少人？"]


def test_confidence_is_no_rules_business(router: Router) -> None:
    text = "工地塌了,有人埋在下面"
    assert route(router, text).confidence == router.route([text], explain=False)[0].confidence


def test_a_missing_file_is_named(taxonomy: Taxonomy, tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"signals\.yaml is missing"):
        read_triage(tmp_path, taxonomy)


def test_an_answer_of_an_unknown_kind_is_refused(taxonomy: Taxonomy) -> None:
    content = {**taxonomy.to_dict(), "answers": {"weather": []}}
    content["desks"] = [{k: list(v) if isinstance(v, tuple) else v for k, v in d.items()} for d in content["desks"]]
    with pytest.raises(TaxonomyError, match="weather"):
        read_triage(DATA, Taxonomy.from_dict(content))


def test_wording_makes_urgent_what_no_rule_does(artefact: Artefact) -> None:
    def urgency_with(threshold: float, text: str) -> Urgency:
        policy = replace(artefact.manifest.policy, urgent_threshold=threshold)
        router = Router(replace(artefact, manifest=replace(artefact.manifest, policy=policy)))
        urgency = router.route(["没有关系的一条", text], explain=["urgency"])[1].urgency
        assert urgency is not None
        return urgency

    text = "😀  劳动合同到期了公司不续签"
    assert urgency_with(NEVER, text).signals == ()
    (signal,) = urgency_with(0.0, text).signals
    assert (signal.rule, signal.level) == ("wording", urgency_with(0.0, text).level) == ("wording", "high")
    assert text[signal.start : signal.end].strip()
    assert [
        signal.rule for signal in urgency_with(0.0, "厂房着火了，里面还有人").signals if signal.rule == "wording"
    ] == []
