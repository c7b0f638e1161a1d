"""What people say of cases for the model's sake: a queue to label, labels by two people each, and what came of all."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from model.router import Router
from service.store import cases
from service.store.database import midnight, now, today
from service.store.errors import NotFoundError
from service.store.listing import unindexed
from service.store.numbers import day_of, format_number
from service.store.tables import Case, Label, Settlement
from service.store.vocabulary import Status

LABELLERS = 2
_MANY = 500


@dataclass(frozen=True, slots=True)
class HandledCase:
    """A case as data staff read it.

    Attributes
    ----------
    desk : str or None
        What an operator confirmed, else what its labellers agree on or somebody settled; None for neither. `also`,
        `kind` and `urgent` are from the same.
    suggested_desk : str
        By whichever model served then.
    """

    number: str
    day: date
    text: str
    desk: str | None
    suggested_desk: str
    also: tuple[str, ...]
    kind: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How many cases somebody has labelled, today and in all."""

    labeller: str
    today: int
    total: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two labellers name the same desk.

    Attributes
    ----------
    n : int
        Cases that both have labelled.
    agreed : float
        Share of those with the same desk.
    kappa : float or None
        Cohen's; None where it is not defined.
    """

    labellers: tuple[str, str]
    n: int
    agreed: float
    kappa: float | None


def queue(session: Session, labeller: str, *, below: int | None = None, limit: int = 50) -> Sequence[Case]:
    """Return cases to be labelled, newest first, those with numbers below `below`.

    They are what the model left to a person and nobody has confirmed, but those that `labeller` or two others have
    labelled.
    """
    statement = select(Case).where(*_waiting(session, labeller))
    if below is not None:
        statement = statement.where(Case.id < below)
    return session.scalars(statement.order_by(Case.id.desc()).limit(limit)).all()


def count_waiting(session: Session, labeller: str) -> int:
    """Return how many cases are in a labeller's queue."""
    return session.scalar(select(func.count()).select_from(Case).where(*_waiting(session, labeller))) or 0


def _waiting(session: Session, labeller: str) -> tuple[ColumnElement[bool], ...]:
    labels = select(func.count()).where(Label.case_id == Case.id).correlate(Case).scalar_subquery()
    own = select(Label.id).where(Label.case_id == Case.id, Label.labeller == labeller).correlate(Case).exists()
    undecided = unindexed(session, Case.decision) == "review"
    return Case.status == Status.PENDING, undecided, ~own, labels < LABELLERS


def label(
    session: Session,
    case_id: int,
    router: Router,
    *,
    labeller: str,
    desk: str,
    also: Sequence[str] = (),
    kind: str,
    urgent: bool,
) -> Label:
    """Keep what a labeller says of a case, in place of what the same one said before.

    Raises
    ------
    InvalidValueError, NotFoundError
    """
    cases.get(session, case_id)
    cases.require_labels(router, desk, also, kind)
    found = session.scalar(select(Label).where(Label.case_id == case_id, Label.labeller == labeller).with_for_update())
    record = found or Label(case_id=case_id, labeller=labeller)
    record.desk, record.also, record.kind, record.urgent = desk, list(also), kind, urgent
    record.at = now(session)
    session.add(record)
    session.flush()
    return record


def last_label(session: Session, labeller: str) -> Label | None:
    """Return what a labeller said last."""
    statement = select(Label).where(Label.labeller == labeller)
    return session.scalar(statement.order_by(Label.at.desc(), Label.id.desc()).limit(1))


def unlabel(session: Session, case_id: int, labeller: str) -> None:
    """Forget what a labeller said of a case.

    Raises
    ------
    NotFoundError
        If that was nothing.
    """
    found = session.scalar(select(Label).where(Label.case_id == case_id, Label.labeller == labeller).with_for_update())
    if found is None:
        raise NotFoundError(f"{labeller} has said nothing of case {format_number(case_id)}")
    session.delete(found)


def progress(session: Session) -> list[Progress]:
    """Return how far each labeller is, the one with most labels first."""
    today_begins = midnight(today(session))
    statement = select(Label.labeller, func.count(), func.count().filter(Label.at >= today_begins))
    rows = session.execute(statement.group_by(Label.labeller).order_by(func.count().desc(), Label.labeller))
    return [Progress(labeller, n_today, n) for labeller, n, n_today in rows]


