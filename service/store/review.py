"""What people say of cases for the model's sake: a queue to label, labels by two people each, and what came of all."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from model.router import Router
from service.store import cases
from service.store.database import now
from service.store.listing import unindexed
from service.store.numbers import day_of, format_number
from service.store.tables import Case, Label
from service.store.vocabulary import Status

LABELLERS = 2
_MANY = 500


@dataclass(frozen=True, slots=True)
class HandledCase:
    """A case as data staff read it.

    Attributes
    ----------
    desk : str or None
        What an operator confirmed, else what its labellers agree on; None for neither. `also`, `kind` and `urgent` are
        from the same.
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


def queue(session: Session, labeller: str, *, below: int | None = None, limit: int = 50) -> Sequence[Case]:
    """Return cases to be labelled, newest first, those with numbers below `below`.

    They are what the model left to a person and nobody has confirmed, but those that `labeller` or two others have
    labelled.
    """
    labels = select(func.count()).where(Label.case_id == Case.id).correlate(Case).scalar_subquery()
    own = select(Label.id).where(Label.case_id == Case.id, Label.labeller == labeller).correlate(Case).exists()
    undecided = unindexed(session, Case.decision) == "review"
    statement = select(Case).where(Case.status == Status.PENDING, undecided, ~own, labels < LABELLERS)
    if below is not None:
        statement = statement.where(Case.id < below)
    return session.scalars(statement.order_by(Case.id.desc()).limit(limit)).all()


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


def disagreements(session: Session) -> list[tuple[int, list[Label]]]:
    """Return cases whose labellers name different desks, newest first, with their labels."""
    differ = select(Label.case_id).group_by(Label.case_id).having(func.count(func.distinct(Label.desk)) > 1).subquery()
    found: defaultdict[int, list[Label]] = defaultdict(list)
    statement = select(Label).join(differ, differ.c.case_id == Label.case_id)
    for record in session.scalars(statement.order_by(Label.case_id.desc(), Label.id)):
        found[record.case_id].append(record)
    return list(found.items())


def handled_cases(session: Session) -> Iterator[HandledCase]:
    """Yield every case, oldest first."""
    agreed = _agreed_labels(session)
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
