"""The Spark engine gives what the local engine gives, on this machine, on a cluster, and when an executor is killed."""

import csv
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from benchmarks.batch.cluster import ON_LOOPBACK, SPARK_HOME, standalone_cluster
from model.errors import EngineError, TableError
from model.router import Router
from service.batch.score import COLUMNS, routing_cells, score_table
from service.batch.spark import score_dataframe
from service.batch.spark_tables import open_session, score_on_spark
from tests.conftest import ROOT, read_csv, run_tipdesk, write_csv
from training.corpus import Tip

QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # for a JVM that lives for seconds
ARGUMENTS = (
    f"--master local[2] --driver-java-options '{QUICK}' --conf spark.ui.enabled=false "
    "--conf spark.sql.shuffle.partitions=4 --conf spark.sql.codegen.wholeStage=false pyspark-shell"
)
AWKWARD = [
    *("", " ", "欠", "hello", "null", "１２３", "😀工伤", "\U00020000", "<script>alert(1)</script>", "\u202e倒写"),
    *("a,b", '他说"不给"', '"', "'", "\\", '\\"', "#说明", "a\tb", " 前后有空 ", "\ufeff拖欠", "\x00零", "\u2028社保"),
    *("两行\n工资", "回车\r\n换行", "单回车\r加班", "=1+1", "+cmd", "-5欠薪", "@sum", "\t=1", "\r=1", "＝1"),
    *("-5", "+86", "-１", "-3.5%", "老板拖欠工资" * 20_000),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ON_LOOPBACK | {"PYSPARK_SUBMIT_ARGS": ARGUMENTS}).items():
            patch.setenv(name, value)
        with open_session() as session:
            yield session
        gateway: Any = SparkContext._gateway  # outlives the session; its process and sockets would be left open
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(scope="module")
def texts(small_corpus: list[Tip]) -> list[str]:
    """Some 300 texts: awkward ones, and tips with an awkward one somewhere in them."""
    chosen = random.Random(7)  # noqa: S311  no secret
    tips = chosen.sample([tip.text for tip in small_corpus], 260)
    short = [text for text in AWKWARD if len(text) < 50]
    return AWKWARD + [tip[: (cut := chosen.randrange(len(tip)))] + chosen.choice(short) + tip[cut:] for tip in tips]


def table(spark: SparkSession, texts: list[str | None], partitions: int = 1) -> DataFrame:
    schema = StructType([StructField("id", StringType()), StructField("text", StringType())])
    return spark.createDataFrame([(str(i), text) for i, text in enumerate(texts)], schema).repartition(partitions)


def expected(router: Router, texts: list[str]) -> list[tuple[str, ...]]:
    return [tuple(routing_cells(routing)) for routing in router.route(texts, explain=["urgency"])]


def cells(scored: DataFrame) -> list[tuple[str, ...]]:
    """Return the cells of `COLUMNS` as the local engine writes them, in the order of the ids."""
    rows = sorted(scored.collect(), key=lambda row: int(row["id"]))
    return [tuple(f"{row[c]:.4f}" if c == "tip_confidence" else row[c] for c in COLUMNS) for row in rows]


@pytest.mark.parametrize("partitions", [1, 50], ids=["one huge partition", "many tiny partitions"])
def test_digits_are_the_local_engines(
    spark: SparkSession, model: Path, router: Router, texts: list[str], partitions: int
) -> None:
    scored = score_dataframe(table(spark, [*texts], partitions), model)
    assert scored.columns == ["id", "text", *COLUMNS]
    assert cells(scored) == expected(router, texts)


def test_other_columns_come_back_as_they_were(spark: SparkSession, model: Path) -> None:
    df = spark.sql(
        "select 1 as `a.b`, 'x' as dup, 'y' as dup, array(1, 2) as list, named_struct('n', null) as nested, "
        "cast(1.10 as decimal(5, 2)) as money, timestamp'2024-05-06 07:08:09' as at, X'e6aca0' as text"
    )
    row = score_dataframe(df, model).first()
    assert row is not None
    assert row[: len(df.columns)] == df.first()


