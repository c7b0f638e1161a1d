"""A published model as the scikit-learn pipeline that it is, for notebooks."""

from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from model.artefact import Artefact
from model.errors import RoutingError
from model.gramindex import GramIndex
from training.classifier import TipVectorizer
from training.files import replacing


def as_pipeline(artefact: Artefact) -> Pipeline:
    """Return a fitted pipeline, texts in, desk ids out; its probabilities are those of `Router.predict_proba`."""
    manifest, n_desks = artefact.manifest, len(artefact.taxonomy.desks)
    vectorizer = TipVectorizer(
        artefact.user_words, char_ngrams=manifest.char_ngrams, opening_chars=manifest.opening_chars
    )
    vectorizer.words_, vectorizer.idf_ = list(artefact.words), np.array(artefact.idf)
    vectorizer.char_grams_ = GramIndex(artefact.char_index).grams()
    separators = LogisticRegression()  # its probabilities are the softmax of linear scores, as the model's are
    separators.classes_ = np.array(artefact.taxonomy.desk_ids)
    separators.coef_ = np.ascontiguousarray(artefact.weights[:, :n_desks].T)
    separators.intercept_ = np.array(artefact.intercepts[:n_desks])
    separators.n_features_in_ = artefact.weights.shape[0]
    return Pipeline([("vectorizer", vectorizer), ("separators", separators)])


def export_skops(artefact: Artefact, path: Path) -> list[str]:
    """Write the pipeline as skops reads it, without pickle, and return the types that a reader has to trust.

    Raises
    ------
    RoutingError
        If skops is not installed.
    """
    try:
        from skops import io
    except ImportError as error:
        raise RoutingError("skops is not installed, which writes such files; install tipdesk[notebooks]") from error
    content = io.dumps(as_pipeline(artefact))
    with replacing(path) as staged:
        staged.write_bytes(content)
    return sorted(io.get_untrusted_types(data=content))