def agreement(session: Session) -> list[Agreement]:
    """Return how far each two labellers agree, those with most cases in common first.

    Notes
    -----
    Cohen (1960), Educational and Psychological Measurement 20.
    """
    one, other = aliased(Label), aliased(Label)
    statement = select(one.labeller, other.labeller, one.desk, other.desk, func.count()).join(
        other, and_(other.case_id == one.case_id, one.labeller < other.labeller)
    )
    pairs: defaultdict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for *labellers, desk, other_desk, n in session.execute(
        statement.group_by(one.labeller, other.labeller, one.desk, other.desk)
    ):
        pairs[labellers[0], labellers[1]][desk, other_desk] = n
    found = [Agreement(labellers, counts.total(), *_agreement(counts)) for labellers, counts in pairs.items()]
    return sorted(found, key=lambda pair: (-pair.n, pair.labellers))


def _agreement(counts: Counter[tuple[str, str]]) -> tuple[float, float | None]:
    """Return the share of equal desks, and Cohen's kappa, which there is none of where both use one desk only."""
    n = counts.total()
    firsts, seconds = Counter[str](), Counter[str]()
    for (first, second), count in counts.items():
        firsts[first] += count
        seconds[second] += count
    agreed = sum(count for (first, second), count in counts.items() if first == second) / n
    by_chance = sum(firsts[desk] * seconds[desk] for desk in firsts) / n**2
    return agreed, None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def disagreements(session: Session) -> list[tuple[int, list[Label]]]:
    """Return cases whose labellers name different desks, with the labels, newest first; but for what was settled."""
    differ = select(Label.case_id).group_by(Label.case_id).having(func.count(func.distinct(Label.desk)) > 1).subquery()
    found: defaultdict[int, list[Label]] = defaultdict(list)
    statement = select(Label).join(differ, differ.c.case_id == Label.case_id)
    statement = statement.where(Label.case_id.not_in(select(Settlement.case_id)))
    for record in session.scalars(statement.order_by(Label.case_id.desc(), Label.id)):
        found[record.case_id].append(record)
    return list(found.items())


def settle(
    session: Session,
    case_id: int,
    router: Router,
    *,
    by: str,
    desk: str,
    also: Sequence[str] = (),
    kind: str,
    urgent: bool,
) -> Settlement:
    """Keep what a case is, whatever its labellers said. Their labels stay: they show how far people agree.

    Raises
    ------
    InvalidValueError, NotFoundError
    """
    cases.get(session, case_id)
    cases.require_labels(router, desk, also, kind)
    record = session.get(Settlement, case_id) or Settlement(case_id=case_id)
    record.desk, record.also, record.kind, record.urgent = desk, list(also), kind, urgent
    record.by, record.at = by, now(session)
    session.add(record)
    return record


def count_settled(session: Session) -> int:
    """Return how many disagreements have been settled."""
    return session.scalar(select(func.count()).select_from(Settlement)) or 0


def handled_cases(session: Session) -> Iterator[HandledCase]:
    """Yield every case, oldest first."""
    agreed: dict[int, Label | Settlement] = {**_agreed_labels(session), **_settlements(session)}
    statement = select(Case).order_by(Case.id).execution_options(yield_per=_MANY)
    for case in session.scalars(statement):
        said = agreed.get(case.id) if case.confirmed_desk is None else None
        yield HandledCase(
            number=format_number(case.id),
            day=day_of(case.id),
            text=case.text,
            desk=said.desk if said else case.confirmed_desk,
            suggested_desk=case.suggested_desk,
            also=tuple(said.also if said else case.also),
            kind=said.kind if said else case.kind,
            urgent=said.urgent if said else case.urgency != "normal",
        )


def _agreed_labels(session: Session) -> dict[int, Label]:
    """Return a label of each case whose labellers, one or more, all name the same desk."""
    one_desk = select(Label.case_id).group_by(Label.case_id).having(func.count(func.distinct(Label.desk)) == 1)
    statement = select(Label).where(Label.case_id.in_(one_desk)).order_by(Label.id.desc())
    return {record.case_id: record for record in session.scalars(statement)}


def _settlements(session: Session) -> dict[int, Settlement]:
    return {record.case_id: record for record in session.scalars(select(Settlement))}