def test_what_is_no_text_is_for_review(spark: SparkSession, model: Path, router: Router) -> None:
    """Null, bytes that are no UTF-8, and numbers are never an error."""
    (empty,) = expected(router, [""])
    assert cells(score_dataframe(table(spark, [None, ""]), model)) == [empty, empty]
    broken = spark.sql("select '0' as id, cast(X'ff00ff' as string) as text")
    (row,) = cells(score_dataframe(broken, model))
    assert row[COLUMNS.index("tip_decision")] == "review"
    assert cells(score_dataframe(spark.sql("select 0 as id, 12 as text"), model)) == expected(router, ["12"])


def test_several_columns_are_one_tip(spark: SparkSession, model: Path, router: Router) -> None:
    df = spark.createDataFrame(
        [("0", "欠薪", "老板拖欠工资"), ("1", "", "工伤怎么认定")], "id string, a string, b string"
    )
    scored = score_dataframe(df, model, "a", "b")
    assert cells(scored) == expected(router, ["欠薪\n老板拖欠工资", "工伤怎么认定"])


def test_without_urgency_its_column_is_empty(spark: SparkSession, model: Path) -> None:
    row = score_dataframe(table(spark, ["有人要跳楼"]), model, urgency=False).first()
    assert row is not None
    assert row.tip_urgency == ""


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("'x' as note", "no column whose name means the tip's text; found note"),
        ("'x' as text, 'y' as tip_desk", "has tip_desk already"),
    ],
)
def test_unusable_frames_are_refused_in_one_line(spark: SparkSession, model: Path, select: str, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        score_dataframe(spark.sql(f"select {select}"), model)
    assert "\n" not in str(caught.value)


def read_folder(folder: Path) -> list[dict[str, str]]:
    assert (folder / "_SUCCESS").exists()
    return [row for path in folder.glob("part-*") for row in read_csv(path)]


@pytest.mark.parametrize(
    ("encoding", "line_end", "quoting"),
    [("utf-8-sig", "\r\n", csv.QUOTE_MINIMAL), ("gb18030", "\n", csv.QUOTE_ALL)],
    ids=["as Excel writes it", "as a database writes it"],
)
def test_csv_is_the_local_engines_cell_by_cell(
    spark: SparkSession, model: Path, tmp_path: Path, texts: list[str], encoding: str, line_end: str, quoting: Any
) -> None:
    source = tmp_path / "in.csv"
    with source.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator=line_end, quoting=quoting)
        writer.writerow(["id", " text ", "备注"])
        writer.writerows([i, text, AWKWARD[i % len(AWKWARD)][:100]] for i, text in enumerate(texts))
    local = score_table(model, source, tmp_path / "local.csv", "text")
    summary = score_on_spark(spark, model, str(source), str(tmp_path / "out.csv"), "text")
    rows = sorted(read_folder(tmp_path / "out.csv"), key=lambda row: int(row["id"]))
    assert rows == read_csv(tmp_path / "local.csv")
    assert (summary.rows, summary.rejects, summary.desks, summary.decisions, summary.urgencies) == (
        *(local.rows, local.rejects, local.desks, local.decisions, local.urgencies),
    )
    assert not (tmp_path / "out.csv.rejects").exists()


def test_rows_that_cannot_be_parsed_are_beside_the_result(spark: SparkSession, model: Path, tmp_path: Path) -> None:
    lines = ["id,text,note", '1,"欠薪\n三月",a', "2,少一格", "", "3,工伤,多,两格", "4,加班,=b\r", "=5"]
    (tmp_path / "in.csv").write_text("\n".join(lines), encoding="utf-8", newline="")
    summary = score_on_spark(spark, model, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "text")
    assert (summary.rows, summary.rejects) == (2, 3)
    rows = {(row["id"], row["text"], row["note"]) for row in read_folder(tmp_path / "out.csv")}
    assert rows == {("1", "欠薪\n三月", "a"), ("4", "加班", "'=b")}
    rejects = read_folder(tmp_path / "out.csv.rejects")
    assert {row["raw"] for row in rejects} == {"2,少一格", "3,工伤,多,两格", "'=5"}
    assert all(row["file"].endswith("in.csv") for row in rejects)


