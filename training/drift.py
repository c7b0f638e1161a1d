"""How today's tips differ from earlier ones, as far as that concerns a model: measures, each with its limits.

Whether a difference is by chance is told by random splits: both sides are put together and divided at random 999
times. A measure is beyond its limit only where it is above its limit and above its value in every one of these splits.
By chance that happens to one measure in a thousand, however few tips there are: small files raise no alarm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import binomtest, rankdata
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from model.artefact import Artefact
from model.errors import TableError
from model.router import Router
from model.taxonomy import Taxonomy
from training.cases import Case
from training.wording import Term, Wording, find_terms, read_wording

Floats = NDArray[np.float64]
Verdict = Literal["alike", "watch", "act", "unknown"]

MIN_TIPS = 50
"""With fewer on a side no limit could be told from chance: random halves of 100 tips have a PSI of 0.3, at most 0.9."""

MAX_TIPS = 5000
"""More on a side are sampled: noise is far below every limit then (a PSI of 13 desks comes to 0.005 by chance)."""

N_SPLITS = 999

PSI_LIMITS = (0.1, 0.25)
"""Below 0.1 no change worth a look, above 0.25 a shift to act on. N. Siddiqi, Credit Risk Scorecards, 2006; B. Yurdakul
and J. Naranjo, Statistical properties of the population stability index, 2020, which also shows why chance must be told
apart."""

AUC_LIMITS = (0.55, 0.65)
"""From where a classifier tells the sides apart: Evidently takes texts for changed above 0.55, NannyML's domain
classifier alarms above 0.65. A matter that nobody had before gives at most 0.5 + half its share: 10% and 30% of the
tips. Months of one city's hotline have 0.52 to 0.59 against the month before; a month with a large event 0.65."""

UNKNOWN_WORDS_LIMITS = (0.02, 0.05)
"""Rise of the share of words that the model does not know. Ours, no standard: among 2,097 real tips the model does not
know 7% of the words, and halves of them differ by less than 0.01."""

AGREEMENT_LIMITS = (0.05, 0.10)
"""Fall of the share of suggestions that operators confirmed. Ours, no standard: one more in ten to be corrected."""

_MAX_DOMAIN_TIPS = 1000  # on a side, for the classifier that tells the sides apart
_RIDGE = 1.0
_FOLDS = 5
_BINS = 10  # of confidence
_TOP_WORDS = 100
_MAX_WEEKS = 26  # a longer time is shown by months
_SEED = 12351


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of how different the two sides are.

    Attributes
    ----------
    value : float or None
        None where the data does not tell.
    chance : float or None
        The largest value that a random split of the same tips gave.
    watch, act : float
        The limits.
    """

    id: str
    value: float | None
    chance: float | None
    watch: float
    act: float

    @property
    def verdict(self) -> Verdict:
        """What follows from it; what chance alone gives is never more than "alike"."""
        if self.value is None or self.chance is None:
            return "unknown"
        if self.value <= self.chance or self.value < self.watch:
            return "alike"
        return "watch" if self.value < self.act else "act"


@dataclass(frozen=True, slots=True)
class Side:
    """Tips that were compared.

    Attributes
    ----------
    tips : int
        With a text.
    compared : int
        How many of them the measures were computed from.
    blank : int
        Rows without a text, which are left out.
    first, last : date or None
        Earliest and latest day.
    """

    tips: int
    compared: int
    blank: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Share:
    """How often something was on each side, as shares of 1; `desk` is None for what is no desk of the model."""

    desk: str | None
    reference: float
    current: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """In how many of the cases of a period operators confirmed what was suggested; with the 95% interval.

    Notes
    -----
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """

    side: Literal["reference", "current"]
    start: date
    n: int
    agreed: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share of agreement."""
        return self.agreed / self.n


