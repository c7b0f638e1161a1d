"""The first rows of a table, for people to pick the column of tips.

``python -m service.batch.preview FILE`` prints them as JSON: the service looks into a stranger's file in a process of
its own, which may take its time and memory and be killed.
"""

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from model.errors import TableError
from service.batch.columns import as_text, find_text, reserved
from service.batch.formats import open_tables
from service.batch.table import Row

_ROWS, _COLUMNS, _CHARS = 5, 60, 200


def preview(path: Path) -> dict[str, Any]:
    """Return a table's columns, which of them seems to hold the tips, and its first rows.

    Returns
    -------
    dict
        ``columns`` by name, ``text`` (a name, or None), ``rows`` of texts cut short, ``scored``: columns that only a
        table has which was scored already.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    table = open_tables(path, ())[0][0]
    guessed = find_text(table.columns, ())
    rows = [record.values for record in islice(table, _ROWS) if isinstance(record, Row)]
    return {
        "columns": table.columns[:_COLUMNS],
        "text": table.columns[guessed[0]] if guessed else None,
        "rows": [[as_text(value)[:_CHARS] for value in row[:_COLUMNS]] for row in rows],
        "scored": reserved(table.columns),
    }


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(preview(Path(sys.argv[1]))))
    except TableError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
