"""Texts are made comparable, and spans lead back to the text as received."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.text import align, normalise

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
# Marks that combine, half-width voicing marks, Hangul jamo, zero width, a final sigma: what folding is tricky with.
TRICKY = st.text(
    st.sampled_from("aeAÉΣσ\u0301\u0327\u0345가\u1100\u1161\u11a8ﾊﾞ\u3099か\u200b\ufe0f①㎡㈱ﬁ老闆\ud800 \n"), max_size=12
)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("ＡＢＣ１２３，：", "abc123,:"),
        ("老闆拖欠工資", "老板拖欠工资"),
        ("工\u200b资", "工资"),
        ("a\x00b\ud800c", "a b c"),
        ("①㎡", "1m2"),
    ],
    ids=["full width", "traditional", "zero width", "NUL and lone surrogate", "compatibility forms"],
)
def test_normalise(received: str, expected: str) -> None:
    assert normalise(received) == expected


@given(ANY_TEXT | TRICKY)
def test_spans_lie_in_the_text_and_do_not_run_backwards(text: str) -> None:
    normalised = normalise(text)
    aligned = align(text, normalised)
    spans = [aligned.received(place, place + 1) for place in range(len(normalised))]
    assert aligned.origins is None or len(aligned.origins) == len(normalised)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


def test_a_span_leads_back_across_changes_of_length() -> None:
    """㎡ becomes two characters, the zero-width space none; 工资 is still found where it stands."""
    text = "㎡\u200b工资"
    aligned = align(text, normalise(text))
    place = aligned.text.index("工资")
    start, end = aligned.received(place, place + 2)
    assert text[start:end] == "工资"
    assert aligned.received_all([place], [place + 2]) == ([start], [end])


@given(ANY_TEXT | TRICKY)
def test_what_is_normalised_is_composed_and_stays_so(text: str) -> None:
    """Only what may compose is composed, to save time; the whole is in Unicode's form all the same."""
    assert unicodedata.is_normalized("NFKC", normalise(text))
    assert normalise(normalise(text)) == normalise(text)
