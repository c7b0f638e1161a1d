"""A matter told again is found among the stored cases, and only what is surely one caller is proposed for merging."""

import threading
from pathlib import Path

import numpy as np
import pytest

from model.artefact import Artefact
from model.errors import ArtefactFormatError, ArtefactNotFoundError
from model.segment import Segmenter
from model.similar import SimilarIndex, Sketcher, normalise_employer
from training.corpus import Tip

MATTER = (
    "我在城东的鸿达电子做了八年质检，上个月体检查出听力下降，车间冲压机噪声一直超标，公司不给做职业病鉴定，"
    "还把我调去仓库搬货，工资从六千降到三千五，请帮我问问该找哪个部门"
)
AGAIN = (
    "喂你好，我上次问过，就是冲压车间噪声超标那个事，我做质检八年了，体检说听力下降，厂里不给职业病鉴定，"
    "把人调到仓库，工资降了两千五"
)
SHORT = "公司拖欠工资怎么办"
PLACES = {"长沙", "长沙市", "湖南省", "岳麓区", "深圳"}


@pytest.fixture(scope="module")
def sketcher(artefact: Artefact) -> Sketcher:
    return Sketcher(Segmenter(artefact.user_words), artefact.words, artefact.idf)


@pytest.fixture(scope="module")
def texts(small_corpus: list[Tip]) -> list[str]:
    return [tip.text for tip in small_corpus]


def build(
    sketcher: Sketcher,
    texts: list[str],
    *,
    first: int = 1,
    employer: str | None = None,
    place: str | None = None,
    caller: str | None = None,
) -> SimilarIndex:
    """Return an index of texts, numbered from `first`, whose last one has an employer, a place and a caller."""
    index, none = SimilarIndex(), [None] * (len(texts) - 1)
    numbers = range(first, first + len(texts))
    index.append(numbers, sketcher.sketch(texts), [*none, employer], [*none, place], [*none, caller])
    return index


def test_a_matter_told_again_is_found_first(sketcher: Sketcher, texts: list[str]) -> None:
    index = build(sketcher, [*texts, MATTER])
    [sketch] = sketcher.sketch([AGAIN])
    matches = index.find(sketch)
    assert matches[0].case_id == len(texts) + 1
    assert len(matches) == 5
    assert 0.3 < matches[0].similarity < 1
    assert matches[0].similarity > 1.5 * matches[1].similarity


def test_a_text_is_like_itself_and_not_like_another(sketcher: Sketcher) -> None:
    index = build(sketcher, [MATTER])
    [same, strange, empty] = sketcher.sketch([MATTER, "低保怎么申请", ""])
    assert index.find(same)[0].similarity == pytest.approx(1)
    assert index.find(strange) == index.find(empty) == []


def test_the_same_employer_and_place_raise_a_case(sketcher: Sketcher, texts: list[str]) -> None:
    index = build(sketcher, texts, employer="鸿达电子", place="4301")
    [sketch] = sketcher.sketch(["老板不发工资"])
    last = len(texts)
    assert last not in [match.case_id for match in index.find(sketch)]
    raised = index.find(sketch, employer="鸿达电子", place="4301", n=last)
    match = next(match for match in raised if match.case_id == last)
    assert (match.same_employer, match.same_place, match.same_caller) == (True, True, False)
    assert not any(other.same_employer or other.same_place for other in raised if other is not match)
    assert [match.case_id for match in index.find(sketcher.sketch([""])[0], employer="鸿达电子")] == [last]


def test_one_matter_in_nearly_the_same_words_is_proposed_for_merging(sketcher: Sketcher) -> None:
    index = build(sketcher, [MATTER], employer="鸿达电子", caller="138****1234")
    [sketch] = sketcher.sketch([MATTER.replace("请帮我问问该找哪个部门", "急")])
    assert index.find(sketch)[0].duplicate
    assert not index.find(sketch, caller="139****5678")[0].duplicate
    assert not index.find(sketch, employer="鸿运物流")[0].duplicate


def test_of_the_same_caller_a_looser_likeness_is_enough(sketcher: Sketcher) -> None:
    index = build(sketcher, [MATTER], caller="138****1234")
    [again, other] = sketcher.sketch([AGAIN, "孩子上学要交多少钱，听说工资低可以减"])
    assert not index.find(again)[0].duplicate
    assert index.find(again, caller="138****1234")[0].duplicate
    assert not index.find(other, caller="138****1234")[0].duplicate


def test_a_short_question_that_many_ask_is_not_proposed(sketcher: Sketcher) -> None:
    [match] = build(sketcher, [SHORT]).find(sketcher.sketch([SHORT])[0])
    assert match.similarity == pytest.approx(1)
    assert not match.duplicate


def test_excluded_and_removed_cases_are_not_found(sketcher: Sketcher, texts: list[str]) -> None:
    index = build(sketcher, [MATTER, *texts], employer="鸿达电子")
    [sketch] = sketcher.sketch([AGAIN])
    before = index.find(sketch, n=6)
    assert index.find(sketch, exclude=[1]) == before[1:]
    index.remove([1, 10**9])
    assert len(index) == len(texts)
    assert index.find(sketch) == before[1:]
    index.remove(range(len(texts) + 2))
    assert (len(index), index.last_case_id, index.find(sketch)) == (0, 0, [])


