"""The gate: what a version must show before it becomes the champion. Its findings are for data staff, in Chinese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import fisher_exact

from model.artefact import Manifest
from model.errors import ArtefactError, CorpusError
from model.registry import CHAMPION, Registry
from model.router import Router
from model.taxonomy import Taxonomy
from training.compare import adjust_p_values, common_taxonomy, compare, say_p
from training.corpus import Tip, read_corpus, require_sound
from training.duplicates import same_text
from training.fit import corpus_digest

SIGNIFICANT = 0.05
_LOSS_TOLERANCE = 0.05
"""By how much of itself a cross-validated log loss may grow: manifests hold no spread that it could be tested with."""


@dataclass(frozen=True)
class Gate:
    """What the gate says of a version.

    Attributes
    ----------
    version : str
    champion : str or None
        The champion at that time.
    reasons : tuple of str
        Why it must not be the champion; none: it may.
    notes : tuple of str
        What was looked at, and what could not be.
    """

    version: str
    champion: str | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the version may become the champion."""
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as JSON can hold them."""
        return {
            "version": self.version,
            "champion": self.champion,
            "passed": self.passed,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
        }


def publish(
    registry: Registry,
    name: str,
    golden: Path,
    data: Path | None = None,
    *,
    force: bool = False,
    why: str | None = None,
) -> Gate:
    """Make a version the champion if it passes the gate, or by force; return what the gate said.

    Parameters
    ----------
    golden, data : Path
        As in `judge`.
    why : str, optional
        A person's reason, for the history.

    Raises
    ------
    ArtefactError
        If the version is damaged: that no force overcomes.
    CorpusError
        If a labelled file is not usable.
    PromotionError
        If another version became the champion meanwhile.
    """
    gate = judge(registry, name, golden, data)
    if gate.passed or force:
        registry.promote(gate.version, gate=gate.to_dict(), why=why)
    return gate


def judge(registry: Registry, name: str, golden: Path, data: Path | None = None) -> Gate:
    """Return what the gate says of a version; nothing changes.

    It must route every golden tip rightly, and must not be significantly worse than the champion: in all, on a desk
    with enough tips (`training.evaluate.MIN_SUPPORT`), or in its probabilities. The two are compared on `data`; without
    it by their cross-validated metrics, where these were taken on the same tips; else not at all, which a note says.

    Parameters
    ----------
    golden : Path
        Tips that any sound model routes rightly. Those for desks that the version does not know are left out.
    data : Path, optional
        Labelled tips that neither of the two models has learned from.
    """
    path = registry.path(name)
    router, champion = Router.load(path), registry.aliases().get(CHAMPION)
    reasons, notes = _golden_findings(router, golden)
    if champion is None:
        notes.append("还没有现任模型，只看必过例句")
    elif champion != path.name:
        try:
            current = Router.load(registry.path(CHAMPION))
        except ArtefactError as error:
            notes.append(f"现任模型读不出来，无从比较，只看必过例句（{error}）")
        else:
            worse, seen = _data_findings(current, router, data) if data else _manifest_findings(current, router)
            reasons += worse
            notes += seen
    return Gate(path.name, champion, tuple(reasons), tuple(notes))


def read_golden(path: Path, taxonomy: Taxonomy) -> tuple[list[Tip], list[str]]:
    """Return the golden tips, and a line for each that is for a desk which the taxonomy does not have.

    Raises
    ------
    CorpusError
        If the file is missing or anything else in it is wrong.
    """
    tips, problems = read_corpus([path], taxonomy)
    require_sound([problem for problem in problems if problem.kind != "unknown_desk"])
    return tips, [str(problem) for problem in problems]


def require_unseen(tips: Sequence[Tip], learned: Sequence[Tip]) -> None:
    """Refuse tips for a comparison that the model is to learn from: it would look better than it is.

    Raises
    ------
    CorpusError
        With the rows that are in both.
    """
    known = {same_text(tip.text) for tip in learned}
    if rows := [f"{tip.file}, row {tip.row}" for tip in tips if same_text(tip.text) in known]:
        shown = "; ".join(rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        raise CorpusError(
            f"{len(rows)} tip(s) of the comparison are among those to learn from ({shown}); "
            "take them out of one of the two"
        )


def _golden_findings(router: Router, golden: Path) -> tuple[list[str], list[str]]:
    tips, unknown = read_golden(golden, router.taxonomy)
    routings = router.route([tip.text for tip in tips], explain=False)
    wrong = [
        f"第 {tip.row} 行应派 {tip.desk} 却派 {routing.desk}"
        for tip, routing in zip(tips, routings, strict=True)
        if routing.desk != tip.desk
    ]
    notes = [f"必过例句 {len(tips)} 条，派对 {len(tips) - len(wrong)} 条", *(f"不计：{line}" for line in unknown)]
    return [f"{golden} 的必过例句派错 {len(wrong)} 条：{'，'.join(wrong)}"] if wrong else [], notes


def _data_findings(champion: Router, router: Router, data: Path) -> tuple[list[str], list[str]]:
    tips, problems = read_corpus([data], common_taxonomy(champion, router))
    require_sound(problems)
    digest = corpus_digest(tips)
    for learner in (champion, router):
        if digest in (learner.manifest.corpus["sha256"], learner.manifest.corpus["own_sha256"]):
            raise CorpusError(f"{data} is what {learner.version} learned from; compare on tips that it has not seen")
    found = compare(champion, router, tips)
    accuracy, f1, loss = found["accuracy"], found["macro_f1_min12"], found["log_loss"]
    low, high = accuracy["interval"]
    note = (
        f"与现任 {champion.version} 在 {data} 的 {found['n']} 条上比较：准确率 {_change(accuracy)}，"
        f"差 {low * 100:+.1f} 至 {high * 100:+.1f} 个百分点（95% 区间），p{say_p(accuracy['p_value'])}"
    )
    notes = [note]
    if found["left_out"]:
        notes.append(f"{found['left_out']} 条的受理席只有一个模型认得，不计")
    reasons = _worse(accuracy, found["per_desk"], router.taxonomy)
    if f1["interval"] and f1["interval"][1] < 0:
        reasons.append(f"各席平均 F1 变差：{_change(f1)}")
    if loss["interval"][0] > 0:
        reasons.append(f"概率变差：对数损失 {loss['a']:.3f} → {loss['b']:.3f}")
    return reasons, notes


def _manifest_findings(champion: Router, router: Router) -> tuple[list[str], list[str]]:
    before, after = champion.manifest, router.manifest
    if _measured_on(before) != _measured_on(after):
        return [], ["没有共同的测试数据，未与现任比较；可用 --data 给出两个模型都没有学过的标注诉求"]
    n = before.metrics["n"]
    accuracy = _unpaired(before.metrics["accuracy"], after.metrics["accuracy"], n)
    per_desk: dict[str, dict[str, Any]] = {}
    for desk, row in before.metrics["per_desk"].items():
        recall = _unpaired(row["recall"], after.metrics["per_desk"][desk]["recall"], row["support"])
        per_desk[desk] = {"support": row["support"], "recall": recall, "p_value": recall["p_value"]}
    adjust_p_values(per_desk)
    reasons = _worse(accuracy, per_desk, router.taxonomy)
    loss = {"a": before.metrics["log_loss"], "b": after.metrics["log_loss"]}
    if loss["b"] > loss["a"] * (1 + _LOSS_TOLERANCE):
        reasons.append(f"概率变差：交叉验证的对数损失 {loss['a']:.3f} → {loss['b']:.3f}")
    note = (
        f"没有另给测试数据；与现任 {champion.version} 在同一批诉求（{n} 条）上的交叉验证比较："
        f"准确率 {_change(accuracy)}，p{say_p(accuracy['p_value'])}"
    )
    return reasons, [note]


def _measured_on(manifest: Manifest) -> tuple[str, str]:
    """Return which tips the cross-validated metrics were taken on: the hotline's own cases, or else the corpus."""
    own = manifest.corpus["own"] > 0
    return ("own", manifest.corpus["own_sha256"]) if own else ("corpus", manifest.corpus["sha256"])


