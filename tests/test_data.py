"""The shipped data keeps what data/README.md promises."""

import re
from collections import Counter
from pathlib import Path

import pytest

from model.personal import mask
from model.segment import Segmenter
from model.taxonomy import Taxonomy
from model.text import normalise
from tests.conftest import DATA, ROOT
from training.corpus import Tip, read_corpus

REAL_TIPS = ROOT.parent / "shared" / "real_tips"
LONGEST_COMMON_RUN = 14  # characters
STATUTE = re.compile("中华人民共和国|人力资源和社会保障|劳动人事争议仲裁|劳动保障监察")


def test_every_desk_and_kind_has_tips(corpus: list[Tip], taxonomy: Taxonomy) -> None:
    counts = Counter(tip.desk for tip in corpus)
    assert len(corpus) >= 12_000
    assert min(counts[desk] for desk in taxonomy.desk_ids) >= 600
    assert min(counts[desk.id] for desk in taxonomy.desks if not desk.labour) >= 3_000
    assert {tip.kind for tip in corpus} == set(taxonomy.kind_ids)


def test_every_column_of_every_tip_is_filled(corpus: list[Tip]) -> None:
    assert all(tip.id and tip.kind and tip.urgent is not None and tip.also is not None for tip in corpus)


def test_ids_name_the_file_they_are_in(corpus: list[Tip]) -> None:
    assert all((tip.id or "").startswith(Path(tip.file).stem + "-") for tip in corpus)


def test_no_tip_holds_a_personal_number(corpus: list[Tip]) -> None:
    leaks = [tip.id for tip in corpus if mask(normalise(tip.text)) != normalise(tip.text)]
    assert leaks == []


def test_user_words_are_needed(words: list[str]) -> None:
    """A word that jieba's own dictionary keeps whole has no place in the user dictionary."""
    plain = Segmenter(())
    assert [word for word in words if plain.cut(word) == [word]] == []


@pytest.mark.skipif(not REAL_TIPS.exists(), reason="the real tips are not beside this checkout")
def test_no_tip_is_copied_from_a_real_one(corpus: list[Tip], taxonomy: Taxonomy) -> None:
    real, _ = read_corpus([REAL_TIPS / "dev.csv", REAL_TIPS / "practice.csv"], taxonomy)
    runs = {run for tip in real for run in _runs(tip.text)}
    copied = [(tip.id, run) for tip in corpus for run in _runs(tip.text) if run in runs and not STATUTE.search(run)]
    assert copied == []


def _runs(text: str) -> set[str]:
    compact = re.sub(r"\W+", "", text)
    return {compact[i : i + LONGEST_COMMON_RUN] for i in range(len(compact) - LONGEST_COMMON_RUN + 1)}


def test_the_desks_of_the_data_card_are_the_desks(taxonomy: Taxonomy) -> None:
    card = (DATA / "README.md").read_text(encoding="utf-8")
    assert all(f"`{desk}`" in card for desk in taxonomy.desk_ids)
