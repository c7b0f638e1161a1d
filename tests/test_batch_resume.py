"""Whatever ends a run, `--resume` makes of it what an uninterrupted run would have made."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import TableError
from service.batch import parts, score
from service.batch.inputs import Chunk, Input
from service.batch.score import score_table
from service.batch.workers import route_in_order
from tests.conftest import TIPDESK, hear_sigint, write_csv

SUFFIXES = [".csv", ".csv.gz", ".jsonl.zst", ".xlsx", ".parquet"]


class PowerCutError(BaseException):
    """What ends a test's run in the middle."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [[str(n), "老板拖欠工资" if n % 3 else "工伤怎么认定", "多"][: 2 + (n == 2500)] for n in range(4000)]
    return write_csv(tmp_path / "in.csv", ["id", "text"], *rows)


def cut_after(n_chunks: int) -> object:
    def advance(*_: int) -> None:
        nonlocal n_chunks
        n_chunks -= 1
        if not n_chunks:
            raise PowerCutError

    return advance


def interrupted(model: Path, source: Path, target: Path, n_chunks: int) -> None:
    with pytest.raises(PowerCutError):
        score_table(model, source, target, resume=True, urgency=False, advance=cut_after(n_chunks))  # type: ignore[arg-type]


@pytest.fixture
def every_chunk_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "_COMMIT_EVERY_S", 0)
    monkeypatch.setattr(score, "_COMMIT_SHARE", 0)


@pytest.mark.usefixtures("every_chunk_is_kept")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_resumed_runs_give_the_same_bytes(model: Path, source: Path, tmp_path: Path, suffix: str) -> None:
    whole, target = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    expected = score_table(model, source, whole, urgency=False)
    interrupted(model, source, target, 2)
    kept = tmp_path / f"out{suffix}.parts"
    with (kept / "rows").open("ab") as file:
        file.write(b"half a row that was never committed")
    assert not target.exists()
    interrupted(model, source, target, 1)
    summary = score_table(model, source, target, resume=True, urgency=False, workers=2)
    assert target.read_bytes() == whole.read_bytes()
    rejects = f"{target}.rejects.csv", f"{whole}.rejects.csv"
    assert Path(rejects[0]).read_bytes() == Path(rejects[1]).read_bytes()
    assert (summary.rows, summary.rejects, summary.desks) == (3999, 1, expected.desks)
    assert not kept.exists()


@pytest.mark.usefixtures("every_chunk_is_kept")
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("step", ["finish", "replace", "rmtree"])
def test_an_end_while_publishing_is_no_end(
    model: Path, source: Path, tmp_path: Path, suffix: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, target = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    score_table(model, source, whole, urgency=False)

    def cut(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        if step == "finish":
            patch.setattr(parts, "sync", lambda path: cut() if path.name in ("rows", "whole") else None)
        elif step == "replace":
            patch.setattr(parts, "sync", lambda path: cut() if path == target.parent else None)
        else:
            patch.setattr("service.batch.parts.shutil.rmtree", cut)
        with pytest.raises(PowerCutError):
            score_table(model, source, target, urgency=False)
    summary = score_table(model, source, target, resume=True, urgency=False)
    assert target.read_bytes() == whole.read_bytes()
    assert Path(f"{target}.rejects.csv").exists()
    assert summary.rows == 3999
    assert not Path(f"{target}.parts").exists()


@pytest.mark.usefixtures("every_chunk_is_kept")
def test_an_unfinished_run_is_not_lost_by_mistake(model: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    interrupted(model, source, target, 2)
    with pytest.raises(TableError, match=r"2000 rows of an unfinished run; go on with --resume"):
        score_table(model, source, target, urgency=False)
    with pytest.raises(TableError, match=r"--urgency changed since"):
        score_table(model, source, target, resume=True)
    with pytest.raises(TableError, match=r"the text columns changed since"):
        score_table(model, source, target, "text", resume=True, urgency=False)
    with source.open("a", encoding="utf-8") as file:
        file.write("x,y\n")
    with pytest.raises(TableError, match=r"the input changed since"):
        score_table(model, source, target, resume=True, urgency=False)
    assert Path(f"{target}.parts").exists()


def test_resuming_nothing_is_starting(model: Path, source: Path, tmp_path: Path) -> None:
    assert score_table(model, source, tmp_path / "out.csv", resume=True, urgency=False).rows == 3999


def test_one_run_at_a_time(model: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"

    def second_run(*_: int) -> None:
        with pytest.raises(TableError, match="another run"):
            score_table(model, source, target, resume=True, urgency=False)

    score_table(model, source, target, urgency=False, advance=second_run)


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_killed_command_is_resumed(home: Path, tmp_path: Path, signal_number: int) -> None:
    """The command waits for a worker's first result when it is killed."""
    source = write_csv(tmp_path / "in.csv", ["text"], *(["老板拖欠工资三个月"] for _ in range(6_000)))
    command: list[str | Path] = [
        TIPDESK,
        "--home",
        home,
        "score",
        source,
        tmp_path / "out.csv",
        "--resume",
        "--workers",
        "2",
    ]
    killed = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=hear_sigint)
    assert killed.stderr
    killed.stderr.readline()  # the column has been said: scoring begins
    killed.send_signal(signal_number)  # its workers must not outlive it: else this waits for them to close the pipe
    said = killed.communicate()[1].decode()
    if signal_number == signal.SIGINT:
        assert killed.returncode == 130
        assert said.strip().splitlines()[-1] == (
            "interrupted: what has been scored is kept; go on with the same command and --resume"
        )
    assert not (tmp_path / "out.csv").exists()
    subprocess.run(command, check=True, capture_output=True)
    assert len((tmp_path / "out.csv").read_bytes().splitlines()) == 6_001


def test_reading_waits_for_who_takes_the_results() -> None:
    """A slow consumer must not have the whole file read into memory."""
    n_read = 0

    def chunks() -> Iterator[Chunk]:
        nonlocal n_read
        for _ in range(100):
            n_read += 1
            yield Chunk("in.csv", texts=["x"])

    results = route_in_order(len, chunks(), workers=2)
    assert next(results)[1] == 1
    assert n_read < 10
    assert len(list(results)) == 99


def test_chunks_are_short_when_rows_are_long(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["text"], *(["欠" * 400_000] for _ in range(5)))
    assert [len(chunk.rows) for chunk in Input(source).chunks()] == [3, 2]
