"""Out-of-fold scores: every tip scored by separators that had learned from others alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from weakref import finalize

import numpy as np
from joblib import delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.model_selection import StratifiedGroupKFold

from model.segment import UserWord, build_user_words
from model.taxonomy import Taxonomy
from training.apart import run_apart, run_side_by_side
from training.calibrate import SoftmaxCalibration, fit_temperature
from training.classifier import TipVectorizer, build_vectorizer
from training.config import TrainingConfig
from training.corpus import Tip
from training.duplicates import near_duplicate_groups
from training.heads import Block, Floats, Heads, fit_and_score, fit_heads
from training.noise import put_behind_preambles
from training.targets import Targets

_NEIGHBOURS = 20  # rows


@dataclass(frozen=True)
class Features:
    """Tips as the separators see them.

    Attributes
    ----------
    vectorizer : TipVectorizer
    values : csr_array of shape (n_tips + n_copies, n_features)
        Of the tips, then of copies of some of them behind small talk.
    copied : ndarray of int, shape (n_copies,)
        Which tips those are copies of.
    groups : ndarray of int, shape (n_tips,)
        Tips of one group stand in one fold: near-duplicates, and neighbours in a file.
    """

    vectorizer: TipVectorizer
    values: csr_array
    copied: NDArray[np.int64]
    groups: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """For each row of `values`, which tip it is of."""
        return np.concatenate([np.arange(self.groups.size), self.copied])


def extract_features(
    tips: Sequence[Tip],
    user_words: Sequence[UserWord],
    config: TrainingConfig,
    *,
    preambles: Sequence[str] = (),
    n_jobs: int = 1,
) -> Features:
    """Return the values of all tips and which of them belong together.

    Vocabulary and IDF are learned from all tips once, labels from the other folds alone.
    """
    texts = [tip.text for tip in tips]
    # Neighbours in a file were written or recorded one after the other, often on one theme: kept in one fold, they do
    # not make the model look surer of new tips than it will be.
    neighbours = [(tip.file, tip.row // _NEIGHBOURS) for tip in tips]
    copies, copied = put_behind_preambles(texts, preambles, config.preamble_share, config.random_state)
    (vectorizer, values), groups = run_apart(
        [
            partial(_fit_vectorizer, build_vectorizer(user_words, config), [*texts, *copies]),
            partial(near_duplicate_groups, texts, neighbours),
        ],
        n_jobs,
    )
    return Features(vectorizer, _in_files(values), copied, np.array(groups, dtype=np.int64))


def _fit_vectorizer(vectorizer: TipVectorizer, texts: Sequence[str]) -> tuple[TipVectorizer, csr_array]:
    return vectorizer, vectorizer.fit_transform(texts)


def _in_files(values: csr_array) -> csr_array:
    """Return the values as files that joblib's processes share with this one; they are removed with the values."""
    folder = TemporaryDirectory(prefix="tipdesk-")
    parts = []
    for name in ("data", "indices", "indptr"):
        path = Path(folder.name, f"{name}.npy")
        np.save(path, getattr(values, name))
        parts.append(np.load(path, mmap_mode="r"))
    mapped = csr_array(tuple(parts), shape=values.shape)
    finalize(mapped, folder.cleanup)
    return mapped


def fit_and_cross_fit(
    features: Features,
    targets: Targets,
    weights: Floats,
    config: TrainingConfig,
    *,
    desks_only: bool,
    n_jobs: int = 1,
) -> tuple[Heads, Floats]:
    """Return the separators fitted on all tips, and out-of-fold scores, shape (n_tips, n_outputs).

    Parameters
    ----------
    weights : ndarray of shape (n_tips,)
        How much each tip counts.
    desks_only : bool
        True gives out-of-fold scores of the desks alone.
    """
    learner = _Learner.of(features, targets, weights, config)
    splits = _split(features, targets, config)
    scored = [Block.DESKS] if desks_only else list(Block)
    # A block at a time: pieces of more even length, which need less memory.
    fits = [delayed(learner.fit)(block) for block in Block]
    scorings = [delayed(learner.score)(*split, block) for split in splits for block in scored]
    results = run_side_by_side([*fits, *scorings], n_jobs)
    heads, scores = Heads.joined(results[: len(fits)]), results[len(fits) :]
    folded = [np.concatenate(scores[i : i + len(scored)], axis=1) for i in range(0, len(scores), len(scored))]
    return heads, _gather(features, splits, folded)


def out_of_fold_proba(
    tips: Sequence[Tip],
    taxonomy: Taxonomy,
    words: Sequence[str],
    config: TrainingConfig,
    *,
    preambles: Sequence[str] = (),
    n_jobs: int = 1,
) -> Floats:
    """Return for each tip the desks' calibrated probabilities by separators that had not learned from it.

    Parameters
    ----------
    words : sequence of str
        The user dictionary.

    Returns
    -------
    ndarray of shape (n_tips, n_desks)
        Columns in the taxonomy's order.
    """
    targets = Targets.of(tips, taxonomy)
    features = extract_features(tips, build_user_words(words), config, preambles=preambles, n_jobs=n_jobs)
    splits = _split(features, targets, config)
    weights = np.ones(len(tips))
    learner = _Learner.of(features, targets, weights, config)
    folded = run_side_by_side([delayed(learner.score)(*split, Block.DESKS) for split in splits], n_jobs)
    scores = _gather(features, splits, folded)
    no_bias = np.zeros(targets.n_desks)
    return SoftmaxCalibration(fit_temperature(scores, targets.desk, no_bias, weights), no_bias).proba(scores)


def _split(
    features: Features, targets: Targets, config: TrainingConfig
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the rows of `values` to learn from and to score, for each fold."""
    folds = StratifiedGroupKFold(config.n_folds, shuffle=True, random_state=config.random_state)
    rows = features.rows
    return list(folds.split(features.values, targets.desk[rows], features.groups[rows]))


@dataclass(frozen=True)
class _Learner:
    """What a process needs to learn from some rows of `Features.values`.

    Attributes
    ----------
    targets : Targets
    weights : ndarray of shape (n_rows,)
        Of the same rows as `values`.
    """

    values: csr_array
    targets: Targets
    weights: Floats
    config: TrainingConfig

    @classmethod
    def of(cls, features: Features, targets: Targets, weights: Floats, config: TrainingConfig) -> Self:
        return cls(features.values, targets.with_copies(features.copied), weights[features.rows], config)

    def fit(self, block: Block) -> Heads:
        """Return separators fitted on all rows."""
        return fit_heads(self.values, self.targets, self.weights, self.config, block)

    def score(self, train: NDArray[np.int64], test: NDArray[np.int64], block: Block) -> Floats:
        """Return the scores of some rows by separators fitted on others."""
        targets, weights = self.targets.take(train), self.weights[train]
        others = self.values[test]
        return fit_and_score(self.values[train], targets, weights, self.config, block, others)


def _gather(
    features: Features,
    splits: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    folded: Sequence[Floats],
) -> Floats:
    """Return the scores of the folds in the order of the tips."""
    scores = np.empty((features.values.shape[0], folded[0].shape[1]))
    for (_, test), of_fold in zip(splits, folded, strict=True):
        scores[test] = of_fold
    return scores[: features.groups.size]
