"""What people answered about the tips that were sent out: read, checked, compared, and added to a corpus file."""

import csv
import io
import json
import math
import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from model.errors import CorpusError
from model.taxonomy import Taxonomy
from training.corpus import MAX_ALSO, MAX_CHARS, read_corpus, require_sound
from training.duplicates import same_text
from training.files import replacing
from training.review import (
    ALSO,
    DESK,
    ID,
    KIND,
    LABELLER,
    NO,
    NOTE,
    TEXT,
    URGENT,
    YES,
    clean,
    text_id,
    write_csv,
)
from training.tables import Row, read_rows, read_text

CORPUS_COLUMNS = ("id", "text", "desk", "also", "kind", "urgent")
ANSWERS = "各人答案"
_DISAGREED_COLUMNS = (ID, TEXT, ANSWERS, DESK, ALSO, KIND, URGENT, LABELLER, NOTE)
_BETWEEN = re.compile(r"[|｜、,，;；\s]+")
_URGENT = {YES: True, "1": True, NO: False, "0": False}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person says about one tip; `kind` and `urgent` are None where the person left them open."""

    file: str
    row: int
    id: str
    text: str
    labeller: str
    desk: str
    also: tuple[str, ...]
    kind: str | None
    urgent: bool | None
    note: str


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """A row without an answer: "unanswered", or "error" with what is wrong, in Chinese for the person who wrote it."""

    kind: str
    file: str
    row: int
    message: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.row} 行：{self.message}"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree on the desk of the tips that both answered.

    Attributes
    ----------
    labellers : tuple of str
    n : int
        Tips that both answered.
    agreed : float
        Share with the same desk.
    kappa : float or None
        Cohen's; None where both gave one and the same desk to all.
    """

    labellers: tuple[str, str]
    n: int
    agreed: float
    kappa: float | None


@dataclass(frozen=True)
class Verdicts:
    """Answers put together, tip by tip: those on which all agree, as rows of a corpus, and the others."""

    agreed: list[dict[str, str]]
    disagreed: list[list[Answer]]


def read_answers(paths: Iterable[Path], taxonomy: Taxonomy) -> tuple[list[Answer], list[AnswerProblem]]:
    """Return the answers in spreadsheets and exports of Label Studio, and what is wrong with the other rows.

    Raises
    ------
    CorpusError
        If a file cannot be read, or is none that `tipdesk review export` began.
    """
    answers: list[Answer] = []
    problems: list[AnswerProblem] = []
    for path in paths:
        if path.suffix.lower() == ".json":
            rows = list(_read_label_studio(path))
        else:
            rows = read_rows(path, (ID, TEXT, DESK), "expected a file that 'tipdesk review export' wrote, filled in")
        for row in rows:
            found = _read_answer(row, taxonomy)
            if isinstance(found, Answer):
                answers.append(found)
            else:
                problems += found
    return answers, problems


