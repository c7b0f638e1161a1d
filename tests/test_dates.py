"""Dates are understood against the day of the call."""

import datetime

import pytest

from model.facts.finder import FactFinder
from model.text import normalise
from tests.test_facts import finder  # noqa: F401

TODAY = datetime.date(2026, 11, 18)  # a Wednesday


def dates(finder: FactFinder, text: str, today: datetime.date | None = TODAY) -> list[tuple[str, object]]:  # noqa: F811
    return [(fact.text, fact.value) for fact in finder.find([normalise(text)], today)[0] if fact.kind == "date"]


@pytest.mark.parametrize(
    ("phrase", "value"),
    [
        ("2019年3月5日", "2019-03-05"),
        ("二零一九年三月", "2019-03"),
        ("2019年", "2019"),
        ("19年3月", "2019-03"),
        ("98年", "1998"),
        ("90年代", "1990-01-01/1999-12-31"),
        ("八十年代", "1980-01-01/1989-12-31"),
        ("2018.3.5", "2018-03-05"),
        ("2017/12", "2017-12"),
        ("2023.2月份", "2023-02"),
        ("2024-01-31", "2024-01-31"),
        ("今年3月", "2026-03"),
        ("去年8月份", "2025-08"),
        ("去年年底", "2025-12"),
        ("去年上半年", "2025-01-01/2025-06-30"),
        ("前年", "2024"),
        ("去年国庆", "2025-10-01"),
        ("上个月15号", "2026-10-15"),
        ("上月", "2026-10"),
        ("下个月5号", "2026-12-05"),
        ("这个月10号", "2026-11-10"),
        ("昨天", "2026-11-17"),
        ("大前天", "2026-11-15"),
        ("上周三", "2026-11-11"),
        ("上周", "2026-11-09/2026-11-15"),
        ("3月15号", "2026-03-15"),
        ("12月20日", "2025-12-20"),
        ("九月二十七", "2026-09-27"),
        ("11.5号", "2026-11-05"),
        ("五一", "2026-05-01"),
        ("2021年4、5、6月份", "2021-04-01/2021-06-30"),
        ("2017年农历八月十六", "2017"),
        ("去年2月30日", None),
        ("春节", None),
    ],
)
def test_value(finder: FactFinder, phrase: str, value: str | None) -> None:  # noqa: F811
    assert dates(finder, f"我{phrase}进厂上班") == [(phrase, value)]


@pytest.mark.parametrize("phrase", ["去年8月", "上个月15号", "昨天", "3月15号"])
def test_without_the_day_of_the_call_a_relative_date_has_no_value(finder: FactFinder, phrase: str) -> None:  # noqa: F811
    assert dates(finder, f"我{phrase}进厂上班", None) == [(phrase, None)]


def test_a_day_alone_is_the_last_that_has_come(finder: FactFinder) -> None:  # noqa: F811
    assert dates(finder, "说好15号结账,20号又改口") == [("15号", "2026-11-15"), ("20号", "2026-10-20")]


def test_the_same_year_is_the_one_told_before(finder: FactFinder) -> None:  # noqa: F811
    assert dates(finder, "2020年2月入职,同年6月受伤") == [("2020年2月", "2020-02"), ("同年6月", "2020-06")]


@pytest.mark.parametrize(
    "text",
    ["我在厂里干了20年", "交满15年社保", "工龄七八年了", "住在8号楼3栋", "市发[2021]8号文件", "底薪2000", "三日内答复"],
)
def test_lengths_documents_houses_and_sums_are_no_dates(finder: FactFinder, text: str) -> None:  # noqa: F811
    assert dates(finder, text) == []
