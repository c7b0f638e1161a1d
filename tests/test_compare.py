"""Two models are told apart only by more than chance, and the figures are what they are called."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.artefact import Artefact
from model.errors import CorpusError
from model.registry import Registry
from model.router import Router
from tests.conftest import run_tipdesk, write_csv
from training.compare import adjust_p_values, compare
from training.corpus import Tip

Deafen = Callable[[str], Artefact]


@pytest.fixture(scope="module")
def tips(corpus: list[Tip]) -> list[Tip]:
    """Tips that the small model has not learned."""
    return corpus[5::60]


@pytest.fixture(scope="module")
def deafened(artefact: Artefact) -> Deafen:
    """The small model, unable to choose one of its desks."""

    def deafen(desk: str) -> Artefact:
        intercepts = artefact.intercepts.copy()
        intercepts[artefact.taxonomy.desk_ids.index(desk)] -= 1000
        return replace(artefact, intercepts=intercepts, version="deaf")

    return deafen


def test_a_model_does_not_differ_from_itself(router: Router, tips: list[Tip]) -> None:
    found = compare(router, router, tips)
    assert found["n"] == len(tips)
    assert found["changed"] == []
    assert found["accuracy"]["p_value"] == 1
    assert found["accuracy"]["interval"] == found["log_loss"]["interval"] == [0, 0]
    assert all(row["p_value"] in (1, None) for row in found["per_desk"].values())


def test_a_desk_that_got_lost_is_named_and_no_other(router: Router, deafened: Deafen, tips: list[Tip]) -> None:
    found = compare(router, Router(deafened("insurance")), tips)
    assert found["per_desk"]["insurance"]["recall"]["b"] == 0
    worse = [
        desk
        for desk, row in found["per_desk"].items()
        if row["p_value"] is not None and row["p_value"] < 0.05 and row["recall"]["difference"] < 0
    ]
    assert worse == ["insurance"]
    assert found["accuracy"]["p_value"] < 0.01
    assert found["accuracy"]["interval"][1] < 0 < found["log_loss"]["interval"][0]
    assert {tip["a"] for tip in found["changed"]} == {"insurance"}
    json.dumps(found, allow_nan=False)


def test_the_other_way_round_the_signs_turn(router: Router, deafened: Deafen, tips: list[Tip]) -> None:
    deaf = Router(deafened("hours"))
    one, other = compare(router, deaf, tips), compare(deaf, router, tips)
    for name in ("accuracy", "log_loss", "macro_f1_min12", "ece"):
        assert one[name]["difference"] == pytest.approx(-other[name]["difference"])
    assert one["accuracy"]["p_value"] == other["accuracy"]["p_value"]
    assert one["accuracy"]["interval"] == pytest.approx([-end for end in reversed(other["accuracy"]["interval"])])


def test_the_differences_are_those_of_evaluate(router: Router, deafened: Deafen, tips: list[Tip]) -> None:
    """Interval and figure come by two ways: the one must hold the other."""
    found = compare(router, Router(deafened("other")), tips)
    for name in ("accuracy", "log_loss", "macro_f1_min12"):
        low, high = found[name]["interval"]
        assert low < found[name]["difference"] < high


def test_mcnemar_by_hand(router: Router, deafened: Deafen, small_corpus: list[Tip]) -> None:
    """The deaf model loses k tips that the other has right and gains none: p is 2 / 2**k."""
    deaf = Router(deafened("injury"))
    own = [tip for tip in small_corpus if tip.desk == "injury"]
    right = [
        tip for tip, routing in zip(own, router.route([t.text for t in own]), strict=True) if routing.desk == "injury"
    ]
    found = compare(router, deaf, right[:7])["accuracy"]
    assert (found["only_a_right"], found["only_b_right"]) == (7, 0)
    assert found["p_value"] == pytest.approx(2 / 2**7)


def test_many_desks_are_adjusted_for_and_rare_ones_are_not_tested() -> None:
    """Benjamini and Hochberg: of three, the smallest p counts three times, the next 3/2 times."""
    rows = {name: {"support": n, "p_value": p} for name, n, p in (("a", 50, 0.01), ("b", 50, 0.04), ("c", 50, 0.5))}
    rows["rare"] = {"support": 11, "p_value": 0.001}
    adjust_p_values(rows)
    assert [rows[name]["p_value"] for name in "abc"] == pytest.approx([0.03, 0.06, 0.5])
    assert rows["rare"]["p_value"] is None


def test_tips_of_a_desk_that_one_model_does_not_know_are_left_out(
    router: Router, artefact: Artefact, tips: list[Tip]
) -> None:
    first, *others = artefact.taxonomy.desks
    thresholds = {**artefact.manifest.policy.auto_thresholds, "fresh": 2.0}
    del thresholds[first.id]
    manifest = replace(artefact.manifest, policy=replace(artefact.manifest.policy, auto_thresholds=thresholds))
    renamed = replace(artefact.taxonomy, desks=(replace(first, id="fresh"), *others))
    found = compare(router, Router(replace(artefact, manifest=manifest, taxonomy=renamed)), tips)
    assert found["left_out"] == sum(tip.desk == first.id for tip in tips) > 0
    assert found["n"] == len(tips) - found["left_out"]
    assert first.id not in found["per_desk"]


def test_too_few_tips_are_refused(router: Router, tips: list[Tip]) -> None:
    with pytest.raises(CorpusError, match="2 or more"):
        compare(router, router, tips[:1])


def test_personal_data_of_changed_tips_are_hidden(router: Router, deafened: Deafen, tips: list[Tip]) -> None:
    text = "公司不给交社保,要求补缴养老保险,我的电话13812345678"
    found = compare(router, Router(deafened("insurance")), [replace(tips[0], text=text, desk="insurance")] * 2)
    assert found["changed"]
    assert all("138" not in tip["text"] and "手机号" in tip["text"] for tip in found["changed"])


def test_the_command_prints_chinese_and_no_tip(
    tmp_path: Path, artefact: Artefact, deafened: Deafen, tips: list[Tip]
) -> None:
    registry = Registry.of_home(tmp_path)
    registry.promote(registry.add(artefact))
    registry.challenge(registry.add(deafened("insurance")))
    data = write_csv(tmp_path / "held_out.csv", ["id", "text", "desk"], *[[t.id or "", t.text, t.desk] for t in tips])
    said = run_tipdesk("models", "compare", "--data", data, home=tmp_path).stdout.decode()
    assert all(word in said for word in ("准确率", "查全率", "McNemar", "社会保险与公积金", "改派"))
    assert not any(tip.text[:12] in said for tip in tips if len(tip.text) > 12)
    found = json.loads(
        run_tipdesk("models", "compare", "champion", "challenger", "--data", data, "--json", home=tmp_path).stdout
    )
    assert found["n"] == len(tips)
    assert found["changed"][0]["text"] in {tip.text for tip in tips}
    assert np.isclose(found["accuracy"]["difference"], found["accuracy"]["b"] - found["accuracy"]["a"])
