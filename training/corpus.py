"""Labelled tips, read from CSV and XLSX: each row is a `Tip` or a `Problem` that says what is wrong with it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from model.errors import CorpusError, TaxonomyError
from model.taxonomy import Taxonomy
from training.tables import SUFFIXES, Row, Table, read_table, read_text

MAX_CHARS = 100_000
MAX_ALSO = 3

_URGENT = {"": None, "0": False, "1": True, "否": False, "是": True}
_BETWEEN_DESKS = re.compile(r"[|｜;；,，、]")


@dataclass(frozen=True, slots=True)
class Tip:
    """A labelled tip. What a file does not say is None.

    Attributes
    ----------
    row : int
        Row in a spreadsheet: the header is row 1.
    also : tuple of str, or None
        Further desks; empty where the file says that there is none.
    """

    file: str
    row: int
    id: str | None
    text: str
    desk: str
    also: tuple[str, ...] | None
    kind: str | None
    urgent: bool | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with labelled data. An error keeps `tipdesk train` from running, a warning does not.

    What is ``mended`` was put right in a copy.
    Programs go by the kind; the message is for the hotline's staff, in Chinese, and quotes no tip.
    """

    kind: str
    severity: Literal["error", "warning", "mended"]
    file: str
    row: int
    message: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.row} 行：{self.message}"


def read_taxonomy(path: Path) -> Taxonomy:
    """Return the desks and demand types of a ``desks.yaml``.

    Raises
    ------
    TaxonomyError
        If the file is missing or anything in it is wrong.
    """
    return Taxonomy.from_dict(read_yaml(path))


def read_yaml(path: Path) -> Any:
    """Return what a file under ``data/`` holds.

    Raises
    ------
    TaxonomyError
        If it is missing or no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TaxonomyError(f"{path} is missing; run in the project's folder") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: {' '.join(str(error).split())}") from error


def labelled_files(paths: Iterable[Path]) -> list[Path]:
    """Return the labelled files that are meant: those named, and all in the folders named.

    Raises
    ------
    CorpusError
        If a folder holds none.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        # A spreadsheet program keeps a file "~$name.xlsx" beside one that is open.
        inside = [file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.name[0] not in "~."]
        if not inside:
            raise CorpusError(
                f"{path}: no CSV or XLSX file in this folder; labelled files have the columns text,desk (内容,受理席)"
            )
        files += sorted(inside)
    return files


def read_corpus(paths: Iterable[Path], taxonomy: Taxonomy) -> tuple[list[Tip], list[Problem]]:
    """Return the tips of all labelled files and folders of them, and what is wrong with the other rows.

    Raises
    ------
    CorpusError
        If a path is missing, or a file cannot be read, or lacks a required column.
    """
    tips: list[Tip] = []
    problems: list[Problem] = []
    for path in labelled_files(paths):
        _read_rows(read_table(path), taxonomy, tips, problems)
    return tips, problems


def tips_of(rows: Iterable[Row], taxonomy: Taxonomy) -> tuple[list[Tip], list[Problem]]:
    """Return the tips in rows with the keys of `training.tables.COLUMNS` as titles, and what is wrong with others."""
    tips: list[Tip] = []
    problems: list[Problem] = []
    for row in rows:
        _read_row(
            {name: cell.strip() for name, cell in row.cells.items()}, row.file, row.number, taxonomy, tips, problems
        )
    return tips, problems


def read_shares(path: Path, taxonomy: Taxonomy) -> dict[str, float]:
    """Return the share of each desk that a CSV file with the columns desk,share states, scaled to add up to 1.

    Raises
    ------
    CorpusError
        If a desk is missing, unknown or there twice, or a share is no number above 0.
    """
    shares = _read_desk_numbers(path, taxonomy, "share", float("inf"), "each desk once with a share above 0")
    if missing := [desk for desk in taxonomy.desk_ids if desk not in shares]:
        raise CorpusError(f"{path}: no share for {', '.join(missing)}; expected the columns desk,share with every desk")
    total = sum(shares.values())
    return {desk: share / total for desk, share in shares.items()}


def read_targets(path: Path, taxonomy: Taxonomy) -> dict[str, float]:
    """Return the precision that a CSV file with the columns desk,precision wants of some desks' ``auto`` decisions.

    Raises
    ------
    CorpusError
        If it names no desk, or one is unknown or there twice, or a precision is not between 0 and 1.
    """
    wanted = "each desk once with a precision between 0 and 1, such as 0.97"
    if targets := _read_desk_numbers(path, taxonomy, "precision", 1, wanted):
        return targets
    raise CorpusError(f"{path}: no desk; expected the columns desk,precision and a row for each desk that differs")


