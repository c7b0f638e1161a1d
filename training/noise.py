"""Copies of tips behind small talk, so that a model finds the demand however late it comes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import CorpusError


def read_preambles(path: Path) -> list[str]:
    """Return what callers say before they come to the matter: one preamble a line.

    Raises
    ------
    CorpusError
        If the file cannot be read.
    """
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: {type(error).__name__}; expected a UTF-8 text with one preamble a line") from error


def put_behind_preambles(
    texts: Sequence[str], preambles: Sequence[str], share: float, random_state: int
) -> tuple[list[str], NDArray[np.int64]]:
    """Return copies of a share of the texts, each behind a preamble, and which texts they are copies of."""
    if not preambles:
        return [], np.empty(0, dtype=np.int64)
    rng = np.random.default_rng(random_state)
    copied = np.sort(rng.choice(len(texts), size=int(share * len(texts)), replace=False))
    chosen = rng.integers(len(preambles), size=copied.size)
    return [preambles[p] + texts[t] for p, t in zip(chosen, copied, strict=True)], copied
