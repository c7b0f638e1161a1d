"""Labelled files: every fault is reported with file and row, all at once, and good rows are read."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

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


def test_chinese_titles_and_names_are_read_below_a_title_line(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(
        tmp_path / "a.csv",
        ["诉求登记表", "", "", "", "", ""],
        ["工单编号", "诉求内容", "受理席", "另涉", "诉求类型", "是否紧急"],
        ["7", "老板欠薪", "工资报酬", "劳动合同；legal", "信访投诉", "是"],
        ["8", "年假不给", "hours", "", "", "否"],
    )
    (first, second), problems = read_corpus([path], taxonomy)
    assert not problems
    assert (first.id, first.row, first.desk, first.also) == ("7", 3, "wages", ("contract", "legal"))
    assert (first.kind, first.urgent) == ("complaint", True)
    assert (second.desk, second.also, second.urgent) == ("hours", (), False)


def test_a_workbook_is_read_with_its_own_row_numbers(tmp_path: Path, taxonomy: Taxonomy) -> None:
    book = Workbook()
    sheet = book.create_sheet("诉求")
    for row in (
        ["诉求登记表"],
        [],
        ["编号", "内容", "类别"],
        [101, "老板欠薪", "工资报酬"],
        [102, "加班费不给", None],
        [103, '=CONCATENATE("年假","不给")', "工时休假"],
        [],
        [104, "   ", "工时休假"],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("C4:C5")
    book.create_sheet("附表").append(["别的"])
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "~$a.xlsx").write_bytes(b"what a spreadsheet program leaves beside an open file")
    tips, problems = read_corpus([tmp_path], taxonomy)
    assert [(tip.id, tip.row, tip.desk) for tip in tips] == [("101", 4, "wages"), ("102", 5, "wages")]
    assert [(problem.kind, problem.severity, problem.row) for problem in problems] == [
        ("other_sheets", "warning", 1),
        ("formula_without_value", "error", 6),
        ("empty_text", "error", 8),
    ]
    assert "“诉求”" in problems[0].message
    assert "附表" in problems[0].message


def test_workbooks_that_would_fill_the_memory_are_one_line(tmp_path: Path, taxonomy: Taxonomy) -> None:
    book = Workbook()
    assert book.active is not None
    book.active["A1"], book.active["B1"], book.active["XFD1048576"] = "内容", "受理席", "x"
    book.save(tmp_path / "corner.xlsx")
    with ZipFile(tmp_path / "bomb.xlsx", "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/styles.xml", bytes(2**20))
        archive.filelist[0].file_size = 2**30  # as the directory of a bomb says
    for name, message in (("corner.xlsx", "1048576 rows and 16384 columns"), ("bomb.xlsx", "unpacks to more than")):
        with pytest.raises(CorpusError, match=message) as caught:
            read_corpus([tmp_path / name], taxonomy)
        assert "\n" not in str(caught.value)


def test_a_problem_shows_no_control_characters(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "desk"], ["欠薪", "\x1b[2J\u202ewages"])
    _, (problem,) = read_corpus([path], taxonomy)
    assert "\ufffd[2J\ufffdwages" in problem.message


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
    assert all(f"a.csv 第 {row} 行：" in str(caught.value) for row in range(2, 9))


def test_a_quote_that_never_closes_is_reported(tmp_path: Path, taxonomy: Taxonomy) -> None:
    (tmp_path / "a.csv").write_text('text,desk\n欠薪,wages\n"没有结尾,wages\n', encoding="utf-8")
    tips, problems = read_corpus([tmp_path / "a.csv"], taxonomy)
    assert len(tips) == 1
    assert [(problem.kind, problem.row) for problem in problems] == [("broken_csv", 3)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "column text, desk is missing"),
        ("说明,desk\n欠薪,wages\n".encode(), "column text is missing; found 说明, desk, expected text/内容"),
        (b"\xff\xfe\xff", "neither UTF-8 nor GB18030"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as XLSX without a password"),
        (b"PK\x03\x04 and nothing more", "cannot be read as XLSX"),
    ],
    ids=["empty file", "no text column", "no text at all", "old or locked workbook", "broken workbook"],
)
def test_unusable_files_are_one_line(tmp_path: Path, taxonomy: Taxonomy, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus([tmp_path / "a.csv"], taxonomy)
    assert "\n" not in str(caught.value)


def test_missing_paths_are_one_line(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(CorpusError, match="no CSV or XLSX file"):
        read_corpus([tmp_path], taxonomy)
    with pytest.raises(CorpusError, match="expected a CSV or XLSX file"):
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
