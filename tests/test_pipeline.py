"""A model as notebooks load it: a scikit-learn pipeline that says what the service says."""

import json
from pathlib import Path

import numpy as np
import pytest
from skops import io

from model.router import Router
from tests.conftest import run_tipdesk
from training.corpus import Tip


def test_the_exported_pipeline_gives_the_probabilities_that_are_served(
    home: Path, router: Router, small_corpus: list[Tip], tmp_path: Path
) -> None:
    file = tmp_path / "model.skops"
    exported = json.loads(run_tipdesk("models", "export", "--skops", file, "--json", home=home).stdout)
    assert exported["version"] == router.version
    pipeline = io.load(file, trusted=exported["trusted"])
    texts = [tip.text for tip in small_corpus] + ["", "hello", "欠薪" * 1000, "\ud800\x00"]
    assert list(pipeline.classes_) == list(router.desks)
    np.testing.assert_allclose(pipeline.predict_proba(texts), router.predict_proba(texts), atol=1e-5)
    assert list(pipeline.predict(texts[:5])) == [routing.desk for routing in router.route(texts[:5])]


def test_a_pipeline_is_read_only_by_who_trusts_its_types(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.skops"
    run_tipdesk("models", "export", "champion", "--skops", file, home=home)
    with pytest.raises(io.exceptions.UntrustedTypesFoundException):
        io.load(file)
