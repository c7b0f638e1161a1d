"""A tip's text cut into pieces, the words that decided marked by how much."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.routing import Evidence

# Bidirectional controls would turn the text around them, and the page's own words with it: shown as what they are.
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
_MOST_MARKED = 12  # words; more would mark everything and say nothing
_STRENGTHS = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the text as received.

    Attributes
    ----------
    strength : int
        0 for plain text, 1 to 3 for words that spoke for the desk.
    percent : int
        Share of this word among all that spoke for the desk.
    """

    text: str
    strength: int = 0
    percent: int = 0


def visible(text: str) -> str:
    """Return `text` with a replacement mark for each bidirectional control."""
    return text.translate(_BIDI)


def highlight(text: str, evidence: Sequence[Evidence]) -> list[Piece]:
    """Return `text` in pieces, in order and whole but for bidirectional controls, which become replacement marks."""
    text = visible(text)
    supporting = [span for span in evidence if span.share > 0]
    total = sum(span.share for span in supporting)
    strongest = sorted(supporting, key=lambda span: -span.share)[:_MOST_MARKED]
    marked = [span for span in strongest if round(100 * span.share / total) >= 1]
    pieces: list[Piece] = []
    place = 0
    for span in sorted(marked, key=lambda span: span.start):
        if span.start < place:
            continue  # two words of one compatibility character
        if span.start > place:
            pieces.append(Piece(text[place : span.start]))
        strength = 1 + int((_STRENGTHS - 1e-9) * span.share / strongest[0].share)
        pieces.append(Piece(text[span.start : span.end], strength, round(100 * span.share / total)))
        place = span.end
    if place < len(text):
        pieces.append(Piece(text[place:]))
    return pieces
