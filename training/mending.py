"""Cleaned copies of labelled files: what is certain is put right, what is useless left out, each row told of."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from model.errors import CorpusError
from model.personal import redact
from model.taxonomy import Taxonomy
from training.corpus import MAX_CHARS, Problem, find_id, labelled_files
from training.damage import find_damage, tidy, undo_misreading
from training.duplicates import same_text
from training.files import replacing
from training.tables import Table, read_table

_LABELS = ("id", "desk", "also", "kind", "urgent")


def write_mended(paths: Iterable[Path], folder: Path, taxonomy: Taxonomy) -> list[Problem]:
    """Write a cleaned copy of each labelled file into `folder`, as CSV, and return what was done, row by row.

    Texts are decoded anew where that is certain, tidied and without personal data; rows that hold nothing to learn
    from, or what an earlier row of any file holds, are left out. Labels stay as they are, whatever is wrong with them.

    Raises
    ------
    CorpusError
        If a file cannot be read, or a copy would take the place of an original or of another copy.
    """
    files = labelled_files(paths)
    copies = [folder / f"{file.stem}.csv" for file in files]
    originals = {file.resolve() for file in files}
    for file, copy in zip(files, copies, strict=True):
        if copy.resolve() in originals or copies.count(copy) > 1:
            raise CorpusError(
                f"{file}: its copy {copy} would replace an original or another copy; name another folder for --fix, "
                "and files with different names"
            )
    done: list[Problem] = []
    seen: dict[tuple[str, str], str] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for file, copy in zip(files, copies, strict=True):
        table = read_table(file)
        _write(copy, [table.header, *_mend_rows(table, taxonomy, seen, done)])
    return done


def _mend_rows(
    table: Table, taxonomy: Taxonomy, seen: dict[tuple[str, str], str], done: list[Problem]
) -> list[list[str]]:
    """Return the rows that stay, and add to `done` what was done, to `seen` what text and desk stand where."""
    names = {desk.name: desk.id for desk in taxonomy.desks}
    file, text_at, desk_at = str(table.path), table.columns["text"], table.columns["desk"]
    labels = {table.columns[name] for name in _LABELS if name in table.columns}
    kept = []
    for row, cells in table.rows:
        mended, actions = list(cells), dict[str, str]()
        if reason := _useless(table, row, cells):
            done.append(Problem("dropped", "mended", file, row, f"删去：{reason}"))
            continue
        for column, cell in enumerate(cells):
            if column not in labels:
                mended[column] = _mend_text(cell, actions)
        key = same_text(mended[text_at]), find_id(names, cells[desk_at].strip()) or cells[desk_at]
        if key in seen:
            done.append(Problem("dropped", "mended", file, row, f"删去：与 {seen[key]} 内容和受理席都相同"))
            continue
        seen[key] = f"{file} 第 {row} 行"
        kept.append(mended)
        done += [Problem(kind, "mended", file, row, message) for kind, message in actions.items()]
    if table.broken:
        row, _ = table.broken
        done.append(Problem("dropped", "mended", file, row, "删去：从这一行起不是完整的 CSV，后面的都没有读"))
    return kept


def _useless(table: Table, row: int, cells: Sequence[str]) -> str | None:
    """Return in Chinese why a row holds nothing to learn from."""
    if len(cells) != len(table.header):
        return "格数与标题行不同"
    if any((row, table.columns[name]) in table.uncomputed for name in ("text", "desk")):
        return "公式没有结果"
    text = cells[table.columns["text"]]
    if not tidy(text):
        return "内容是空的"
    if len(text) > MAX_CHARS:
        return "内容过长"
    damaged = any(damage.severity == "error" for damage in find_damage(text))
    return "乱码，无法还原" if damaged and undo_misreading(text) is None else None


def _mend_text(text: str, actions: dict[str, str]) -> str:
    """Return a text put right, and say in `actions` what was done."""
    decoded = undo_misreading(text) or text
    if decoded != text:
        actions["decoded"] = "还原了乱码"
    tidied = tidy(decoded)
    if tidied != decoded:
        actions["tidied"] = "去掉了控制字符和多余空格，全角字母、数字改成了半角"
    masked = redact(tidied)
    if masked != tidied:
        actions["masked"] = "遮盖了个人信息"
    return masked


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    # With a byte order mark, by which spreadsheet programs know UTF-8.
    with replacing(path) as staging, staging.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