def _read_desk_numbers(path: Path, taxonomy: Taxonomy, column: str, below: float, wanted: str) -> dict[str, float]:
    """Return a number above 0 for each desk that is in a CSV file."""
    numbers: dict[str, float] = {}
    for row, cells in enumerate(csv.DictReader(io.StringIO(read_text(path), newline="")), 2):
        desk, number = (cells.get("desk") or "").strip(), (cells.get(column) or "").strip()
        try:
            numbers[desk] = float(number)
        except ValueError:
            numbers[desk] = 0.0
        if desk not in taxonomy.desk_ids or len(numbers) != row - 1 or not 0 < numbers[desk] < below:
            raise CorpusError(f"{path}, row {row}: expected {wanted}, found {desk[:40]!r}, {number[:40]!r}")
    return numbers


def require_sound(problems: Sequence[Problem]) -> None:
    """Refuse labelled data with errors.

    Raises
    ------
    CorpusError
        With a line for each error, all at once.
    """
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors:
        raise CorpusError("\n".join([*errors, f"{len(errors)} problem(s) in the labelled data; mend these rows first"]))


def shown(value: str) -> str:
    """Return the beginning of a cell as it may be shown: control characters could do anything to a terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in value[:40])


def find_id(names: dict[str, str], value: str) -> str | None:
    """Return the id that a cell means by itself or by the name that hotline people see, None for neither."""
    return value if value in names.values() else names.get(value)


def _read_rows(table: Table, taxonomy: Taxonomy, tips: list[Tip], problems: list[Problem]) -> None:
    file = str(table.path)
    if table.other_sheets:
        others = "、".join(map(shown, table.other_sheets))
        message = f"只读了工作表“{shown(table.sheet or '')}”，没有读：{others}"
        problems.append(Problem("other_sheets", "warning", file, 1, message))
    for row, cells in table.rows:
        if len(cells) != len(table.header):
            message = f"这一行有 {len(cells)} 格，标题行有 {len(table.header)} 格"
            problems.append(Problem("ragged_row", "error", file, row, message))
        elif uncomputed := [name for name, column in table.columns.items() if (row, column) in table.uncomputed]:
            message = f"“{table.header[table.columns[uncomputed[0]]]}”是没有结果的公式，请在表格软件里打开、保存一次"
            problems.append(Problem("formula_without_value", "error", file, row, message))
        else:
            _read_row(
                {name: cells[at].strip() for name, at in table.columns.items()}, file, row, taxonomy, tips, problems
            )
    if table.broken:
        row, reason = table.broken
        message = f"从这一行起不是完整的 CSV，后面的都没有读（{reason}）"
        problems.append(Problem("broken_csv", "error", file, row, message))


def _read_row(
    cells: dict[str, str], file: str, row: int, taxonomy: Taxonomy, tips: list[Tip], problems: list[Problem]
) -> None:
    found: list[tuple[str, str]] = []
    desks = {desk.name: desk.id for desk in taxonomy.desks}
    kinds = {kind.name: kind.id for kind in taxonomy.kinds}
    text, desk = cells["text"], find_id(desks, cells["desk"])
    named = [part.strip() for part in _BETWEEN_DESKS.split(cells.get("also", "")) if part.strip()]
    also = tuple(find_id(desks, name) for name in named)
    kind, urgent = cells.get("kind", ""), cells.get("urgent", "")
    if not text:
        found.append(("empty_text", "内容是空的"))
    if len(text) > MAX_CHARS:
        found.append(("long_text", f"内容有 {len(text)} 字，最多 {MAX_CHARS} 字"))
    if desk is None:
        wrong = f"没有“{shown(cells['desk'])}”这个受理席" if cells["desk"] else "受理席是空的"
        found.append(("unknown_desk", f"{wrong}；有{_choices(desks)}"))
    if None in also:
        found.append(("unknown_desk", f"没有“{shown(named[also.index(None)])}”这个受理席（另涉）；有{_choices(desks)}"))
    elif desk in also or len(set(also)) < len(also) or len(also) > MAX_ALSO:
        found.append(("bad_also", f"另涉受理席不能与受理席相同，不能重复，最多 {MAX_ALSO} 个"))
    if kind and find_id(kinds, kind) is None:
        found.append(("unknown_kind", f"没有“{shown(kind)}”这个诉求类型；有{_choices(kinds)}"))
    if urgent not in _URGENT:
        found.append(("bad_urgent", f"是否紧急写的是“{shown(urgent)}”，应为 1、0 或者是、否"))
    problems += [Problem(name, "error", file, row, message) for name, message in found]
    if not found and desk is not None:
        tips.append(
            Tip(
                file=file,
                row=row,
                id=cells.get("id") or None,
                text=text,
                desk=desk,
                also=tuple(filter(None, also)) if "also" in cells else None,
                kind=find_id(kinds, kind) if kind else None,
                urgent=_URGENT[urgent],
            )
        )


def _choices(names: dict[str, str]) -> str:
    return "、".join(f"{name}（{id_}）" for name, id_ in names.items())
