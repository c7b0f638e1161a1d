"""Cases as both databases keep them: every test here runs on SQLite and on PostgreSQL."""

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from model.router import Router
from service.store import audit, cases, outbox, retention, review, statistics
from service.store.cases import Idempotency, NewCase
from service.store.database import Database
from service.store.errors import (
    ConflictError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
    TransitionError,
)
from service.store.listing import CaseFilter, Order, find
from service.store.numbers import decode_cursor, encode_cursor, format_number, parse_number
from service.store.tables import Base, Case, OutboxMessage
from service.store.vocabulary import TRANSITIONS, Channel, Status
from service.store.words import words_of_query
from service.store.workdays import due_date
from training.corpus import Tip

TEXT = "衡阳市鸿运达电子厂拖了三个月工资没发,我的电话是13812345678"
NOON = datetime(2026, 11, 30, 4, tzinfo=UTC)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(store_url: URL, clock: Clock) -> Iterator[Database]:
    database = Database(store_url, clock=clock)
    yield database
    database.close()


@pytest.fixture
def create(database: Database, router: Router) -> Callable[..., Case]:
    """Creates a case in a transaction of its own."""

    def create(tip: str = TEXT, once: Idempotency | None = None, **facts: Any) -> Case:
        routing = router.route([tip])[0]
        with database.writing() as session:
            new = NewCase(tip, **{"channel": Channel.PHONE, **facts})
            return cases.create(session, new, routing, router, by="王", once=once)[0]

    return create


@pytest.fixture
def listed(database: Database, router: Router) -> Callable[..., list[int]]:
    """Returns the ids of all cases that fit a filter, read page by page."""

    def listed(limit: int = 2, order: Order = Order.NEWEST, **wanted: Any) -> list[int]:
        found: list[int] = []
        cursor: str | None = None
        while True:
            with database.reading() as session:
                page = find(session, CaseFilter(**wanted), router, order=order, limit=limit, cursor=cursor)
            found += [case.id for case in page.cases]
            if (cursor := page.cursor) is None:
                return found

    return listed


def act(database: Database, action: str, case: Case, router: Router, version: int | None = None) -> Case:
    """Take one of the actions of the table of transitions."""
    other = next(desk for desk in router.desks if desk != case.desk)
    version = case.version if version is None else version
    with database.writing() as session:
        if action == "confirm":
            return cases.confirm(session, case.id, version, router, by="李")
        if action == "transfer":
            return cases.transfer(session, case.id, version, other, router, by="李")
        if action == "rate":
            return cases.rate(session, case.id, version, 5, by="李")
        plain = {"start": cases.start, "return": cases.send_back, "close": cases.close}[action]
        return plain(session, case.id, version, by="李")


def test_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    def ours(name: str | None, *_: object) -> bool:
        return not str(name).startswith(("case_words", "ix_cases_words"))  # each database searches in its own way

    with database.writing() as session:
        context = MigrationContext.configure(session.connection(), opts={"include_name": ours, "compare_type": True})
        assert not compare_metadata(context, Base.metadata)


def test_a_case_holds_the_suggestion_and_what_is_known(create: Callable[..., Case], router: Router) -> None:
    case = create(channel=Channel.SMS, people=12, region="430400", employer="衡阳市鸿运达电子厂")
    routing = router.route([TEXT])[0]
    assert format_number(case.id) == "20261130-000001"
    assert (case.desk, case.suggested_desk, case.confirmed_desk) == (routing.desk, routing.desk, None)
    assert (case.decision, case.kind, case.model_version) == (routing.decision, routing.kind.id, router.version)
    assert case.probabilities == {c.desk: pytest.approx(c.probability) for c in routing.candidates}
    assert (case.channel, case.people, case.city, case.province) == (Channel.SMS, 12, "4304", "43")
    assert (case.status, case.version, case.created_by) == (Status.PENDING, 1, "王")
    assert case.employer_key == "鸿运达电子"


def test_personal_data_is_masked_unless_told_otherwise(
    create: Callable[..., Case], store_url: URL, router: Router
) -> None:
    case = create(employer="鸿运达电子厂,电话13812345678")
    assert "138" not in case.text + (case.employer or "")
    assert "〔手机号〕" in case.text
    keeps = Database(store_url, mask_personal=False)
    with keeps.writing() as session:
        new = NewCase(TEXT, Channel.PHONE)
        assert cases.create(session, new, router.route([TEXT])[0], router, by="王")[0].text == TEXT
    keeps.close()


