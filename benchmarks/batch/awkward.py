"""Files as offices have them, made by a seeded script: each is scored to its last row, or refused in one line.

``python -m benchmarks.batch.awkward [--rows 1048576]``, where rows are those of the fullest sheet.
"""

import csv
import gzip
import io
import json
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer
import xlsxwriter
import zstandard

from model.errors import TableError
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from service.batch.formats import open_tables
from service.batch.score import score_table
from service.batch.table import Row

_TEXTS = [
    "老板拖欠我们三个月工资",
    "工地摔伤没人管，工伤怎么认定",
    "公司不给交社保",
    "怀孕被辞退能要赔偿吗",
    "想入会找谁",
]
_RESULTS = (".jsonl", ".csv", ".xlsx", ".parquet")


@dataclass(frozen=True)
class Case:
    """A file, and what should come of it: so many rows and rejects, or a refusal that says this."""

    name: str
    file: str
    make: Callable[[Path], object]
    rows: int = 0
    rejects: int = 0
    refusal: str = ""
    texts: list[str] | None = None


def main(rows: int = 1_048_576, seed: int = 0, home: Path = DEFAULT_HOME) -> None:
    """Print a line for each file; exit status 1 when one is neither scored nor refused as it should be."""
    model = Registry.of_home(home).path(CHAMPION)
    n_wrong = n_cases = 0
    with tempfile.TemporaryDirectory() as folder:
        for n_cases, case in enumerate(awkward_files(seed, rows), 1):
            outcome, is_right = try_file(model, case, Path(folder) / str(n_cases))
            n_wrong += not is_right
            typer.echo(f"{'ok' if is_right else 'WRONG':<6}{case.name:<36}{case.file:<14}{outcome}")
    typer.echo(f"{n_cases - n_wrong} of {n_cases} as they should be")
    sys.exit(n_wrong > 0)


def try_file(model: Path, case: Case, folder: Path) -> tuple[str, bool]:
    """Return what came of a file, and whether that is right: in every format of result, as many rows and no fewer."""
    folder.mkdir()
    source = folder / case.file
    case.make(source)
    results = _RESULTS if case.rows < 10_000 else _RESULTS[-1:]
    try:
        for suffix in results:
            summary = score_table(model, source, folder / f"result{suffix}")
            tables, _ = open_tables(folder / f"result{suffix}", ["tip_desk"])
            n_back = sum(isinstance(record, Row) for table in tables for record in table)
            if (summary.rows, summary.rejects, n_back) != (case.rows, case.rejects, case.rows):
                return f"{summary.rows} rows, {summary.rejects} rejects, {n_back} in {suffix}", False
    except TableError as error:
        said = str(error).replace(f"{folder}/", "")
        return f"refused: {said}", bool(case.refusal) and case.refusal in said and "\n" not in said
    except Exception as error:  # whatever it is, it should have been one line
        return f"{type(error).__name__}: {error}", False
    is_same = case.texts is None or _texts(folder / "result.jsonl") == case.texts
    outcome = f"{case.rows} rows, {case.rejects} rejects"
    return outcome if is_same else f"{outcome}, other texts", is_same and not case.refusal


def _texts(result: Path) -> list[str]:
    return [json.loads(line)["内容"] for line in result.read_text(encoding="utf-8").splitlines()]


def awkward_files(seed: int, full_sheet: int) -> Iterator[Case]:
    """Yield the cases; the same seed gives the same files."""
    drawn = random.Random(seed)
    texts = [drawn.choice(_TEXTS) + drawn.choice(["。", "？", "，谢谢", ""]) for _ in range(20)]
    plain = _csv([["编号", "内容"], *([str(n), text] for n, text in enumerate(texts))])
    yield from _encodings(plain, texts)
    yield from _delimited(plain, texts)
    yield from _json_lines(texts)
    yield from _sheets(texts, full_sheet)
    yield from _harmful_workbooks()
    yield from _parquet(texts)
    yield Case("folder of formats", "folder", lambda path: _folder(path, plain, texts), rows=2 * len(texts))


