"""Features are found where they stand, and weighed as scikit-learn weighs them."""

import numpy as np
from scipy.sparse import csr_array

from model.features import FeatureFinder
from model.featuretext import feature_lines
from model.gramindex import GramIndex
from model.layout import code_points, pack
from model.segment import Segmenter

WORDS = ("一", "公司", "工资", "有限公司")
GRAMS = np.sort(np.concatenate([pack(code_points("欠工资"), n) for n in (1, 2, 3)]))
FINDER = FeatureFinder(
    WORDS, GramIndex.of(GRAMS), np.ones(len(WORDS) + GRAMS.size, dtype=np.float32), (1, 3), opening_chars=4
)


def found_in(texts: list[str]) -> list[tuple[int, int, int, bool]]:
    """Return text, first character, length and whether it counts twice, of all words and n-grams."""
    layout = Segmenter(()).lay_out(feature_lines(texts))
    return [
        (int(layout.rows[start]), int(layout.places[start]), length, bool(key & 1))
        for group in FINDER.find(layout)
        for key, start, length in zip(*(part.tolist() for part in group), strict=True)
    ]


def test_words_of_any_length_are_found_and_blanks_are_none() -> None:
    assert [hit[:3] for hit in found_in(["有限公司 一 公司"])] == [(0, 4, 1), (0, 5, 2), (0, 0, 4)]


def test_no_run_goes_from_one_text_into_the_next() -> None:
    assert [hit[:3] for hit in found_in(["欠", "工 资", "欠工"])] == [
        *[(0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1), (2, 1, 1)],
        *[(1, 0, 2), (2, 0, 2)],
    ]


def test_what_ends_in_the_opening_counts_twice() -> None:
    hits = found_in(["天天天工资", "天天工资工资"])
    assert [hit for hit in hits if hit[2] == 2] == [
        *[(0, 3, 2, False), (1, 2, 2, True), (1, 4, 2, False)],  # the word
        *[(0, 3, 2, False), (1, 2, 2, True), (1, 4, 2, False)],  # the two characters
    ]


def test_each_block_of_a_text_is_of_length_one_or_empty() -> None:
    layout = Segmenter(()).lay_out(feature_lines(["公司欠工资", "", "天", "欠"]))
    data, features, starts = FINDER.weigh(FINDER.find(layout), layout)
    values = csr_array((data, features, starts), shape=(4, len(WORDS) + GRAMS.size)).toarray()
    lengths = np.linalg.norm(values[:, : len(WORDS)], axis=1), np.linalg.norm(values[:, len(WORDS) :], axis=1)
    np.testing.assert_allclose(lengths, [[1, 0, 0, 0], [1, 0, 0, 1]], rtol=1e-6)


def test_values_times_weights_is_the_product() -> None:
    layout = Segmenter(()).lay_out(feature_lines(["公司欠工资", "", "天", "欠工资欠工资"]))
    values = FINDER.weigh(FINDER.find(layout), layout)
    weights = np.random.default_rng(0).normal(size=(len(WORDS) + GRAMS.size, 3)).astype(np.float32)
    expected = csr_array(tuple(values), shape=(4, weights.shape[0])) @ weights
    np.testing.assert_allclose(values.times(weights), expected, atol=1e-6)
