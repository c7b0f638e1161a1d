"""Data problems that show only when tips are compared with each other, found before anybody trains on them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from model.featuretext import feature_text
from model.taxonomy import Taxonomy
from model.text import normalise
from training.corpus import Problem, Tip
from training.duplicates import near_duplicate_groups

MIN_TIPS_PER_DESK = 10
"""With fewer, a desk cannot be in every fold of a cross-validation twice."""


def check_tips(tips: Sequence[Tip], taxonomy: Taxonomy) -> list[Problem]:
    """Return what is wrong between tips: ids and texts used twice, the same text with two desks, rare desks."""
    return [*_repeated_ids(tips), *_repeated_texts(tips), *_rare_desks(tips, taxonomy)]


def summarise(tips: Sequence[Tip]) -> dict[str, Any]:
    """Return how many and how various the tips are; template-like text shows in the last three figures.

    Returns
    -------
    dict
        ``near_duplicate_share``: tips that have a near-duplicate; ``distinct_4grams``: distinct character 4-grams per
        4-gram; ``common_openings``: share of tips that begin with one of the ten commonest 4-character openings.
    """
    texts = [feature_text(normalise(tip.text)).replace(" ", "") for tip in tips]
    groups = Counter(near_duplicate_groups([tip.text for tip in tips]))
    grams = [text[i : i + 4] for text in texts for i in range(len(text) - 3)]
    openings = Counter(text[:4] for text in texts)
    n_tips = max(len(tips), 1)
    return {
        "tips": len(tips),
        "desks": dict(Counter(tip.desk for tip in tips).most_common()),
        "near_duplicate_share": sum(size for size in groups.values() if size > 1) / n_tips,
        "distinct_4grams": len(set(grams)) / max(len(grams), 1),
        "common_openings": sum(count for _, count in openings.most_common(10)) / n_tips,
    }


def _repeated_ids(tips: Sequence[Tip]) -> list[Problem]:
    first: dict[str, Tip] = {}
    problems = []
    for tip in tips:
        if tip.id is not None and (other := first.setdefault(tip.id, tip)) is not tip:
            message = f"the id '{tip.id[:40]}' is also that of {other.file}, row {other.row}"
            problems.append(Problem("duplicate_id", "error", tip.file, tip.row, message))
    return problems


def _repeated_texts(tips: Sequence[Tip]) -> list[Problem]:
    same: defaultdict[str, list[Tip]] = defaultdict(list)
    for tip in tips:
        same[feature_text(normalise(tip.text)).replace(" ", "") or tip.text].append(tip)
    problems = []
    for first, *others in same.values():
        for tip in others:
            place = f"{first.file}, row {first.row}"
            if tip.desk != first.desk:
                message = f"the same text has desk '{tip.desk}' here and '{first.desk}' in {place}"
                problems.append(Problem("conflicting_desk", "error", tip.file, tip.row, message))
            else:
                message = f"the same text is in {place}"
                problems.append(Problem("duplicate_text", "warning", tip.file, tip.row, message))
    return problems


def _rare_desks(tips: Sequence[Tip], taxonomy: Taxonomy) -> list[Problem]:
    counts = Counter(tip.desk for tip in tips)
    file = tips[0].file if tips else "the labelled data"
    return [
        Problem(
            "rare_desk",
            "error",
            file,
            1,
            f"desk '{desk}' has {counts[desk]} tip(s) in all files, training needs {MIN_TIPS_PER_DESK} or more",
        )
        for desk in taxonomy.desk_ids
        if counts[desk] < MIN_TIPS_PER_DESK
    ]
