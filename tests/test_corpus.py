"""Labelled files: every fault is reported with file and row, all at once, and good rows are read."""

from pathlib import Path

import pytest

from model.errors import CorpusError
from model.taxonomy import Taxonomy
from tests.conftest import write_csv
from training.corpus import read_corpus, read_shares, require_sound

HEADER = ["id", "text", "desk", "also", "kind", "urgent"]


def test_every_column_is_read(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "a.csv", HEADER, ["x-1", "欠薪,\n十二个人", "wages", "legal|union", "help", "1"])
    (tip,), problems = read_corpus([path], taxonomy)
    assert not problems
    assert (tip.id, tip.text, tip.desk) == ("x-1", "欠薪,\n十二个人", "wages")
    assert (tip.also, tip.kind, tip.urgent, tip.row) == (("legal", "union"), "help", True, 2)


def test_missing_columns_are_unknown_not_empty(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "desk"], ["欠薪", "wages"])
    (tip,), _ = read_corpus([path], taxonomy)
    assert (tip.id, tip.also, tip.kind, tip.urgent) == (None, None, None, None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_encodings(tmp_path: Path, taxonomy: Taxonomy, encoding: str) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "desk"], ["老板欠我们工资", "wages"], encoding=encoding)
    (tip,), _ = read_corpus([path], taxonomy)
    assert tip.text == "老板欠我们工资"


def test_all_faults_are_reported_at_once(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(
        tmp_path / "a.csv",
        HEADER,
        ["1", "欠薪", "money", "", "", ""],
        ["2", "  ", "wages", "", "", ""],
        ["3", "欠薪", "wages", "wages", "", ""],
        ["4", "欠薪", "wages", "", "shout", ""],
        ["5", "欠薪", "wages", "", "", "yes"],
        ["6", "欠薪"],
        ["7", "欠" * 100_001, "wages", "", "", ""],
        ["8", "工资没发", "wages", "", "complaint", "0"],
    )
    tips, problems = read_corpus([path], taxonomy)
    assert [tip.id for tip in tips] == ["8"]
    assert [(problem.row, problem.kind) for problem in problems] == [
        (2, "unknown_desk"),
        (3, "empty_text"),
        (4, "bad_also"),
        (5, "unknown_kind"),
        (6, "bad_urgent"),
        (7, "ragged_row"),
        (8, "long_text"),
    ]
    with pytest.raises(CorpusError) as caught:
        require_sound(problems)
    assert all(f"a.csv, row {row}:" in str(caught.value) for row in range(2, 9))


def test_a_quote_that_never_closes_is_reported(tmp_path: Path, taxonomy: Taxonomy) -> None:
    (tmp_path / "a.csv").write_text('text,desk\n欠薪,wages\n"没有结尾,wages\n', encoding="utf-8")
    tips, problems = read_corpus([tmp_path / "a.csv"], taxonomy)
    assert len(tips) == 1
    assert [(problem.kind, problem.row) for problem in problems] == [("broken_csv", 3)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "column text, desk is missing"),
        ("内容,desk\n欠薪,wages\n".encode(), "column text is missing; found 内容, desk"),
        (b"\xff\xfe\xff", "neither UTF-8 nor GB18030"),
    ],
    ids=["empty file", "no text column", "no text at all"],
)
def test_unusable_files_are_one_line(tmp_path: Path, taxonomy: Taxonomy, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus([tmp_path / "a.csv"], taxonomy)
    assert "\n" not in str(caught.value)


def test_missing_paths_are_one_line(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(CorpusError, match="no CSV file"):
        read_corpus([tmp_path], taxonomy)
    with pytest.raises(CorpusError, match="expected a CSV file"):
        read_corpus([tmp_path / "missing.csv"], taxonomy)


def test_shares_are_scaled_to_one(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "shares.csv", ["desk", "share"], *([desk, "4"] for desk in taxonomy.desk_ids))
    assert read_shares(path, taxonomy) == pytest.approx(dict.fromkeys(taxonomy.desk_ids, 1 / 13))


@pytest.mark.parametrize(
    "row", [["nonsense", "1"], ["wages", "0"], ["wages", "nan"], ["wages", "many"], ["hours", "1"]], ids=str
)
def test_bad_shares_are_one_line(tmp_path: Path, taxonomy: Taxonomy, row: list[str]) -> None:
    rows = [["hours", "1"], row]
    with pytest.raises(CorpusError, match="row 3") as caught:
        read_shares(write_csv(tmp_path / "shares.csv", ["desk", "share"], *rows), taxonomy)
    assert "\n" not in str(caught.value)


def test_every_desk_needs_a_share(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(CorpusError, match="no share for"):
        read_shares(write_csv(tmp_path / "shares.csv", ["desk", "share"], ["wages", "1"]), taxonomy)