@dataclass(frozen=True, slots=True)
class Drift:
    """What was compared, and how it differs.

    Attributes
    ----------
    routed, confirmed : tuple of Share
        Shares of the desks, by the model given and by operators; `confirmed` is empty where too few are known.
    confidence : tuple of Share
        Shares of tips in ten bins of confidence, from 0-10% to 90-100%; `desk` is None.
    new, gone : tuple of Term
        What is told more often now and what less often, the clearest first.
    period : {"week", "month"}
        What `agreement` is by.
    """

    model_version: str
    reference: Side
    current: Side
    measures: tuple[Measure, ...]
    routed: tuple[Share, ...]
    confirmed: tuple[Share, ...]
    confidence: tuple[Share, ...]
    new: tuple[Term, ...]
    gone: tuple[Term, ...]
    period: Literal["week", "month"]
    agreement: tuple[Agreement, ...]

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of all measures."""
        verdicts = {measure.verdict for measure in self.measures}
        return "act" if "act" in verdicts else "watch" if "watch" in verdicts else "alike"


def measure_drift(artefact: Artefact, reference: Iterable[Case], current: Iterable[Case]) -> Drift:
    """Return how current cases differ from those of the reference.

    Cases may come from anywhere: a table, the case store. All are routed by the model given, so that a change of models
    in between is no difference; agreement alone is about what was suggested at the time (`Case.tip_desk`).

    Raises
    ------
    TableError
        If there are fewer than `MIN_TIPS` tips on a side.
    """
    rng = np.random.default_rng(_SEED)
    reference, current = (_by_id(cases, artefact.taxonomy) for cases in (reference, current))
    before, now = _sample(reference, "reference", rng), _sample(current, "current", rng)
    texts = [case.text for case in (*before, *now)]
    is_current = np.repeat([False, True], [len(before), len(now)])

    router, desks = Router(artefact), artefact.taxonomy.desk_ids
    proba = router.predict_proba(texts)
    routed = np.eye(len(desks))[proba.argmax(axis=1)]
    confirmed = _one_hot([case.desk for case in (*before, *now)], desks)
    known: NDArray[np.bool_] = confirmed.sum(axis=1) > 0
    confidence = proba.max(axis=1)
    edges = np.unique(np.quantile(confidence[~is_current], np.linspace(0, 1, _BINS + 1)[1:-1]))
    deciles = np.eye(edges.size + 1)[edges.searchsorted(confidence)]
    wording = read_wording(artefact, texts)
    new, gone = find_terms(wording, artefact, texts, is_current)
    period, agreement = _agreement_over_time(reference, current)
    splits = _split(is_current, rng)
    comparable = min(known[is_current].sum(), known[~is_current].sum()) >= MIN_TIPS
    return Drift(
        model_version=artefact.version,
        reference=_side(reference, before),
        current=_side(current, now),
        measures=(
            _measure("desks", _psi(routed, splits), PSI_LIMITS),
            _measure(
                "confirmed_desks",
                _psi(confirmed[known], _split(is_current[known], rng)) if comparable else None,
                PSI_LIMITS,
            ),
            _measure("confidence", _psi(deciles, splits), PSI_LIMITS),
            _measure("unknown_words", _rise_of_unknown_words(wording, splits), UNKNOWN_WORDS_LIMITS),
            _measure("common_words", _psi(wording.common_words(_TOP_WORDS), splits), PSI_LIMITS),
            _measure("domain", _domain_auc(wording.values, is_current, rng), AUC_LIMITS),
            _measure("agreement", _fall_of_agreement(reference, current, rng), AGREEMENT_LIMITS),
        ),
        routed=_shares(routed, is_current, desks),
        confirmed=_shares(confirmed[known], is_current[known], [*desks, None]) if comparable else (),
        confidence=_shares(
            np.eye(_BINS)[np.minimum((confidence * _BINS).astype(int), _BINS - 1)], is_current, [None] * _BINS
        ),
        new=new,
        gone=gone,
        period=period,
        agreement=agreement,
    )


def _by_id(cases: Iterable[Case], taxonomy: Taxonomy) -> list[Case]:
    """Return the cases with ids in place of the names of desks; what is neither stays."""
    ids: dict[str | None, str] = {desk.name: desk.id for desk in taxonomy.desks}
    return [
        replace(case, desk=ids.get(case.desk, case.desk), tip_desk=ids.get(case.tip_desk, case.tip_desk))
        for case in cases
    ]


def _sample(cases: Sequence[Case], name: str, rng: np.random.Generator) -> list[Case]:
    """Return the cases with a text, or `MAX_TIPS` of them."""
    told = [case for case in cases if case.text]
    if len(told) < MIN_TIPS:
        raise TableError(
            f"{len(told)} {name} tips are too few to tell a difference from chance; "
            f"give at least {MIN_TIPS} on each side, or a longer time"
        )
    if len(told) <= MAX_TIPS:
        return told
    return [told[place] for place in np.sort(rng.choice(len(told), MAX_TIPS, replace=False))]


def _side(cases: Sequence[Case], compared: Sequence[Case]) -> Side:
    days = [case.day for case in cases if case.day]
    tips = sum(bool(case.text) for case in cases)
    return Side(
        tips=tips,
        compared=len(compared),
        blank=len(cases) - tips,
        first=min(days, default=None),
        last=max(days, default=None),
    )


def _one_hot(names: Sequence[str | None], desks: Sequence[str]) -> Floats:
    """Return which desk each name is, shape (n_names, n_desks + 1): the last column is for other names."""
    columns = {desk: column for column, desk in enumerate(desks)}
    hot = np.zeros((len(names), len(desks) + 1))
    for row, name in enumerate(names):
        if name is not None:
            hot[row, columns.get(name, len(desks))] = 1
    return hot


def _shares(bins: Floats, is_current: NDArray[np.bool_], names: Sequence[str | None]) -> tuple[Share, ...]:
    reference, current = bins[~is_current].mean(axis=0), bins[is_current].mean(axis=0)
    return tuple(map(Share, names, reference.tolist(), current.tolist()))


# Each statistic is computed for the sides as they are and, in the further columns, for random splits of the same tips.


def _split(is_current: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return who is current, shape (n_tips, 1 + N_SPLITS): as it is, then by chance."""
    as_it_is = is_current[np.newaxis].astype(np.float32)
    return np.vstack([as_it_is, rng.permuted(as_it_is.repeat(N_SPLITS, axis=0), axis=1)]).T


