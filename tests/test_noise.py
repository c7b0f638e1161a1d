"""Copies behind small talk."""

from pathlib import Path

import pytest

from model.errors import CorpusError
from tests.conftest import DATA
from training.noise import put_behind_preambles, read_preambles


def test_a_share_of_the_texts_is_copied_behind_a_preamble() -> None:
    texts = [f"诉求{n}" for n in range(100)]
    copies, copied = put_behind_preambles(texts, ["您好。", "喂？"], 0.2, random_state=0)
    assert len(copies) == len(set(copied.tolist())) == 20
    assert all(copy in (f"您好。{texts[row]}", f"喂？{texts[row]}") for copy, row in zip(copies, copied, strict=True))


def test_the_same_seed_gives_the_same_copies() -> None:
    texts = [f"诉求{n}" for n in range(100)]
    once, again = (put_behind_preambles(texts, ["您好。", "喂？"], 0.2, random_state=3) for _ in range(2))
    assert once[0] == again[0]


def test_without_preambles_there_are_no_copies() -> None:
    copies, copied = put_behind_preambles(["诉求"], [], 0.5, random_state=0)
    assert copies == []
    assert copied.size == 0


def test_the_shipped_preambles_are_many_and_different() -> None:
    preambles = read_preambles(DATA / "preambles.txt")
    assert len(set(preambles)) == len(preambles) >= 100


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="one preamble a line"):
        read_preambles(tmp_path / "missing.txt")
