"""The estimators keep scikit-learn's contract."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from training.classifier import LogCountRatioClassifier, TipVectorizer, build_classifier
from training.config import TrainingConfig

TEXTS = ["老板拖欠工资", "工资没有发", "欠我工资三个月", "工地摔伤了", "工伤怎么认定", "受伤没人管", "摔伤住院"]
LABELS = ["wages"] * 3 + ["injury"] * 4
CONFIG = TrainingConfig(min_df=1)


# Some of those checks take unscaled numbers, on which liblinear needs more steps than on any text.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_separators_pass_scikit_learns_own_checks() -> None:
    inexact = "liblinear stops within a tolerance, so weights of 2 and rows given twice agree to 1e-3 only"
    expected = dict.fromkeys(
        ["check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"], inexact
    )
    results = check_estimator(LogCountRatioClassifier(), expected_failed_checks=expected, on_fail="raise", on_skip=None)
    assert sum(result["status"] == "passed" for result in results) > 30


# scikit-learn itself leaves out, with the warning, the checks that feed tables of numbers: this one takes texts.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_vectorizer_passes_the_checks_for_texts() -> None:
    results = check_estimator(TipVectorizer(), on_fail="raise")
    assert any(result["status"] == "passed" for result in results)


def test_fit_predict_and_shapes() -> None:
    classifier = build_classifier((), CONFIG).fit(TEXTS, LABELS)
    assert classifier.classes_.tolist() == ["injury", "wages"]
    assert classifier.predict(["欠工资", "摔伤"]).tolist() == ["wages", "injury"]
    assert classifier.decision_function(TEXTS).shape == (7,)
    assert classifier["vectorizer"].transform(TEXTS).shape[0] == len(TEXTS)


def test_unfitted_and_mismatched_input_are_refused() -> None:
    with pytest.raises(NotFittedError):
        TipVectorizer().transform(["欠薪"])
    with pytest.raises(ValueError, match="inconsistent"):
        build_classifier((), CONFIG).fit(TEXTS, LABELS[:3])


def test_a_clone_fits_the_same_weights() -> None:
    classifier = build_classifier((), CONFIG).fit(TEXTS, LABELS)
    again = clone(classifier).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(classifier["separators"].coef_, again["separators"].coef_)


def test_a_weight_of_two_is_a_tip_twice() -> None:
    values = TipVectorizer(min_df=1).fit_transform(TEXTS).toarray()
    weighted = LogCountRatioClassifier(tol=0.1).fit(values, LABELS, sample_weight=[2, *[1] * 6])
    twice = LogCountRatioClassifier(tol=0.1).fit(np.vstack([values[:1], values]), [LABELS[0], *LABELS])
    np.testing.assert_allclose(weighted.scale_, twice.scale_)
    np.testing.assert_allclose(weighted.coef_, twice.coef_, atol=1e-2)


def test_telling_features_weigh_more() -> None:
    """工资 is in every tip of one class and none of the other, 了 nearly in neither."""
    vectorizer = TipVectorizer(min_df=1)
    separators = LogCountRatioClassifier().fit(vectorizer.fit_transform(TEXTS), LABELS)
    words = vectorizer.words_
    assert separators.scale_[words.index("工资")] > separators.scale_[words.index("了")]
