"""The stored arrays give what the fitted scikit-learn estimator gives."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.artefact import Artefact
from model.router import Router
from model.scorer import pack
from model.segment import build_user_words
from training.classifier import TipVectorizer
from training.config import TrainingConfig
from training.corpus import Tip

TOLERANCE = 1e-5

Probabilities = Callable[[list[str]], NDArray[np.float64]]


@pytest.fixture(scope="module")
def sklearn_proba(small_corpus: list[Tip], artefact: Artefact, words: list[str]) -> Probabilities:
    """Probabilities by scikit-learn alone: its vectorizer's values times the published weights.

    The published weights are calibrated and their n-grams sorted, so they are led back to the vectorizer's order.
    """
    vectorizer = TipVectorizer(build_user_words(words), min_df=TrainingConfig().min_df)
    vectorizer.fit([tip.text for tip in small_corpus])
    chars = vectorizer.vectorizer_.named_transformers_["chars"].get_feature_names_out()
    order = np.argsort([int(pack(np.array([ord(c) for c in gram], dtype=np.uint64), len(gram))[0]) for gram in chars])
    n_words, n_desks = len(artefact.words), len(artefact.taxonomy.desks)
    weights = np.empty_like(artefact.weights, dtype=np.float64)
    weights[:n_words] = artefact.weights[:n_words]
    weights[n_words + order] = artefact.weights[n_words:]

    def proba(texts: list[str]) -> NDArray[np.float64]:
        logits = (vectorizer.transform(texts) @ weights + artefact.intercepts)[:, :n_desks]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    return proba


def test_pack_tells_runs_of_different_length_apart() -> None:
    """Code points 65, 66 packed in twos: 65 shifted by 21 bits, plus 66."""
    codes = np.array([65, 66, 67], dtype=np.uint64)
    assert pack(codes, 1).tolist() == [65, 66, 67]
    assert pack(codes, 2).tolist() == [(65 << 21) + 66, (66 << 21) + 67]
    assert pack(codes, 3).tolist() == [(65 << 42) + (66 << 21) + 67]
    assert pack(codes[:1], 3).size == 0


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