def test_json_and_columnar_formats(spark: SparkSession, model: Path, tmp_path: Path) -> None:
    lines = ['{"id": 1, "text": "欠薪", "n": {"a": [1]}}', '{"text": null}', "{broken", "", "3"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    summary = score_on_spark(spark, model, str(tmp_path / "in.jsonl"), str(tmp_path / "out.parquet"), "text")
    assert (summary.rows, summary.rejects) == (2, 2)
    assert {row["raw"] for row in read_folder(tmp_path / "out.parquet.rejects")} == {"{broken", "3"}
    unscored = spark.read.parquet(str(tmp_path / "out.parquet")).drop(*COLUMNS)
    unscored.write.orc(str(tmp_path / "in.orc"))
    score_on_spark(spark, model, str(tmp_path / "in.orc"), str(tmp_path / "out.json"), "text")
    parts = (tmp_path / "out.json").glob("part-*")
    items = [json.loads(line) for part in parts for line in part.read_text(encoding="utf-8").splitlines()]
    items.sort(key=lambda item: item["id"] or 0)
    assert [(item["id"], item["text"], item["n"]) for item in items] == [(None, None, None), (1, "欠薪", {"a": [1]})]
    assert items[0]["tip_decision"] == "review"


def test_a_table_without_rows(spark: SparkSession, model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n", encoding="utf-8")
    summary = score_on_spark(spark, model, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "text")
    assert (summary.rows, summary.rejects) == (0, 0)
    assert read_folder(tmp_path / "out.csv") == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", "备注\n欠薪\n".encode(), "no column 'text'; found 备注"),
        ("in.csv", b"", "no column 'text'; found nothing"),
        ("in.csv", "text\n欠薪\n".encode() + b"\xff\xff\n", "neither UTF-8 nor GB18030"),
        ("in.csv", "text,tip_desk\n欠薪,wages\n".encode(), "has tip_desk already"),
        ("in.xlsx", b"x", "'.xlsx' is not a format of the Spark engine"),
        ("in.parquet", b"x", "in.parquet"),
        (None, b"", "does not exist"),
    ],
    ids=["no column", "empty", "two encodings", "scored already", "format", "no Parquet", "missing"],
)
def test_unusable_input_is_one_line(
    spark: SparkSession, model: Path, tmp_path: Path, name: str | None, content: bytes, message: str
) -> None:
    if name:
        (tmp_path / name).write_bytes(content)
    source = str(tmp_path / (name or "missing.csv"))
    with pytest.raises(TableError, match=message) as caught:
        score_on_spark(spark, model, source, str(tmp_path / "out.csv"), "text")
    assert "\n" not in str(caught.value)
    assert "欠薪" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_files_of_two_encodings_are_not_taken_for_one(spark: SparkSession, model: Path, tmp_path: Path) -> None:
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "gbk")):
        write_csv(tmp_path / name, ["text"], ["老板拖欠工资"], encoding=encoding)
    with pytest.raises(TableError, match=r"b\.csv is not UTF-8, .*a\.csv is; score files of two encodings apart"):
        score_on_spark(spark, model, str(tmp_path / "*.csv"), str(tmp_path / "out.csv"), "text")


def test_a_file_without_the_header_loses_no_row(spark: SparkSession, model: Path, tmp_path: Path) -> None:
    """Spark would take the first row of each file for a header, and warn of it, tip and all."""
    write_csv(tmp_path / "a.csv", ["id", "text"], ["1", "欠薪"], encoding="utf-8-sig")
    write_csv(tmp_path / "b.csv", ["id", "text"], ["2", "工伤"])
    assert score_on_spark(spark, model, str(tmp_path / "*.csv"), str(tmp_path / "out.csv"), "text").rows == 2
    write_csv(tmp_path / "c.csv", ["3", "老板拖欠三个月工资"])
    with pytest.raises(TableError, match=r"c\.csv: have different headers") as caught:
        score_on_spark(spark, model, str(tmp_path / "*.csv"), str(tmp_path / "out2.csv"), "text")
    assert "老板" not in str(caught.value)


def test_a_result_that_is_there_stays(spark: SparkSession, model: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["text"], ["欠薪"])
    for folder in ("out.csv", "out2.csv.rejects"):
        (tmp_path / folder).mkdir()
        with pytest.raises(TableError, match="is there already"):
            score_on_spark(spark, model, str(source), str(tmp_path / folder.removesuffix(".rejects")), "text")


