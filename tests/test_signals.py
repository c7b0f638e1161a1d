"""Urgent tips are told from the others, by the rules of data/signals.yaml and by any others that a hotline writes."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model.errors import TaxonomyError
from model.routing import Signal, Urgency
from model.signals import Rule, SignalRules
from model.text import normalise
from tests.conftest import DATA

CONTENT = yaml.safe_load((DATA / "signals.yaml").read_text("utf-8"))
SHIPPED = SignalRules.from_dict(CONTENT)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)

SMALL: dict[str, Any] = {
    "clause_marks": ",。",
    "terms": {"fire": "着火|冒烟", "place": "厂|仓库"},
    "cues": [
        {"id": "denial", "within": 2, "before": ["没有"]},
        {"id": "question", "within": 1, "after": ["怎么办"]},
    ],
    "rules": [
        {
            "id": "fire",
            "level": "critical",
            "reason": "起火",
            "excuses": ["denial", "question"],
            "patterns": ["<place>~4!(<fire>)"],
            "examples": ["厂里着火"],
            "counter_examples": ["厂里没有着火"],
        },
        {
            "id": "hunger",
            "level": "high",
            "reason": "没饭吃",
            "patterns": ["没有饭吃"],
            "needs": ["家里|孩子"],
            "unless": ["食堂"],
            "examples": ["家里没有饭吃"],
            "counter_examples": ["食堂没有饭吃"],
        },
    ],
    "wording": {"id": "wording", "level": "high", "reason": "用词像急件"},
}


def fired(rules: SignalRules, text: str) -> list[str]:
    return [signal.rule for signal in rules.assess([normalise(text)])[0].signals]


@pytest.mark.parametrize("rule", SHIPPED.rules, ids=lambda rule: rule.id)
def test_each_rule_fires_on_its_examples_alone(rule: Rule) -> None:
    assert [text for text in rule.examples if rule.id not in fired(SHIPPED, text)] == []
    assert [text for text in rule.counter_examples if rule.id in fired(SHIPPED, text)] == []


def test_each_rule_shows_in_texts_what_it_means() -> None:
    assert all(len(rule.examples) >= 12 and len(rule.counter_examples) >= 6 for rule in SHIPPED.rules)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("仓库着火了,孩子没有饭吃", "critical"),
        ("孩子没有饭吃", "high"),
        ("请问年假有几天", "normal"),
    ],
)
def test_a_tip_is_as_urgent_as_its_gravest_signal(text: str, level: str) -> None:
    assert SignalRules.from_dict(SMALL).assess([text])[0].level == level


def test_a_signal_says_where_and_why() -> None:
    """The group is the trigger; an emoji is one code point, and signals come in the order of the text."""
    urgent = Urgency("critical", (Signal("hunger", "high", "没饭吃", 3, 7), Signal("fire", "critical", "起火", 11, 13)))
    assessed = SignalRules.from_dict(SMALL).assess(["一切都好", "😀家里没有饭吃,仓库又着火"])
    assert assessed == [Urgency("normal", ()), urgent]


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("厂里着火", True),
        ("厂里没有着火", False),
        ("没有人管,厂着火", True),
        ("厂里没有着火,仓库着火", True),
        ("厂着火怎么办", False),
        ("厂着火,怎么办", True),
        ("厂里的门口还着火", False),
        ("厂,着火", False),
    ],
    ids=[
        "said",
        "denied",
        "a denial in another clause",
        "denied here, said there",
        "supposed",
        "a question in another clause",
        "too far from its place",
        "in another clause than its place",
    ],
)
def test_cues_and_gaps_reach_within_their_clause(text: str, fires: bool) -> None:
    assert ("fire" in fired(SignalRules.from_dict(SMALL), text)) is fires


@pytest.mark.parametrize(
    ("text", "fires"), [("没有饭吃", False), ("家里没有饭吃", True), ("家里没有饭吃,食堂也关了", False)]
)
def test_a_rule_may_need_or_shun_words_elsewhere_in_the_text(text: str, fires: bool) -> None:
    assert ("hunger" in fired(SignalRules.from_dict(SMALL), text)) is fires


@pytest.mark.parametrize(("text", "fires"), [("没有饭吃,家里", True), ("没有饭吃,我家里", False)])
def test_a_rule_may_leave_long_texts_alone(text: str, fires: bool) -> None:
    hunger = SMALL["rules"][1] | {"longest": 7}
    assert ("hunger" in fired(SignalRules.from_dict(SMALL | {"rules": [hunger]}), text)) is fires


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("车间三十个工人的工资拖着没发", True),
        ("楼盘三十个业主要退房", False),
        ("工会安排三十名职工去疗养", False),
        ("拆迁拖着不办,村里来了三十个人", False),
    ],
    ids=["unpaid workers", "house buyers", "a benefit", "land"],
)
def test_many_people_are_urgent_only_in_a_labour_grievance(text: str, fires: bool) -> None:
    assert bool(fired(SHIPPED, text)) is fires


def test_a_plea_for_haste_means_little_in_a_long_letter() -> None:
    assert "plea" in fired(SHIPPED, "快来人啊")
    assert "plea" not in fired(SHIPPED, "关于档案的事," * 20 + "快来人啊")


def test_rules_survive_a_published_model() -> None:
    stored = SignalRules.from_dict(json.loads(json.dumps(SHIPPED.to_dict())))
    assert stored == SHIPPED
    assert fired(stored, "井下瓦斯超限还让下去") == fired(SHIPPED, "井下瓦斯超限还让下去") != []


def test_all_problems_are_named_at_once() -> None:
    broken = json.loads(json.dumps(SMALL))
    broken["cues"].append({"id": "denial", "within": "3"})
    broken["rules"][0] |= {"level": "urgent", "excuses": ["joke"], "colour": "red"}
    del broken["rules"][1]["reason"]
    broken["wording"]["level"] = "normal"
    with pytest.raises(TaxonomyError) as error:
        SignalRules.from_dict(broken)
    for problem in (
        "cue 3: within must be a whole number",
        "cue id 'denial' is there twice",
        "rule 1 has unknown colour",
        "rule 'fire': level must be critical or high",
        "rule 'fire': no cue 'joke'",
        "rule 2 lacks reason",
        "rule 'wording': level must be critical or high",
    ):
        assert problem in str(error.value)


def test_all_patterns_that_cannot_be_read_are_named_at_once() -> None:
    broken = json.loads(json.dumps(SMALL))
    broken["rules"][0]["patterns"] = ["(着火", "<smoke>"]
    broken["rules"][1]["needs"] = ["(?=家里)"]
    with pytest.raises(TaxonomyError, match=r"rule 'fire'.*\(着火.*no term 'smoke'.*rule 'hunger'.*\(\?=家里\)"):
        SignalRules.from_dict(broken)


@pytest.mark.parametrize(
    "content", [None, [], {}, {"rules": []}, SMALL | {"terms": 1}, SMALL | {"rules": ["fire"]}, SMALL | {"cues": 1}]
)
def test_what_is_no_set_of_rules_is_refused(content: object) -> None:
    with pytest.raises(TaxonomyError):
        SignalRules.from_dict(content)


# Nearly every key of every pattern, with and without commas.
WORDS = re.findall("[一-龥]+", (DATA / "signals.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        (("".join(WORDS) + ",".join(WORDS)) * 9)[:100_000],
        "没有人自杀,要是着火了怎么办。" * 6_000,
        "二十三个人" * 20_000,
        "\x00\ud800\u202e😀" * 25_000,
        "",
    ],
    ids=["all words", "all excused", "numbers", "odd characters", "empty"],
)
def test_hostile_texts_are_assessed(text: str) -> None:
    assert all(0 <= signal.start < signal.end <= len(text) for signal in SHIPPED.assess([text])[0].signals)


@given(ANY_TEXT, ANY_TEXT)
def test_spans_lie_in_any_text(before: str, after: str) -> None:
    text = f"{before},井下瓦斯超限还让下去,{after}"
    assert all(0 <= signal.start < signal.end <= len(text) for signal in SHIPPED.assess([text])[0].signals)
