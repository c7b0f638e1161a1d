"""A hotline's store as it looks after half a year: cases from the corpus, routed, confirmed, handled and rated."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from model.artefact import load_artefact
from model.registry import CHAMPION, Registry
from model.router import Router
from service.console.regions import find_region
from service.console.tipform import tell
from service.settings import Settings
from service.store import cases, review
from service.store.database import Database
from service.store.tables import Case
from service.store.vocabulary import Channel, Status
from tests.console import Console, serving
from training.corpus import Tip, read_corpus, read_taxonomy

_PROVINCE = "43"  # of cases that do not say where they happened
_CHANNELS = [60, 4, 8, 22, 6]
_OPERATORS = ["王芳", "李静", "周敏"]
_BROKEN_OFF = 0.2  # share of the calls that end after a few words
_LASTED = timedelta(days=150)
_SEED = 5


@dataclass
class _Clock:
    time: datetime

    def __call__(self) -> datetime:
        return self.time


def read_tips(n_tips: int) -> list[Tip]:
    """Return tips of the corpus as they are told on the phone, the same ones each time."""
    tips, _ = read_corpus([Path("data/corpus")], read_taxonomy(Path("data/desks.yaml")))
    told = [tip for tip in tips if 25 <= len(tip.text) <= 160]
    return random.Random(_SEED).sample(told, n_tips)


@contextmanager
def running_hotline(n_cases: int, home: Path = Path("var")) -> Iterator[Console]:
    """Run the service with the champion of `home`, a challenger, and a store of its own with `n_cases`."""
    with TemporaryDirectory() as folder:
        _add_models(Registry.of_home(home).path(CHAMPION), Registry.of_home(Path(folder)))
        _fill(Path(folder), n_cases)
        with serving(Settings(home=Path(folder))) as console:
            yield console


def _add_models(champion: Path, registry: Registry) -> None:
    """Publish a model, and as its challenger the same one, more careful about what it routes by itself."""
    artefact = load_artefact(champion)
    registry.promote(registry.add(artefact))
    policy = artefact.manifest.policy
    careful = replace(policy, auto_thresholds={desk: (1 + p) / 2 for desk, p in policy.auto_thresholds.items()})
    registry.challenge(registry.add(replace(artefact, manifest=replace(artefact.manifest, policy=careful))))


def _fill(home: Path, n_cases: int) -> None:
    router = Router.load(Registry.of_home(home).path(CHAMPION))
    chance = random.Random(_SEED)
    end = datetime.now(UTC)
    clock = _Clock(end - _LASTED)
    database = Database(URL.create("sqlite", database=str(home / "tipdesk.sqlite")), clock=clock)
    cities = [
        code for code in router.divisions if code.startswith(_PROVINCE) and code[2:4] != "00" and code[4:] == "00"
    ]
    # More and more cases a day, none of them at night.
    moments = sorted(end - _LASTED * (1 - chance.random() ** 0.8) for _ in range(n_cases))
    for moment, tip in zip(moments, read_tips(n_cases), strict=True):
        clock.time = moment.replace(hour=chance.randint(0, 9))
        if clock.time > end:
            clock.time = end
        if chance.random() < _BROKEN_OFF:
            middle = len(tip.text) // 2
            tip = replace(tip, text=tip.text[middle : middle + chance.randint(2, 4)])
        routing = router.route([tip.text], today=clock.time.date())[0]
        told = tell(routing.facts or (), router)
        region = find_region(router, told.region) or chance.choice([*cities, None])
        channel = chance.choices(list(Channel), _CHANNELS)[0]
        new = cases.NewCase(tip.text, channel, int(told.people or 1), region, told.employer or None)
        operator = chance.choice(_OPERATORS)
        with database.writing() as session:
            case, _ = cases.create(session, new, routing, router, by=operator)
            if chance.random() < (0.95 if routing.decision != "review" else 0.5):
                cases.confirm(session, case.id, 1, router, by=operator, desk=tip.desk)
        _handle(database, router, case, clock, end, chance)
    _label(database, router, chance)
    database.analyse()
    database.close()


def _label(database: Database, router: Router, chance: random.Random) -> None:
    """Let two people label most of what the model left to a person; they differ now and then."""
    with database.writing() as session:
        waiting = review.queue(session, "周敏", limit=20)
        for case in waiting[len(waiting) // 3 :]:
            for labeller in ("周敏", "陈立"):
                desk = case.desk if chance.random() < 0.6 else chance.choice(router.desks)
                review.label(session, case.id, router, labeller=labeller, desk=desk, kind=case.kind, urgent=False)


def _handle(
    database: Database, router: Router, case: Case, clock: _Clock, end: datetime, chance: random.Random
) -> None:
    """Let the desk take a case up, hand it on, close it; the caller rate it: as far as that is before `end`."""
    steps = [(timedelta(days=1), "start"), (timedelta(days=chance.choice([2, 4, 6, 8, 12, 20])), "close")]
    if chance.random() < 0.05:
        steps.insert(1, (timedelta(hours=3), "transfer"))
    if chance.random() < 0.6:
        steps.append((timedelta(days=2), "rate"))
    for wait, action in steps:
        clock.time += wait
        if case.status is Status.PENDING or clock.time > end or chance.random() < 0.03:
            return
        with database.writing() as session:
            match action:
                case "start":
                    case = cases.start(session, case.id, case.version, by="席位甲")
                case "transfer":
                    other = chance.choice([desk for desk in router.desks if desk != case.desk])
                    case = cases.transfer(session, case.id, case.version, other, router, by="席位甲", note="请接办")
                case "close":
                    case = cases.close(session, case.id, case.version, by="席位甲", note="已联系单位，双方谈妥")
                case _:
                    score = chance.choices([5, 4, 3, 2, 1], [40, 30, 15, 10, 5])[0]
                    case = cases.rate(session, case.id, case.version, score, by="王芳")