def _encodings(plain: str, texts: list[str]) -> Iterator[Case]:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"):
        yield Case(encoding, "in.csv", _bytes(plain.encode(encoding)), rows=20, texts=texts)
    big_endian = b"\xfe\xff" + plain.encode("utf-16-be")
    yield Case("utf-16, big end first", "in.csv", _bytes(big_endian), rows=20, texts=texts)
    rare = _csv([["内容"], ["𠮷村㐂家欠工资"]])
    yield Case("characters beyond GBK", "in.csv", _bytes(rare.encode("gb18030")), rows=1, texts=["𠮷村㐂家欠工资"])
    two = plain.encode() + _csv([["20", "拖欠工资没人管"]]).encode("gbk")
    yield Case("UTF-8, then GBK", "in.csv", _bytes(two), refusal="line 1 is UTF-8, line 22 is not")
    two = plain.encode("gbk") + _csv([["20", "拖欠工资没人管"]]).encode()
    yield Case("GBK, then UTF-8", "in.csv", _bytes(two), refusal="line 22")
    yield Case("cut within a character", "in.csv", _bytes(plain.encode()[:-3]), refusal="line")
    yield Case("cut within a UTF-16 unit", "in.csv", _bytes(plain.encode("utf-16")[:-1]), refusal="UTF-16")
    yield Case("no text at all", "in.csv", _bytes(bytes(range(128, 256)) * 9), refusal="not UTF-8 at line 1")


def _delimited(plain: str, texts: list[str]) -> Iterator[Case]:
    cells = [
        '带"引号"',
        "有,逗号",
        "两行\n文字",
        "回车\r\n换行",
        "单\r回车",
        "空\0字符",
        "😀表情",
        "\u202e反向",
        " 空格 ",
        "'",
        "",
    ]
    awkward = _csv([["内容", "备注"], *([cell, "x"] for cell in cells)])
    yield Case("awkward cells", "in.csv", _text(awkward), rows=11, texts=cells)
    formulas = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠SUM"]
    table = _csv([["内容"], *([cell] for cell in formulas)])
    yield Case("formulas", "in.csv", _text(table), rows=8, texts=formulas)
    yield Case("a text of 100,000 characters", "in.csv", _text(_csv([["内容"], ["欠薪" * 50_000]])), rows=1)
    yield Case("a row of over a million", "in.csv", _text(_csv([["内容"], ["欠" * 1_000_001], ["x"]])), 1, rejects=2)
    yield Case("lines end in LF", "in.csv", _text(plain.replace("\r\n", "\n")), rows=20, texts=texts)
    yield Case("no line end at the end", "in.csv", _text(plain.rstrip()), rows=20, texts=texts)
    yield Case("empty lines", "in.csv", _text(plain.replace("\r\n", "\r\n\r\n")), rows=20, texts=texts)
    yield Case("a quote never closed", "in.csv", _text(plain + '20,"没有结尾\r\n21,加班\r\n'), rows=21, rejects=1)
    yield Case("too few and too many cells", "in.csv", _text(plain + "20\r\n21,加班,多\r\n"), rows=20, rejects=2)
    yield Case("a title above the header", "in.csv", _text("二〇二四年登记表,\r\n" + plain), rows=20, texts=texts)
    yield Case("two columns of one name", "in.csv", _text("备注,内容,备注\r\n一,欠薪,二\r\n"), rows=1, texts=["欠薪"])
    yield Case("the header alone", "in.csv", _text("编号,内容\r\n"))
    yield Case("empty", "in.csv", _text(""), refusal="found nothing")
    yield Case("no column of tips", "in.csv", _text("编号,姓名\r\n1,某某\r\n"), refusal="--text-column")
    yield Case("scored already", "in.csv", _text("内容,tip_desk\r\n欠薪,x\r\n"), refusal="has tip_desk already")
    yield Case(
        "a workbook called .csv", "in.csv", lambda path: _workbook(path, {"a": [["内容"], ["x"]]}), refusal="line"
    )
    yield Case("another format", "in.docx", _text(plain), refusal="'.docx' is not a format")
    yield Case("tabs", "in.tsv", _text(plain.replace(",", "\t")), rows=20)
    packed = gzip.compress(plain.encode("gbk"))
    yield Case("gzip, GBK within", "in.csv.gz", _bytes(packed), rows=20, texts=texts)
    two = gzip.compress(plain.encode()) + gzip.compress("20,加班\r\n".encode())
    yield Case("gzip of two members", "in.csv.gz", _bytes(two), rows=21)
    yield Case("gzip cut short", "in.csv.gz", _bytes(packed[:-20]), refusal="not whole as gz")
    packed = zstandard.ZstdCompressor().compress(plain.encode())
    yield Case("zstd", "in.csv.zst", _bytes(packed), rows=20, texts=texts)
    yield Case("no zstd", "in.csv.zst", _text(plain), refusal="not whole as zst")


