"""Tips out to people for a label, and what comes back."""

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from model.errors import CorpusError
from model.router import Router
from model.taxonomy import Taxonomy
from tests.conftest import read_csv, run_tipdesk, write_csv
from training.answers import (
    Answer,
    add_to_corpus,
    decide,
    measure_agreement,
    overall_kappa,
    read_answers,
    write_disagreed,
)
from training.corpus import read_corpus
from training.review import COLUMNS, Selection, choose, labelling_config, text_id, write_selection
from training.tables import Row, read_rows

TIPS = [
    "老板拖欠我们三个月工资，去找他就躲",
    "在工地上摔断了腿，单位不肯报工伤",
    "公司从来没给我们交过社保，能补吗",
    "怀孕五个月被调到仓库搬货，算不算违法",
    "小区楼下半夜施工太吵，睡不着觉",
]
HOSTILE = [
    '=HYPERLINK("http://evil.example","老板欠薪")',
    "+老板欠薪cmd|' /C calc'!A0",
    "老板欠薪\x00\x07\ud800\u202e没人管",
    "<script>alert('欠薪')</script>工资",
    "工资_x0041_没发_x000D_",
    "第一行欠薪\r\n第二行没人管\n第三行",
    "\t欠薪前有制表符",
]


@pytest.fixture(scope="session")
def select_tips(router: Router) -> Callable[..., Selection]:
    def select(texts: Sequence[str], n: int = 100, **labels: Sequence[str]) -> Selection:
        columns = {"text": texts, **labels}
        rows = enumerate(zip(*columns.values(), strict=True), 2)
        table = [Row("in.csv", number, dict(zip(columns, cells, strict=True))) for number, cells in rows]
        return choose(table, "text", router, n)

    return select


def fill_in(path: Path, **answers: str | Callable[[int], str]) -> Path:
    """Answer every row of an exported spreadsheet as a person with Excel would."""
    workbook = openpyxl.load_workbook(path)
    sheet = workbook.worksheets[0]
    for row in range(2, sheet.max_row + 1):
        for column, answer in answers.items():
            sheet.cell(row, COLUMNS.index(column) + 1).value = answer if isinstance(answer, str) else answer(row - 2)
    filled = path.with_name("filled.xlsx")
    workbook.save(filled)
    return filled


def an_answer(desk: str, labeller: str = "甲", text: str = TIPS[0], **others: Any) -> Answer:
    given = {"also": (), "kind": None, "urgent": None, "note": "", **others}
    return Answer("a.xlsx", 2, text_id(text), text, labeller, desk, **given)


def test_a_spreadsheet_goes_out_and_its_answers_come_back(
    tmp_path: Path, select_tips: Callable[..., Selection], taxonomy: Taxonomy
) -> None:
    write_selection(select_tips(TIPS), tmp_path / "out.xlsx", taxonomy)
    desks = taxonomy.desks
    filled = fill_in(
        tmp_path / "out.xlsx",
        受理席=lambda row: desks[row].name if row % 2 else desks[row].id,
        另涉=f"{desks[8].name}、{desks[9].id}",
        诉求类型=taxonomy.kinds[1].name,
        紧急="是",
        标注人="李红",
    )
    answers, problems = read_answers([filled], taxonomy)
    assert not problems
    assert {answer.text for answer in answers} == set(TIPS)
    assert [answer.desk for answer in answers] == [desk.id for desk in desks[:5]]
    assert {(a.also, a.kind, a.urgent, a.labeller) for a in answers} == {
        ((desks[8].id, desks[9].id), taxonomy.kinds[1].id, True, "李红")
    }