def _read_answer(row: Row, taxonomy: Taxonomy) -> Answer | list[AnswerProblem]:
    cells = defaultdict(str, {column: clean(cell) for column, cell in row.cells.items()})
    wrong: list[str] = []
    # A CSV file holds what a spreadsheet would run behind an apostrophe.
    texts = [text for text in (cells[TEXT], cells[TEXT].removeprefix("'")) if text and text_id(text) == cells[ID]]
    if not texts or len(texts[0]) > MAX_CHARS:
        wrong.append("编号与诉求内容对不上，导出后改过其中之一；请把这一行恢复成导出时的样子")
    if not cells[DESK] and not wrong:
        return [AnswerProblem("unanswered", row.file, row.number, "没有填受理席")]

    desks = {name: desk.id for desk in taxonomy.desks for name in (desk.id, desk.name)}
    kinds = {name: kind.id for kind in taxonomy.kinds for name in (kind.id, kind.name)}
    also = [name for name in _BETWEEN.split(cells[ALSO]) if name]
    for column, names, known in ((DESK, [cells[DESK]], desks), (ALSO, also, desks), (KIND, [cells[KIND]], kinds)):
        for name in names:
            if name and name not in known:
                listed = "、".join(item.name for item in (taxonomy.kinds if column == KIND else taxonomy.desks))
                wrong.append(f"{column}“{name[:20]}”不认识，应为：{listed}")
    if cells[URGENT] and cells[URGENT] not in _URGENT:
        wrong.append(f"{URGENT}“{cells[URGENT][:20]}”不认识，应为：{YES}、{NO}")
    further = [desks[name] for name in also if name in desks]
    if len({desks.get(cells[DESK]), *further}) <= len(further) or len(further) > MAX_ALSO:
        wrong.append(f"{ALSO}不能重复，不能与{DESK}相同，最多 {MAX_ALSO} 个")
    if wrong:
        return [AnswerProblem("error", row.file, row.number, message) for message in wrong]
    return Answer(
        file=row.file,
        row=row.number,
        id=cells[ID],
        text=texts[0],
        labeller=cells[LABELLER] or Path(row.file).stem,
        desk=desks[cells[DESK]],
        also=tuple(further),
        kind=kinds.get(cells[KIND]),
        urgent=_URGENT.get(cells[URGENT]),
        note=cells[NOTE],
    )


def _read_label_studio(path: Path) -> Iterator[Row]:
    """Yield a row for each annotation of each task, with the number of its task; one for a task without any."""
    try:
        tasks = json.loads(read_text(path))
        for number, task in enumerate(tasks, 1):
            data = task["data"]
            tip = {ID: str(data["tip_id"]), TEXT: str(data["text"]), DESK: ""}
            annotations = [one for one in task["annotations"] if not one.get("was_cancelled")]
            for annotation in annotations:
                by = annotation.get("completed_by", "")
                chosen = {
                    result["from_name"]: "|".join(map(str, result["value"]["choices"]))
                    for result in annotation["result"]
                    if result["type"] == "choices"
                }
                yield Row(
                    str(path),
                    number,
                    tip
                    | {
                        DESK: chosen.get("desk", ""),
                        ALSO: chosen.get("also", ""),
                        KIND: chosen.get("kind", ""),
                        URGENT: chosen.get("urgent", ""),
                        LABELLER: str(by.get("email") or by.get("id") if isinstance(by, dict) else by),
                    },
                )
            if not annotations:
                yield Row(str(path), number, tip)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorpusError(
            f"{path}: no export of Label Studio ({type(error).__name__}); expected its format 'JSON', of tasks that "
            "'tipdesk review export' wrote"
        ) from error


def measure_agreement(answers: Sequence[Answer]) -> list[Agreement]:
    """Return how far each two people agree who answered the same tips, those who agree least first.

    Notes
    -----
    J. Cohen, A Coefficient of Agreement for Nominal Scales, 1960.
    """
    from sklearn.metrics import cohen_kappa_score

    by_labeller: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for answer in answers:
        by_labeller[answer.labeller][answer.id] = answer.desk
    agreements = []
    for one, other in combinations(sorted(by_labeller), 2):
        if not (both := [tip for tip in by_labeller[one] if tip in by_labeller[other]]):
            continue
        first, second = ([by_labeller[who][tip] for tip in both] for who in (one, other))
        agreed = sum(a == b for a, b in zip(first, second, strict=True)) / len(both)
        kappa = None if len({*first, *second}) == 1 else float(cohen_kappa_score(first, second))
        agreements.append(Agreement((one, other), len(both), agreed, kappa))
    return sorted(agreements, key=lambda a: (a.agreed if a.kappa is None else a.kappa, a.labellers))


def overall_kappa(agreements: Sequence[Agreement]) -> float | None:
    """Return the mean of the pairs' kappas, each counted as often as the tips that it is of."""
    known = [(a.kappa, a.n) for a in agreements if a.kappa is not None and math.isfinite(a.kappa)]
    return sum(kappa * n for kappa, n in known) / sum(n for _, n in known) if known else None


