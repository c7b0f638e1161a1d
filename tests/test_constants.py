"""Shipped constants hold for one corpus and one recipe, and for no other."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.errors import CorpusError
from tests.conftest import DATA
from training.calibrate import Constants
from training.config import TrainingConfig
from training.constants import load_constants, save_constants
from training.corpus import Tip

CONFIG = TrainingConfig()
CONSTANTS = Constants(1.0, -1.0, 0.3, 2.0, [0.0] * 5, 1.0, 0.0, 0.5, "made up for a test")


def test_they_come_back_for_their_corpus_and_recipe(tmp_path: Path, small_corpus: list[Tip]) -> None:
    path = tmp_path / "calibration.json"
    save_constants(path, CONSTANTS, small_corpus, CONFIG)
    assert load_constants(path, small_corpus, CONFIG) == CONSTANTS
    assert load_constants(path, small_corpus[1:], CONFIG) is None
    assert load_constants(path, small_corpus, replace(CONFIG, kind_C=9.0)) is None


def test_without_a_file_there_are_none(tmp_path: Path, small_corpus: list[Tip]) -> None:
    assert load_constants(tmp_path / "missing.json", small_corpus, CONFIG) is None


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_damaged_file_is_one_line(tmp_path: Path, small_corpus: list[Tip], content: str) -> None:
    (tmp_path / "calibration.json").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match="damaged"):
        load_constants(tmp_path / "calibration.json", small_corpus, CONFIG)


def test_the_shipped_ones_fit_the_shipped_corpus(corpus: list[Tip]) -> None:
    assert load_constants(DATA / "calibration.json", corpus, CONFIG) is not None, "run python -m benchmarks.constants"
