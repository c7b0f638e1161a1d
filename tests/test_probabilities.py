"""The stored arrays give what the fitted scikit-learn estimator gives."""

from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from model.artefact import Artefact
from model.featuretext import feature_text
from model.layout import pack
from model.router import Router
from model.segment import Segmenter, build_user_words
from model.text import normalise
from training.config import TrainingConfig
from training.corpus import Tip

TOLERANCE = 1e-5

Probabilities = Callable[[list[str]], NDArray[np.float64]]


@pytest.fixture(scope="module")
def sklearn_proba(small_corpus: list[Tip], artefact: Artefact, words: list[str]) -> Probabilities:
    """Probabilities by scikit-learn's own TF-IDF times the published weights, in the vectorizers' order."""
    config, segmenter = TrainingConfig(), Segmenter(build_user_words(words))
    opening = config.opening_chars

    def cut(text: str) -> list[str]:
        return [word for word in segmenter.cut(feature_text(normalise(text))) if not word.isspace()]

    def words_opening_twice(text: str) -> list[str]:
        ends = accumulate(map(len, cut(text)))
        first = [word for word, end in zip(cut(text), ends, strict=True) if end <= opening]
        return first + cut(text)

    def grams_opening_twice(text: str) -> list[str]:
        chars = "".join(cut(text))
        parts = [(part, n) for part in (chars[:opening], chars) for n in (1, 2, 3)]
        return [part[i : i + n] for part, n in parts for i in range(len(part) - n + 1)]

    vectorizers = [
        TfidfVectorizer(analyzer=analyzer, min_df=config.min_df, sublinear_tf=True).fit([t.text for t in small_corpus])
        for analyzer in (words_opening_twice, grams_opening_twice)
    ]
    chars = vectorizers[1].get_feature_names_out()
    order = np.argsort([int(pack(np.array([ord(c) for c in gram], dtype=np.uint64), len(gram))[0]) for gram in chars])
    n_words, n_desks = len(artefact.words), len(artefact.taxonomy.desks)
    assert vectorizers[0].get_feature_names_out().tolist() == list(artefact.words)
    weights = artefact.weights[:, : artefact.intercepts.size].astype(np.float64)
    weights[n_words + order] = weights[n_words:].copy()

    def proba(texts: list[str]) -> NDArray[np.float64]:
        logits = hstack([vectorizer.transform(texts) for vectorizer in vectorizers]) @ weights + artefact.intercepts
        powers = np.exp(logits[:, :n_desks] - logits[:, :n_desks].max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    return proba


def test_probabilities_equal_scikit_learns_on_the_corpus(
    router: Router, sklearn_proba: Probabilities, corpus: list[Tip]
) -> None:
    texts = [tip.text for tip in corpus]
    np.testing.assert_allclose(router.predict_proba(texts), sklearn_proba(texts), atol=TOLERANCE)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(max_size=50), min_size=1, max_size=4))
def test_probabilities_equal_scikit_learns_on_any_unicode(
    router: Router, sklearn_proba: Probabilities, texts: list[str]
) -> None:
    np.testing.assert_allclose(router.predict_proba(texts), sklearn_proba(texts), atol=TOLERANCE)


def test_a_text_scores_the_same_alone_and_in_a_batch(router: Router, corpus: list[Tip]) -> None:
    """N-grams never run from one text into the next."""
    texts = [tip.text for tip in corpus[:50]]
    alone = np.concatenate([router.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(router.predict_proba(texts), alone, atol=1e-6)