def decide(answers: Sequence[Answer]) -> Verdicts:
    """Return what all agree on, and the tips on whose desk they do not.

    A further desk counts where all name it; a demand type and whether it is urgent where all who say so say the same.
    """
    by_tip: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_tip[answer.id].append(answer)
    agreed, disagreed = [], []
    for tip in by_tip.values():
        if len({answer.desk for answer in tip}) > 1:
            disagreed.append(tip)
            continue
        kinds = {answer.kind for answer in tip if answer.kind}
        urgent = {answer.urgent for answer in tip if answer.urgent is not None}
        agreed.append(
            {
                "id": tip[0].id,
                "text": tip[0].text,
                "desk": tip[0].desk,
                "also": "|".join(desk for desk in tip[0].also if all(desk in answer.also for answer in tip)),
                "kind": kinds.pop() if len(kinds) == 1 else "",
                "urgent": str(int(urgent.pop())) if len(urgent) == 1 else "",
            }
        )
    return Verdicts(agreed, disagreed)


def add_to_corpus(path: Path, rows: Sequence[dict[str, str]], taxonomy: Taxonomy) -> tuple[int, list[str]]:
    """Add rows to a corpus file, which is made where it is missing; a text that it has already stays as it is.

    Returns
    -------
    int
        How many were added.
    list of str
        Ids of those that the file has already, with another desk.

    Raises
    ------
    CorpusError
        If the file has errors, or lacks a column that a corpus file has.
    """
    content, header, known, encoding = "", list(CORPUS_COLUMNS), dict[str, str](), "utf-8"
    if path.exists() and path.stat().st_size:
        tips, problems = read_corpus([path], taxonomy)
        require_sound(problems)
        known = {same_text(tip.text): tip.desk for tip in tips}
        content, encoding = read_text(path), "utf-8-sig" if path.read_bytes().startswith(BOM_UTF8) else "utf-8"
        header = [name.strip() for name in next(csv.reader(io.StringIO(content, newline="")))]
        if missing := [column for column in CORPUS_COLUMNS if column not in header]:
            raise CorpusError(
                f"{path}: no column {', '.join(missing)}, in which answers are kept; add it, or name a new file"
            )
    added, contradicted = [], []
    for row in rows:
        key = same_text(row["text"])
        if key not in known:
            known[key] = row["desk"]
            added.append(row)
        elif known[key] != row["desk"]:
            contradicted.append(row["id"])
    if added:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, header, restval="", lineterminator="\n")
        if not content:
            writer.writeheader()
        elif not content.endswith("\n"):
            buffer.write("\n")
        writer.writerows(added)
        with replacing(path) as staging:
            staging.write_text(content + buffer.getvalue(), encoding=encoding, newline="")
    return len(added), contradicted


def write_disagreed(into: Path, disagreed: Sequence[Sequence[Answer]], taxonomy: Taxonomy) -> Path:
    """Write the tips that people disagree on beside `into`, for somebody to decide and `import`; return where.

    A file that is there already may hold decisions: it stays, the new one has the next number.
    """
    path, number = into.with_name(f"{into.stem}.disagreed.csv"), 1
    while path.exists():
        number += 1
        path = into.with_name(f"{into.stem}.disagreed-{number}.csv")
    names = {desk.id: desk.name for desk in taxonomy.desks}
    write_csv(
        path,
        _DISAGREED_COLUMNS,
        [
            dict.fromkeys(_DISAGREED_COLUMNS, "")
            | {
                ID: tip[0].id,
                TEXT: tip[0].text,
                ANSWERS: "；".join(f"{answer.labeller}：{names[answer.desk]}" for answer in tip),
                NOTE: "；".join(f"{answer.labeller}：{answer.note}" for answer in tip if answer.note),
            }
            for tip in disagreed
        ],
    )
    return path
