"""Cases: created, read and changed. Every change is recorded with who, when and what was before, and tells webhooks."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from model.personal import redact
from model.router import Router
from model.routing import Level, Routing
from model.similar import normalise_employer
from service.store import outbox
from service.store.database import now, today
from service.store.errors import ConflictError, InvalidValueError, NotFoundError, StaleVersionError, TransitionError
from service.store.numbers import day_of, format_number, next_case_id
from service.store.tables import Case, CaseChange, CreationKey, storable
from service.store.vocabulary import STATUS_NAMES, TRANSITIONS, Channel, Status
from service.store.words import words_of_text
from service.store.workdays import due_date

MAX_ALSO = 3
MAX_PEOPLE = 1_000_000
CORRECTABLE = ("channel", "people", "region", "employer", "desk", "also", "kind", "urgency")
_KEPT_IN_HISTORY = (
    "channel",
    "people",
    "region",
    "employer",
    "suggested_desk",
    "confirmed_desk",
    "also",
    "kind",
    "urgency",
    "status",
    "due_on",
    "satisfaction",
)


@dataclass(frozen=True)
class NewCase:
    """What is known when a tip comes in.

    Attributes
    ----------
    people : int
        How many it is about.
    region : str, optional
        Division code of six digits (GB/T 2260) of a province, city or county.
    employer : str, optional
        As it was said.
    """

    text: str
    channel: Channel
    people: int = 1
    region: str | None = None
    employer: str | None = None


@dataclass(frozen=True)
class Idempotency:
    """What a client sends so that a request that it repeats creates nothing twice.

    Attributes
    ----------
    owner, key : str
        Who asks, and the client's key; another owner's same key is another one.
    body : bytes
        What is asked.
    """

    owner: str
    key: str
    body: bytes


def create(
    session: Session, new: NewCase, routing: Routing, router: Router, *, by: str, once: Idempotency | None = None
) -> tuple[Case, bool]:
    """Return a new case and True, or the one that the same request created before and False.

    Parameters
    ----------
    routing : Routing
        Of the tip's text, with its urgency if that was asked for.

    Raises
    ------
    ConflictError
        If the key was used for another request.
    InvalidValueError
    """
    case_id = next_case_id(session)  # from here on no other case is created until this one is
    if once and (known := _created_with(session, once)):
        return known, False
    desk = _desk_limit(router, routing.desk)
    time, day = now(session), day_of(case_id)
    masks: bool = session.info["mask_personal"]
    text = storable(redact(new.text) if masks else new.text)
    due_on, provisional = due_date(day, desk)
    case = Case(
        id=case_id,
        text=text,
        words=words_of_text(text),
        suggested_desk=routing.desk,
        confirmed_desk=None,
        also=[further.desk for further in routing.also][:MAX_ALSO],
        kind=routing.kind.id,
        urgency=routing.urgency.level if routing.urgency else "normal",
        decision=routing.decision,
        confidence=routing.confidence,
        probabilities={candidate.desk: candidate.probability for candidate in routing.candidates},
        model_version=routing.model_version,
        status=Status.PENDING,
        due_on=due_on,
        due_provisional=provisional,
        created_at=time,
        created_by=by,
        updated_at=time,
        updated_by=by,
        version=1,
    )
    _set_facts(case, {name: getattr(new, name) for name in ("channel", "people", "region", "employer")}, masks, router)
    session.add(case)
    session.flush()
    if once:
        session.add(CreationKey(key=_digest(once.owner, once.key), body=_digest(once.body), case_id=case.id))
    _record(session, case, "create", {}, by)
    return case, True


def get(session: Session, case_id: int) -> Case:
    """Return a case.

    Raises
    ------
    NotFoundError
    """
    if (case := session.get(Case, case_id)) is None:
        raise NotFoundError(f"there is no case {format_number(case_id)}")
    return case


def history(session: Session, case_id: int) -> Sequence[CaseChange]:
    """Return a case's changes, the first one first.

    Raises
    ------
    NotFoundError
    """
    get(session, case_id)
    return session.scalars(
        select(CaseChange).where(CaseChange.case_id == case_id).order_by(CaseChange.version, CaseChange.id)
    ).all()


# Each of these changes takes the version of the case that was seen, and raises `StaleVersionError` if it has another by
# now, `TransitionError` if its status does not allow it, `InvalidValueError` for what cannot be, `NotFoundError`.


def confirm(
    session: Session,
    case_id: int,
    version: int,
    router: Router,
    *,
    by: str,
    desk: str | None = None,
    labels: Mapping[str, Any] | None = None,
) -> Case:
    """Say which desk gets the case: the suggested one, or `desk`. `labels` are ``also``, ``kind`` and ``urgency``."""
    case, before = _begin(session, case_id, version, "confirm")
    _set_labels(case, {**(labels or {}), "desk": desk or case.desk}, router)
    _set_due(case, day_of(case.id), router)
    case.confirmed_at = now(session)
    return _end(session, case, "confirm", before, by)


def correct(
    session: Session, case_id: int, version: int, changes: Mapping[str, Any], router: Router, *, by: str
) -> Case:
    """Put right what is recorded of a case: fields of `CORRECTABLE` by name. Its status stays.

    The desk is put right after it was confirmed; before, `confirm` says which one it is.
    """
    case, before = _begin(session, case_id, version, None)
    if unknown := sorted(changes.keys() - set(CORRECTABLE)):
        raise InvalidValueError(f"cannot correct {', '.join(unknown)[:80]}; expected {', '.join(CORRECTABLE)}")
    _set_facts(case, changes, session.info["mask_personal"], router)
    if "desk" in changes:
        if case.confirmed_desk is None:
            raise TransitionError(f"case {format_number(case_id)} has no confirmed desk to correct; confirm it")
        _set_due(case, day_of(case.id), router, changes["desk"])
    _set_labels(case, changes, router)
    if case.confirmed_desk and changes.keys() & {"desk", "also", "kind", "urgency"}:
        case.confirmed_at = now(session)  # what training learns from it is new
    return _end(session, case, "correct", before, by)


def start(session: Session, case_id: int, version: int, *, by: str) -> Case:
    """Let the desk take up the case."""
    case, before = _begin(session, case_id, version, "start")
    return _end(session, case, "start", before, by)


def send_back(session: Session, case_id: int, version: int, *, by: str, note: str | None = None) -> Case:
    """Give the case back, to be confirmed anew or transferred."""
    case, before = _begin(session, case_id, version, "return")
    return _end(session, case, "return", before, by, note)


def transfer(
    session: Session, case_id: int, version: int, desk: str, router: Router, *, by: str, note: str | None = None
) -> Case:
    """Hand the case to another desk, whose time limit runs from today."""
    case, before = _begin(session, case_id, version, "transfer")
    if desk == case.desk:
        raise InvalidValueError(f"case {format_number(case_id)} is at desk '{desk}' already")
    _set_labels(case, {"desk": desk}, router)
    _set_due(case, today(session), router)
    case.confirmed_at = now(session)
    return _end(session, case, "transfer", before, by, note)


def close(session: Session, case_id: int, version: int, *, by: str, note: str | None = None) -> Case:
    """End the case: it is done."""
    case, before = _begin(session, case_id, version, "close")
    case.closed_on = today(session)
    return _end(session, case, "close", before, by, note)


def rate(session: Session, case_id: int, version: int, satisfaction: int, *, by: str) -> Case:
    """Keep how satisfied the caller is with what was done, 1 to 5; the last rating counts."""
    case, before = _begin(session, case_id, version, "rate")
    if not 1 <= satisfaction <= 5:
        raise InvalidValueError(f"satisfaction is {satisfaction}, expected 1 to 5")
    case.satisfaction = satisfaction
    return _end(session, case, "rate", before, by)


def _begin(session: Session, case_id: int, version: int, action: str | None) -> tuple[Case, dict[str, Any]]:
    """Return the case, kept from other writers, and what history keeps of it."""
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFoundError(f"there is no case {format_number(case_id)}")
    if case.version != version:
        raise StaleVersionError(format_number(case_id), version, case.version)
    before = _snapshot(case)
    if action:
        transition = TRANSITIONS[action]
        if case.status not in transition.before:
            raise TransitionError(
                f"cannot {action} case {format_number(case_id)}: it is {case.status} ({STATUS_NAMES[case.status]}), "
                f"expected {' or '.join(sorted(transition.before))}"
            )
        case.status = transition.after
    return case, before


def _end(
    session: Session, case: Case, action: str, before: Mapping[str, Any], by: str, note: str | None = None
) -> Case:
    case.version += 1
    case.updated_at, case.updated_by = now(session), by
    session.flush()
    if note is not None:
        note = storable(redact(note) if session.info["mask_personal"] else note)
    _record(session, case, action, before, by, note)
    return case


def _record(
    session: Session, case: Case, action: str, before: Mapping[str, Any], by: str, note: str | None = None
) -> None:
    after = _snapshot(case)
    changed = [name for name in after if after[name] != before.get(name)]
    change = CaseChange(
        case_id=case.id,
        version=case.version,
        action=action,
        at=case.updated_at,
        by=by,
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed},
        note=note,
    )
    session.add(change)
    told = ("version", "status", "desk", "also", "urgency")
    outbox.put(
        session, f"case.{action}", {"number": format_number(case.id), **{name: getattr(case, name) for name in told}}
    )


def _snapshot(case: Case) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in _KEPT_IN_HISTORY}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _set_facts(case: Case, facts: Mapping[str, Any], masks: bool, router: Router) -> None:
    if "channel" in facts:
        case.channel = facts["channel"]
    if "people" in facts:
        if not 1 <= facts["people"] <= MAX_PEOPLE:
            raise InvalidValueError(f"a case is about 1 to {MAX_PEOPLE} people, found {facts['people']}")
        case.people = facts["people"]
    if "region" in facts:
        region = facts["region"]
        if region is not None and not (len(region) == 6 and region.isascii() and region.isdigit()):
            raise InvalidValueError("a region is a division code of six digits, such as 430100")
        case.region = region
    if "employer" in facts:
        employer = facts["employer"]
        if employer is not None:
            employer = storable(redact(employer) if masks else employer)
        case.employer = employer
        case.employer_key = normalise_employer(employer, router.place_names) if employer else None


def _set_labels(case: Case, labels: Mapping[str, Any], router: Router) -> None:
    desk, also = labels.get("desk", case.confirmed_desk or case.suggested_desk), labels.get("also", case.also)
    kind = labels.get("kind", case.kind)
    require_labels(router, desk, also, kind)
    if "desk" in labels:
        case.confirmed_desk = desk
    case.also, case.kind = [other for other in dict.fromkeys(also) if other != desk], kind
    if "urgency" in labels:
        _require_known("urgency", [labels["urgency"]], get_args(Level))
        case.urgency = labels["urgency"]


def require_labels(router: Router, desk: str, also: Sequence[str], kind: str) -> None:
    """Refuse labels that the taxonomy does not know, and too many further desks.

    Raises
    ------
    InvalidValueError
    """
    _require_known("desk", [desk, *also], router.desks)
    _require_known("kind", [kind], router.taxonomy.kind_ids)
    if len(set(also)) > MAX_ALSO:
        raise InvalidValueError(f"{len(set(also))} further desks, at most {MAX_ALSO} are expected")


def _require_known(noun: str, ids: Collection[str], known: Sequence[str]) -> None:
    if unknown := [i for i in ids if i not in known]:
        raise InvalidValueError(f"unknown {noun} {unknown[0][:40]!r}; there are {', '.join(known)}")


def _set_due(case: Case, start: date, router: Router, desk: str | None = None) -> None:
    case.due_on, case.due_provisional = due_date(start, _desk_limit(router, desk or case.confirmed_desk or case.desk))


def _desk_limit(router: Router, desk_id: str) -> int:
    _require_known("desk", [desk_id], router.desks)
    return next(desk.time_limit_days for desk in router.taxonomy.desks if desk.id == desk_id)


def _created_with(session: Session, once: Idempotency) -> Case | None:
    known = session.get(CreationKey, _digest(once.owner, once.key))
    if known is None:
        return None
    if known.body != _digest(once.body):
        raise ConflictError(
            f"this idempotency key created case {format_number(known.case_id)} from another request; use a new key"
        )
    return get(session, known.case_id)


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()
