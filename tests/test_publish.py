"""Nothing worse than the champion becomes the champion, unless a person says why."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.artefact import WEIGHTS, Artefact
from model.errors import CorpusError, PromotionError
from model.registry import Registry
from model.taxonomy import Taxonomy
from model.triage import TriageData
from tests.conftest import DATA, ROOT, run_tipdesk, write_csv
from training.config import TrainingConfig
from training.corpus import Tip, read_corpus
from training.fit import fit_model
from training.publish import judge, publish, read_golden, require_unseen

GOLDEN = DATA / "golden.csv"
REAL_TIPS = ROOT.parent / "shared" / "real_tips"


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "golden.csv", ["text", "desk"], ["老板拖欠我们三个月工资", "wages"])


@pytest.fixture
def held_out(corpus: list[Tip], tmp_path: Path) -> Path:
    """Tips that the small model has not learned."""
    return write_tips(tmp_path / "held_out.csv", corpus[5::60])


@pytest.fixture
def registry(tmp_path: Path, artefact: Artefact) -> Registry:
    """A registry whose champion is the small model."""
    registry = Registry.of_home(tmp_path)
    registry.promote(registry.add(artefact))
    return registry


def write_tips(path: Path, tips: Sequence[Tip]) -> Path:
    rows = [
        [t.text, t.desk, "|".join(t.also or ()), t.kind or "", {None: "", True: "1", False: "0"}[t.urgent]]
        for t in tips
    ]
    return write_csv(path, ["text", "desk", "also", "kind", "urgent"], *rows)


def changed(artefact: Artefact, *, deaf_to: str | None = None, corpus: str = "other", **metrics: Any) -> Artefact:
    """Return the model, perhaps unable to choose a desk, as if learned from another corpus, with other metrics."""
    intercepts = artefact.intercepts.copy()
    if deaf_to:
        intercepts[artefact.taxonomy.desk_ids.index(deaf_to)] -= 1000
    manifest = replace(
        artefact.manifest,
        corpus={**artefact.manifest.corpus, "sha256": corpus},
        metrics={**artefact.manifest.metrics, **metrics},
    )
    return replace(artefact, intercepts=intercepts, manifest=manifest)


def test_the_first_version_needs_the_golden_tips_alone(tmp_path: Path, artefact: Artefact, golden: Path) -> None:
    registry = Registry.of_home(tmp_path)
    version = registry.add(artefact)
    assert publish(registry, version, golden).passed
    assert registry.aliases() == {"champion": version}


def test_a_golden_tip_gone_wrong_is_named_with_its_row(tmp_path: Path, artefact: Artefact, golden: Path) -> None:
    registry = Registry.of_home(tmp_path)
    gate = publish(registry, registry.add(changed(artefact, deaf_to="wages")), golden)
    assert not gate.passed
    assert "第 2 行应派 wages" in gate.reasons[0]
    assert registry.aliases() == {}


def test_a_golden_tip_of_an_unknown_desk_is_a_line(registry: Registry, tmp_path: Path) -> None:
    golden = write_csv(
        tmp_path / "g.csv", ["text", "desk"], ["车间噪声太大", "noise"], ["老板拖欠我们三个月工资", "wages"]
    )
    gate = judge(registry, "champion", golden)
    assert gate.passed
    assert any("第 2 行" in note and "“noise”" in note for note in gate.notes)


@pytest.mark.parametrize("content", ["text\n欠薪\n", "text,desk\n,wages\n", "text,desk\n欠薪,wages,x\n"])
def test_a_damaged_golden_file_is_an_error(registry: Registry, tmp_path: Path, content: str) -> None:
    path = tmp_path / "g.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"g\.csv"):
        judge(registry, "champion", path)
    with pytest.raises(CorpusError):
        judge(registry, "champion", tmp_path / "missing.csv")


def test_a_worse_challenger_is_refused_and_may_be_forced(
    registry: Registry, artefact: Artefact, project: Path, held_out: Path
) -> None:
    home, champion = registry.folder.parent, registry.aliases()["champion"]
    worse = registry.add(changed(artefact, deaf_to="insurance"))
    registry.challenge(worse)
    promote: list[str | Path] = ["models", "promote", "challenger", "--data", held_out]
    refused = run_tipdesk(*promote, "--json", home=home, cwd=project, status=1)
    said = refused.stderr.decode()
    assert len(said.strip().splitlines()) == 1
    assert all(word in said for word in ("insurance（社会保险与公积金）的查全率变差", "准确率变差", "概率变差"))
    assert json.loads(refused.stdout)["gate"]["passed"] is False
    assert registry.aliases() == {"champion": champion, "challenger": worse}

    run_tipdesk(*promote, "--force", home=home, cwd=project, status=2)
    run_tipdesk(*promote, "--force", "--why", "旧系统下线", home=home, cwd=project)
    assert registry.aliases() == {"champion": worse, "previous": champion}
    last = registry.history()[-1]
    assert (last["from"], last["to"], last["why"], last["gate"]["passed"]) == (champion, worse, "旧系统下线", False)
    shown = run_tipdesk("models", "history", home=home).stdout.decode().splitlines()[0]
    assert all(word in shown for word in ("强制发布", "旧系统下线", "insurance"))


def test_an_equal_challenger_passes(registry: Registry, artefact: Artefact, golden: Path, held_out: Path) -> None:
    twin = registry.add(changed(artefact))
    gate = publish(registry, twin, golden, held_out)
    assert gate.passed
    assert registry.aliases()["champion"] == twin
    assert any("p=1.000" in note for note in gate.notes)


def test_moved_labels_are_noticed_and_the_desk_is_named(
    corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData, tmp_path: Path
) -> None:
    """30% of a desk's labels are moved to another desk, as by a careless import."""
    three = tuple(desk for desk in taxonomy.desks if desk.id in ("safety", "injury", "women"))
    small = Taxonomy(three, taxonomy.kinds, {})
    ours = [replace(tip, also=()) for tip in corpus if tip.desk in small.desk_ids]
    learned, unseen = ours[::6], ours[1::6]
    safety = [tip for tip in learned if tip.desk == "safety"]
    moved = {tip.id for number, tip in enumerate(safety) if number % 10 < 3}
    damaged = [replace(tip, desk="injury") if tip.id in moved else tip for tip in learned]
    registry = Registry.of_home(tmp_path)
    for tips in (learned, damaged):
        registry.challenge(registry.add(fit_model(tips, small, words, triage, TrainingConfig())))
        gate = publish(
            registry,
            "challenger",
            write_csv(tmp_path / "golden.csv", ["text", "desk"]),
            write_tips(tmp_path / "unseen.csv", unseen),
        )
    assert not gate.passed
    assert any("safety" in reason for reason in gate.reasons)
    assert registry.aliases()["champion"] == gate.champion != gate.version