@pytest.mark.parametrize(
    "tip",
    ["", "\0欠薪\udcff", "欠" * 100_000, "x" * 100_000, "\u202e<script>'; DROP TABLE cases; --", "😀𠮷"],
    ids=["empty", "NUL and surrogate", "long", "one long word", "markup", "beyond the BMP"],
)
def test_any_text_is_stored(create: Callable[..., Case], database: Database, tip: str) -> None:
    case = create(tip)
    with database.reading() as session:
        assert len(cases.get(session, case.id).text) == len(tip)


@pytest.mark.parametrize(
    "facts", [{"people": 0}, {"people": 10**7}, {"region": "43"}, {"region": "湖南省长沙"}], ids=str
)
def test_values_that_cannot_be_are_refused(create: Callable[..., Case], facts: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        create(**facts)


def test_numbers_are_given_out_once_whoever_asks_at_the_same_time(create: Callable[..., Case]) -> None:
    with ThreadPoolExecutor(4) as threads:
        created = list(threads.map(lambda _: create().id, range(12)))
    assert sorted(created) == [parse_number(f"20261130-{n:06}") for n in range(1, 13)]


def test_a_clock_moved_back_never_gives_a_number_twice(
    create: Callable[..., Case], clock: Clock, listed: Callable[..., list[int]]
) -> None:
    numbers = []
    for step in (timedelta(0), timedelta(days=-1), timedelta(days=9), timedelta(days=-9), timedelta(days=1)):
        clock.time += step
        numbers.append(format_number(create().id))
    assert numbers == ["20261130-000001", "20261130-000002", "20261208-000001", "20261129-000001", "20261130-000003"]
    assert len(listed()) == 5


@pytest.mark.parametrize("number", ["", "20261130", "20261130-1", "20261130-000123x", "٢٠٢٦١١٣٠-000123"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_number(number)


@pytest.mark.parametrize("cursor", ["", "x", "=====", "é", "A" * 11 + "A", "_" * 11])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidValueError):
        decode_cursor(cursor)
    assert decode_cursor(encode_cursor(202611300000123)) == 202611300000123


def test_a_repeated_request_creates_nothing_twice(
    create: Callable[..., Case], listed: Callable[..., list[int]]
) -> None:
    once = Idempotency("热线", "k1", b"{}")
    with ThreadPoolExecutor(4) as threads:
        assert len({case.id for case in threads.map(lambda _: create(once=once), range(8))}) == 1
    with pytest.raises(ConflictError):
        create(once=Idempotency("热线", "k1", b"{ }"))
    create(once=Idempotency("另一家", "k1", b"{ }"))
    assert len(listed()) == 2


def test_a_change_to_a_case_that_changed_meanwhile_is_refused_with_its_version(
    create: Callable[..., Case], database: Database, router: Router
) -> None:
    case = act(database, "confirm", create(), router)
    with pytest.raises(StaleVersionError) as refused:
        act(database, "start", case, router, version=1)
    assert refused.value.current == case.version == 2


def test_of_two_writers_at_once_one_wins(create: Callable[..., Case], database: Database, router: Router) -> None:
    case = create()

    def confirm(_: int) -> bool:
        try:
            act(database, "confirm", case, router, version=1)
        except StaleVersionError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(confirm, range(4))) == [False, False, False, True]
    with database.reading() as session:
        assert len(cases.history(session, case.id)) == 2


_PATHS: dict[Status, tuple[str, ...]] = {
    Status.PENDING: (),
    Status.ASSIGNED: ("confirm",),
    Status.IN_PROGRESS: ("confirm", "start"),
    Status.CLOSED: ("confirm", "start", "close"),
    Status.RETURNED: ("confirm", "return"),
}


@pytest.mark.parametrize("status", Status)
def test_a_status_allows_what_the_table_says_and_nothing_else(
    status: Status, create: Callable[..., Case], database: Database, router: Router
) -> None:
    for action, transition in TRANSITIONS.items():
        case = create()
        for step in _PATHS[status]:
            case = act(database, step, case, router)
        assert case.status == status
        if status in transition.before:
            assert act(database, action, case, router).status == transition.after
        else:
            with pytest.raises(TransitionError, match=status):
                act(database, action, case, router)


def test_every_change_is_kept_with_who_when_and_before_and_after(
    create: Callable[..., Case], database: Database, router: Router, clock: Clock
) -> None:
    case = create(employer="鸿运达电子厂")
    other = next(desk for desk in router.desks if desk != case.desk)
    clock.time += timedelta(hours=1)
    with database.writing() as session:
        case = cases.confirm(session, case.id, 1, router, by="李", desk=other, labels={"urgency": "high"})
        case = cases.correct(session, case.id, 2, {"people": 7, "employer": None}, router, by="李")
        case = cases.send_back(session, case.id, 3, by="席", note="不归我们管,问13812345678")
    with database.reading() as session:
        changes = cases.history(session, case.id)
    assert [(change.action, change.by, change.version) for change in changes] == [
        ("create", "王", 1),
        ("confirm", "李", 2),
        ("correct", "李", 3),
        ("return", "席", 4),
    ]
    assert changes[1].at == NOON + timedelta(hours=1)
    assert (changes[1].before["confirmed_desk"], changes[1].after["confirmed_desk"]) == (None, other)
    assert (changes[2].before, changes[2].after) == (
        {"people": 1, "employer": "鸿运达电子厂"},
        {"people": 7, "employer": None},
    )
    assert changes[3].note == "不归我们管,问〔手机号〕"
    assert TEXT[:5] not in str([(change.before, change.after) for change in changes])


def test_corrections_are_checked(create: Callable[..., Case], database: Database, router: Router) -> None:
    case = create()
    for changes in (
        {"desk": "nonsense"},
        {"also": ["nonsense"]},
        {"kind": "?"},
        {"urgency": "?"},
        {"status": "closed"},
    ):
        with database.writing() as session, pytest.raises((InvalidValueError, TransitionError)):
            cases.correct(session, case.id, 1, changes, router, by="李")
    with database.writing() as session, pytest.raises(InvalidValueError, match="further desks"):
        cases.confirm(session, case.id, 1, router, by="李", labels={"also": router.desks[:5]})
    with database.writing() as session, pytest.raises(NotFoundError):
        cases.start(session, 1, 1, by="李")


def test_the_due_day_follows_the_desk_that_has_the_case(
    create: Callable[..., Case], database: Database, router: Router, clock: Clock
) -> None:
    limits = {desk.id: desk.time_limit_days for desk in router.taxonomy.desks}
    case = create()
    assert case.due_on == due_date(date(2026, 11, 30), limits[case.desk])[0]
    case = act(database, "confirm", case, router)
    clock.time += timedelta(days=2)
    case = act(database, "transfer", case, router)
    assert case.due_on == due_date(date(2026, 12, 2), limits[case.desk])[0]


@pytest.mark.parametrize(
    ("start", "days", "due", "provisional"),
    [
        (date(2026, 11, 27), 1, date(2026, 11, 30), False),  # over a week-end
        (date(2026, 9, 30), 1, date(2026, 10, 8), False),  # over the National Day holiday
        (date(2026, 10, 9), 1, date(2026, 10, 10), False),  # a Saturday that is worked
        (date(2040, 12, 28), 2, date(2041, 1, 1), True),  # no calendar yet: Monday to Friday
    ],
    ids=["week-end", "holiday", "worked Saturday", "unknown year"],
)
def test_working_days_are_chinas(start: date, days: int, due: date, provisional: bool) -> None:
    assert due_date(start, days) == (due, provisional)


def test_lists_are_filtered_newest_first(
    create: Callable[..., Case],
    listed: Callable[..., list[int]],
    database: Database,
    router: Router,
    clock: Clock,
) -> None:
    first = create("公司不交社保", employer="长沙市宏图服装有限公司", region="430102")
    clock.time += timedelta(days=1)
    second = create("工资一直拖着不发", channel=Channel.WEB, region="430200", employer="宏图服装厂")
    clock.time += timedelta(days=1)
    third = act(database, "confirm", create("工资一直拖着不发", channel=Channel.WEB, region="440100"), router)
    every = [third.id, second.id, first.id]
    assert listed() == every
    for case in (first, second, third):
        for name in ("desk", "channel", "kind", "decision", "status"):
            value = getattr(case, name)
            same = [other.id for other in (third, second, first) if getattr(other, name) == value]
            assert listed(**{name: value}) == same, name
    assert listed(status=Status.ASSIGNED, desk=third.desk) == [third.id]
    assert listed(status=Status.PENDING, desk=second.desk, channel=Channel.WEB) == [second.id]
    assert listed(query="工资", desk=second.desk) == [case.id for case in (third, second) if case.desk == second.desk]
    assert listed(query="工资 社保", desk=second.desk) == []
    assert listed(region="430000") == every[1:]
    assert listed(region="430100") == [first.id]
    assert listed(region="430102") == [first.id]
    assert listed(employer="宏图服装") == every[1:]
    assert listed(employer="某工厂") == []
    assert listed(since=date(2026, 12, 1)) == every[:2]
    assert listed(until=date(2026, 12, 1)) == every[1:]
    assert listed(since=date(2026, 12, 1), until=date(2026, 12, 1), channel=Channel.WEB) == [second.id]
    with database.reading() as session, pytest.raises(InvalidValueError):
        find(session, CaseFilter(region="长沙"), router)


def test_a_page_goes_on_where_the_one_before_ended_although_cases_come_in(
    create: Callable[..., Case], database: Database, router: Router
) -> None:
    known = [create().id for _ in range(5)][::-1]
    with database.reading() as session:
        page = find(session, CaseFilter(), router, limit=2)
    create()
    with database.reading() as session:
        rest = find(session, CaseFilter(), router, limit=3, cursor=page.cursor)
    assert [case.id for case in [*page.cases, *rest.cases]] == known
    assert rest.cursor is None


def test_what_is_to_be_answered_next_comes_first(
    create: Callable[..., Case], database: Database, router: Router, clock: Clock, listed: Callable[..., list[int]]
) -> None:
    """Cases are sorted by due date, then number, page by page; closed ones are not due, and not overdue."""
    quick = min(router.taxonomy.desks, key=lambda desk: desk.time_limit_days).id
    early, closed, late = create(), create(), create()
    act(database, "close", act(database, "confirm", closed, router), router)
    with database.writing() as session:
        cases.confirm(session, late.id, 1, router, by="李", desk=quick)
    assert listed(order=Order.DUE, limit=1) == [late.id, early.id]
    assert listed(order=Order.OLDEST) == [early.id, closed.id, late.id]
    assert listed(overdue=True) == []
    clock.time += timedelta(days=365)
    assert listed(overdue=True) == [late.id, early.id]
    assert listed(overdue=True, order=Order.DUE, confirmed=quick) == [late.id]


def test_whatever_chinese_a_text_holds_finds_it(
    create: Callable[..., Case], listed: Callable[..., list[int]], small_corpus: list[Tip]
) -> None:
    """However the sentence around it, or it alone, would be cut into words."""
    rng = random.Random(7)  # noqa: S311 (no secret)
    tips = rng.sample([tip.text for tip in small_corpus], 12)
    ids = [create(tip).id for tip in tips]
    for tip, case_id in zip(tips, ids, strict=True):
        for run in rng.sample(re.findall("[\u4e00-\u9fa5]{2,}", tip), 1):
            start = rng.randrange(len(run) - 1)
            part = run[start : rng.randrange(start + 1, min(len(run), start + 8)) + 1]
            assert case_id in listed(query=part, limit=200), part


def test_search_finds_what_holds_every_word_and_nothing_else(
    create: Callable[..., Case], listed: Callable[..., list[int]]
) -> None:
    first = create("在ABC电子厂上班,老板欠薪,工号A1024").id
    second = create("老闆欠薪,還罵人").id  # traditional characters are the same words
    create("孩子入学问题")
    assert listed(query="老板 欠薪") == [second, first]
    assert listed(query="abc") == listed(query=["ＡＢＣ", " a1024"][0]) == [first]
    assert listed(query="老板 A1024") == [first]
    assert listed(query="骂人") == [second]
    assert listed(query="老板 在 上") == listed(query="在") == [first]
    assert listed(query="老板 的") == listed(query="的 了") == []
    for nothing in ("", " ,。", "\0", "'\" OR 1=1 --", "工资 OR 欠薪", "NOT", "欠薪*"):
        assert listed(query=nothing) == ([second, first] if nothing == "欠薪*" else []), nothing
    assert len(words_of_query("欠薪" * 50_000)) <= 32


_FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "status": {"status": Status.PENDING},
    "closed": {"status": Status.CLOSED},
    "desk": {"desk": "x"},
    "channel": {"channel": Channel.WEB},
    "kind": {"kind": "x"},
    "decision": {"decision": "x"},
    "county": {"region": "430102"},
    "city": {"region": "430100"},
    "province": {"region": "430000"},
    "employer": {"employer": "鸿运达电子厂"},
    "days": {"since": date(2026, 11, 1), "until": date(2026, 11, 30)},
    "status and desk": {"status": Status.PENDING, "desk": "x"},
    "desk and channel": {"desk": "x", "channel": Channel.WEB},
    "words": {"query": "拖欠 工资"},
    "words and desk": {"query": "拖欠 工资", "desk": "x"},
    "suggested": {"suggested": "x", "confirmed": "y"},
    "urgency": {"urgency": "high"},
    "due": {"order": Order.DUE},
    "overdue of a desk": {"overdue": True, "desk": "x", "order": Order.DUE},
    "oldest of a desk": {"desk": "x", "order": Order.OLDEST},
}


