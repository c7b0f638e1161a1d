"""Wrong labels put into the corpus on purpose, and how many `check` finds: ``python -m benchmarks.planted_errors``.

One tip in twenty gets a wrong desk: *any*, drawn from all desks that are neither its own nor its further ones, as by a
slip of the hand; or *likely*, the one of those that a model which has not learned from the tip holds for likeliest, as
by a misunderstanding. *Recall* is the share of the wrong labels that `check` reports as ``label_error``, *precision*
the share of wrong labels among its reports, in which whatever else it reports counts as false. *None* is the corpus as
it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model.segment import read_word_list
from model.taxonomy import Taxonomy
from training.config import TrainingConfig
from training.corpus import Tip, read_corpus, read_taxonomy, require_sound
from training.crossfit import out_of_fold_proba
from training.labelerrors import find_label_errors

DATA = Path("data")
SHARE = 0.05
SEEDS = (0, 1, 2)

say = Console(stderr=True).print


def may_be_wrong(tips: Sequence[Tip], taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """Return which desks would be wrong for each tip, shape (n_tips, n_desks)."""
    return np.array([[desk not in (tip.desk, *(tip.also or ())) for desk in taxonomy.desk_ids] for tip in tips])


def plant(
    tips: Sequence[Tip], taxonomy: Taxonomy, weights: NDArray[np.float64], seed: int
) -> tuple[list[Tip], set[int]]:
    """Return the tips with wrong labels among them, and which these are.

    Parameters
    ----------
    weights : ndarray of shape (n_tips, n_desks)
        For each tip, the desk with the largest is the wrong one; of several, one at random.
    """
    random = np.random.default_rng(seed)
    chosen = random.choice(len(tips), round(SHARE * len(tips)), replace=False)
    planted = list(tips)
    for number in chosen.tolist():
        likeliest = np.flatnonzero(weights[number] == weights[number].max())
        planted[number] = replace(tips[number], desk=taxonomy.desk_ids[random.choice(likeliest)])
    return planted, set(chosen.tolist())


def main() -> None:
    """Plant, look, print."""
    taxonomy = read_taxonomy(DATA / "desks.yaml")
    words = read_word_list(DATA / "userdict.txt")
    tips, problems = read_corpus([DATA / "corpus"], taxonomy)
    require_sound(problems)
    wrong = may_be_wrong(tips, taxonomy)
    say("cross-fitting for the likely desks")
    proba = out_of_fold_proba(tips, taxonomy, words, TrainingConfig(), n_jobs=2)

    table = Table("wrong desk", "seed", "planted", "reported", "recall", "precision")
    variants: list[tuple[str, NDArray[np.float64], int]] = [
        *(("any", wrong.astype(np.float64), seed) for seed in SEEDS),
        ("likely", proba * wrong, SEEDS[0]),
    ]
    for name, weights, seed in variants:
        say(f"{name}, seed {seed}")
        planted, chosen = plant(tips, taxonomy, weights, seed)
        found = {error.number for error in find_label_errors(planted, taxonomy, words, taxonomy.desk_ids, n_jobs=2)}
        hits = len(found & chosen)
        figures = (str(len(chosen)), str(len(found)), f"{hits / len(chosen):.3f}", f"{hits / max(len(found), 1):.3f}")
        table.add_row(name, str(seed), *figures)
    say("none")
    table.add_row("none", "", "0", str(len(find_label_errors(tips, taxonomy, words, taxonomy.desk_ids, n_jobs=2))))
    Console().print(table)


if __name__ == "__main__":
    main()
