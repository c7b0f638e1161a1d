"""Real models for all tests: a small one fitted in seconds, and the shipped one as `make run` trains it."""

import csv
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from model.artefact import Artefact
from model.registry import Registry
from model.router import Router
from model.segment import read_word_list
from model.taxonomy import Taxonomy
from model.triage import TriageData
from tests.console import browser, console, page_as  # noqa: F401 (fixtures of all tests)
from tests.postgres import postgres, postgres_store, sqlite_template, store_url  # noqa: F401 (fixtures of all tests)
from training.config import TrainingConfig
from training.corpus import Tip, read_corpus, read_taxonomy
from training.fit import fit_model
from training.triage import read_triage
from training.validate import Measured

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
TIPDESK = Path(sys.executable).with_name("tipdesk")
TIPS_PER_DESK = 40


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return read_taxonomy(DATA / "desks.yaml")


@pytest.fixture(scope="session")
def corpus(taxonomy: Taxonomy) -> list[Tip]:
    tips, problems = read_corpus([DATA / "corpus"], taxonomy)
    assert not problems
    return tips


@pytest.fixture(scope="session")
def small_corpus(corpus: list[Tip]) -> list[Tip]:
    """The first tips of each desk."""
    chosen: defaultdict[str, list[Tip]] = defaultdict(list)
    for tip in corpus:
        if len(chosen[tip.desk]) < TIPS_PER_DESK:
            chosen[tip.desk].append(tip)
    return [tip for tips in chosen.values() for tip in tips]


@pytest.fixture(scope="session")
def words() -> list[str]:
    return read_word_list(DATA / "userdict.txt")


@pytest.fixture(scope="session")
def triage(taxonomy: Taxonomy) -> TriageData:
    return read_triage(DATA, taxonomy)


@pytest.fixture(scope="session")
def fitted(
    small_corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData
) -> tuple[Artefact, Measured]:
    observed: list[Measured] = []
    artefact = fit_model(small_corpus, taxonomy, words, triage, TrainingConfig(), observe=observed.append)
    return artefact, observed[0]


@pytest.fixture(scope="session")
def artefact(fitted: tuple[Artefact, Measured]) -> Artefact:
    return fitted[0]


@pytest.fixture(scope="session")
def measured(fitted: tuple[Artefact, Measured]) -> Measured:
    """What the small model was fitted on, and how it scored that out of fold."""
    return fitted[1]


@pytest.fixture(scope="session")
def home(artefact: Artefact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TIPDESK_HOME whose champion is the small model. Tests that change it make their own."""
    home = tmp_path_factory.mktemp("home")
    registry = Registry.of_home(home)
    registry.promote(registry.add(artefact))
    return home


@pytest.fixture(scope="session")
def model(home: Path) -> Path:
    """The folder of the small model."""
    return Registry.of_home(home).path("champion")


@pytest.fixture(scope="session")
def router(model: Path) -> Router:
    return Router.load(model)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A working folder with the shipped data, but golden tips that a small model passes too."""
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    for path in DATA.iterdir():
        (folder / "data" / path.name).symlink_to(path)
    (folder / "data" / "golden.csv").unlink()
    write_csv(folder / "data" / "golden.csv", ["text", "desk"], ["老板拖欠我们三个月工资", "wages"])
    return folder


@pytest.fixture(scope="session")
def shipped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TIPDESK_HOME with the model that `make run` trains."""
    home = tmp_path_factory.mktemp("shipped")
    run_tipdesk("train", "--publish", home=home)
    return home


def run_tipdesk(
    *arguments: str | Path, home: Path, status: int = 0, stdin: bytes = b"", cwd: Path = ROOT
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a user does; fail with what it said when its exit status is another."""
    done = subprocess.run(
        [TIPDESK, *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        check=False,
        env={"PATH": "/usr/bin:/bin", "TIPDESK_HOME": str(home), "LANG": "C.UTF-8"},
    )
    assert done.returncode == status, done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stderr
    return done


def hear_sigint() -> None:
    """Let a child hear Ctrl-C also where the tests run in the background, as ``preexec_fn`` of `subprocess.Popen`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def write_csv(path: Path, *rows: list[str], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