def test_without_data_cross_validated_metrics_of_the_same_corpus_count(
    registry: Registry, artefact: Artefact, golden: Path
) -> None:
    corpus, metrics = artefact.manifest.corpus["sha256"], artefact.manifest.metrics
    rows = metrics["per_desk"]
    lost = {**rows, "gig": {**rows["gig"], "recall": 0.0}}
    gate = judge(registry, registry.add(changed(artefact, corpus=corpus, per_desk=lost)), golden)
    assert [reason[:3] for reason in gate.reasons] == ["gig"]
    blurred = changed(artefact, corpus=corpus, log_loss=metrics["log_loss"] * 1.2)
    assert "对数损失" in judge(registry, registry.add(blurred), golden).reasons[0]
    same = judge(registry, registry.add(changed(artefact, corpus=corpus, ece=0.5)), golden)
    assert same.passed
    assert any("交叉验证" in note for note in same.notes)


def test_without_anything_in_common_the_gate_says_so(registry: Registry, artefact: Artefact, golden: Path) -> None:
    gate = judge(registry, registry.add(changed(artefact, deaf_to="gig", accuracy=0.1)), golden)
    assert gate.passed
    assert any("--data" in note for note in gate.notes)


def test_a_champion_that_cannot_be_read_is_no_obstacle(registry: Registry, artefact: Artefact, golden: Path) -> None:
    version = registry.add(changed(artefact))
    (registry.path("champion") / WEIGHTS).unlink()
    gate = publish(registry, version, golden)
    assert registry.aliases()["champion"] == version
    assert any("读不出来" in note for note in gate.notes)