def _json_lines(texts: list[str]) -> Iterator[Case]:
    lines = [json.dumps({"编号": n, "内容": text}, ensure_ascii=False) for n, text in enumerate(texts)]
    yield Case("JSON Lines", "in.jsonl", _text("\n".join(lines)), rows=20, texts=texts)
    broken = [*lines, "{", "[1]", "3", "[" * 100_000]
    yield Case("lines that are no object", "in.jsonl", _text("\n".join(broken)), rows=20, rejects=4, texts=texts)
    odd = ['{"内容": "欠薪", "n": {"a": [1]}}', '{"内容": null}', '{"n": 1}', '{"内容": "\\ud800"}', '{"内容": 12}']
    yield Case("objects of all kinds", "in.jsonl", _text("\n".join(odd)), rows=5)
    yield Case(
        "keys that are values", "in.jsonl", _text("\n".join(f'{{"{n}": 1}}' for n in range(17_000))), refusal="keys"
    )


def _sheets(texts: list[str], full_sheet: int) -> Iterator[Case]:
    rows: list[list[Any]] = [["编号", "内容"], *([n, text] for n, text in enumerate(texts))]
    yield Case("a sheet", "in.xlsx", lambda path: _workbook(path, {"a": rows}), rows=20, texts=texts)
    inline: Any = {"constant_memory": True}
    yield Case(
        "text in the cells", "in.xlsx", lambda path: _workbook(path, {"a": rows}, **inline), rows=20, texts=texts
    )
    title: list[list[Any]] = [["登记表", None], [None, None], *rows]
    yield Case("a merged title", "in.xlsx", lambda path: _workbook(path, {"a": title}, merge="A1:B1"), 20, texts=texts)
    storeys: list[list[Any]] = [
        ["编号", "诉求人", None, "内容"],
        [None, "姓名", "电话", None],
        *([n, "某", 1, t] for n, t in enumerate(texts)),
    ]
    two = Case("a header of two storeys", "in.xlsx", lambda path: _workbook(path, {"a": storeys}, merge="B1:C1"), 20)
    yield two
    kinds: list[list[Any]] = [
        ["日期", "数", "是", "时刻", "内容"],
        [date(2024, 3, 1), 1.5, True, datetime(2024, 3, 1, 9, 30), "欠薪"],
    ]
    yield Case("dates, numbers, yes and no", "in.xlsx", lambda path: _workbook(path, {"a": kinds}), rows=1)
    yield Case("formulas", "in.xlsx", lambda path: _workbook(path, {"a": [["内容"], ["=1+1"]]}, formulas=True), rows=1)
    empty: list[list[Any]] = []
    beside = {"a": rows, "b": empty, "c": empty}
    yield Case("empty sheets beside it", "in.xlsx", lambda path: _workbook(path, beside), rows=20, texts=texts)
    yield Case(
        "only empty sheets", "in.xlsx", lambda path: _workbook(path, {"a": empty, "b": empty}), refusal="no rows"
    )
    months = {"一月": rows, "二月": rows}
    yield Case("a sheet a month", "in.xlsx", lambda path: _workbook(path, months), rows=40, texts=texts * 2)
    codes: dict[str, list[list[Any]]] = {"a": rows, "代码": [["代码", "名称"], ["1", "甲"]]}
    yield Case("a sheet of codes", "in.xlsx", lambda path: _workbook(path, codes), rows=20, texts=texts)
    control: list[list[Any]] = [["内容"], ["a\x01b"], ["_x0041_"], ["回车\r\n换行"]]
    said = ["a\x01b", "_x0041_", "回车\r\n换行"]
    yield Case("control characters", "in.xlsx", lambda path: _workbook(path, {"a": control}), rows=3, texts=said)
    gaps: list[list[Any]] = [*rows[:5], [None, None], [None, None], *rows[5:]]
    yield Case("blank rows", "in.xlsx", lambda path: _workbook(path, {"a": gaps}), rows=20, texts=texts)
    beyond = [*rows, [20, "加班", "旁注"]]
    yield Case("a cell right of the header", "in.xlsx", lambda path: _workbook(path, {"a": beyond}), rows=20, rejects=1)
    aside = [["", "", *row] for row in [["", ""], *rows]]
    yield Case("a table that begins at C2", "in.xlsx", lambda path: _workbook(path, {"a": aside}), rows=20, texts=texts)
    long: list[list[Any]] = [["内容"], ["欠薪" * 16_383]]
    yield Case("the longest cell there is", "in.xlsx", lambda path: _workbook(path, {"a": long}), rows=1)
    full = ([n, texts[n % len(texts)]] for n in range(full_sheet - 1))

    def make_full(path: Path) -> None:
        _workbook(path, {"a": [["编号", "内容"], *full]}, **inline)

    yield Case(f"a sheet of {full_sheet} rows", "in.xlsx", make_full, rows=full_sheet - 1)


