"""Evidence is exact: the shares add up to the score, and the spans are where the words stand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.artefact import Artefact
from model.router import Router
from training.corpus import Tip


def logit(router: Router, artefact: Artefact, text: str) -> float:
    """Return the winning desk's logit counted from the mean over all desks, less its intercept."""
    logs = np.log(router.predict_proba([text])[0])
    top = int(logs.argmax())
    return float(logs[top] - logs.mean() - artefact.intercepts[top])


def test_shares_add_up_to_the_score(router: Router, artefact: Artefact, corpus: list[Tip]) -> None:
    for tip in corpus[::40]:
        evidence = router.route([tip.text])[0].evidence
        assert evidence is not None
        assert sum(span.share for span in evidence) == pytest.approx(logit(router, artefact, tip.text), abs=1e-4)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60) | st.text(st.sampled_from("工资拖欠老板公司㎡①é\u0301\u200b\ud800 ,。"), max_size=30))
def test_spans_are_where_the_words_stand(router: Router, text: str) -> None:
    evidence = router.route([text])[0].evidence
    assert evidence is not None
    assert all(text[span.start : span.end] == span.text for span in evidence)


def test_the_telling_word_is_found(router: Router) -> None:
    text = "😀我想问一下,公司不给我缴社保怎么办"
    routing = router.route([text])[0]
    assert routing.evidence is not None
    strongest = max(routing.evidence, key=lambda span: span.share)
    assert strongest.text == "社保"
    assert text[strongest.start : strongest.end] == "社保"


def test_masked_numbers_are_no_evidence(router: Router) -> None:
    routing = router.route(["老板欠我工资,电话13800001111"])[0]
    assert not any("1380" in span.text for span in routing.evidence or ())
