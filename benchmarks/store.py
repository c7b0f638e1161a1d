"""How long the API takes for a page of a list, a filter or a search, with few cases stored and with many.

``python -m benchmarks.store`` fills SQLite and PostgreSQL with 10,000 and with 1,000,000 made cases, which takes half
an hour and 10 GB of the folder for temporary files, serves each, and prints for each kind of question the 95th
percentile over HTTP at both sizes and their ratio; also for the most similar cases of a tip. ``--size 10000 --size
200000`` takes less. Texts are put together from clauses of the shipped corpus; what is asked is drawn from the cases,
so that words and employers are asked for as often as they occur.
"""

import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from sqlalchemy import URL, insert, literal, select

from benchmarks.speed.service import wait_for
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.router import Router
from service.store.database import CHINA, Database
from service.store.numbers import day_of, encode_cursor, first_id_of
from service.store.tables import Case
from service.store.vocabulary import Channel, Status
from service.store.words import words_of_text
from tests.postgres import new_postgres_database, running_postgres

SEED = 12351
BACKENDS = ("sqlite", "postgresql")
_LAST_DAY = date(2026, 11, 30)
_A_DAY = 1000  # cases
_MADE = 50_000  # cases that differ
_A_YEAR = first_id_of(date(2001, 1, 1)) - first_id_of(date(2000, 1, 1))
_OPEN = 2000  # of the newest cases
_PORTION = 5000
_ASKED = 300  # questions of a kind
_UNCOUNTED = 20  # questions before them
_CLAUSE_END = re.compile("[,，.。;；!！?？\\s]+")

_PORT = 8705  # of the first size; the others follow
_POLL_S = 1.0  # while an index of similar cases is made


@dataclass(frozen=True)
class Question:
    """A request: a page of cases, or with a body the cases most like a tip."""

    path: str
    body: bytes | None = None


def main(
    size: Annotated[list[int] | None, typer.Option(help="Number of cases; may be repeated.")] = None,
    only: Annotated[str | None, typer.Option(help=f"{' or '.join(BACKENDS)} alone.")] = None,
) -> None:
    """Measure the case store at several sizes."""
    router = Router.load(Registry.of_home(DEFAULT_HOME).path(CHAMPION))
    sizes = size or [10_000, 1_000_000]
    settings = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
    with tempfile.TemporaryDirectory() as folder, running_postgres(**settings) as server:
        for backend in [only] if only else BACKENDS:
            with ExitStack() as serving:
                for port, n in enumerate(sizes, _PORT):
                    home = Path(folder, f"{backend}-{n}")
                    home.mkdir()
                    (home / "models").symlink_to((DEFAULT_HOME / "models").absolute())
                    sqlite = URL.create("sqlite", database=str(home / "tipdesk.sqlite"))
                    url = sqlite if backend == "sqlite" else new_postgres_database(server)
                    database, started = Database(url), perf_counter()
                    fill(database, n, router)
                    database.close()
                    _say(f"{backend}: {n} cases in {perf_counter() - started:.0f} s")
                    started = perf_counter()
                    serving.enter_context(_served(home, url, port))
                    _say(f"{backend}: their index of similar cases in {perf_counter() - started:.0f} s")
                _say(f"{backend}: p95 in ms at {', '.join(map(str, sizes))} cases; last to first")
                questions = [build_questions(n, router) for n in sizes]
                for kind in questions[0]:
                    p95 = _p95s([asked[kind] for asked in questions])
                    _say(f"  {kind:<28}{''.join(f'{p:10.2f}' for p in p95)}{p95[-1] / p95[0]:8.1f}")