def _harmful_workbooks() -> Iterator[Case]:
    blanks = b"<row>" + b" " * (1 << 10) + b"</row>"
    yield Case("a zip bomb", "in.xlsx", lambda path: _swap_sheet(path, blanks * (300 << 10)), refusal="zip bomb")
    endless = b"<worksheet>" + b"A" * (8 << 20)
    yield Case("a cell without end", "in.xlsx", lambda path: _swap_sheet(path, endless), refusal="a cell of more than")
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    yield Case("entities in entities", "in.xlsx", lambda path: _swap_sheet(path, laughs), refusal="entities")
    yield Case("a bomb that lies of its size", "in.xlsx", _lying_bomb, refusal="in.xlsx")
    yield Case(
        "sheet that is no XML", "in.xlsx", lambda path: _swap_sheet(path, b"<worksheet><oops"), refusal="in.xlsx"
    )
    yield Case("cut short", "in.xlsx", _cut_workbook, refusal="not readable as XLSX")
    locked = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600
    yield Case("protected by a password", "in.xlsx", _bytes(locked), refusal="password")
    yield Case("a ZIP of something else", "in.xlsx", _zip_of_something, refusal="not readable as a workbook")


def _parquet(texts: list[str]) -> Iterator[Case]:
    table = pa.table(
        {
            "编号": pa.array(range(20), pa.int16()),
            "内容": texts,
            "时刻": pa.array([datetime(2024, 3, 1, 9, 30)] * 20, pa.timestamp("us", "Asia/Shanghai")),
            "标签": [["甲", "乙"]] * 19 + [None],
            "图": [b"\0\xff"] * 20,
        }
    )
    yield Case("Parquet of all types", "in.parquet", lambda path: pq.write_table(table, path), rows=20, texts=texts)
    nulls = pa.table({"内容": pa.array([None, "欠薪"], pa.string())})
    yield Case("Parquet with nulls", "in.parquet", lambda path: pq.write_table(nulls, path), rows=2)
    yield Case("no Parquet", "in.parquet", _text("PAR1"), refusal="not readable as Parquet")


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _text(content: str) -> Callable[[Path], object]:
    return _bytes(content.encode())


def _csv(rows: list[list[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _folder(path: Path, plain: str, texts: list[str]) -> None:
    path.mkdir()
    (path / "b.csv").write_bytes(plain.encode("gbk"))
    (path / "说明.txt").write_text("不是表格", encoding="utf-8")
    _workbook(path / "a.xlsx", {"表": [["内容", "区"], *([text, "东"] for text in texts)]})


def _workbook(
    path: Path, sheets: dict[str, list[list[Any]]], merge: str = "", *, formulas: bool = False, **options: Any
) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": formulas, **options}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if merge:
                sheet.merge_range(merge, "")
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, column, cell, day)
                    elif cell is not None:
                        sheet.write(number, column, cell)


def _swap_sheet(path: Path, content: bytes) -> None:
    """Write a workbook whose sheet is this."""
    whole = io.BytesIO()
    with xlsxwriter.Workbook(whole) as book:
        book.add_worksheet("a").write_row(0, 0, ["内容"])
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name.endswith("sheet1.xml") else old.read(name))


def _lying_bomb(path: Path) -> None:
    """Write a bomb whose directory says that it unpacks to ten bytes."""
    content = b"<row>" + b" " * (200 << 20)
    _swap_sheet(path, content)
    size = len(content).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))


def _cut_workbook(path: Path) -> None:
    _workbook(path, {"a": [["内容"], ["欠薪"]]})
    path.write_bytes(path.read_bytes()[:-300])


def _zip_of_something(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "你好")


if __name__ == "__main__":
    typer.run(main)