@pytest.mark.parametrize("wanted", _FILTERS.values(), ids=_FILTERS)
def test_every_list_walks_along_an_index(database: Database, router: Router, wanted: dict[str, Any]) -> None:
    """Nothing is sorted and no table is read through."""
    order = wanted.get("order", Order.NEWEST)
    filters = CaseFilter(**{name: value for name, value in wanted.items() if name != "order"})
    with database.reading() as session:
        asked = _statements_of(
            session, lambda: find(session, filters, router, order=order, cursor=encode_cursor(10**15))
        )
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1][0]}", asked[-1][1])]
            assert not [step for step in plan if "TEMP B-TREE" in step], plan
            assert not [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step], plan
        else:
            for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):  # an empty table is read through
                session.execute(text(f"SET LOCAL {setting} = off"))
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {asked[-1][0]}", asked[-1][1])]
            assert not [step for step in plan if "Seq Scan" in step or "Sort" in step], plan


def _statements_of(session: Session, run: Callable[[], object]) -> list[tuple[str, Any]]:
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    engine: Engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    run()
    event.remove(engine, "before_cursor_execute", note)
    return asked


def test_statistics_count_cases_and_people(
    create: Callable[..., Case], database: Database, router: Router, clock: Clock
) -> None:
    confirmed = act(database, "confirm", create(people=3, region="430102"), router)
    late = act(database, "confirm", create(people=5, region="430105", channel=Channel.WEB), router)
    act(database, "close", confirmed, router)
    clock.time += timedelta(days=90)
    act(database, "close", late, router)
    create(people=20)
    with database.reading() as session:
        period = (date(2026, 11, 30), date(2026, 11, 30))
        by_channel = statistics.count(session, statistics.Dimension.CHANNEL, *period)
        assert [(row.value, row.cases, row.people) for row in by_channel] == [("phone", 1, 3), ("web", 1, 5)]
        for dimension in statistics.Dimension:
            rows = statistics.count(session, dimension, date(2026, 1, 1), date(2027, 12, 31))
            assert (sum(row.cases for row in rows), sum(row.people for row in rows)) == (3, 28), dimension
        assert [row.value for row in statistics.count(session, statistics.Dimension.DAY, *period)] == ["2026-11-30"]
        assert statistics.count(session, statistics.Dimension.REGION, *period)[0].value == "4301"
        assert statistics.on_time(session, *period) == statistics.OnTime(closed=2, on_time=1)
        assert statistics.agreement(session, *period) == {(confirmed.suggested_desk, confirmed.desk): 2}