def fill(database: Database, n: int, router: Router) -> None:
    """Store `n` made cases, always the same ones: up to 50,000, then copies of those a year older each."""
    rows = _made_cases(min(n, _MADE), router)
    while portion := list(islice(rows, _PORTION)):
        with database.writing() as session:
            session.execute(insert(Case), portion)
    columns = {column.name: column for column in Case.__table__.columns if column.computed is None}
    newest_year = first_id_of(_LAST_DAY.replace(month=1, day=1))
    for years in range(1, -(-n // _MADE)):
        older = {
            "id": Case.id - years * _A_YEAR,
            "status": literal(Status.CLOSED, Case.status.type),
            "confirmed_desk": Case.desk,
        }
        with database.writing() as session:
            copies = select(*(columns | older).values()).where(Case.id > newest_year)
            session.execute(insert(Case).from_select(list(columns), copies))
    database.analyse()


def build_questions(n: int, router: Router) -> dict[str, list[Question]]:
    """Return questions of each kind about `n` made cases."""
    rng = random.Random(SEED)
    made = min(n, _MADE)
    known = list(islice(_made_cases(made, router), 0, None, max(1, made // 2000)))
    years = -(-n // _MADE)
    words = [sorted(word for word in row["words"] if len(word) > 1) for row in known]

    def some(ask: Callable[[dict[str, Any], list[str]], dict[str, Any]], deep: bool = False) -> list[Question]:
        asked: list[Question] = []
        while len(asked) < _ASKED:
            i = rng.randrange(len(known))
            if not words[i]:
                continue
            wanted = ask(known[i], words[i])
            if deep:
                wanted["cursor"] = encode_cursor(rng.choice(known)["id"] - rng.randrange(years) * _A_YEAR)
            asked.append(Question(f"/v1/cases?{urlencode(wanted)}"))
        return asked

    def similar() -> list[Question]:
        tips = rng.choices(known, k=_ASKED)
        bodies = [{"text": tip["text"], "employer": tip["employer"], "region": tip["region"]} for tip in tips]
        return [Question("/v1/similar", json.dumps(body).encode()) for body in bodies]

    def desk(case: dict[str, Any]) -> str:
        return str(case["confirmed_desk"] or case["suggested_desk"])

    def days(case: dict[str, Any]) -> dict[str, date]:
        day = day_of(case["id"] - rng.randrange(years) * _A_YEAR)
        return {"since": day - timedelta(days=6), "until": day}

    return {
        "newest": some(lambda _c, _w: {}),
        "newest, any page": some(lambda _c, _w: {}, deep=True),
        "status": some(lambda _c, _w: {"status": rng.choice(list(Status))}),
        "desk": some(lambda c, _w: {"desk": desk(c)}),
        "desk, any page": some(lambda c, _w: {"desk": desk(c)}, deep=True),
        "channel": some(lambda c, _w: {"channel": c["channel"]}),
        "kind": some(lambda c, _w: {"kind": c["kind"]}),
        "decision": some(lambda c, _w: {"decision": c["decision"]}),
        "province": some(lambda c, _w: {"region": c["region"][:2] + "0000"}),
        "city": some(lambda c, _w: {"region": c["region"][:4] + "00"}),
        "employer": some(lambda c, _w: {"employer": c["employer"]}),
        "a week": some(lambda c, _w: days(c)),
        "a week and desk": some(lambda c, _w: {**days(c), "desk": desk(c)}),
        "status and desk": some(lambda c, _w: {"status": rng.choice(list(Status)), "desk": desk(c)}),
        "status and channel": some(lambda c, _w: {"status": rng.choice(list(Status)), "channel": c["channel"]}),
        "desk and channel": some(lambda c, _w: {"desk": desk(c), "channel": c["channel"]}),
        "a word": some(lambda _c, w: {"q": rng.choice(w)}),
        "a word, any page": some(lambda _c, w: {"q": rng.choice(w)}, deep=True),
        "two words": some(lambda _c, w: {"q": " ".join(rng.choices(w, k=2))}),
        "four words": some(lambda _c, w: {"q": " ".join(rng.choices(w, k=4))}),
        "a clause": some(lambda c, _w: {"q": _CLAUSE_END.split(c["text"])[0]}),
        "a word and desk": some(lambda c, w: {"q": rng.choice(w), "desk": desk(c)}),
        "a word and a week": some(lambda c, w: {"q": rng.choice(w), **days(c)}),
        "similar cases": similar(),
    }


def _made_cases(n: int, router: Router) -> Iterator[dict[str, Any]]:
    """Yield rows of cases, oldest first, a thousand a day; of the newest 2,000 most are open."""
    rng = random.Random(SEED)
    clauses: list[tuple[str, str]] = []
    for path in sorted(Path("data/corpus").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                clauses += [(clause, row["desk"]) for clause in _CLAUSE_END.split(row["text"]) if clause]
    with Path("data/places.csv").open(encoding="utf-8", newline="") as file:
        regions = [row["code"] for row in csv.DictReader(file) if not row["code"].endswith("00")]
    desks, kinds = router.desks, router.taxonomy.kind_ids
    first_day = _LAST_DAY - timedelta(days=(n - 1) // _A_DAY)
    for i in range(n):
        day, count = first_day + timedelta(days=i // _A_DAY), i % _A_DAY
        parts = rng.choices(clauses, k=rng.randint(3, 10))
        name = "".join(rng.choices(_NAME_CHARACTERS, k=4))
        created = datetime.combine(day, time(8), CHINA).astimezone(UTC) + timedelta(seconds=30 * count)
        is_open = i >= n - _OPEN and rng.random() < 0.9
        confirmed = not is_open or rng.random() < 0.5
        tip = "，".join([*(clause for clause, _ in parts), f"订单{rng.randrange(10**6)}"])
        yield {
            "id": first_id_of(day) + count + 1,
            "text": tip,
            "words": words_of_text(tip),
            "channel": rng.choices(list(Channel), (70, 3, 7, 15, 5))[0],
            "people": rng.choice((1, 1, 1, 2, 12)),
            "region": rng.choice(regions),
            "employer": f"长沙市{name}有限公司",
            "employer_key": name,
            "suggested_desk": parts[0][1],
            "confirmed_desk": (rng.choice(desks) if rng.random() < 0.1 else parts[0][1]) if confirmed else None,
            "also": [],
            "kind": rng.choice(kinds),
            "urgency": rng.choices(("normal", "high", "critical"), (90, 8, 2))[0],
            "decision": rng.choices(("auto", "confirm", "review"), (60, 30, 10))[0],
            "confidence": rng.random(),
            "probabilities": {parts[0][1]: 0.9},
            "model_version": router.version,
            "status": rng.choice(list(Status)) if is_open else Status.CLOSED,
            "due_on": day + timedelta(days=15),
            "due_provisional": False,
            "closed_on": None if is_open else day + timedelta(days=9),
            "satisfaction": None,
            "confirmed_at": created if confirmed else None,
            "created_at": created,
            "created_by": "benchmark",
            "updated_at": created,
            "updated_by": "benchmark",
            "version": 1,
        }


_NAME_CHARACTERS = "鸿达兴盛华瑞丰泰恒通金利源昌顺诚信德隆和美"


@contextmanager
def _served(home: Path, url: URL, port: int) -> Iterator[None]:
    """Run the service until it has its index of similar cases, and on."""
    environment = {**os.environ, "TIPDESK_HOME": str(home), "TIPDESK_AUTH": "off"}
    if url.get_backend_name() == "postgresql":
        environment["TIPDESK_DATABASE_URL"] = url.render_as_string(hide_password=False)
    command = [str(Path(sys.executable).with_name("tipdesk")), "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz/live")
            while _ask(HTTPConnection("127.0.0.1", port), Question("/v1/similar", b'{"text": "x"}')) == 503:
                sleep(_POLL_S)
            yield
        finally:
            server.terminate()


def _ask(connection: HTTPConnection, question: Question) -> int:
    """Return the status of the answer."""
    method = "GET" if question.body is None else "POST"
    connection.request(method, question.path, question.body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _p95s(asked: Sequence[Sequence[Question]]) -> list[float]:
    """Return the 95th percentile in ms of each service; they take turns, whatever else the machine does meanwhile."""
    connections = [HTTPConnection("127.0.0.1", port) for port in range(_PORT, _PORT + len(asked))]
    taken: list[list[float]] = [[] for _ in asked]
    turns = list(zip(*asked, strict=True))
    for turn in [*turns[:_UNCOUNTED], *turns]:
        for connection, question, times in zip(connections, turn, taken, strict=True):
            started = perf_counter()
            status = _ask(connection, question)
            times.append(1000 * (perf_counter() - started))
            if status != 200:
                raise RuntimeError(f"{question.path} was answered {status}, expected 200")
    for connection in connections:
        connection.close()
    return [quantiles(times[_UNCOUNTED:], n=20)[-1] for times in taken]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 (its output)


if __name__ == "__main__":
    typer.run(main)
