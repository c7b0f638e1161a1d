"""Tips out to people for a label: as a spreadsheet, or as tasks for Label Studio."""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from model.errors import CorpusError
from model.personal import redact
from model.router import Router
from model.spreadsheet import inert
from model.taxonomy import Taxonomy
from training.corpus import MAX_ALSO
from training.duplicates import same_text
from training.files import replacing
from training.selection import Cases, Pick, select
from training.tables import Row

ID, TEXT, DESK, ALSO, KIND, URGENT, LABELLER, NOTE = (
    "编号",
    "诉求内容",
    "受理席",
    "另涉",
    "诉求类型",
    "紧急",
    "标注人",
    "备注",
)
REASON, SUGGESTION, TOP_3, CONFIRMED, SOURCE_ROW = "入选原因", "建议受理席", "前三候选", "已确认受理席", "原表行号"
COLUMNS = (ID, SOURCE_ROW, TEXT, REASON, SUGGESTION, TOP_3, CONFIRMED, DESK, ALSO, KIND, URGENT, LABELLER, NOTE)
YES, NO = "是", "否"

_WIDTHS = {TEXT: 60, REASON: 28, TOP_3: 34, CONFIRMED: 20, SUGGESTION: 20, DESK: 22, ALSO: 22, ID: 18, NOTE: 24}
_MAX_CHARS = 32_000  # of a text: a spreadsheet's cell holds 32,767
_MIN_HAN = 2  # with fewer Chinese characters a text is not readable as a tip
_HAN = re.compile("[\u4e00-\u9fff]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Selection:
    """What goes out.

    Attributes
    ----------
    rows : list of dict of str to str
        By `COLUMNS`, the most important first.
    proba : list of float
        Of each row's suggestion.
    n_tips : int
        How many could have been picked.
    unusable : int
        Tips that are empty, not Chinese, or longer than a cell of a spreadsheet.
    known : int
        Tips that have a label already, or whose text is that of an earlier row.
    reasons : dict of str to int
        How many were picked why.
    model_version : str
    """

    rows: list[dict[str, str]]
    proba: list[float]
    n_tips: int
    unusable: int
    known: int
    reasons: dict[str, int]
    model_version: str


def choose(table: Sequence[Row], text_column: str, router: Router, n: int, labelled: Sequence[str] = ()) -> Selection:
    """Return the `n` tips of a table that are most worth a human label.

    Parameters
    ----------
    table : sequence of Row
        With the tip in `text_column`; maybe with ``desk``, what an operator confirmed, and ``tip_desk``, what had been
        suggested.
    labelled : sequence of str
        Texts that have a label already.

    Raises
    ------
    CorpusError
        If a desk is unknown.
    """
    known = {same_text(redact(text)) for text in labelled}
    rows, texts, repeated, unusable = list[Row](), list[str](), 0, 0
    for row in table:
        text = exportable(row.cells.get(text_column, ""))
        if len(_HAN.findall(text)) < _MIN_HAN or len(text) > _MAX_CHARS:
            unusable += 1
        elif (key := same_text(text)) in known:
            repeated += 1
        else:
            known.add(key)
            rows.append(row)
            texts.append(text)
    columns = desk_columns(router.taxonomy)
    thresholds = router.manifest.policy.auto_thresholds
    cases = Cases(
        texts,
        router.predict_proba(texts),
        confirmed=[_confirmed(row, columns) for row in rows],
        suggested=[columns.get(row.cells.get("tip_desk", "")) for row in rows],
        sure_from=[thresholds[desk] for desk in router.desks],
    )
    picks = select(cases, n)
    names = [desk.name for desk in router.taxonomy.desks]
    return Selection(
        [_out(pick, cases, rows[pick.index], names) for pick in picks],
        [float(cases.proba[pick.index].max()) for pick in picks],
        len(texts),
        unusable,
        repeated,
        {why: sum(pick.why == why for pick in picks) for why in ("mislabelled", "overridden", "uncertain")},
        router.version,
    )


def exportable(text: str) -> str:
    """Return `text` as it goes out: without personal data."""
    return redact(clean(text))


def clean(text: str) -> str:
    """Return `text` without control characters and the like, which spreadsheets cannot hold and terminals obey."""
    return _NOT_IN_XML.sub(" ", text.replace("\r\n", "\n")).strip()


def text_id(text: str) -> str:
    """Return what a text is known by: the same for texts that differ in blanks alone, which spreadsheets change.

    It begins with a letter: a spreadsheet takes other digests for numbers.
    """
    return "t" + hashlib.sha256(" ".join(text.split()).encode("utf-8", "backslashreplace")).hexdigest()[:15]


def with_known_desks(rows: Iterable[Row], taxonomy: Taxonomy) -> list[Row]:
    """Return rows with no desk where there is no such desk any more: nobody can mend the rows of the case store."""
    desks = desk_columns(taxonomy)
    return [
        row if row.cells["desk"] in desks else replace(row, cells=row.cells | {"desk": ""})  # as if never confirmed
        for row in rows
    ]


def desk_columns(taxonomy: Taxonomy) -> dict[str, int]:
    """Return the column of each desk by its id and by its name."""
    return {name: column for column, desk in enumerate(taxonomy.desks) for name in (desk.id, desk.name)}


def _confirmed(row: Row, desks: dict[str, int]) -> int | None:
    name = row.cells.get("desk", "").strip()
    if name and name not in desks:
        raise CorpusError(
            f"{row.file}, row {row.number}: unknown desk '{name[:40]}'; there are {', '.join(desks)}, or none"
        )
    return desks.get(name)


def _out(pick: Pick, cases: Cases, row: Row, names: Sequence[str]) -> dict[str, str]:
    proba, confirmed, suggested = cases.proba[pick.index], cases.confirmed[pick.index], cases.suggested[pick.index]
    first, second, third = (-proba).argsort(kind="stable")[:3]
    candidates = [f"{names[desk]} {_percent(proba[desk])}" for desk in (first, second, third)]
    confirmed_name = "" if confirmed is None else names[confirmed]
    match pick.why:
        case "mislabelled":
            reason = f"可能标错：已确认为{confirmed_name}，模型有把握是 {candidates[0]}"
        case "overridden":
            reason = f"操作员改派：原建议{names[suggested or 0]}，确认为{confirmed_name}"
        case "uncertain" if proba[first] >= cases.sure_from[first]:
            reason = f"补足数量：模型有把握是 {candidates[0]}"
        case "uncertain":
            reason = f"模型拿不准：{candidates[0]}，还是 {candidates[1]}"
    text = cases.texts[pick.index]
    return dict.fromkeys(COLUMNS, "") | {
        ID: text_id(text),
        SOURCE_ROW: str(row.number),
        TEXT: text,
        REASON: reason,
        SUGGESTION: names[first],
        TOP_3: "，".join(candidates),
        CONFIRMED: confirmed_name,
    }


def _percent(probability: float) -> str:
    return f"{min(probability, 0.999):.1%}"


def write_selection(selection: Selection, path: Path, taxonomy: Taxonomy) -> list[Path]:
    """Write what goes out in the format that the file's name asks for, and return the files written.

    Raises
    ------
    CorpusError
        If there is none for it, it cannot be written there, or the file is there already.
    """
    if (write := _WRITERS.get(path.suffix.lower())) is None:
        raise CorpusError(f"{path}: '{path.suffix}' is no format for labels; there are {', '.join(_WRITERS)}")
    if path.exists():
        raise CorpusError(f"{path} is there already and may hold answers; name another file, or move it away")
    return write(selection, path, taxonomy)


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    """Write rows as CSV that Excel opens: UTF-8 with a byte order mark, and no cell that a spreadsheet would run."""
    with replacing(path) as staging, staging.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([inert(row[column]) for column in columns] for row in rows)


def _write_csv(selection: Selection, path: Path, _: Taxonomy) -> list[Path]:
    write_csv(path, COLUMNS, selection.rows)
    return [path]


def _write_xlsx(selection: Selection, path: Path, taxonomy: Taxonomy) -> list[Path]:
    from xlsxwriter import Workbook

    with replacing(path) as staging:
        workbook = Workbook(str(staging))
        bold = workbook.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1})
        plain = workbook.add_format({"text_wrap": True, "valign": "top"})
        answer = workbook.add_format({"text_wrap": True, "valign": "top", "bg_color": "#FFF9E5", "border": 1})
        sheet, choices = workbook.add_worksheet("待标注"), workbook.add_worksheet("选项")
        answers = COLUMNS.index(DESK)
        for number, column in enumerate(COLUMNS):
            sheet.set_column(number, number, _WIDTHS.get(column, 10))
            sheet.write_string(0, number, column, bold)
            for row, cells in enumerate(selection.rows, 1):  # never `write`, which runs what begins with "="
                sheet.write_string(row, number, cells[column], plain if number < answers else answer)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(selection.rows), len(COLUMNS) - 1)

        lists = [[desk.name for desk in taxonomy.desks], [kind.name for kind in taxonomy.kinds], [YES, NO]]
        choices.set_column(0, 3, 22)
        choices.set_column(3, 3, 100)
        for number, (title, items) in enumerate(zip((DESK, KIND, URGENT), lists, strict=True)):
            choices.write_string(0, number, title, bold)
            choices.write_column(1, number, items, plain)
            sheet.data_validation(
                1,
                COLUMNS.index(title),
                len(selection.rows) or 1,
                COLUMNS.index(title),
                {
                    "validate": "list",
                    "source": f"=选项!${'ABC'[number]}$2:${'ABC'[number]}${len(items) + 1}",
                    "error_title": title,
                    "error_message": "请从下拉列表中选择",
                },
            )
        choices.write_string(0, 3, "管什么", bold)
        choices.write_column(1, 3, [desk.handles for desk in taxonomy.desks], plain)
        sheet.write_comment(0, COLUMNS.index(ALSO), f"另有诉求属于其他受理席时填写，用顿号隔开，最多 {MAX_ALSO} 个")
        workbook.close()
    return [path]


