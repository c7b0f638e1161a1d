"""Numbers are read as people write them."""

import pytest

from model.facts.numerals import NUMBER, find_numerals, read_number


@pytest.mark.parametrize(
    ("phrase", "low", "high"),
    [
        ("12800", 12_800, 12_800),
        ("12,800", 12_800, 12_800),
        ("3.5万", 35_000, 35_000),
        ("4.5k", 4_500, 4_500),
        ("1.5w", 15_000, 15_000),
        ("三万五", 35_000, 35_000),
        ("5万6", 56_000, 56_000),
        ("2千5", 2_500, 2_500),
        ("一百八", 180, 180),
        ("两百五十", 250, 250),
        ("一千零五十", 1_050, 1_050),
        ("一百零五", 105, 105),
        ("二十万零三百", 200_300, 200_300),
        ("一亿两千万", 120_000_000, 120_000_000),
        ("壹万贰仟", 12_000, 12_000),
        ("二零一九", 2019, 2019),
        ("千万", 10_000_000, 10_000_000),
        ("俩", 2, 2),
        ("半", 0.5, 0.5),
        ("三千五百多", 3_500, 3_500),
        ("20多万", 200_000, 200_000),
        ("七八千", 7_000, 8_000),
        ("四五十万", 400_000, 500_000),
        ("二三十", 20, 30),
        ("十几万", 110_000, 190_000),
        ("10几", 11, 19),
        ("几百", 200, 900),
        ("数十", 20, 90),
        ("几千万", 20_000_000, 90_000_000),
    ],
)
def test_value(phrase: str, low: float, high: float) -> None:
    match = NUMBER.match(phrase)
    assert match
    assert match.group() == phrase
    number = read_number(phrase, 5)
    assert number
    assert (number.start, number.end, number.low, number.high) == (5, 5 + len(phrase), low, high)


@pytest.mark.parametrize("phrase", ["三千五百多", "20多万", "87000+", "两百来"])
def test_what_is_somewhat_more_says_so(phrase: str) -> None:
    number = read_number(phrase, 0)
    assert number
    assert number.more


@pytest.mark.parametrize("phrase", ["一半", "一一", "九八七万", "1" * 30])
def test_what_only_looks_like_a_number_is_none(phrase: str) -> None:
    assert read_number(phrase, 0) is None


@pytest.mark.parametrize(
    ("text", "number"), [("三千一个月", "三千"), ("一百八一天", "一百八"), ("十一个月", "十一"), ("5000来自", "5000")]
)
def test_a_number_ends_where_the_next_word_begins(text: str, number: str) -> None:
    match = NUMBER.match(text)
    assert match
    assert match.group() == number


def test_numerals_are_found_wherever_they_stand() -> None:
    assert find_numerals("欠了三万五,共12人") == [(2, 5), (7, 9)]
