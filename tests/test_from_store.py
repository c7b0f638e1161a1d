"""Data staff's commands on the case store: what operators confirmed is learned from, reviewed and watched."""

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from model.registry import Registry
from model.router import Router
from model.taxonomy import Taxonomy
from service.store import cases
from service.store.cases import NewCase
from service.store.database import Database
from service.store.vocabulary import Channel
from tests.conftest import run_tipdesk
from tests.test_cli import one_line
from training.corpus import Tip
from training.stored import learnable
from training.tables import Row

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
N_CASES = 260


@pytest.fixture(scope="module")
def hotline(home: Path, router: Router, small_corpus: list[Tip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TIPDESK_HOME with cases of half a year, one in ten confirmed to another desk than suggested, two left open."""
    folder = tmp_path_factory.mktemp("hotline") / "home"
    shutil.copytree(home, folder)
    time = START
    database = Database(URL.create("sqlite", database=str(folder / "tipdesk.sqlite")), clock=lambda: time)
    tips = small_corpus[:: len(small_corpus) // N_CASES][:N_CASES]
    for place, (tip, routing) in enumerate(zip(tips, router.route([tip.text for tip in tips]), strict=True)):
        time = START + timedelta(hours=17 * place)
        desk = next(desk for desk in router.desks if desk != routing.desk) if place % 10 == 0 else None
        with database.writing() as session:
            case, _ = cases.create(session, NewCase(tip.text, Channel.PHONE), routing, router, by="王")
            if place >= 2:
                cases.confirm(session, case.id, case.version, router, by="李", desk=desk)
    database.close()
    return folder


def test_training_learns_from_confirmed_cases(
    hotline: Path, small_corpus: list[Tip], project: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(hotline, home)
    corpus = tmp_path / "corpus.csv"
    with corpus.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "desk", "kind", "also", "urgent"])
        for tip in small_corpus:  # other words than the cases': those would teach nothing new
            writer.writerow([f"我想说：{tip.text}", tip.desk, tip.kind, "", ""])
    done = run_tipdesk("train", "--corpus", corpus, "--from-store", "--json", home=home, cwd=project)
    assert json.loads(done.stdout)["corpus"]["own"] == N_CASES - 2
    assert f"取 {N_CASES - 2} 件" in done.stderr.decode()


def test_review_picks_from_the_store_what_operators_overrode(hotline: Path, tmp_path: Path) -> None:
    target = tmp_path / "answers.csv"
    done = run_tipdesk("review", "export", target, "--n", "20", "--json", home=hotline)
    found = json.loads(done.stdout)
    assert found["picked"] == 20
    assert found["reasons"]["overridden"] + found["reasons"]["mislabelled"] >= 10
    assert found["tips"] == N_CASES
    with target.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 20


def test_drift_compares_the_store_before_and_after_a_day(hotline: Path) -> None:
    # The corpus stands desk by desk, so that other desks come late than early: beyond the limits.
    found = json.loads(run_tipdesk("drift", "--since", "2026-06-01", "--json", home=hotline, status=3).stdout)
    sides = found["reference"], found["current"]
    assert sum(side["tips"] for side in sides) == N_CASES
    assert (sides[0]["first"], sides[1]["first"]) == ("2026-03-02", "2026-06-01")
    assert found["undated"] == 0


def test_drift_of_an_empty_store_is_one_line(home: Path, tmp_path: Path) -> None:
    empty = tmp_path / "home"
    shutil.copytree(home, empty)
    assert "0 reference tips" in one_line(run_tipdesk("drift", "--since", "2026-06-01", home=empty, status=1).stderr)
    assert Registry.of_home(empty).aliases()


def test_cases_that_nothing_can_be_learned_from_are_left_out(taxonomy: Taxonomy) -> None:
    first, second, *_ = taxonomy.desk_ids

    def row(place: int, text: str, desk: str) -> Row:
        return Row("case store", place, {"id": f"c{place}", "text": text, "desk": desk, "also": "", "urgent": "0"})

    others = [Tip("corpus.csv", 2, None, "食堂的油烟呛人", first, (), None, None)]
    rows = [
        row(1, "机器没有护栏", first),
        row(2, "机器没有护栏", second),  # the same told, another desk confirmed
        row(3, "班车停了", "a-desk-that-was"),
        row(4, "还没人看过的一件", ""),
        row(5, "食堂的油烟呛人", second),
        row(6, "加班费没算", second),
    ]
    tips, left_out = learnable(rows, taxonomy, others)
    assert [tip.id for tip in tips] == ["c1", "c6"]
    assert left_out == 3
