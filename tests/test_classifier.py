"""The estimator keeps scikit-learn's contract."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from training.classifier import TipClassifier

TEXTS = ["老板拖欠工资", "工资没有发", "欠我工资三个月", "工地摔伤了", "工伤怎么认定", "受伤没人管", "摔伤住院"]
LABELS = ["wages"] * 3 + ["injury"] * 4


# scikit-learn itself leaves out, with the warning, the checks that feed tables of numbers: this one takes texts.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learns_own_checks_pass() -> None:
    results = check_estimator(TipClassifier(), on_fail="raise")
    assert any(result["status"] == "passed" for result in results)


def test_fit_predict_and_shapes() -> None:
    classifier = TipClassifier(min_df=1).fit(TEXTS, LABELS)
    assert classifier.classes_.tolist() == ["injury", "wages"]
    assert classifier.predict(["欠工资", "摔伤"]).tolist() == ["wages", "injury"]
    features = classifier.transform(TEXTS)
    assert features.shape[0] == len(TEXTS)


def test_unfitted_and_mismatched_input_are_refused() -> None:
    with pytest.raises(NotFittedError):
        TipClassifier().predict(["欠薪"])
    with pytest.raises(ValueError, match="inconsistent"):
        TipClassifier().fit(TEXTS, LABELS[:3])


def test_a_clone_fits_the_same_weights() -> None:
    classifier = TipClassifier(min_df=1).fit(TEXTS, LABELS)
    again = clone(classifier).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(classifier.linear_.coef_, again.linear_.coef_)