def test_a_case_teaches_what_was_confirmed_else_what_its_labellers_agree_on(
    create: Callable[..., Case], database: Database, router: Router
) -> None:
    first, second, *_ = router.desks
    kind = router.taxonomy.kind_ids[0]
    confirmed, agreed, disputed, open_ = (
        create("车间没有防护面罩"),
        create("喂"),
        create("嗯"),
        create("没人确认的一件"),
    )
    said = {"also": [second], "kind": kind, "urgency": "critical"}
    with database.writing() as session:
        cases.confirm(session, confirmed.id, 1, router, by="李", desk=first, labels=said)
        for case, desks in ((confirmed, (second,)), (agreed, (second, second)), (disputed, (first, second))):
            for labeller, desk in zip("甲乙", desks, strict=False):
                review.label(session, case.id, router, labeller=labeller, desk=desk, kind=kind, urgent=True)
    with database.reading() as session:
        handled = {case.number: case for case in review.handled_cases(session)}
    assert list(handled) == [format_number(case.id) for case in (confirmed, agreed, disputed, open_)]
    of_confirmed, of_agreed, *others = handled.values()
    assert (of_confirmed.desk, of_confirmed.also, of_confirmed.kind, of_confirmed.urgent) == (
        first,
        (second,),
        kind,
        True,
    )
    assert (of_agreed.desk, of_agreed.also, of_agreed.urgent) == (second, (), True)
    assert [case.desk for case in others] == [None, None]
    assert of_confirmed.suggested_desk == confirmed.suggested_desk
    assert of_confirmed.day == date(2026, 11, 30)


