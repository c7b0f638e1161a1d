"""Data problems, found before anybody trains on them: in single tips, between tips, between training and evaluation."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from model.personal import LABELS, find_personal
from model.taxonomy import Taxonomy
from model.text import normalise
from training.corpus import Problem, Tip, shown
from training.damage import find_damage
from training.duplicates import find_twin, same_text, shingles

MIN_TIPS_PER_DESK = 10
"""With fewer, a desk cannot be in every fold of a cross-validation twice."""

_MAX_COMPARED = 200  # earlier near-duplicates: a template may have thousands


def check_tips(tips: Sequence[Tip], taxonomy: Taxonomy) -> list[Problem]:
    """Return what is wrong between tips: ids and texts used twice, the same text with two desks, rare desks.

    It is what training refuses; `tipdesk check` looks further.
    """
    return [*_repeated_ids(tips), *_repeated_texts(tips, _names(taxonomy)), *_rare_desks(tips, taxonomy)]


def check_texts(tips: Iterable[Tip]) -> list[Problem]:
    """Return what is wrong with single texts: damage by a wrong encoding, and personal data."""
    problems = []
    for tip in tips:
        problems += [
            Problem(damage.kind, damage.severity, tip.file, tip.row, damage.message) for damage in find_damage(tip.text)
        ]
        if personal := Counter(datum.kind for datum in find_personal(normalise(tip.text))):
            found = "、".join(f"{LABELS[kind]} {count} 处" for kind, count in personal.items())
            message = f"含个人信息：{found}，--fix 可以遮盖"
            problems.append(Problem("personal_data", "warning", tip.file, tip.row, message))
    return problems


def check_likeness(tips: Sequence[Tip], groups: Sequence[int], taxonomy: Taxonomy) -> list[Problem]:
    """Return which tips are nearly the same as an earlier one.

    Parameters
    ----------
    groups : sequence of int
        For each tip a number that near-duplicates share, as `training.duplicates` returns it.
    """
    names = _names(taxonomy)
    problems = []
    for group in _gather(tips, groups):
        earlier: dict[str, tuple[Tip, set[bytes]]] = {}
        for tip in group if len(group) > 1 else ():
            if (text := same_text(tip.text)) in earlier:
                continue  # `check_tips` says so
            own, compared = shingles(tip.text), list(earlier.values())[-_MAX_COMPARED:]
            twin = find_twin(own, [other for _, other in compared])
            earlier[text] = tip, own
            if twin is None:
                continue
            other = compared[twin][0]
            message = f"与 {_place(other)} 几乎相同"
            if tip.desk == other.desk:
                problems.append(Problem("near_duplicate", "warning", tip.file, tip.row, message))
            else:
                message += _two_desks(tip, other, names)
                problems.append(Problem("near_conflict", "warning", tip.file, tip.row, message))
    return problems


def check_leaks(tips: Sequence[Tip], held_out: Sequence[Tip], groups: Sequence[int]) -> list[Problem]:
    """Return which tips also stand in the evaluation data, which a model would then seem too good on.

    Parameters
    ----------
    groups : sequence of int
        Of `tips`, then of `held_out`.
    """
    kept: defaultdict[int, list[tuple[Tip, set[bytes]]]] = defaultdict(list)
    shared = set(groups[: len(tips)])
    for tip, group in zip(held_out, groups[len(tips) :], strict=True):
        if group in shared:
            kept[group].append((tip, shingles(tip.text)))
    problems = []
    for tip, group in zip(tips, groups[: len(tips)], strict=True):
        twin = find_twin(shingles(tip.text), [other for _, other in kept[group]]) if group in kept else None
        if twin is not None:
            message = f"评测数据 {_place(kept[group][twin][0])} 里有相同或几乎相同的内容"
            problems.append(Problem("leak", "error", tip.file, tip.row, message))
    return problems


def summarise(tips: Sequence[Tip], groups: Sequence[int]) -> dict[str, Any]:
    """Return how many and how various the tips are; template-like text shows in the last three figures.

    Returns
    -------
    dict
        ``near_duplicate_share``: tips that have a near-duplicate; ``distinct_4grams``: distinct character 4-grams per
        4-gram; ``common_openings``: share of tips that begin with one of the ten commonest 4-character openings.
    """
    texts = [same_text(tip.text) for tip in tips]
    sizes = Counter(groups)
    grams = [text[i : i + 4] for text in texts for i in range(len(text) - 3)]
    openings = Counter(text[:4] for text in texts)
    n_tips = max(len(tips), 1)
    return {
        "tips": len(tips),
        "desks": dict(Counter(tip.desk for tip in tips).most_common()),
        "near_duplicate_share": sum(size for size in sizes.values() if size > 1) / n_tips,
        "distinct_4grams": len(set(grams)) / max(len(grams), 1),
        "common_openings": sum(count for _, count in openings.most_common(10)) / n_tips,
    }


def _repeated_ids(tips: Sequence[Tip]) -> list[Problem]:
    first: dict[str, Tip] = {}
    problems = []
    for tip in tips:
        if tip.id is not None and (other := first.setdefault(tip.id, tip)) is not tip:
            message = f"编号“{shown(tip.id)}”与 {_place(other)} 重复"
            problems.append(Problem("duplicate_id", "error", tip.file, tip.row, message))
    return problems


def _repeated_texts(tips: Sequence[Tip], names: dict[str, str]) -> list[Problem]:
    problems = []
    for first, *others in _gather(tips, [same_text(tip.text) for tip in tips]):
        for tip in others:
            if tip.desk != first.desk:
                message = f"与 {_place(first)} 内容相同" + _two_desks(tip, first, names)
                problems.append(Problem("conflicting_desk", "error", tip.file, tip.row, message))
            else:
                message = f"与 {_place(first)} 内容相同"
                problems.append(Problem("duplicate_text", "warning", tip.file, tip.row, message))
    return problems


def _rare_desks(tips: Sequence[Tip], taxonomy: Taxonomy) -> list[Problem]:
    counts = Counter(tip.desk for tip in tips)
    file = tips[0].file if tips else "标注数据"
    return [
        Problem(
            "rare_desk",
            "error",
            file,
            1,
            f"{desk.name}（{desk.id}）在全部文件里只有 {counts[desk.id]} 条，训练至少要 {MIN_TIPS_PER_DESK} 条",
        )
        for desk in taxonomy.desks
        if counts[desk.id] < MIN_TIPS_PER_DESK
    ]


def _gather(tips: Sequence[Tip], keys: Sequence[Hashable]) -> Iterable[list[Tip]]:
    gathered: defaultdict[Hashable, list[Tip]] = defaultdict(list)
    for tip, key in zip(tips, keys, strict=True):
        gathered[key].append(tip)
    return gathered.values()


def _names(taxonomy: Taxonomy) -> dict[str, str]:
    return {desk.id: desk.name for desk in taxonomy.desks}


def _two_desks(tip: Tip, other: Tip, names: dict[str, str]) -> str:
    return f"，受理席却不同：这里是{names[tip.desk]}，那里是{names[other.desk]}"


def _place(tip: Tip) -> str:
    return f"{tip.file} 第 {tip.row} 行"
