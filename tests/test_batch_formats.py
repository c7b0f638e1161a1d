"""What a result looks like in each format, and how the input's columns are found."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from model.errors import TableError
from service.batch import xlsx_reader, xlsx_writer
from service.batch.columns import find_header, unique_names
from service.batch.inputs import Input
from service.batch.score import COLUMNS, score_table
from tests.conftest import read_csv, run_tipdesk, write_csv


def sheet(path: Path, *rows: Sequence[object]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(number, column, cell, day)
                else:
                    page.write(number, column, cell)
    return path


def read_sheets(path: Path) -> list[list[tuple[object, ...]]]:
    return [list(page.iter_rows(values_only=True)) for page in openpyxl.load_workbook(path)]


def test_a_workbook_keeps_its_kinds_of_cells(tmp_path: Path, model: Path) -> None:
    source = sheet(tmp_path / "in.xlsx", ["内容", "日期", "数", "是"], ["欠薪", date(2024, 3, 1), 13800000000, True])
    score_table(model, source, tmp_path / "out.xlsx")
    ((header, row),) = read_sheets(tmp_path / "out.xlsx")
    assert header == ("内容", "日期", "数", "是", *COLUMNS)
    assert row[:4] == ("欠薪", datetime(2024, 3, 1), 13800000000, True)
    score_table(model, source, tmp_path / "out.csv")
    (row_of_text,) = read_csv(tmp_path / "out.csv")
    assert [row_of_text[name] for name in ("日期", "数", "是")] == ["2024-03-01", "13800000000", "true"]


def test_parquet_keeps_types_and_what_a_spreadsheet_may_not_have(tmp_path: Path, model: Path) -> None:
    table = pa.table({"内容": ["=1+1", None], "n": pa.array([1, 2], pa.int16()), "l": [["甲"], None]})
    pq.write_table(table, tmp_path / "in.parquet")
    score_table(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    back = pq.read_table(tmp_path / "out.parquet")
    assert back.select(["内容", "n", "l"]).equals(table)
    assert back.column_names[3:] == list(COLUMNS)


def test_a_workbook_runs_no_cell_and_shows_what_it_cuts(tmp_path: Path, model: Path) -> None:
    long = "欠薪😀" * 20_000
    source = tmp_path / "in.jsonl"
    lines = [{"text": "=1+1", "n": 1}, {"text": long}, {"text": "a\x00\ud800b"}, {"n": 10**17}]
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    summary = score_table(model, source, tmp_path / "out.xlsx")
    ((_, formula, cut, odd, number),) = read_sheets(tmp_path / "out.xlsx")
    assert formula[:2] == ("'=1+1", 1)
    assert isinstance(cut[0], str)
    assert cut[0].startswith("欠薪😀欠薪")
    assert cut[0].endswith("（原文 60000 字，超过表格上限，此处截断）")
    assert len(cut[0].encode("utf-16-le")) // 2 <= xlsx_writer.MAX_CELL
    assert odd[0] == "a_x0000_�b"
    assert number[:2] == (None, str(10**17))
    assert "1 个单元格超过" in summary.notes[0]


def test_more_rows_than_a_sheet_holds_go_on_another(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_writer, "MAX_ROWS", 4)
    source = write_csv(tmp_path / "in.csv", ["id", "text"], *([str(n), "欠薪"] for n in range(7)))
    summary = score_table(model, source, tmp_path / "out.xlsx")
    sheets = read_sheets(tmp_path / "out.xlsx")
    assert [[row[0] for row in rows] for rows in sheets] == [["id", *"012"], ["id", *"345"], ["id", "6"]]
    assert "3 张工作表" in summary.notes[0]


def test_streaming_reads_what_reading_at_once_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[list[object]] = [
        ["内容", "日期", "n"],
        ["_x0041_\x01", date(2024, 3, 1), 1],
        ["回车\r\n换行", date(2024, 3, 2), 2.5],
        ["", "", 3],
    ]
    path = sheet(tmp_path / "in.xlsx", ["登记表"], [], *rows)
    at_once = list(Input(path).chunks())
    monkeypatch.setattr(xlsx_reader, "_MAX_AT_ONCE", 0)
    assert [(chunk.rows, chunk.lines) for chunk in Input(path).chunks()] == [(c.rows, c.lines) for c in at_once]
    assert at_once[0].rows[0] == ["_x0041_\x01", date(2024, 3, 1), 1]


def test_columns_of_any_number_of_files_are_united(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "months"
    folder.mkdir()
    write_csv(folder / "2.csv", ["内容", "区"], ["欠薪", "东"], encoding="gbk")
    write_csv(folder / "1.csv", ["编号", "留言详情"], ["7", "加班"], ["8"])
    summary = score_table(model, folder, tmp_path / "out.csv", workers=1)
    rows = read_csv(tmp_path / "out.csv")
    assert list(rows[0]) == ["编号", "留言详情", "内容", "区", *COLUMNS, "tip_source", "tip_line"]
    assert [(r["编号"], r["内容"], r["tip_source"], r["tip_line"]) for r in rows] == [
        ("7", "", "1.csv", "2"),
        ("", "欠薪", "2.csv", "2"),
    ]
    assert (summary.rows, summary.rejects) == (2, 1)
    assert read_csv(tmp_path / "out.csv.rejects.csv")[0]["file"] == "1.csv"
    score_table(model, folder / "*.csv", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    with pytest.raises(TableError, match="in the folder that is scored"):
        score_table(model, folder, folder / "out.csv")


def test_several_columns_are_one_text(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["标题", "内容"], ["工资", "拖欠三个月"], ["", "加班"])
    (chunk,) = Input(source, ["标题", "内容"]).chunks()
    assert chunk.texts == ["工资\n拖欠三个月", "加班"]


def test_the_column_is_found_and_said(home: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["二〇二四年登记表", ""], ["内容", "诉求内容"], ["短", "老板拖欠工资"])
    done = run_tipdesk("score", source, tmp_path / "out.csv", home=home)
    assert "诉求文本取自“诉求内容”列，表头在第 2 行" in done.stderr.decode()


def test_a_header_is_not_looked_for_among_data() -> None:
    """In the third row stands such a name as a value: the rows above it are full."""
    rows = [["编号", "类型"], ["1", "咨询"], ["2", "诉求"]]
    assert find_header(rows, []) == (0, 1, ["编号", "类型"])
    assert find_header([["登记表", ""], *rows], ["类型"]) == (1, 2, ["编号", "类型"])
    storeys = [["编号", "诉求人", "", "内容"], ["", "姓名", "电话", ""]]
    assert find_header(storeys, []) == (0, 2, ["编号", "诉求人/姓名", "诉求人/电话", "内容"])


def test_names_are_made_unique() -> None:
    assert unique_names(["a", "a", "", "a_2"]) == ["a", "a_3", "列3", "a_2"]


def test_pipes(home: Path, tmp_path: Path) -> None:
    done = run_tipdesk("score", "-", "-", home=home, stdin="内容\n老板拖欠工资\n".encode("gbk"), cwd=tmp_path)
    header, row = done.stdout.decode("utf-8-sig").splitlines()
    assert header.startswith("内容,tip_desk,")
    assert row.startswith("老板拖欠工资,")
    lines = '{"text": "欠薪"}\n{\n'.encode()
    done = run_tipdesk("score", "-", "-", home=home, stdin=lines, status=4, cwd=tmp_path)
    assert json.loads(done.stdout)["text"] == "欠薪"
    assert read_csv(tmp_path / "stdout.rejects.csv")[0]["raw"] == "{"
