"""rjieba gives what jieba gives."""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import ArtefactFormatError, TaxonomyError
from model.featuretext import feature_text
from model.segment import (
    Segmenter,
    UserWord,
    build_user_words,
    format_user_words,
    parse_user_words,
    read_word_list,
    require_segmenter,
    segmenter_identity,
)
from model.text import normalise
from training.corpus import Tip

TIES = 0.0005  # share of texts that two equally likely segmentations may divide


@pytest.fixture(scope="module")
def user_words(words: list[str]) -> Sequence[UserWord]:
    return build_user_words(words)


@pytest.fixture(scope="module")
def both(user_words: Sequence[UserWord]) -> tuple[Segmenter, Segmenter]:
    return Segmenter(user_words, "rjieba"), Segmenter(user_words, "jieba")


def test_parity_on_the_corpus(both: tuple[Segmenter, Segmenter], corpus: list[Tip]) -> None:
    fast, reference = both
    texts = [form for tip in corpus for form in (tip.text, feature_text(normalise(tip.text)))]
    assert len(texts) >= 1000
    differ = [text for text in texts if fast.cut(text) != reference.cut(text)]
    assert len(differ) <= TIES * len(texts), differ[:5]


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=40))
def test_parity_on_any_unicode(both: tuple[Segmenter, Segmenter], text: str) -> None:
    prepared = feature_text(normalise(text))
    assert both[0].cut(prepared) == both[1].cut(prepared)


def test_words_joined_are_the_text(both: tuple[Segmenter, Segmenter], corpus: list[Tip]) -> None:
    for tip in corpus[:300]:
        assert "".join(both[0].cut(tip.text)) == tip.text


def test_user_words_stay_whole(both: tuple[Segmenter, Segmenter], words: list[str]) -> None:
    broken = [word for word in words if both[0].cut(word) != [word]]
    assert broken == []


def test_user_words_survive_the_file(user_words: Sequence[UserWord]) -> None:
    assert parse_user_words(format_user_words(user_words)) == tuple(user_words)


@pytest.mark.parametrize("content", ["工资", "工资 x n", "工资 -3 n", " 3 n"])
def test_a_damaged_dictionary_is_refused(content: str) -> None:
    with pytest.raises(ArtefactFormatError, match="line 1"):
        parse_user_words(content)


def test_a_word_list_with_faults_is_refused(tmp_path: Path) -> None:
    (tmp_path / "userdict.txt").write_text("工伤认定\n工伤 认定\n工伤认定\n", encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"holds a blank.*there twice"):
        read_word_list(tmp_path / "userdict.txt")


@pytest.mark.parametrize("part", ["version", "dictionary_sha256"])
def test_another_jieba_is_refused_where_it_segments(part: str) -> None:
    with pytest.raises(ArtefactFormatError, match=part):
        require_segmenter({**segmenter_identity(), "rjieba": "", part: "another"})


@pytest.mark.skipif(not segmenter_identity()["rjieba"], reason="rjieba has no wheel here")
def test_another_rjieba_is_refused() -> None:
    with pytest.raises(ArtefactFormatError, match=r"rjieba '0\.1'"):
        require_segmenter({**segmenter_identity(), "rjieba": "0.1"})


def test_the_identity_is_that_of_the_installed_packages() -> None:
    assert segmenter_identity()["version"] == importlib.metadata.version("jieba")
    if segmenter_identity()["rjieba"]:
        assert segmenter_identity()["rjieba"] == importlib.metadata.version("rjieba")


def test_a_machine_without_rjieba_may_serve() -> None:
    require_segmenter({**segmenter_identity(), "rjieba": ""})
