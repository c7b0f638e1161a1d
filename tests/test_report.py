"""The training report: one file that a browser shows whole, without personal data, whatever the tips hold."""

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from model.artefact import Artefact
from model.registry import Registry
from tests.conftest import ROOT, TIPDESK, hear_sigint, write_csv
from training.corpus import Tip
from training.report.training import Champion, write_training_report
from training.validate import Measured

HOSTILE = [
    "<script>document.title='broken'</script><img src=x onerror=alert(1)>{{ 7*7 }} \u202e倒过来 😀𠮷\x00\ud800"
    + "\n" * 200,
    "a" * 5000,
    "我叫王小明，电话13812345678，老板拖欠工资",
    "]]></svg></blockquote></body>$\\frac$ \u2066\u2067拖欠社保",
    "",
]


CHAMPION = "ba9876543210"
VERSION = "0123456789ab"


@pytest.fixture(scope="module")
def hostile(measured: Measured) -> Measured:
    """The surest wrong tips hold hostile texts."""
    wrong = np.flatnonzero(~measured.right)
    wrong = wrong[np.argsort(-measured.proba.max(axis=1)[wrong], kind="stable")]
    tips = list(measured.tips)
    for number, text in zip(wrong.tolist(), HOSTILE, strict=False):
        tips[number] = replace(tips[number], text=text, file=f"<b>{'长' * 300}.csv")
    return replace(measured, tips=tips)


def write_report(path: Path, artefact: Artefact, measured: Measured) -> Path:
    """Write a report whose champion had a tip less."""
    corpus = {**artefact.manifest.corpus, "tips": artefact.manifest.corpus["tips"] - 1}
    champion = Champion(CHAMPION, replace(artefact.manifest, corpus=corpus))
    write_training_report(path, VERSION, artefact, measured, None, champion)
    return path


@pytest.fixture(scope="module")
def report(artefact: Artefact, hostile: Measured, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("reports") / "report.html", artefact, hostile)


def test_a_browser_shows_it_whole(artefact: Artefact, report: Path, browser: Browser) -> None:
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: complaints.append(request.url))
    page.goto(report.as_uri())
    assert complaints == [report.as_uri()]
    assert page.title() == f"训练报告 {VERSION}"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert page.locator("svg").count() == 4
    shown = page.locator("body").inner_text()
    page.close()
    assert "<script>document.title=" in shown
    assert "{{ 7*7 }}" in shown
    for name in (desk.name for desk in artefact.taxonomy.desks):
        assert name in shown


def test_personal_data_is_masked_and_what_misled_is_marked(report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    assert "13812345678" not in page
    assert "王小明" not in page
    assert "〔手机号〕" in page
    assert page.count("<mark>") > 10


def test_equal_models_have_equal_reports(artefact: Artefact, hostile: Measured, report: Path, tmp_path: Path) -> None:
    again = write_report(tmp_path / "again.html", artefact, hostile)
    assert again.read_bytes() == report.read_bytes()
    assert list(tmp_path.iterdir()) == [again]


def test_it_compares_with_the_champion(report: Path) -> None:
    changes = report.read_text(encoding="utf-8").split("比现用模型</h2>")[1]
    assert CHAMPION in changes
    assert ">+1<" in changes  # tips
    assert "学的诉求不同" in changes


def test_a_champion_that_cannot_be_read_is_said_so(artefact: Artefact, measured: Measured, tmp_path: Path) -> None:
    write_training_report(tmp_path / "a", VERSION, artefact, measured, None, Champion(CHAMPION, None))
    assert "读不出" in (tmp_path / "a").read_text(encoding="utf-8")


def start_training(corpus: Path, home: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [TIPDESK, "train", "--corpus", corpus, "--report", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "TIPDESK_HOME": str(home), "LANG": "C.UTF-8"},
        start_new_session=True,
        preexec_fn=hear_sigint,
    )


def test_two_trainings_at_once_write_the_same_model_and_report(small_corpus: list[Tip], tmp_path: Path) -> None:
    rows = [[tip.text, tip.desk] for tip in small_corpus]
    corpus = write_csv(tmp_path / "corpus.csv", ["text", "desk"], *rows)
    targets = write_csv(tmp_path / "targets.csv", ["desk", "precision"], [rows[0][1], "0.625"])
    home = tmp_path / "home"
    both = [start_training(corpus, home, "--json", "--targets", targets, "--workers", n) for n in ("1", "2")]
    answers = [training.communicate() for training in both]
    assert [training.returncode for training in both] == [0, 0], answers
    first, second = (json.loads(answer) for answer, _ in answers)
    assert first == second
    info = Registry.of_home(home).info(first["version"])
    assert info.manifest.policy.precision_targets[rows[0][1]] == 0.625
    assert list((home / "reports").iterdir()) == [Path(first["report"])]
    report = Path(first["report"]).read_text(encoding="utf-8")
    assert "62.5%" in report
    assert "再翻一倍" in report
    assert "62.5%" in (Path(first["path"]) / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_ctrl_c_is_one_line_and_leaves_nothing(small_corpus: list[Tip], tmp_path: Path) -> None:
    corpus = write_csv(tmp_path / "corpus.csv", ["text", "desk"], *([tip.text, tip.desk] for tip in small_corpus))
    with start_training(corpus, tmp_path / "home") as training:
        assert training.stderr is not None
        assert training.stderr.readline()  # the first step has begun
        os.killpg(training.pid, signal.SIGINT)
        said = training.stderr.read().decode().splitlines()
    assert training.returncode == 130
    assert len([line for line in said if "中断" in line]) == 1
    assert "Traceback" not in "".join(said)
    assert not (tmp_path / "home").exists()
