"""How unlike the champion's own tips labelled data are: its desks' shares, and the words of its files."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.distance import jensenshannon

from model.artefact import Artefact
from model.featuretext import feature_lines
from model.segment import Segmenter
from model.taxonomy import Taxonomy
from training.corpus import Problem, Tip

MAX_DISTANCE = 0.1
"""Jensen-Shannon distance of desk shares (base 2, 0 to 1) up to which nothing is said."""
MAX_UNKNOWN = 0.15
"""Share of unknown words up to which nothing is said: real tips have 7%, other prose 25%."""

_SAMPLES, _BEYOND_CHANCE = 1000, 0.99


def champion_shares(artefact: Artefact) -> dict[str, float]:
    """Return the share of each desk in the tips that a model was measured on, which are those it learned from."""
    support = {desk: row["support"] for desk, row in artefact.manifest.metrics["per_desk"].items()}
    return {desk: count / sum(support.values()) for desk, count in support.items()}


def drifted_shares(tips: Sequence[Tip], taxonomy: Taxonomy, champion: Mapping[str, float]) -> list[Problem]:
    """Return a warning if the desks' shares are farther from the champion's than chance explains."""
    if not tips:
        return []
    names = {desk.id: desk.name for desk in taxonomy.desks}
    counts = Counter(tip.desk for tip in tips)
    known = np.array([champion.get(desk, 0.0) for desk in names])
    shares = np.array([counts[desk] / len(tips) for desk in names])
    distance = float(jensenshannon(shares, known, base=2))
    # A small sample is far from any shares, its own included.
    samples = np.random.default_rng(0).multinomial(len(tips), known / known.sum(), _SAMPLES) / len(tips)
    by_chance = np.quantile(jensenshannon(samples, known[np.newaxis], base=2, axis=1), _BEYOND_CHANCE)
    if distance <= max(MAX_DISTANCE, by_chance):
        return []
    moved = sorted(zip(names.values(), known, shares, strict=True), key=lambda row: -abs(row[2] - row[1]))[:3]
    changes = "、".join(f"{name} {before:.0%}→{after:.0%}" for name, before, after in moved)
    message = f"各受理席占比与现用模型的语料差别大（JS 距离 {distance:.2f}）：{changes}"
    return [Problem("drifted_shares", "warning", tips[0].file, 1, message)]


def unfamiliar_files(tips: Sequence[Tip], artefact: Artefact) -> list[Problem]:
    """Return a warning for each file with many words that the champion does not know."""
    known, segmenter = set(artefact.words), Segmenter(artefact.user_words)
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for tip in tips:
        texts[tip.file].append(tip.text)
    problems = []
    for file, of_file in texts.items():
        words = [word for word in segmenter.cut(feature_lines(of_file)) if not word.isspace()]
        unknown = sum(word not in known for word in words) / max(len(words), 1)
        if unknown > MAX_UNKNOWN:
            message = f"{unknown:.0%} 的词现用模型没见过（一般不到 10%），请确认选对了列、内容是群众诉求"
            problems.append(Problem("unfamiliar_text", "warning", file, 1, message))
    return problems
