"""A batch laid out as arrays holds what each of its texts holds alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.featuretext import feature_lines
from model.gramindex import GramIndex
from model.layout import LINE_FEED, Layout, pack
from model.segment import Segmenter
from training.corpus import Tip

SEGMENTER = Segmenter(())
TEXTS = st.lists(st.text(st.sampled_from("工资拖欠的ab1 ?,。\n\U00020bb7"), max_size=12), min_size=1, max_size=5)


def lay_out(texts: list[str]) -> Layout:
    return SEGMENTER.lay_out(feature_lines(texts))


def test_pack_tells_runs_of_different_length_apart() -> None:
    """Code points 65, 66 packed in twos: 65 shifted by 21 bits, plus 66."""
    codes = np.array([65, 66, 67], dtype=np.uint64)
    assert pack(codes, 1).tolist() == [65, 66, 67]
    assert pack(codes, 2).tolist() == [(65 << 21) + 66, (66 << 21) + 67]
    assert pack(codes, 3).tolist() == [(65 << 42) + (66 << 21) + 67]
    assert pack(codes[:1], 3).size == 0


@given(TEXTS)
def test_characters_and_words_are_those_of_each_text(texts: list[str]) -> None:
    layout = lay_out(texts)
    chars = "".join(map(chr, layout.codes.tolist()))
    assert chars == feature_lines(texts).replace(" ", "")
    for row, line in enumerate(chars.split("\n")):
        mine = np.flatnonzero((layout.rows == row) & (layout.codes != LINE_FEED))
        assert "".join(chars[i] for i in mine) == line
        assert layout.places[mine].tolist() == list(range(mine.size))
    words = zip(layout.words, layout.word_starts.tolist(), layout.word_lengths.tolist(), strict=True)
    assert all(chars[start : start + length] == word.strip(" ") for word, start, length in words)


def test_han_are_counted_text_by_text() -> None:
    assert lay_out(["欠薪 abc 123 😀 𠮷", "", "x工"]).count_han().tolist() == [3, 0, 1]


def test_a_batch_is_cut_as_its_texts_are(corpus: list[Tip]) -> None:
    texts = [tip.text for tip in corpus[::7]]
    together = SEGMENTER.cut(feature_lines(texts))
    alone = [word for text in texts for word in [*SEGMENTER.cut(feature_lines([text])), "\n"]]
    assert together == alone[:-1]


@settings(deadline=None)
@given(
    known=st.lists(st.integers(1, 2**63 - 1), unique=True, max_size=60),
    asked=st.lists(st.integers(1, 2**63 - 1), max_size=20),
)
def test_the_index_finds_what_is_known_and_nothing_else(known: list[int], asked: list[int]) -> None:
    index = GramIndex.of(np.array(known, dtype=np.uint64))
    sought = known + asked
    positions, numbers = index.find(np.array(sought, dtype=np.uint64))
    assert positions.tolist() == [position for position, gram in enumerate(sought) if gram in known]
    assert numbers.tolist() == [known.index(gram) for gram in sought if gram in known]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 1000, 100_000])
def test_a_crowded_index_still_finds_all(n: int) -> None:
    grams = np.arange(1, n + 1, dtype=np.uint64)
    positions, numbers = GramIndex.of(grams).find(grams[::-1])
    assert positions.tolist() == numbers[::-1].tolist() == list(range(n))