def test_two_labellers_label_a_case_apart_and_what_they_disagree_on_is_listed(
    create: Callable[..., Case], database: Database, router: Router
) -> None:
    unclear, plain = create("喂"), create()
    assert (unclear.decision, plain.decision != "review") == ("review", True)
    kind = router.taxonomy.kind_ids[0]

    def queued(labeller: str) -> list[int]:
        with database.reading() as session:
            return [case.id for case in review.queue(session, labeller)]

    assert queued("甲") == [unclear.id]
    for labeller, desk in (("甲", router.desks[1]), ("甲", router.desks[0]), ("乙", router.desks[1])):
        with database.writing() as session:
            review.label(session, unclear.id, router, labeller=labeller, desk=desk, kind=kind, urgent=False)
        assert queued(labeller) == []
    assert queued("丙") == []
    with database.reading() as session:
        ((case_id, labels),) = review.disagreements(session)
    assert (case_id, [label.desk for label in labels]) == (unclear.id, list(router.desks[:2]))


def test_a_disagreement_that_is_settled_teaches_and_the_labels_stay(
    create: Callable[..., Case], database: Database, router: Router
) -> None:
    case = create("喂")
    first, second, third, *_ = router.desks
    said: dict[str, Any] = {"kind": router.taxonomy.kind_ids[0], "urgent": False}
    with database.writing() as session:
        for labeller, desk in (("甲", first), ("乙", second)):
            review.label(session, case.id, router, labeller=labeller, desk=desk, **said)
        with pytest.raises(InvalidValueError):
            review.settle(session, case.id, router, by="丙", desk="weather", **said)
        for desk in (first, third):  # the last word counts
            review.settle(session, case.id, router, by="丙", desk=desk, **said)
    with database.reading() as session:
        assert review.disagreements(session) == []
        assert review.count_settled(session) == 1
        (handled,) = review.handled_cases(session)
        assert handled.desk == third
        assert [(pair.n, pair.agreed) for pair in review.agreement(session)] == [(1, 0.0)]


