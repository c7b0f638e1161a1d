"""What operators confirmed, as tips to learn from.

Nobody can mend a row of the case store before a training, as in a file: what cannot be learned from is left out.
"""

from collections.abc import Iterable, Sequence

from model.taxonomy import Taxonomy
from training.check import check_tips
from training.corpus import Tip, tips_of
from training.tables import Row


def learnable(rows: Iterable[Row], taxonomy: Taxonomy, others: Sequence[Tip]) -> tuple[list[Tip], int]:
    """Return the tips of cases with a desk, and how many of these cases were left out.

    Left out are cases that no model can learn from, such as one whose desk there is no more, and of cases that tell the
    same but have different desks all but the first.

    Parameters
    ----------
    rows : iterable of Row
        As `training.commands.common.stored_cases` yields them.
    others : sequence of Tip
        What is learned from besides; it counts before the cases.
    """
    with_desk = [row for row in rows if row.cells["desk"]]
    tips, _ = tips_of(with_desk, taxonomy)
    refused = {
        (problem.file, problem.row) for problem in check_tips([*others, *tips], taxonomy) if problem.severity == "error"
    }
    kept = [tip for tip in tips if (tip.file, tip.row) not in refused]
    return kept, len(with_desk) - len(kept)
