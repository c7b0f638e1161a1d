"""The `tipdesk` command as users run it: exit statuses, one-line errors, results on stdout."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import read_csv, run_tipdesk, write_csv
from training.corpus import Tip


def one_line(stderr: bytes) -> str:
    lines = stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize(
    ("text", "desk"),
    [
        ("老板拖欠我们三个月工资了,一共十二个人,找他就躲", "wages"),
        ("在工地摔断了腿,老板不肯报工伤", "injury"),
        ("公司要我签自愿放弃社保的承诺书", "insurance"),
    ],
)
def test_route(shipped_home: Path, text: str, desk: str) -> None:
    assert run_tipdesk("route", text, home=shipped_home).stdout.decode().split()[0] == desk
    answer = json.loads(run_tipdesk("route", "--json", text, home=shipped_home).stdout)
    assert answer["desk"] == answer["candidates"][0]["desk"] == desk


@pytest.mark.parametrize(
    "text", ["", "欠", "😀", "hello", "\udcff\udcfe"], ids=["empty", "one", "emoji", "English", "no UTF-8"]
)
def test_route_takes_any_argument(home: Path, text: str) -> None:
    assert json.loads(run_tipdesk("route", "--json", text, home=home).stdout)["decision"] == "review"


@pytest.mark.parametrize("stdin", [b"", b"\xff\xfe\x00", "老板拖欠工资".encode(), b"x" * 100_000])
def test_route_reads_standard_input(home: Path, stdin: bytes) -> None:
    assert json.loads(run_tipdesk("route", "--json", "-", home=home, stdin=stdin).stdout)["model_version"]


def test_without_a_model_every_command_says_how_to_get_one(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["text"], ["欠薪"])
    for arguments in (["route", "欠薪"], ["score", source, tmp_path / "out.csv"], ["serve"], ["models", "show"]):
        assert "tipdesk train --publish" in one_line(run_tipdesk(*arguments, home=tmp_path, status=1).stderr)


def test_usage_errors_exit_2(home: Path) -> None:
    run_tipdesk("route", home=home, status=2)
    run_tipdesk("shout", home=home, status=2)
    run_tipdesk("serve", "--port", "0", home=home, status=2)


def test_score(home: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["id", "text"], ["1", "老板拖欠工资"], ["2", "工伤怎么认定"])
    done = run_tipdesk("score", source, tmp_path / "out.csv", "--json", home=home)
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["rejects"]) == (2, 0)
    assert [row["id"] for row in read_csv(tmp_path / "out.csv")] == ["1", "2"]


def test_score_with_rejects_exits_4(home: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["id", "内容"], ["1", "欠薪"], ["2"])
    done = run_tipdesk("score", source, tmp_path / "out.csv", "--text-column", "内容", home=home, status=4)
    assert "out.csv.rejects.csv" in done.stdout.decode()
    assert len(read_csv(tmp_path / "out.csv.rejects.csv")) == 1


def test_score_errors_are_one_line(home: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["说的"], ["欠薪"])
    for arguments in (
        [source, tmp_path / "out.csv"],
        [tmp_path / "missing.csv", tmp_path / "out.csv"],
        [source, tmp_path / "no" / "folder" / "out.csv", "--text-column", "说的"],
        [tmp_path, tmp_path / "out.csv"],
    ):
        assert one_line(run_tipdesk("score", *arguments, home=home, status=1).stderr).startswith("error: ")


def test_check_exits_5_and_train_1_with_every_problem(home: Path, tmp_path: Path, small_corpus: list[Tip]) -> None:
    rows = [[tip.text, tip.desk] for tip in small_corpus]
    desk = next(tip.desk for tip in small_corpus if tip.desk != rows[0][1])
    faults = [["新的一句话", "nonsense"], ["", rows[0][1]], [rows[0][0], desk]]
    path = write_csv(tmp_path / "bad.csv", ["text", "desk"], *rows, *faults)
    places = [len(rows) + 2, len(rows) + 3, len(rows) + 4]
    problems = json.loads(run_tipdesk("check", path, "--json", home=home, status=5).stdout)
    assert [(p["kind"], p["row"]) for p in problems if p["severity"] == "error"] == list(
        zip(["unknown_desk", "empty_text", "conflicting_desk"], places, strict=True)
    )
    assert set(problems[0]) == {"kind", "severity", "file", "row", "message"}
    said = run_tipdesk("train", "--corpus", path, home=tmp_path, status=1).stderr.decode()
    assert all(f"bad.csv 第 {place} 行：" in said for place in places)
    assert "3 problem(s)" in said
    assert not (tmp_path / "models").exists()


def test_train_evaluate_promote_roll_back(tmp_path: Path, project: Path, small_corpus: list[Tip]) -> None:
    rows = [[tip.text, tip.desk, "|".join(tip.also or ()), tip.kind or ""] for tip in small_corpus]
    header = ["text", "desk", "also", "kind"]
    first = write_csv(tmp_path / "a.csv", header, *rows)
    second = write_csv(tmp_path / "b.csv", header, *rows[::-1][:-1])
    a = json.loads(run_tipdesk("train", "--corpus", first, "--publish", "--json", home=tmp_path, cwd=project).stdout)
    b = json.loads(run_tipdesk("train", "--corpus", second, "--json", home=tmp_path).stdout)
    assert (a["aliases"], b["aliases"]) == (["champion"], ["challenger"])
    listed = json.loads(run_tipdesk("models", "list", "--json", home=tmp_path).stdout)
    assert {item["version"] for item in listed} == {a["version"], b["version"]}
    metrics = json.loads(run_tipdesk("evaluate", first, "--model", "challenger", "--json", home=tmp_path).stdout)
    assert metrics["model_version"] == b["version"]
    assert metrics["n"] == len(rows)
    run_tipdesk("models", "promote", "challenger", home=tmp_path, cwd=project)
    assert json.loads(run_tipdesk("models", "show", "--json", home=tmp_path).stdout)["version"] == b["version"]
    run_tipdesk("models", "rollback", home=tmp_path)
    shown = json.loads(run_tipdesk("models", "show", "champion", "--json", home=tmp_path).stdout)
    assert shown["version"] == a["version"]
    (golden,) = json.loads((Path(shown["path"]) / "golden.json").read_bytes())["tips"]
    assert (golden["text"], golden["desk"]) == ("老板拖欠我们三个月工资", "wages")  # the project's
    history = json.loads(run_tipdesk("models", "history", "--json", home=tmp_path).stdout)
    assert [(change["action"], change["to"]) for change in history] == [
        ("rollback", a["version"]),
        ("promote", b["version"]),
        ("promote", a["version"]),
    ]
    assert len(run_tipdesk("models", "history", home=tmp_path).stdout.decode().splitlines()) == 3


def test_evaluate_refuses_what_it_cannot_measure(home: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "desk"], ["欠薪", "nonsense"])
    assert "a.csv 第 2 行" in run_tipdesk("evaluate", path, home=home, status=1).stderr.decode()
    empty = write_csv(tmp_path / "b.csv", ["text", "desk"])
    assert "no labelled tip" in one_line(run_tipdesk("evaluate", empty, home=home, status=1).stderr)


def test_training_outside_the_project_says_what_is_missing(tmp_path: Path) -> None:
    assert "desks.yaml" in one_line(run_tipdesk("train", home=tmp_path, status=1, cwd=tmp_path).stderr)


def test_a_version_that_cannot_be_read_does_not_hide_the_others(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    damaged = tmp_path / "models" / "versions" / "0123456789ab"
    damaged.mkdir()
    (damaged / "manifest.json").write_text("{}", encoding="utf-8")
    listed = json.loads(run_tipdesk("models", "list", "--json", home=tmp_path).stdout)
    assert {"format version" in record.get("error", "") for record in listed} == {True, False}
    assert b"format version" in run_tipdesk("models", "list", home=tmp_path).stdout
