"""Tables in, tables out: no row is lost, whatever is in it."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import TableError
from model.router import Router
from service.batch.delimited import DelimitedTable
from service.batch.score import COLUMNS, score_table
from service.batch.table import Row
from tests.conftest import read_csv, write_csv

AWKWARD = ["", " ", "a,b", 'q"uote', "two\nlines", "crlf\r\nin cell", "\u2028", "😀", "nul\x00", "'", "工资\t拖欠"]


def score(model: Path, source: Path, target: str = "out.csv", column: str = "text") -> Path:
    result = source.with_name(target)
    score_table(model, source, result, column)
    return result


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_csv_in_any_office_encoding(tmp_path: Path, model: Path, encoding: str) -> None:
    source = write_csv(
        tmp_path / "in.csv", ["序号", "text"], ["1", "老板拖欠工资"], ["2", "工伤怎么认定"], encoding=encoding
    )
    rows = read_csv(score(model, source))
    assert [row["序号"] for row in rows] == ["1", "2"]
    assert [row["text"] for row in rows] == ["老板拖欠工资", "工伤怎么认定"]
    assert list(rows[0]) == ["序号", "text", *COLUMNS]


def test_scores_are_the_routers(tmp_path: Path, model: Path, router: Router) -> None:
    text = "老板拖欠我们三个月工资了,一共十二个人"
    (row,) = read_csv(score(model, write_csv(tmp_path / "in.csv", ["text"], [text])))
    routing = router.route([text], explain=False)[0]
    assert (row["tip_desk"], row["tip_desk_name"], row["tip_decision"]) == (
        routing.desk,
        routing.desk_name,
        routing.decision,
    )
    assert float(row["tip_confidence"]) == pytest.approx(routing.confidence, abs=1e-4)
    assert len(row["tip_candidates"].split("|")) == 3
    assert row["tip_candidates"].startswith(f"{routing.desk}:")
    assert row["tip_model_version"] == router.version


def test_more_workers_change_nothing(tmp_path: Path, model: Path) -> None:
    rows = [[str(n), "老板拖欠工资" if n % 3 else "工伤怎么认定", "多"][: 2 + (n == 1500)] for n in range(2500)]
    source = write_csv(tmp_path / "in.csv", ["id", "text"], *rows)
    alone = score_table(model, source, tmp_path / "1.csv", "text", workers=1)
    shared = score_table(model, source, tmp_path / "2.csv", "text", workers=2)
    for name in ("{}.csv", "{}.csv.rejects.csv"):
        assert (tmp_path / name.format(1)).read_bytes() == (tmp_path / name.format(2)).read_bytes()
    assert (alone.rows, alone.rejects, alone.desks) == (
        shared.rows,
        shared.rejects,
        shared.desks,
    )
    assert alone.rows == 2499


def test_awkward_cells_come_back_as_they_were(tmp_path: Path, model: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["id", "text"], *([str(n), text] for n, text in enumerate(AWKWARD)))
    rows = read_csv(score(model, source))
    assert [row["text"] for row in rows] == AWKWARD


def test_an_unreadable_text_stays_for_review(tmp_path: Path, model: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["id", "text"], ["1", ""], ["2", "???"], ["3", "hello"])
    assert [row["tip_decision"] for row in read_csv(score(model, source))] == ["review"] * 3


def test_ragged_rows_go_to_the_rejects_raw(tmp_path: Path, model: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n1,欠薪\n2\n3,欠薪,多\n\n4,加班\n", encoding="utf-8")
    summary = score_table(model, tmp_path / "in.csv", tmp_path / "out.csv", "text")
    assert (summary.rows, summary.rejects) == (2, 2)
    assert [row["id"] for row in read_csv(tmp_path / "out.csv")] == ["1", "4"]
    rejects = read_csv(tmp_path / "out.csv.rejects.csv")
    assert [(row["line"], row["raw"]) for row in rejects] == [("3", "2"), ("4", "3,欠薪,多")]
    assert rejects[0]["reason"] == "1 fields, the header has 2"


def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path, model: Path) -> None:
    lines = ["id,text", "1,欠薪", '2,"没有结尾', "3,加班", '4,"两\n行"', "5,工伤"]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    score_table(model, tmp_path / "in.csv", tmp_path / "out.csv", "text")
    assert [row["id"] for row in read_csv(tmp_path / "out.csv")] == ["1", "3", "4", "5"]
    (reject,) = read_csv(tmp_path / "out.csv.rejects.csv")
    assert (reject["line"], reject["raw"]) == ("3", '2,"没有结尾')


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(st.text(st.sampled_from('a,"\n\r工'), max_size=12), max_size=12))
def test_every_line_of_any_file_is_in_a_row_or_a_reject(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "in.csv"
    path.write_bytes(("text,b\n" + "\n".join(lines)).encode())
    records = DelimitedTable(path, "", ",", ["text"])
    taken = ["".join(record.values) if isinstance(record, Row) else record.raw for record in records]
    assert sum(text.count("工") for text in taken) == "\n".join(lines).count("工")


def test_the_rejects_of_an_earlier_run_go(tmp_path: Path, model: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,text\n1\n", encoding="utf-8")
    rejects = tmp_path / "out.csv.rejects.csv"
    score_table(model, source, tmp_path / "out.csv", "text")
    assert rejects.exists()
    source.write_text("id,text\n1,欠薪\n", encoding="utf-8")
    score_table(model, source, tmp_path / "out.csv", "text")
    assert not rejects.exists()


@pytest.mark.parametrize("formula", ["=1+1", "+cmd", "-cmd", "@sum", "\t=1", "＝1", "=cmd|' /C calc'!A0"])
def test_a_spreadsheet_runs_no_cell(tmp_path: Path, model: Path, formula: str) -> None:
    source = write_csv(tmp_path / "in.csv", ["text", "note"], ["欠薪", formula])
    (row,) = read_csv(score(model, source))
    assert row["note"] == "'" + formula


@pytest.mark.parametrize("number", ["-5", "+86", "-3.5%", "-1,000"])
def test_numbers_stay_numbers(tmp_path: Path, model: Path, number: str) -> None:
    source = write_csv(tmp_path / "in.csv", ["text", "note"], ["欠薪", number])
    (row,) = read_csv(score(model, source))
    assert row["note"] == number


def test_json_lines(tmp_path: Path, model: Path) -> None:
    lines = ['{"id": 1, "text": "欠薪", "n": {"a": [1]}}', '{"text": null}', '{"id": 3}', "", '{"text": "\\ud800"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    result = score(model, tmp_path / "in.jsonl", "out.jsonl")
    items = [json.loads(line) for line in result.read_text(encoding="utf-8").splitlines()]
    originals = [json.loads(line) for line in lines if line]
    assert [{k: v for k, v in item.items() if not k.startswith("tip_")} for item in items] == originals
    assert [item["tip_decision"] for item in items[1:]] == ["review"] * 3


def test_json_lines_that_are_none_go_to_the_rejects(tmp_path: Path, model: Path) -> None:
    lines = ['{"text": "欠薪"}', "{broken", "[1]", "3", "[" * 100_000]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    summary = score_table(model, tmp_path / "in.jsonl", tmp_path / "out.csv", "text")
    assert (summary.rows, summary.rejects) == (1, 4)
    rejects = read_csv(tmp_path / "out.csv.rejects.csv")
    assert [row["line"] for row in rejects] == ["2", "3", "4", "5"]
    assert [row["raw"] for row in rejects[:3]] == ["{broken", "[1]", "3"]


def test_formats_may_be_crossed(tmp_path: Path, model: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["text", "note"], ["欠薪", "=1"])
    item = json.loads(score(model, source, "out.jsonl").read_text(encoding="utf-8"))
    assert item["note"] == "=1"
    back = tmp_path / "in2.jsonl"
    back.write_text('{"text": "欠薪", "n": [1, "二"]}\n{"text": "加班", "m": true}\n', encoding="utf-8")
    rows = read_csv(score(model, back, "out2.csv"))
    assert [(row["n"], row["m"]) for row in rows] == [('[1, "二"]', ""), ("", "true")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", "内容\n欠薪\n".encode(), "no column 'text'; found 内容"),
        ("in.csv", b"", "no column 'text'; found nothing"),
        ("in.csv", b"text\nx\n\xff\xff\n", "not UTF-8 at line 3, not GB18030 at line 3"),
        ("in.csv", "text\n欠薪\n".encode() + "拖欠工资\n".encode("gbk"), "line 2 is UTF-8, line 3 is not"),
        ("in.csv", "text\n加班\n".encode("gbk") + "拖欠工资\n".encode(), "line 2 is not UTF-8, line 3 is"),
        ("in.csv.gz", b"text\n", "not whole as gz"),
        ("in.csv", "text,tip_desk\n欠薪,wages\n".encode(), "has tip_desk already"),
        ("in.docx", b"x", "'.docx' is not a format"),
        ("in.jsonl", b"[1]\n", "no column 'text'"),
    ],
    ids=[
        "no column",
        "empty",
        "no encoding",
        "two encodings",
        "GBK first",
        "no gzip",
        "scored already",
        "format",
        "no objects",
    ],
)
def test_unusable_input_is_one_line(tmp_path: Path, model: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message) as caught:
        score_table(model, tmp_path / name, tmp_path / "out.csv", "text")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_the_input_is_never_overwritten(tmp_path: Path, model: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["text"], ["欠薪"])
    with pytest.raises(TableError, match="input itself"):
        score_table(model, source, tmp_path / "." / "in.csv", "text")
    assert source.read_text(encoding="utf-8").splitlines() == ["text", "欠薪"]


def test_a_failed_run_leaves_the_old_result(tmp_path: Path, model: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(TableError):
        score_table(model, tmp_path / "missing.csv", target, "text")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_two_columns_of_the_same_name_both_stay(tmp_path: Path, model: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["备注", "text", "备注"], ["一", "欠薪", "二"])
    with score(model, source).open(encoding="utf-8-sig", newline="") as file:
        header, row = csv.reader(file)
    assert header[:3] == ["备注", "text", "备注"]
    assert row[:3] == ["一", "欠薪", "二"]
    item = json.loads(score(model, source, "out.jsonl").read_text(encoding="utf-8"))
    assert (item["备注"], item["备注_2"]) == ("一", "二")