def _unpaired(a: float, b: float, n: int) -> dict[str, Any]:
    """Compare two shares of `n` of which nobody knows any more on which tips they differ: less sharp than in pairs."""
    table = [[round(share * n), n - round(share * n)] for share in (a, b)]
    return {"a": a, "b": b, "difference": b - a, "p_value": float(fisher_exact(table).pvalue)}


def _worse(accuracy: Mapping[str, Any], per_desk: Mapping[str, Mapping[str, Any]], taxonomy: Taxonomy) -> list[str]:
    """Return in what the version is significantly worse."""
    reasons = []
    if accuracy["difference"] < 0 and accuracy["p_value"] < SIGNIFICANT:
        reasons.append(f"准确率变差：{_change(accuracy)}，p{say_p(accuracy['p_value'])}")
    for desk in taxonomy.desks:
        row = per_desk.get(desk.id, {"p_value": None})
        if row["p_value"] is not None and row["recall"]["difference"] < 0 and row["p_value"] < SIGNIFICANT:
            reasons.append(
                f"{desk.id}（{desk.name}）的查全率变差：{_change(row['recall'])}，{row['support']} 条，"
                f"校正后 p{say_p(row['p_value'])}"
            )
    return reasons


def _change(figure: Mapping[str, float]) -> str:
    return f"{figure['a']:.3f} → {figure['b']:.3f}"
