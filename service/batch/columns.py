"""Which column holds the tip, where the header stands, and how a value reads as text."""

import base64
import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from service.batch.table import ABSENT

# Header names that mean "what the caller says", the surest first. A name counts when it is the whole cell.
TEXT_COLUMNS = (
    "text",
    "诉求内容",
    "工单内容",
    "留言内容",
    "留言详情",
    "来电内容",
    "来信内容",
    "来访内容",
    "投诉内容",
    "信访内容",
    "反映内容",
    "反映问题",
    "咨询内容",
    "问题内容",
    "事项内容",
    "诉求描述",
    "问题描述",
    "事项描述",
    "诉求详情",
    "工单详情",
    "工单描述",
    "主要诉求",
    "内容",
    "正文",
    "诉求",
    "留言",
    "content",
    "description",
    "message",
)

_HEADER_ROWS = 10  # titles and notes stand above the header, not tips
_RESERVED = "tip_"


def find_text(columns: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return where the wanted columns are, or without any the one whose name means it; [] if there is none."""
    if wanted:
        return [columns.index(name) for name in wanted] if set(wanted) <= set(columns) else []
    names = [name.lower() for name in columns]
    return next(([names.index(name)] for name in TEXT_COLUMNS if name in names), [])


def find_header(rows: Sequence[Sequence[str]], wanted: Sequence[str]) -> tuple[int, int, list[str]]:
    """Return where the header begins and ends among a table's first rows (from 0, end exclusive), and its names.

    Sheets have a title above the header, in merged cells, and headers of two storeys: over "name" and "phone" stands
    "caller". Merged cells have their text in the first and nothing in the others. A row above the header is a title
    when it fills at most half as many cells.
    """
    for start, row in enumerate(rows[:_HEADER_ROWS]):
        names = [name.strip() for name in row]
        n_named = sum(map(bool, names))
        if find_text(names, wanted) and all(2 * sum(map(bool, above)) <= n_named for above in rows[:start]):
            if start + 1 < len(rows) and (joined := _join_storeys(names, [name.strip() for name in rows[start + 1]])):
                return start, start + 2, joined
            return start, start + 1, names
    start = next((i for i, row in enumerate(rows) if any(row)), 0)
    return start, start + 1, [name.strip() for name in rows[start]] if rows else []


def _join_storeys(upper: list[str], lower: list[str]) -> list[str]:
    """Return the names of a header of two rows, or [] if the second is no header."""
    if "" not in upper or len(lower) > len(upper):
        return []
    lower = lower + [""] * (len(upper) - len(lower))
    names, group = [], ""
    for i, (above, below) in enumerate(zip(upper, lower, strict=True)):
        group = above or group
        spans = not above or (i + 1 < len(upper) and not upper[i + 1])
        if spans != bool(below):  # under a cell of its own nothing, under a merged one a name
            return []
        names.append(f"{group}/{below}" if below else above)
    return names


def unique_names(columns: Sequence[str]) -> list[str]:
    """Return names for formats where each column needs its own: the second of one name is ``name_2``."""
    names: list[str] = []
    taken = set(columns)
    for i, column in enumerate(columns):
        name = column or f"列{i + 1}"
        n = 2
        while name in names or (name != column and name in taken):
            name = f"{column or f'列{i + 1}'}_{n}"
            n += 1
        names.append(name)
    return names


def reserved(columns: Sequence[str]) -> list[str]:
    """Return the columns whose names are kept for results."""
    return [column for column in columns if column.startswith(_RESERVED)]


def as_text(value: Any) -> str:
    """Return a value as a cell of text: ISO 8601 for times, JSON for what else is no text, base64 for bytes."""
    if isinstance(value, str):
        return value
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if is_day(value) else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list | dict | bool | int | float):
        return json.dumps(value, ensure_ascii=False, default=as_text)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def is_day(value: datetime) -> bool:
    """Return whether it is a date that a spreadsheet or a column type gave a time of day."""
    return value.tzinfo is None and value.time() == time()
