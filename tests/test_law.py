"""The law that bears on a tip is data, found by desk and matter; bad data is refused with every reason at once."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
import yaml

from model.errors import TaxonomyError
from model.law import MOST_ARTICLES, LawBook
from model.routing import TimeLimit
from model.taxonomy import Taxonomy
from model.text import normalise
from tests.conftest import DATA

MOST_SHOWN_ALWAYS = 3
CONTENT: dict[str, Any] = yaml.safe_load((DATA / "law.yaml").read_text(encoding="utf-8"))
ARTICLES: list[dict[str, Any]] = CONTENT["articles"]


@pytest.fixture(scope="module")
def book(taxonomy: Taxonomy) -> LawBook:
    return LawBook.from_dict(CONTENT, taxonomy.desk_ids)


def small(*articles: dict[str, Any]) -> dict[str, Any]:
    """A law book of one law with these articles, each filled up where it says nothing."""
    law = {"id": "a", "title": "某某法", "short": "某法", "number": "国务院", "in_force": "2020-01-01", "source": "x"}
    filled = [
        {"law": "a", "number": f"第{n}条", "title": "t", "says": "s。", "desks": ["wages"], "example": "e", **article}
        for n, article in enumerate(articles, 1)
    ]
    return {"laws": [law], "articles": filled}


def numbers(content: dict[str, Any], text: str, *desks: str) -> list[str]:
    found = LawBook.from_dict(content, {"wages", "hours"}).find(text, desks)
    return [article.number for article in found]


def test_every_article_is_found_by_its_example(book: LawBook) -> None:
    lost = []
    for article in ARTICLES:
        for desk in article["desks"]:
            found = {(a.number, a.title) for a in book.find(normalise(article["example"]), [desk])}
            if (article["number"], article["title"]) not in found:
                lost.append((desk, article["number"], article["title"]))
    assert lost == []


def test_every_legal_basis_of_a_desk_is_an_article_of_that_desk(taxonomy: Taxonomy) -> None:
    titles = {law["id"]: law["title"] for law in CONTENT["laws"]}
    known = {
        (desk, titles[article["law"]], number)
        for article in ARTICLES
        for desk in article["desks"]
        for number in article["number"].split("、")
    }
    cited = {
        (desk.id, *basis.groups())
        for desk in taxonomy.desks
        for line in desk.legal_basis
        if (basis := re.match(r"《(.+?)》(第[^：]+)：", line))
    }
    assert len(cited) == sum(len(desk.legal_basis) for desk in taxonomy.desks)
    assert cited - known == set()


def test_every_desk_has_articles_and_few_that_are_shown_always(taxonomy: Taxonomy) -> None:
    assert 90 <= len(ARTICLES) <= 150
    for desk in taxonomy.desk_ids:
        own = [article for article in ARTICLES if desk in article["desks"]]
        assert len(own) >= 2
        assert sum("when" not in article for article in own) <= MOST_SHOWN_ALWAYS


def test_an_article_is_told_in_one_sentence() -> None:
    assert [a["number"] for a in ARTICLES if a["says"].count("。") != 1 or not a["says"].endswith("。")] == []


def test_patterns_have_no_gaps_that_make_looking_slow() -> None:
    assert [a["title"] for a in ARTICLES if re.search(r"\.[*+{]|\][*]", str(a.get("when", "")))] == []


def test_round_trip(book: LawBook, taxonomy: Taxonomy) -> None:
    again = LawBook.from_dict(json.loads(json.dumps(book.to_dict())), taxonomy.desk_ids)
    assert again.to_dict() == book.to_dict() == CONTENT


def test_the_period_for_a_work_injury_claim_is_told(book: LawBook) -> None:
    found = book.find(normalise("手指在車間被機器軋傷了，怎麼申請工傷"), ["injury"])
    limits = [limit for article in found if article.number == "第十七条" for limit in article.limits]
    assert TimeLimit("单位申请工伤认定", 30, "日", "事故发生或诊断为职业病") in limits


def test_what_matched_comes_before_what_is_shown_always_and_the_first_desk_before_others() -> None:
    content = small(
        {},
        {"desks": ["hours"], "when": ["加班"]},
        {"when": ["加班"]},
        {"when": ["年假"]},
        {"desks": ["hours"]},
    )
    assert numbers(content, "加班", "wages", "hours") == ["第3条", "第2条", "第1条", "第5条"]
    assert numbers(content, "加班", "hours", "wages") == ["第2条", "第3条", "第5条", "第1条"]


def test_of_a_list_within_a_list_all_must_occur() -> None:
    content = small({"when": [["合同", "没签|未签"], "双倍"]})
    assert numbers(content, "一直没签劳动合同", "wages") == ["第1条"]
    assert numbers(content, "要双倍工资", "wages") == ["第1条"]
    assert numbers(content, "合同签了", "wages") == []


def test_no_article_is_shown_twice_and_no_more_than_fit() -> None:
    content = small(*({"desks": ["wages", "hours"], "when": ["钱", "工资"]} for _ in range(MOST_ARTICLES + 3)))
    assert numbers(content, "工资的钱", "wages", "hours") == [f"第{n}条" for n in range(1, MOST_ARTICLES + 1)]


def test_a_desk_without_law_has_none() -> None:
    assert numbers(small({}), "加班", "hours") == []


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\ud800工资\udfff", "\u202e欠薪\u2066", "🚧" * 1000, "没签合同" * 25_000, "a" * 100_000],
    ids=["empty", "nul", "surrogates", "bidi", "emoji", "long", "latin"],
)
def test_hostile_texts_are_looked_up_like_any_other(book: LawBook, taxonomy: Taxonomy, text: str) -> None:
    assert 0 < len(book.find(text, taxonomy.desk_ids)) <= MOST_ARTICLES


def test_a_lone_surrogate_hides_nothing_behind_it() -> None:
    assert numbers(small({"when": ["工资"]}), "\ud800工资", "wages") == ["第1条"]


def test_all_faults_are_named_at_once() -> None:
    content = small({}, {}, {}, {}, {}, {"when": ["(工资"]}, {"when": []})
    content["laws"].append({**deepcopy(content["laws"][0]), "in_force": "昨天"})
    first, second, third, fourth, fifth, *_ = content["articles"]
    del first["says"]
    second["desks"] = ["nobody"]
    third["law"] = "b"
    fourth["limits"] = [{"what": "w", "length": 0, "unit": "世纪", "from": "f"}]
    fifth["colour"] = "red"
    with pytest.raises(TaxonomyError) as caught:
        LawBook.from_dict(content, {"wages"})
    message = str(caught.value)
    for part in (
        "law id 'a' is there twice",
        "law 2: in_force",
        "article 1 lacks says",
        "article 2: no desk has the id 'nobody'",
        "article 3: no law has the id 'b'",
        "article 4: length",
        "article 4: unit",
        "article 5 has unknown colour",
        "article 6: '(工资' is no RE2 pattern",
        "article 7: when must be a list",
    ):
        assert part in message
    assert "\n" not in message


def test_a_pattern_that_matches_every_text_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="every text at article 2"):
        LawBook.from_dict(small({}, {"when": ["工资|"]}), {"wages"})


@pytest.mark.parametrize("content", [None, [], {"laws": []}, {"laws": 1, "articles": 2}, {"laws": [], "articles": [3]}])
def test_no_law_at_all_is_refused(content: object) -> None:
    with pytest.raises(TaxonomyError):
        LawBook.from_dict(content, {"wages"})
