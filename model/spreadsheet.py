"""Text that a spreadsheet program shows and does not run."""

import re

# What it would run as a formula when it opens the file (OWASP, CSV Injection), full-width forms included, also behind
# what it may skip before looking.
_FORMULA = re.compile("[\0\ufeff\u200b]*[=+@\t\r\n＝＋－＠-]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?")


def inert(text: str) -> str:
    """Return `text` behind an apostrophe if it would be run as a formula from a CSV file, else as it is."""
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
