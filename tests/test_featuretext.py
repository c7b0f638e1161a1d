"""What features are computed from: no marks, no personal data, and the same in a batch as alone."""

from hypothesis import given
from hypothesis import strategies as st

from model.featuretext import feature_lines, feature_text
from model.text import normalise
from tests.test_text import ANY_TEXT, TRICKY


def test_features_see_neither_marks_nor_personal_data() -> None:
    assert feature_text("工资!!13800001111,没发") == "工资             " + " 没发"


@given(st.lists(ANY_TEXT | TRICKY, min_size=1, max_size=5))
def test_lines_are_the_feature_texts(texts: list[str]) -> None:
    """Normalising and masking a batch at once changes nothing, whatever stands at a text's end or beginning."""
    assert feature_lines(texts).split("\n") == [feature_text(normalise(text)) for text in texts]