def test_labels_are_counted_and_taken_back(
    create: Callable[..., Case], database: Database, router: Router, clock: Clock
) -> None:
    made = [create("喂") for _ in range(3)]
    said: dict[str, Any] = {"desk": router.desks[0], "kind": router.taxonomy.kind_ids[0], "urgent": False}
    for case in made[:2]:
        with database.writing() as session:
            review.label(session, case.id, router, labeller="甲", **said)
        clock.time += timedelta(days=1)
    clock.time -= timedelta(days=1)
    with database.reading() as session:
        assert review.progress(session) == [review.Progress("甲", today=1, total=2)]
        assert (review.count_waiting(session, "甲"), review.count_waiting(session, "乙")) == (1, 3)
        last = review.last_label(session, "甲")
    assert last
    assert last.case_id == made[1].id
    with database.writing() as session:
        review.unlabel(session, made[1].id, "甲")
        with pytest.raises(NotFoundError):
            review.unlabel(session, made[1].id, "甲")
    with database.reading() as session:
        assert [case.id for case in review.queue(session, "甲")] == [made[2].id, made[1].id]


def test_kappa_is_agreement_beyond_chance(create: Callable[..., Case], database: Database, router: Router) -> None:
    a, b = router.desks[:2]
    # Both say a for four of ten, b for three. By chance 0.6 * 0.5 + 0.4 * 0.5 would agree: (0.7 - 0.5) / (1 - 0.5).
    said = [(a, a)] * 4 + [(b, b)] * 3 + [(a, b)] * 2 + [(b, a)]
    kind = router.taxonomy.kind_ids[0]
    for desks in said:
        case = create("喂")
        with database.writing() as session:
            for labeller, desk in zip("甲乙", desks, strict=True):
                review.label(session, case.id, router, labeller=labeller, desk=desk, kind=kind, urgent=False)
    with database.writing() as session:
        review.label(session, case.id, router, labeller="丙", desk=a, kind=kind, urgent=False)
        first, *others = review.agreement(session)
    assert (set(first.labellers), first.n, first.agreed) == ({"甲", "乙"}, 10, 0.7)
    assert first.kappa == pytest.approx(0.4)
    # 乙 and 丙 agree on the one desk that they have in common, 甲 and 丙 do not on theirs.
    assert sorted((pair.agreed, pair.kappa) for pair in others) == [(0.0, 0.0), (1.0, None)]


