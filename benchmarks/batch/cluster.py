"""A standalone Spark cluster on loopback: a master and two workers with one core each, from pyspark's own jars."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
ON_LOOPBACK = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost"}
_DAEMON = {
    "SPARK_HOME": str(SPARK_HOME),
    "SPARK_DAEMON_MEMORY": "256m",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # they do little
}
_LISTEN = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")


@dataclass
class Cluster:
    """The master's address, and the processes of the workers, whose children are the executors."""

    address: str
    workers: list[int]


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster that keeps its workers' logs under `folder`, and stop it."""
    worker = ("worker.Worker", *_LISTEN, "--cores", "1", "--memory", "2g", "--work-dir", str(folder))
    registered = "Successfully registered with master"
    with (
        _running("master.Master", *_LISTEN, until=r"spark://127\.0\.0\.1:\d+") as (_, address),
        _running(*worker, address, until=registered) as (first, _),
        _running(*worker, address, until=registered) as (second, _),
    ):
        yield Cluster(address, [first, second])


@contextmanager
def _running(kind: str, *arguments: str, until: str) -> Iterator[tuple[int, str]]:
    """Run a part of the cluster; yield its process and what it logs when it is ready."""
    command: list[str | Path] = [SPARK_HOME / "bin" / "spark-class", f"org.apache.spark.deploy.{kind}", *arguments]
    environment = os.environ | ON_LOOPBACK | _DAEMON
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr  # noqa: S101  it is a pipe
        ready = next((found[0] for line in process.stderr if (found := re.search(until, line))), None)
        drain = Thread(target=process.stderr.read)
        drain.start()
        try:
            if ready is None:
                raise RuntimeError(f"{kind} ended before it was ready")
            yield process.pid, ready
        finally:
            process.terminate()
            drain.join()


def descendants(process: int) -> dict[int, str]:
    """Return the command lines of all processes below one."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
    below = {process}
    while grown := {child for child, parent in parents.items() if parent in below} - below:
        below |= grown
    found = {}
    for child in below - {process}:
        try:
            found[child] = Path("/proc", str(child), "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue
    return found