def test_desks_are_chosen_from_a_list(
    tmp_path: Path, select_tips: Callable[..., Selection], taxonomy: Taxonomy
) -> None:
    write_selection(select_tips(TIPS), tmp_path / "out.xlsx", taxonomy)
    workbook = openpyxl.load_workbook(tmp_path / "out.xlsx")
    lists = {str(v.sqref): v.formula1 for v in workbook.worksheets[0].data_validations.dataValidation}
    column = openpyxl.utils.get_column_letter(COLUMNS.index("受理席") + 1)
    source = lists[f"{column}2:{column}{len(TIPS) + 1}"]
    cells = source.split("!")[1].replace("$", "")
    assert [cell.value for (cell,) in workbook["选项"][cells]] == [desk.name for desk in taxonomy.desks]


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv", "out.json"])
def test_hostile_texts_survive_the_way_there_and_back(
    tmp_path: Path, select_tips: Callable[..., Selection], taxonomy: Taxonomy, name: str
) -> None:
    """No text is run, lost, or taken for changed, whatever is in it."""
    selection = select_tips(HOSTILE)
    path = tmp_path / name
    write_selection(selection, path, taxonomy)
    assert len(selection.rows) == len(HOSTILE)
    if name == "out.json":
        tasks = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps([{**task, "annotations": []} for task in tasks]), encoding="utf-8")
    elif name == "out.csv":
        assert not any(re.match("[=+@\t]", row["诉求内容"]) for row in read_csv(path))
    else:
        sheet = openpyxl.load_workbook(path).worksheets[0]
        assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"s", "n"}  # "n": empty
    answers, problems = read_answers([path], taxonomy)
    assert not answers
    assert [problem.kind for problem in problems] == ["unanswered"] * len(HOSTILE), "none looks changed"


def test_personal_data_stays_at_home(tmp_path: Path, select_tips: Callable[..., Selection], taxonomy: Taxonomy) -> None:
    selection = select_tips(["老板拖欠工资，我的电话13812345678，请回电"])
    for name in ("out.csv", "out.json"):
        write_selection(selection, tmp_path / name, taxonomy)
        content = (tmp_path / name).read_text(encoding="utf-8")
        assert "13812345678" not in content
        assert "〔手机号〕" in content


def test_what_cannot_be_read_and_what_is_there_twice_is_counted_not_asked(
    select_tips: Callable[..., Selection],
) -> None:
    selection = select_tips([*TIPS, "", "!!??", "欠薪" * 20_000, TIPS[0] + "！！"])
    assert (len(selection.rows), selection.unusable, selection.known) == (len(TIPS), 3, 1)


def test_each_row_says_why(select_tips: Callable[..., Selection], router: Router, taxonomy: Taxonomy) -> None:
    suggested = [routing.desk for routing in router.route(TIPS, explain=False)]
    other = next(desk for desk in taxonomy.desk_ids if desk not in suggested)
    names = {desk.id: desk.name for desk in taxonomy.desks}
    selection = select_tips(TIPS, desk=["", names[other], suggested[2], "", ""], tip_desk=suggested)
    by_row = {row["原表行号"]: row for row in selection.rows}
    assert by_row.keys() == {"2", "3", "5", "6"}
    assert by_row["2"]["入选原因"].startswith("模型拿不准")
    assert re.match("操作员改派|可能标错", by_row["3"]["入选原因"])
    assert by_row["3"]["已确认受理席"] == names[other]
    assert by_row["2"]["建议受理席"] == names[suggested[0]]
    assert by_row["2"]["前三候选"].count("%") == 3
    assert selection.reasons["uncertain"] == 3


def test_an_unknown_confirmed_desk_is_named(select_tips: Callable[..., Selection]) -> None:
    with pytest.raises(CorpusError, match=r"in\.csv, row 2: unknown desk '收费席'"):
        select_tips(TIPS[:1], desk=["收费席"])


def test_label_studio_offers_every_desk(taxonomy: Taxonomy) -> None:
    config = labelling_config(taxonomy)
    desks = config.split('name="desk"')[1].split("</Choices>")[0]
    assert re.findall('Choice value="(.+?)"', desks) == [desk.name for desk in taxonomy.desks]


def test_label_studio_tasks_hold_the_suggestion(
    tmp_path: Path, select_tips: Callable[..., Selection], router: Router, taxonomy: Taxonomy
) -> None:
    selection = select_tips(TIPS)
    files = write_selection(selection, tmp_path / "tasks.json", taxonomy)
    assert [file.name for file in files] == ["tasks.json", "tasks.config.xml"]
    for task in json.loads(files[0].read_text(encoding="utf-8")):
        (prediction,) = task["predictions"]
        routing = router.route([task["data"]["text"]], explain=False)[0]
        assert prediction["result"][0]["value"]["choices"] == [routing.desk_name]
        assert prediction["model_version"] == router.version