def _write_label_studio(selection: Selection, path: Path, taxonomy: Taxonomy) -> list[Path]:
    tasks = [
        {
            "data": {"tip_id": row[ID], "text": row[TEXT], "reason": row[REASON], "candidates": row[TOP_3]},
            "predictions": [
                {
                    "model_version": selection.model_version,
                    "score": proba,
                    "result": [
                        {
                            "from_name": "desk",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": [row[SUGGESTION]]},
                        }
                    ],
                }
            ],
        }
        for row, proba in zip(selection.rows, selection.proba, strict=True)
    ]
    config = path.with_suffix(".config.xml")
    with replacing(path) as staging:
        staging.write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with replacing(config) as staging:
        staging.write_text(labelling_config(taxonomy), encoding="utf-8")
    return [path, config]


def labelling_config(taxonomy: Taxonomy) -> str:
    """Return Label Studio's labelling configuration for these desks and demand types."""

    def choices(name: str, title: str, items: Sequence[str], attributes: str) -> str:
        listed = "".join(f'\n    <Choice value="{escape(item)}"/>' for item in items)
        return (
            f'  <Header value="{title}"/>\n'
            f'  <Choices name="{name}" toName="text" showInLine="true" {attributes}>{listed}\n  </Choices>\n'
        )

    desks, kinds = [desk.name for desk in taxonomy.desks], [kind.name for kind in taxonomy.kinds]
    return (
        '<View>\n  <Text name="text" value="$text"/>\n  <Text name="reason" value="$reason"/>\n'
        + choices("desk", DESK, desks, 'choice="single" required="true"')
        + choices("also", ALSO, desks, 'choice="multiple"')
        + choices("kind", KIND, kinds, 'choice="single"')
        + choices("urgent", URGENT, [YES, NO], 'choice="single"')
        + "</View>\n"
    )


_WRITERS: dict[str, Callable[[Selection, Path, Taxonomy], list[Path]]] = {
    ".xlsx": _write_xlsx,
    ".csv": _write_csv,
    ".json": _write_label_studio,
}