def test_appending_bit_by_bit_finds_what_appending_at_once_finds(sketcher: Sketcher, texts: list[str]) -> None:
    at_once, sketches = build(sketcher, texts), sketcher.sketch(texts)
    bit_by_bit = SimilarIndex()
    for start in range(0, len(texts), 7):
        part = sketches[start : start + 7]
        none = [None] * len(part)
        bit_by_bit.append(range(start + 1, start + 1 + len(part)), part, none, none, none)
    assert [bit_by_bit.find(sketch) for sketch in sketches[::9]] == [at_once.find(sketch) for sketch in sketches[::9]]
    assert bit_by_bit.last_case_id == len(texts)


def test_a_case_beyond_the_first_block_is_found(sketcher: Sketcher) -> None:
    fill = sketcher.sketch(["食堂的菜不好吃"]) * 70_000
    index, none = SimilarIndex(), [None] * 70_000
    index.append(range(1, 70_001), fill, none, none, none)
    index.append([70_001], sketcher.sketch([MATTER]), [None], [None], [None])
    assert index.find(sketcher.sketch([AGAIN])[0], n=1)[0].case_id == 70_001
    index.remove(range(1, 69_000))
    assert len(index) == 1002
    assert index.find(sketcher.sketch([AGAIN])[0], n=1)[0].case_id == 70_001
    assert index.n_bytes < 2 * 300_000 + 100 * 1002


def test_a_saved_index_is_the_same_when_loaded(sketcher: Sketcher, texts: list[str], tmp_path: Path) -> None:
    index = build(sketcher, [*texts, MATTER], employer="鸿达电子", place="4301", caller="138****1234")
    index.save(tmp_path)
    loaded = SimilarIndex.load(tmp_path)
    for sketch in sketcher.sketch([AGAIN, texts[3]]):
        found, expected = (
            each.find(sketch, employer="鸿达电子", place="4301", caller="138****1234") for each in (loaded, index)
        )
        assert found == expected
    loaded.remove([1])
    loaded.save(tmp_path)
    assert len(SimilarIndex.load(tmp_path)) == len(texts)
    assert len(list(tmp_path.iterdir())) == 2  # nothing of the removed case stays behind


def test_a_save_that_breaks_off_leaves_the_index_as_it_was(
    sketcher: Sketcher, texts: list[str], tmp_path: Path
) -> None:
    index = build(sketcher, texts)
    index.save(tmp_path)
    index.append([10_000], sketcher.sketch([MATTER]), [None], [None], [None])
    (tmp_path / "similar.json.staging").mkdir()  # the list of blocks, written last, cannot be
    with pytest.raises(IsADirectoryError):
        index.save(tmp_path)
    assert len(SimilarIndex.load(tmp_path)) == len(texts)


def test_a_missing_or_damaged_index_says_what_to_do(sketcher: Sketcher, tmp_path: Path) -> None:
    with pytest.raises(ArtefactNotFoundError, match="build it from the stored cases"):
        SimilarIndex.load(tmp_path)
    build(sketcher, [MATTER]).save(tmp_path)
    [block] = tmp_path.glob("*.npz")
    content = bytearray(block.read_bytes())
    content[len(content) // 2] ^= 1
    block.write_bytes(content)
    with pytest.raises(ArtefactFormatError, match="delete it and build it from the stored cases"):
        SimilarIndex.load(tmp_path)
    (tmp_path / "similar.json").write_text('{"format_version": 99, "blocks": []}')
    with pytest.raises(ArtefactFormatError, match="99, expected 1"):
        SimilarIndex.load(tmp_path)


def test_search_goes_on_while_cases_come_and_go(sketcher: Sketcher, texts: list[str]) -> None:
    index, [sketch] = build(sketcher, [MATTER, *texts]), sketcher.sketch([AGAIN])

    def write() -> None:
        for number in range(10_000, 10_050):
            index.append([number], [sketch], ["鸿达电子"], [None], [None])
            index.remove([number])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert 1 in [match.case_id for match in index.find(sketch, n=2)]
    writer.join()
    assert len(index) == len(texts) + 1


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\ud800", "\u202e😀", "?" * 100_000, "工资" * 50_000],
    ids=["empty", "NUL", "lone surrogate", "bidi and emoji", "100,000 marks", "100,000 characters"],
)
def test_any_text_has_a_sketch(sketcher: Sketcher, text: str) -> None:
    together = sketcher.sketch([MATTER, text, AGAIN])
    assert len(together) == 3
    for sketch, alone in zip(together, (MATTER, text, AGAIN), strict=True):
        [expected] = sketcher.sketch([alone])
        assert np.array_equal(sketch.buckets, expected.buckets)
        assert np.array_equal(sketch.weights, expected.weights)


def test_personal_numbers_leave_no_trace(sketcher: Sketcher) -> None:
    one, other = sketcher.sketch([f"{MATTER}，电话{number}" for number in ("13812345678", "13987654321")])
    assert np.array_equal(one.buckets, other.buckets)


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("长沙市鸿达电子有限公司", "鸿达电子"),
        ("鸿达电子", "鸿达电子"),
        ("湖南省长沙市岳麓区鸿达电子厂", "鸿达电子"),
        ("鴻達電子（深圳）股份有限公司", "鸿达电子"),
        ("鸿达电子有限公司深圳分公司", "鸿达电子"),
        ("美的集团", "美的"),
        ("华联超市", "华联超市"),
        ("长沙市第三中学", "长沙市第三中学"),
        ("长沙公交公司", "长沙公交"),
        ("某电子厂", None),
        ("服装厂", None),
        ("我们公司", None),
        ("刘老板", None),
        ("公司", None),
        ("", None),
        ("\ud800厂", None),
    ],
)
def test_names_of_one_employer_have_one_core(name: str, core: str | None) -> None:
    assert normalise_employer(name, PLACES) == core