def test_the_outbox_keeps_an_event_until_its_target_has_taken_it(
    create: Callable[..., Case], database: Database, clock: Clock
) -> None:
    with database.writing() as session:
        target = outbox.add_target(session, "https://example.org/hook", by="管")
    case = create()

    def claim() -> list[int]:
        with database.writing() as session:
            due, claimed = outbox.due_targets(session), outbox.claim(session, target.id)
            assert due == ([target.id] if claimed else [])
            return [claimed[0].id] if claimed else []

    (message_id,) = claim()
    assert claim() == []  # nobody else gets it for now
    clock.time += timedelta(minutes=3)
    assert claim() == [message_id]  # its sender died
    waits = []
    for _ in range(12):
        with database.writing() as session:
            outbox.failed(session, message_id, "HTTP 500")
            waits.append(session.get_one(OutboxMessage, message_id).next_try_at - clock.time)
            assert outbox.waiting(session) == {target.id: (1, "HTTP 500")}
        clock.time += waits[-1] - timedelta(seconds=1)
        assert claim() == []
        clock.time += timedelta(seconds=1)
        assert claim() == [message_id]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=10), timedelta(hours=1))
    with database.writing() as session:
        payload = session.get_one(OutboxMessage, message_id).payload
        assert payload["number"] == format_number(case.id)
        assert "工资" not in str(payload)
        outbox.taken(session, message_id)
        assert outbox.depth(session) == 0
    create()
    with database.writing() as session:
        outbox.remove_target(session, target.id, by="管")
        assert outbox.depth(session) == 0


def test_purge_deletes_old_closed_cases_with_all_that_belongs_to_them(
    create: Callable[..., Case],
    listed: Callable[..., list[int]],
    database: Database,
    router: Router,
    clock: Clock,
    store_url: URL,
) -> None:
    secret = "琉璃孔雀"
    closed = act(database, "close", act(database, "confirm", create(f"{secret}厂欠薪"), router), router)
    still_open = create()
    clock.time += timedelta(days=40)
    recent = act(database, "close", act(database, "confirm", create(), router), router)
    with database.writing() as session:
        retention.set_retention_days(session, 30, by="管")
    with database.reading() as session:
        expected = retention.count_expired(session)
    assert retention.purge_expired(database, by="管") == expected == retention.Purged(deleted=1, kept_open=1)
    assert listed() == [recent.id, still_open.id]
    assert listed(query=secret) == []
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if "case_id" in table.columns:
                assert not session.execute(table.select().where(table.c.case_id == closed.id)).all()
        trail = [(entry.action, entry.detail) for entry in audit.entries(session)]
    assert trail[0] == ("cases.purge", {"before": "2026-12-10", "cases": 1})
    if store_url.get_backend_name() == "sqlite":
        database.close()
        files = [path.read_bytes() for path in _files(store_url)]
        assert files
        assert not any(secret.encode() in content for content in files)


def _files(url: URL) -> list[Path]:
    path = Path(str(url.database))
    return list(path.parent.glob(f"{path.name}*"))
