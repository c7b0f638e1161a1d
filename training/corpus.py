"""Labelled tips: read from CSV files, each row either a `Tip` or a `Problem` that says what is wrong with it."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from model.errors import CorpusError, TaxonomyError
from model.taxonomy import Taxonomy

REQUIRED = ("text", "desk")
MAX_CHARS = 100_000
MAX_ALSO = 3

csv.field_size_limit(2**31 - 1)  # over-long texts are reported, not crashed on


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
    """Something wrong with labelled data. An error keeps `tipdesk train` from running, a warning does not."""

    kind: str
    severity: Literal["error", "warning"]
    file: str
    row: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.message}"


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


def read_corpus(paths: Iterable[Path], taxonomy: Taxonomy) -> tuple[list[Tip], list[Problem]]:
    """Return the tips of all CSV files and folders of CSV files, and what is wrong with the other rows.

    Raises
    ------
    CorpusError
        If a path is missing, or a file is no text, or lacks a required column.
    """
    tips: list[Tip] = []
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir() and not (files := sorted(path.rglob("*.csv"))):
            raise CorpusError(f"{path}: no CSV file in this folder; labelled files have the columns text,desk")
        for file in files if path.is_dir() else [path]:
            _read_file(file, taxonomy, tips, problems)
    return tips, problems


def read_shares(path: Path, taxonomy: Taxonomy) -> dict[str, float]:
    """Return the share of each desk that a CSV file with the columns desk,share states, scaled to add up to 1.

    Raises
    ------
    CorpusError
        If a desk is missing, unknown or there twice, or a share is no number above 0.
    """
    shares: dict[str, float] = {}
    for row, cells in enumerate(csv.DictReader(io.StringIO(read_text(path), newline="")), 2):
        desk, share = (cells.get("desk") or "").strip(), (cells.get("share") or "").strip()
        try:
            shares[desk] = float(share)
        except ValueError:
            shares[desk] = 0.0
        if desk not in taxonomy.desk_ids or len(shares) != row - 1 or not 0 < shares[desk] < float("inf"):
            raise CorpusError(
                f"{path}, row {row}: expected each desk once with a share above 0, found {desk[:40]!r}, {share[:40]!r}"
            )
    if missing := [desk for desk in taxonomy.desk_ids if desk not in shares]:
        raise CorpusError(f"{path}: no share for {', '.join(missing)}; expected the columns desk,share with every desk")
    total = sum(shares.values())
    return {desk: share / total for desk, share in shares.items()}


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


def _read_file(path: Path, taxonomy: Taxonomy, tips: list[Tip], problems: list[Problem]) -> None:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    row = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in REQUIRED if name not in header]:
            found = ", ".join(header) or "nothing"
            raise CorpusError(
                f"{path}: column {', '.join(missing)} is missing; found {found}, expected {','.join(REQUIRED)}"
            )
        for row, fields in enumerate(reader, 2):
            if not fields:
                continue
            if len(fields) != len(header):
                message = f"{len(fields)} fields, the header has {len(header)}"
                problems.append(Problem("ragged_row", "error", str(path), row, message))
                continue
            _read_row(dict(zip(header, fields, strict=True)), str(path), row, taxonomy, tips, problems)
    except csv.Error as error:
        problems.append(Problem("broken_csv", "error", str(path), row + 1, f"not readable as CSV ({error})"))


def read_text(path: Path) -> str:
    """Return what a text file holds, in UTF-8 or GB18030.

    Raises
    ------
    CorpusError
        If it cannot be read, or is in neither.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}; expected a CSV file or a folder of them") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CorpusError(f"{path} is neither UTF-8 nor GB18030; save it as 'CSV UTF-8'")


def _read_row(
    cells: dict[str, str], file: str, row: int, taxonomy: Taxonomy, tips: list[Tip], problems: list[Problem]
) -> None:
    found: list[tuple[str, str]] = []
    text, desk = cells["text"].strip(), cells["desk"].strip()
    also = tuple(part.strip() for part in cells.get("also", "").split("|") if part.strip())
    kind, urgent = cells.get("kind", "").strip(), cells.get("urgent", "").strip()
    if not text:
        found.append(("empty_text", "the text is empty"))
    if len(text) > MAX_CHARS:
        found.append(("long_text", f"the text has {len(text)} characters, {MAX_CHARS} are allowed"))
    if desk not in taxonomy.desk_ids:
        found.append(("unknown_desk", f"unknown desk '{desk[:40]}'; there are {', '.join(taxonomy.desk_ids)}"))
    if unknown := [name for name in also if name not in taxonomy.desk_ids]:
        found.append(
            ("unknown_desk", f"unknown further desk '{unknown[0][:40]}'; there are {', '.join(taxonomy.desk_ids)}")
        )
    if desk in also or len(set(also)) < len(also) or len(also) > MAX_ALSO:
        found.append(("bad_also", f"further desks must be others than the first, each once, at most {MAX_ALSO}"))
    if kind and kind not in taxonomy.kind_ids:
        found.append(("unknown_kind", f"unknown kind '{kind[:40]}'; there are {', '.join(taxonomy.kind_ids)}"))
    if urgent not in ("", "0", "1"):
        found.append(("bad_urgent", f"urgent is '{urgent[:40]}', expected 0 or 1"))
    if found:
        problems += [Problem(name, "error", file, row, message) for name, message in found]
        return
    tips.append(
        Tip(
            file=file,
            row=row,
            id=cells.get("id", "").strip() or None,
            text=text,
            desk=desk,
            also=also if "also" in cells else None,
            kind=kind or None,
            urgent=urgent == "1" if urgent else None,
        )
    )
