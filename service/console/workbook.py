"""A small workbook of several sheets, for people: titles in bold, columns wide enough, dates as dates."""

from collections.abc import Sequence
from datetime import date
from typing import IO, Any

import xlsxwriter

from model.spreadsheet import inert

_WIDEST = 40  # characters


def workbook(file: IO[bytes], sheets: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> None:
    """Write sheets, each a name and rows of texts, numbers and dates; the first row holds the titles."""
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_urls": False}) as book:
        title, day = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            for place, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(place, column, value, day)
                    elif isinstance(value, int | float):
                        sheet.write_number(place, column, value)
                    else:
                        sheet.write_string(place, column, inert(str(value)), title if place == 0 else None)
            for column in range(len(rows[0])):
                longest = max(len(str(row[column])) for row in rows)
                sheet.set_column(column, column, min(_WIDEST, 2 * longest + 2))
