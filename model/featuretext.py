"""What of a text features are computed from: normalised, without personal data and marks."""

import re
from collections.abc import Sequence

from model.personal import mask
from model.text import normalise_lines

_NOT_WORD = re.compile(r"[^\u4e00-\u9fff \w?\n]|_")
_FREQUENT_MARKS = ',。.、;:!“”"()《》-'  # nearly all of those; to look for each is faster than for a class


def feature_text(normalised: str) -> str:
    """Return what features are computed from: `normalised`, masked, each mark that is no letter or digit a blank.

    The length stays. Punctuation goes because half of all tips have none or put it anywhere; the question mark stays
    because it tells a question from a complaint. Many texts may come at once, one a line.
    """
    masked = mask(normalised)
    for mark in _FREQUENT_MARKS:
        masked = masked.replace(mark, " ")
    return _NOT_WORD.sub(" ", masked)


def feature_lines(texts: Sequence[str]) -> str:
    """Return the feature texts of many texts as received, one a line."""
    return feature_text(normalise_lines(texts))