def test_without_java_or_pyspark_the_engine_says_what_to_install(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"no Java found; .* install default-jre-headless"), open_session():
        pass
    code = "import sys; sys.modules['pyspark'] = None; from service.cli import main; main()"
    command = [sys.executable, "-c", code, "score", "in.csv", "out.csv", "--engine", "spark"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"TIPDESK_HOME": str(home)}, cwd=ROOT
    )
    assert done.returncode == 1
    assert done.stderr == "error: no pyspark found; install the Spark engine with: pip install 'tipdesk[spark]'\n"


def test_the_command(home: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ["编号", "内容"], ["1", "老板拖欠工资"], ["2"], encoding="gbk")
    arguments: list[str | Path] = [
        "score",
        source,
        tmp_path / "out.csv",
        "--text-column",
        "内容",
        "--engine",
        "spark",
        "--json",
    ]
    done = run_tipdesk(*arguments, home=home, status=4)
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["rejects"], summary["desks"]) == (1, 1, {"wages": 1})
    assert "老板" not in done.stderr.decode()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The project as it is distributed, under a name that --py-files takes."""
    sources = tmp_path / "sources"  # a build leaves files behind
    for package in ("model", "service", "training"):
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "uv",
        "build",
        "--wheel",
        "--no-build-isolation",
        "--offline",
        "--quiet",
        sources,
    ]
    subprocess.run(command, check=True, env={**os.environ, "UV_PYTHON": sys.executable})
    (built,) = (sources / "dist").glob("tipdesk-*.whl")
    return built.rename(tmp_path / "tipdesk.zip")


JOB = """
import os, sys
from pathlib import Path
from pyspark.sql import SparkSession
import service.batch.score
from service.batch.spark import score_dataframe

model, source, target, folder = sys.argv[1:]

def wait_to_be_killed(batches):
    for batch in batches:
        try:
            os.close(os.open(folder + "/first", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            Path(folder, "running").write_text(f"{os.getppid()} {service.batch.score.__file__}")
            Path(folder, "go").read_text()
        yield batch

spark = SparkSession.builder.getOrCreate()
scored = score_dataframe(spark.read.parquet(source), model)
scored.mapInArrow(wait_to_be_killed, scored.schema).write.parquet(target)
"""


def test_the_wheel_on_a_cluster_that_loses_an_executor(
    spark: SparkSession, model: Path, router: Router, texts: list[str], wheel: Path, tmp_path: Path
) -> None:
    """The task that scored first is killed with its executor, and the shuffled rows that the executor held with it."""
    table(spark, [*texts], 4).write.parquet(str(tmp_path / "in.parquet"))
    for name in ("running", "go"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "job.py").write_text(JOB, encoding="utf-8")
    began = os.open(tmp_path / "running", os.O_RDWR)
    go = os.open(tmp_path / "go", os.O_RDWR)  # when it is closed, whoever still waits goes on
    environment = os.environ | ON_LOOPBACK | {"PYSPARK_PYTHON": sys.executable}
    try:
        with standalone_cluster(tmp_path / "work") as cluster:
            command: list[str | Path] = [
                *(SPARK_HOME / "bin" / "spark-submit", "--master", cluster.address, "--py-files", wheel),
                *("--conf", "spark.executor.memory=512m", "--conf", f"spark.executor.extraJavaOptions={QUICK}"),
                *("--driver-java-options", QUICK, "--conf", "spark.ui.enabled=false"),
                *(tmp_path / "job.py", model, tmp_path / "in.parquet", tmp_path / "out.parquet", tmp_path),
            ]
            with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as driver:
                assert select.select([began], [], [], 600)[0], "no task began"
                daemon, scored_by = os.read(began, 4096).decode().split()
                status = Path("/proc", daemon, "status").read_text(encoding="utf-8")
                os.kill(int(status.split("PPid:")[1].split()[0]), signal.SIGKILL)
                _, log = driver.communicate(timeout=600)
    finally:
        os.close(began)
        os.close(go)
    assert scored_by.endswith("tipdesk.zip/service/batch/score.py")
    assert driver.returncode == 0, log
    assert "ExecutorLostFailure" in log or "Lost executor" in log
    assert cells(spark.read.parquet(str(tmp_path / "out.parquet"))) == expected(router, texts)
    logs = [log, *(path.read_text(errors="replace") for path in (tmp_path / "work").rglob("std*"))]
    assert len(logs) > 3
    assert not any(text in log for log in logs for text in texts if len(text) > 20)