def _measure(name: str, values: Floats | None, limits: tuple[float, float]) -> Measure:
    value, chance = (None, None) if values is None else (float(values[0]), float(values[1:].max()))
    return Measure(name, value, chance, *limits)


def _psi(bins: Floats | csr_array, splits: NDArray[np.float32]) -> Floats:
    """Return the population stability index of each split, shape (n_splits,).

    Parameters
    ----------
    bins : ndarray or csr_array of shape (n_tips, n_bins)
        How often each tip is in each bin. Half a tip is added everywhere, so that an empty bin is no infinite change.
    """
    in_current: Floats = bins.T @ splits
    in_reference = np.asarray(bins.sum(axis=0)).reshape(-1, 1) - in_current
    current, reference = ((counts + 0.5) / (counts + 0.5).sum(axis=0) for counts in (in_current, in_reference))
    psi: Floats = ((current - reference) * np.log(current / reference)).sum(axis=0)
    return psi


def _rise_of_unknown_words(wording: Wording, splits: NDArray[np.float32]) -> Floats:
    unknown = (wording.n_words - wording.n_known).astype(np.float64) @ splits
    words = wording.n_words.astype(np.float64) @ splits
    all_unknown, all_words = (wording.n_words - wording.n_known).sum(), wording.n_words.sum()
    rise: Floats = unknown / np.maximum(words, 1) - (all_unknown - unknown) / np.maximum(all_words - words, 1)
    return rise


