"""Commands that take minutes: started, watched by whoever asks, cancelled, and never lost sight of."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.jobs import Job, Jobs, State
from service.settings import Settings
from service.store.errors import ConflictError, NotFoundError
from tests.accounts import LOCAL
from tests.conftest import write_csv
from tests.processes import eventually


@pytest.fixture(autouse=True)
def jobs(home: Path, tmp_path: Path) -> Jobs:
    (tmp_path / "models").symlink_to(home / "models")
    return Jobs(tmp_path)


def ended(jobs: Jobs, job: Job) -> Job:
    eventually(lambda: jobs.get(job.id).state is not State.RUNNING)
    return jobs.get(job.id)


def test_a_job_says_how_it_ended_and_what_came_of_it(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start("list", ["models", "list", "--json"], "小赵")
    assert (job.kind, job.by) == ("list", "小赵")
    done = ended(jobs, job)
    assert (done.state, done.exit_status) == (State.DONE, 0)
    assert done.ended_at is not None
    assert done.started_at < done.ended_at
    (record,) = jobs.result(job.id)
    assert record["aliases"] == ["champion"]
    # Another worker, or the service after it was started again.
    assert Jobs(tmp_path).everything() == [done]
    assert Jobs(tmp_path).result(job.id) == [record]


def test_a_job_that_fails_says_why_in_a_line(jobs: Jobs) -> None:
    job = ended(jobs, jobs.start("show", ["models", "show", "abc"], "小赵"))
    assert (job.state, job.exit_status) == (State.FAILED, 1)
    assert job.message.startswith("no model version or alias 'abc'")
    assert jobs.result(job.id) is None


def test_findings_are_no_failure(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "tips.csv").write_text('text,n\n老板欠薪,1\n工伤,"2\n', encoding="utf-8")  # a row that cannot be parsed
    job = ended(jobs, jobs.start("score", ["score", f"{tmp_path}/tips.csv", f"{tmp_path}/scored.csv"], "小赵"))
    assert (job.state, job.exit_status) == (State.DONE, 4)


def test_a_job_that_was_killed_has_failed(jobs: Jobs, tmp_path: Path) -> None:
    """Nobody was left to write down how it ended."""
    job = jobs.start("train", ["train"], "小赵")
    pid = tmp_path / "jobs" / job.id / "pid"
    eventually(pid.exists)
    os.killpg(int(pid.read_text()), signal.SIGKILL)
    dead = ended(jobs, job)
    assert (dead.state, dead.exit_status, dead.ended_at) == (State.FAILED, None, None)


def test_one_training_runs_at_a_time_and_is_cancelled_whenever_it_is_asked_to(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.start("train", ["train"], "小赵")
    with pytest.raises(ConflictError, match=first.id):
        Jobs(tmp_path).start("train", ["train"], "小钱")
    assert jobs.cancel(first.id).state in (State.RUNNING, State.CANCELLED)  # while it only just begins
    assert ended(jobs, first).state is State.CANCELLED
    assert jobs.cancel(first.id) == jobs.get(first.id)

    second = jobs.start("train", ["train", "--report"], "小钱")  # takes longer than to ask for its end
    eventually(lambda: "提取特征" in jobs.get(second.id).message)  # its progress
    Jobs(tmp_path).cancel(second.id)
    done = ended(jobs, second)
    assert (done.state, done.exit_status) == (State.CANCELLED, 130)
    assert [job.id for job in jobs.everything()] == [second.id, first.id]


def test_jobs_that_ended_long_ago_are_removed(jobs: Jobs, tmp_path: Path) -> None:
    old = ended(jobs, jobs.start("list", ["models", "list"], "小赵"))
    record = tmp_path / "jobs" / old.id / "end.json"
    then = datetime.now(UTC) - timedelta(days=31)
    record.write_text(json.dumps({**json.loads(record.read_text()), "ended_at": then.isoformat()}))
    new = ended(jobs, jobs.start("list", ["models", "list"], "小赵"))
    assert [job.id for job in jobs.everything()] == [new.id]
    with pytest.raises(NotFoundError):
        jobs.get(old.id)


def test_a_training_over_http(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path, auth="off")), base_url=LOCAL) as client:
        for name in ("../cases.csv", "--publish.csv", "/etc/passwd", ".csv", "a\x00.csv", "missing.csv"):
            assert client.post("/v1/jobs", json={"kind": "train", "own": [name]}).status_code == 422
        assert client.post("/v1/jobs", json={"kind": "score"}).status_code == 422
        assert client.get("/v1/jobs").json() == []

        (tmp_path / "own").mkdir()
        write_csv(tmp_path / "own" / "工单.csv", ["text", "desk"], ["老板欠薪", "nowhere"])
        started = client.post("/v1/jobs", json={"kind": "train", "own": ["工单.csv"]})
        assert started.status_code == 201
        path = f"/v1/jobs/{started.json()['id']}"
        assert client.post("/v1/jobs", json={"kind": "train"}).status_code == 409
        eventually(lambda: client.get(path).json()["state"] != "running")
        job = client.get(path).json()
        assert (job["state"], job["exit_status"], job["by"]) == ("failed", 1, "local")
        assert job["message"].startswith("own/工单.csv 第 2 行")
        assert "\n" not in job["message"]
        assert client.post(f"{path}/cancel").json()["state"] == "failed"
        assert client.get("/v1/jobs/20261130-000000-000000").status_code == 404
        actions = [entry["action"] for entry in client.get("/v1/audit").json()["entries"]]
        assert actions == ["job.cancel", "job.train"]