def test_what_a_model_learned_from_is_no_test(
    registry: Registry, artefact: Artefact, golden: Path, small_corpus: list[Tip], tmp_path: Path
) -> None:
    data = write_tips(tmp_path / "learned.csv", small_corpus)
    with pytest.raises(CorpusError, match="learned from"):
        judge(registry, registry.add(changed(artefact)), golden, data)


def test_tips_to_learn_from_are_no_test_however_they_are_written(small_corpus: list[Tip]) -> None:
    learned = replace(small_corpus[0], text="老板拖欠工资,三个月了!")
    spaced = replace(small_corpus[0], file="held.csv", row=7, text="老板 拖欠工资，三个月了！")
    with pytest.raises(CorpusError, match=r"held\.csv, row 7"):
        require_unseen([spaced], [learned])
    require_unseen([spaced], small_corpus[1:])


def test_who_was_judged_against_another_champion_is_not_promoted(
    registry: Registry, artefact: Artefact, golden: Path
) -> None:
    gate = judge(registry, registry.add(changed(artefact)), golden)
    registry.promote(registry.add(changed(artefact, corpus="third")))
    with pytest.raises(PromotionError, match="meanwhile"):
        registry.promote(gate.version, gate=gate.to_dict())


def test_train_checks_what_it_is_to_be_compared_on_before_it_trains(
    tmp_path: Path, project: Path, small_corpus: list[Tip]
) -> None:
    learned = write_tips(tmp_path / "a.csv", small_corpus)
    seen = write_tips(tmp_path / "b.csv", small_corpus[:3])
    train: list[str | Path] = ["train", "--corpus", learned, "--data", seen]
    said = run_tipdesk(*train, "--publish", home=tmp_path, cwd=project, status=1).stderr.decode()
    assert "b.csv, row 2" in said
    assert "fitting" not in said
    run_tipdesk(*train, home=tmp_path, cwd=project, status=2)


def test_the_shipped_golden_tips_are_for_every_desk_and_new(taxonomy: Taxonomy, corpus: list[Tip]) -> None:
    tips, unknown = read_golden(GOLDEN, taxonomy)
    assert not unknown
    assert min(Counter(tip.desk for tip in tips)[desk] for desk in taxonomy.desk_ids) >= 6
    require_unseen(tips, corpus)
    assert len({tip.text for tip in tips}) == len(tips)


@pytest.mark.skipif(not REAL_TIPS.exists(), reason="the real tips are not beside this checkout")
def test_no_golden_tip_is_copied_from_a_real_one(taxonomy: Taxonomy) -> None:
    real, _ = read_corpus([REAL_TIPS / "dev.csv", REAL_TIPS / "practice.csv"], taxonomy)
    runs = {run for tip in real for run in _runs(tip.text)}
    assert [tip.row for tip in read_golden(GOLDEN, taxonomy)[0] if _runs(tip.text) & runs] == []


def _runs(text: str) -> set[str]:
    compact = re.sub(r"\W+", "", text)
    return {compact[i : i + 14] for i in range(len(compact) - 13)}


def test_the_shipped_model_passes_the_gate(shipped_home: Path) -> None:
    history = Registry.of_home(shipped_home).history()
    assert [change["gate"]["passed"] for change in history] == [True]
    assert f"必过例句 {len(GOLDEN.read_text(encoding='utf-8').splitlines()) - 1} 条" in history[0]["gate"]["notes"][0]