def _domain_auc(values: csr_array, is_current: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Return how well a cross-validated classifier tells current tips from others, shape (1 + N_SPLITS,): 0.5 is alike.

    Notes
    -----
    D. Lopez-Paz and M. Oquab, Revisiting classifier two-sample tests, 2017. Least squares on the model's own feature
    values, because what it scores is linear in the labels: one solution serves all random splits, so each of them is
    learned from anew. The scores of a classifier learned once would seem surer than they are: its folds share labels.
    """
    rows = np.sort(
        np.concatenate([rng.permutation(np.flatnonzero(side))[:_MAX_DOMAIN_TIPS] for side in (is_current, ~is_current)])
    )
    values, is_current = values[rows], is_current[rows]
    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED).split(rows, is_current))
    splits = np.empty((rows.size, 1 + N_SPLITS), dtype=np.float32)
    for _, test in folds:  # by chance too, each fold has its due part of both sides
        splits[test] = _split(is_current[test], rng)
    likeness = (values @ values.T).toarray()
    classifier = KernelRidge(alpha=_RIDGE, kernel="precomputed")
    scores = cross_val_predict(classifier, likeness, splits - is_current.mean(dtype=np.float32), cv=folds)
    n_current, n_reference = is_current.sum(), (~is_current).sum()
    ranks = (rankdata(scores, axis=0) * splits).sum(axis=0)
    auc: Floats = (ranks - n_current * (n_current + 1) / 2) / (n_current * n_reference)
    return auc


def _pairs(cases: Iterable[Case]) -> list[Case]:
    """Return the cases for which it is known what was suggested and what was confirmed."""
    return [case for case in cases if case.desk and case.tip_desk]


def _fall_of_agreement(reference: Sequence[Case], current: Sequence[Case], rng: np.random.Generator) -> Floats | None:
    before, after = _pairs(reference), _pairs(current)
    if min(len(before), len(after)) < MIN_TIPS:
        return None
    agreed = [sum(case.desk == case.tip_desk for case in cases) for cases in (before, after)]
    n_agreed = sum(agreed)
    by_chance = rng.hypergeometric(n_agreed, len(before) + len(after) - n_agreed, len(after), N_SPLITS)
    in_current = np.concatenate([[agreed[1]], by_chance])
    fall: Floats = (n_agreed - in_current) / len(before) - in_current / len(after)
    return fall


def _agreement_over_time(
    reference: Sequence[Case], current: Sequence[Case]
) -> tuple[Literal["week", "month"], tuple[Agreement, ...]]:
    """Return agreement by weeks, or by months where there are many weeks."""
    sides: dict[Literal["reference", "current"], list[Case]] = {
        "reference": [case for case in _pairs(reference) if case.day],
        "current": [case for case in _pairs(current) if case.day],
    }
    days = [case.day for cases in sides.values() for case in cases if case.day]
    period: Literal["week", "month"] = "week"
    if days and max(days) - min(days) > timedelta(weeks=_MAX_WEEKS):
        period = "month"
    counted: dict[tuple[Any, date], list[int]] = {}
    for side, cases in sides.items():
        for case in cases:
            if case.day:
                counts = counted.setdefault((side, _start(case.day, period)), [0, 0])
                counts[0] += 1
                counts[1] += case.desk == case.tip_desk
    series = []
    for (side, start), (n, agreed) in sorted(counted.items(), key=lambda item: (item[0][1], item[0][0] == "current")):
        interval = binomtest(agreed, n).proportion_ci(method="wilson")
        series.append(Agreement(side, start, n, agreed, float(interval.low), float(interval.high)))
    return period, tuple(series)


def _start(day: date, period: Literal["week", "month"]) -> date:
    return day.replace(day=1) if period == "month" else day - timedelta(days=day.weekday())