def test_label_studio_annotations_are_one_answer_each(tmp_path: Path, taxonomy: Taxonomy) -> None:
    def annotation(by: object, **chosen: list[str]) -> dict[str, Any]:
        results = [
            {"from_name": n, "to_name": "text", "type": "choices", "value": {"choices": c}} for n, c in chosen.items()
        ]
        return {"completed_by": by, "result": results}

    data = {"tip_id": text_id(TIPS[0]), "text": TIPS[0]}
    wages, legal = (desk.name for desk in taxonomy.desks if desk.id in ("wages", "legal"))
    cancelled = {**annotation(3, desk=[legal]), "was_cancelled": True}
    tasks = [
        {"data": data, "annotations": [annotation(1, desk=[wages], also=[legal]), cancelled]},
        {"data": data, "annotations": [annotation({"id": 2, "email": "b@example.org"}, desk=[legal])]},
        {"data": data, "annotations": []},
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    answers, problems = read_answers([path], taxonomy)
    assert [(a.labeller, a.desk, a.also) for a in answers] == [
        ("1", "wages", ("legal",)),
        ("b@example.org", "legal", ()),
    ]
    assert [(problem.kind, problem.row) for problem in problems] == [("unanswered", 3)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"受理席": "收费席"}, "受理席“收费席”不认识"),
        ({"另涉": "legal、收费席"}, "另涉“收费席”不认识"),
        ({"另涉": "wages"}, "不能与受理席相同"),
        ({"另涉": "legal|legal"}, "不能重复"),
        ({"另涉": "legal hours safety injury"}, "最多 3 个"),
        ({"诉求类型": "唠叨"}, "诉求类型“唠叨”不认识"),
        ({"紧急": "很急"}, "紧急“很急”不认识"),
        ({"诉求内容": TIPS[0] + "急"}, "编号与诉求内容对不上"),
        ({"编号": ""}, "编号与诉求内容对不上"),
        ({"受理席": ""}, "没有填受理席"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_wrong_row_is_named_and_left_out(
    tmp_path: Path, taxonomy: Taxonomy, change: dict[str, str], message: str
) -> None:
    good = {"编号": text_id(TIPS[0]), "诉求内容": TIPS[0], "受理席": "wages"}
    rows = [good, {**good, "另涉": "", "诉求类型": "", "紧急": "", **change}]
    columns = list(rows[1])
    path = write_csv(tmp_path / "a.csv", columns, *([row.get(name, "") for name in columns] for row in rows))
    answers, problems = read_answers([path], taxonomy)
    assert len(answers) == 1
    (problem,) = problems
    assert str(problem).startswith(f"{path} 第 3 行：")
    assert message in problem.message


def test_blanks_that_a_spreadsheet_changes_are_no_change(tmp_path: Path, taxonomy: Taxonomy) -> None:
    text = "老板欠薪\n没人管 怎么办"
    path = write_csv(
        tmp_path / "a.csv", ["编号", "诉求内容", "受理席"], [text_id(text), "老板欠薪\r\n没人管  怎么办", "wages"]
    )
    assert not read_answers([path], taxonomy)[1]


def test_what_a_terminal_would_obey_is_gone(tmp_path: Path, taxonomy: Taxonomy) -> None:
    """A task file can hold anything, lone surrogates too; none of it reaches a corpus file or a terminal."""
    text = "老板\ud800欠薪"
    data = {"tip_id": text_id("老板 欠薪"), "text": text}
    result = {"from_name": "desk", "type": "choices", "value": {"choices": ["wages"]}}
    task = {"data": data, "annotations": [{"completed_by": {"email": "\x1b[2J甲"}, "result": [result]}]}
    (tmp_path / "a.json").write_text(json.dumps([task]), encoding="utf-8")
    (answer,), problems = read_answers([tmp_path / "a.json"], taxonomy)
    assert not problems
    assert (answer.text, answer.labeller) == ("老板 欠薪", "[2J甲")
    assert add_to_corpus(tmp_path / "own.csv", decide([answer]).agreed, taxonomy) == (1, [])


def test_another_table_is_no_answer(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(CorpusError, match="no column '编号"):
        read_answers([write_csv(tmp_path / "a.csv", ["text", "desk"], [TIPS[0], "wages"])], taxonomy)


@pytest.mark.parametrize("content", ["{}", "[1]", "null", "[{}]", '[{"data": {}}]', "not JSON", "[" * 100_000])
def test_no_label_studio_export_is_one_error(tmp_path: Path, taxonomy: Taxonomy, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    if content == "{}":
        assert read_answers([path], taxonomy) == ([], [])
    else:
        with pytest.raises(CorpusError, match="no export of Label Studio"):
            read_answers([path], taxonomy)


def test_agreement_is_cohens_kappa() -> None:
    """Two people, four tips, three alike: observed 0.75; by chance 0.5 x 0.75 + 0.5 x 0.25 = 0.5; kappa 0.5."""
    given = zip(TIPS, ["wages", "wages", "legal", "legal"], ["wages", "wages", "legal", "wages"], strict=False)
    answers = [an_answer(desk, who, tip) for tip, one, other in given for who, desk in (("甲", one), ("乙", other))]
    (agreement,) = measure_agreement([*answers, an_answer("gig", "丙", "没人标过的一条诉求")])
    assert set(agreement.labellers) == {"甲", "乙"}
    assert (agreement.n, agreement.agreed) == (4, 0.75)
    assert agreement.kappa == pytest.approx(0.5)
    assert overall_kappa([agreement, replace(agreement, n=12, kappa=0.9)]) == pytest.approx(0.8)


def test_one_desk_for_all_has_no_kappa() -> None:
    (agreement,) = measure_agreement([an_answer("wages", "甲"), an_answer("wages", "乙")])
    assert (agreement.agreed, agreement.kappa) == (1.0, None)
    assert overall_kappa([agreement]) is None


def test_what_all_agree_on_counts() -> None:
    verdicts = decide(
        [
            an_answer("wages", "甲", also=("legal", "hours"), kind="consult", urgent=True),
            an_answer("wages", "乙", also=("hours",), kind="complaint"),
            an_answer("injury", "甲", TIPS[1]),
            an_answer("safety", "乙", TIPS[1]),
        ]
    )
    (row,) = verdicts.agreed
    assert (row["desk"], row["also"], row["kind"], row["urgent"]) == ("wages", "hours", "", "1")
    assert [[answer.desk for answer in tip] for tip in verdicts.disagreed] == [["injury", "safety"]]


def test_a_corpus_file_grows_and_never_repeats_a_tip(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = tmp_path / "own.csv"
    rows = decide([an_answer("wages"), an_answer("injury", text=TIPS[1])]).agreed
    assert add_to_corpus(path, rows[:1], taxonomy) == (1, [])
    twin = {**rows[0], "text": TIPS[0] + "！", "id": "twin"}
    other = {**rows[0], "desk": "legal"}
    assert add_to_corpus(path, [*rows, twin, other], taxonomy) == (1, [other["id"]])
    tips, problems = read_corpus([path], taxonomy)
    assert not problems
    assert [(tip.text, tip.desk) for tip in tips] == [(TIPS[0], "wages"), (TIPS[1], "injury")]


def test_a_corpus_file_keeps_what_it_has(tmp_path: Path, taxonomy: Taxonomy) -> None:
    columns = ["source", "id", "text", "desk", "also", "kind", "urgent"]
    path = write_csv(tmp_path / "own.csv", columns, ["柜台", "1", TIPS[2], "insurance", "", "", ""], encoding="gb18030")
    path.write_bytes(path.read_bytes().rstrip())
    add_to_corpus(path, decide([an_answer("wages")]).agreed, taxonomy)
    rows = read_csv(path)
    assert [(row["source"], row["text"]) for row in rows] == [("柜台", TIPS[2]), ("", TIPS[0])]


def test_a_damaged_corpus_file_is_not_touched(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "own.csv", ["text", "desk"], [TIPS[2], "收费席"])
    before = path.read_bytes()
    with pytest.raises(CorpusError, match="own"):
        add_to_corpus(path, decide([an_answer("wages")]).agreed, taxonomy)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_disagreements_can_be_decided_and_imported(tmp_path: Path, taxonomy: Taxonomy) -> None:
    disagreed = decide([an_answer("wages", "甲", note="要工资"), an_answer("legal", "乙")]).disagreed
    into = tmp_path / "own.csv"
    path = write_disagreed(into, disagreed, taxonomy)
    assert write_disagreed(into, disagreed, taxonomy) != path, "a file that people may have filled in stays"
    (row,) = read_csv(path)
    assert row["各人答案"] == "甲：工资报酬；乙：法律援助与争议调解"
    write_csv(path, list(row), [*{**row, "受理席": "工资报酬", "标注人": "组长"}.values()])
    answers, problems = read_answers([path], taxonomy)
    assert not problems
    assert [row["desk"] for row in decide(answers).agreed] == ["wages"]


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.jsonl"])
def test_tables_of_every_format_are_read_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "t.jsonl":
        path.write_text('{"text": "老板欠薪", "n": 12.0, "also": ["a", "b"]}\n\n', encoding="utf-8")
    elif name == "t.xlsx":
        workbook = openpyxl.Workbook()
        for values in (["text", "n", "also"], ["老板欠薪", 12, "a|b"], [None, None, None]):
            workbook.worksheets[0].append(values)
        workbook.save(path)
    else:
        write_csv(path, ["text", "n", "also"], ["老板欠薪", "12", "a|b"], ["", "", ""], encoding="gbk")
    (row,) = read_rows(path, ["text"], "mend it")
    assert row.cells == {"text": "老板欠薪", "n": "12", "also": "a|b"}


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.jsonl", "t.pdf", "missing.xlsx", "missing.csv"])
def test_a_broken_table_is_one_error(tmp_path: Path, name: str) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b'text,desk\n"never closed\n')
    with pytest.raises(CorpusError, match=re.escape(name)):
        read_rows(tmp_path / name, ["text"], "mend it")


def test_the_loop_from_the_command_line(tmp_path: Path, home: Path) -> None:
    """Export, two people answer, import, and what they agreed on is not asked again."""
    source = write_csv(tmp_path / "in.csv", ["text"], *([text] for text in TIPS))
    exported = tmp_path / "out.csv"
    done = run_tipdesk("review", "export", source, exported, "--n", "4", "--json", home=home)
    assert json.loads(done.stdout)["picked"] == 4
    rows = read_csv(exported)
    for who, last in (("甲", "legal"), ("乙", "gig")):
        desks = ["wages", "injury", "insurance", last]
        filled = [[*{**row, "受理席": d, "标注人": who}.values()] for row, d in zip(rows, desks, strict=True)]
        write_csv(tmp_path / f"{who}.csv", list(COLUMNS), *filled)
    with (tmp_path / "甲.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["t0", "1", "改过的内容", *[""] * (len(COLUMNS) - 3)])
    own = tmp_path / "own.csv"
    done = run_tipdesk("review", "import", tmp_path / "甲.csv", tmp_path / "乙.csv", "--into", own, home=home, status=5)
    said = done.stdout.decode()
    assert said.startswith(f"意见不一  {rows[3]['编号']}")
    assert "甲.csv 第 6 行：编号与诉求内容对不上" in said
    assert "新增 3 条" in said
    assert "own.disagreed.csv" in done.stderr.decode()
    kept = run_tipdesk("review", "export", source, exported, home=home, status=1)
    assert b"may hold answers" in kept.stderr
    again = run_tipdesk("review", "export", source, tmp_path / "2.xlsx", "--labelled", own, "--json", home=home)
    assert (json.loads(again.stdout)["picked"], json.loads(again.stdout)["known"]) == (2, 3)
