"""Twenty promotions under load: ``python -m benchmarks.promotions``.

A real server routes single tips for a minute, on eight connections without a pause, while two versions take turns as
the champion twenty times. Asked: no request fails, no answer is without a model version, every promotion serves within
two seconds, and the server's memory has not grown by more than 5%. Exit status 1 if one of these is not so.

The versions have the same user words. Where they differ the memory grows by some 16 MB at the first exchange, and no
more after that: so much rjieba keeps of the dictionary that it reads when it is imported.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.speed.load import post_request
from benchmarks.speed.service import CONNECTIONS, wait_for
from model.artefact import Artefact, load_artefact
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from training.corpus import read_corpus, read_taxonomy

PROMOTIONS, SECONDS = 20, 60
_CALM_S = 10  # of load alone, before the first promotion and after the last
_SETTLE_S = 3
_SERVES_WITHIN_S, _MEMORY = 2.0, 0.05
_PORT = 8704
_TEXTS = 5000
TIPDESK = Path(sys.executable).with_name("tipdesk")
DATA = Path("data")


@dataclass
class Seen:
    """What the clients saw: requests by outcome, latencies in ms, and when a version answered first."""

    failed: int = 0
    without_version: int = 0
    latencies: list[float] = field(default_factory=list)
    first_answer: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a run came to; memory in MB, delays in seconds from a promotion to its first answer."""

    seen: Seen
    delays: list[float]
    before: dict[str, float]
    after: dict[str, float]

    @property
    def growth(self) -> float:
        """By how much of itself the memory grew."""
        return self.after["VmRSS"] / self.before["VmRSS"] - 1

    @property
    def is_fine(self) -> bool:
        """Whether all that is asked is so."""
        seen, slowest = self.seen, max(self.delays)
        return not seen.failed + seen.without_version and slowest <= _SERVES_WITHIN_S and self.growth <= _MEMORY


def main() -> int:
    """Measure, and print what was found; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="whose champion serves")
    artefact = load_artefact(Registry.of_home(parser.parse_args().home).path(CHAMPION))
    tips, _ = read_corpus([DATA / "corpus"], read_taxonomy(DATA / "desks.yaml"))
    texts = [tip.text for tip in random.Random(0).sample(tips, _TEXTS)]
    same = replace(artefact, manifest=replace(artefact.manifest, metrics={**artefact.manifest.metrics, "n": 0}))
    outcome = run([artefact, same], texts)
    show(outcome)
    return int(not outcome.is_fine)


def run(artefacts: list[Artefact], texts: list[str]) -> Outcome:
    """Return what clients of a server saw while the two took turns."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry.of_home(Path(folder))
        versions = [registry.add(artefact) for artefact in artefacts]
        registry.promote(versions[0])
        with serving(Path(folder)) as server:
            return asyncio.run(put_load_on(server.pid, registry, versions, texts))


@contextmanager
def serving(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``tipdesk serve`` on a store of its own."""
    environment = {**os.environ, "TIPDESK_HOME": str(home), "TIPDESK_AUTH": "off"}
    with subprocess.Popen([TIPDESK, "serve", "--port", str(_PORT)], env=environment) as server:
        try:
            wait_for(f"http://127.0.0.1:{_PORT}/healthz/live")
            yield server
        finally:
            server.terminate()


async def put_load_on(pid: int, registry: Registry, versions: list[str], texts: list[str]) -> Outcome:
    """Keep clients sending while the versions take turns."""
    requests = [post_request("/v1/route", {"text": text}) for text in texts]
    await send(requests, Seen(), _CALM_S)
    await asyncio.sleep(_SETTLE_S)
    before, seen, delays = memory_of(pid), Seen(), []
    load = asyncio.create_task(send(requests, seen, SECONDS))
    began = perf_counter()
    for number in range(PROMOTIONS):
        await asyncio.sleep(max(0, began + number * (SECONDS - _CALM_S) / PROMOTIONS - perf_counter()))
        version = versions[(number + 1) % 2]
        await asyncio.to_thread(registry.promote, version)
        promoted = perf_counter()
        seen.first_answer.pop(version, None)
        while version not in seen.first_answer and not load.done():
            await asyncio.sleep(0.01)
        delays.append(seen.first_answer.get(version, float("inf")) - promoted)
    await load
    await asyncio.sleep(_SETTLE_S)
    return Outcome(seen, delays, before, memory_of(pid))


async def send(requests: list[bytes], seen: Seen, seconds: float) -> None:
    """Send requests on all connections, one after the other on each, for so long."""
    until = perf_counter() + seconds
    waiting = iter(requests * 1000)  # more than can be sent

    async def send_in_turn() -> None:
        writer: asyncio.StreamWriter | None = None
        while perf_counter() < until:
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", _PORT)
                began = perf_counter()
                writer.write(next(waiting))
                status, body = await read_answer(reader)
            except (OSError, EOFError, asyncio.LimitOverrunError):
                seen.failed += 1
                writer = None
                continue
            now = perf_counter()
            seen.latencies.append(1e3 * (now - began))
            if status != 200:
                seen.failed += 1
            elif version := json.loads(body).get("model_version"):
                seen.first_answer.setdefault(version, now)
            else:
                seen.without_version += 1
        if writer is not None:
            writer.close()

    await asyncio.gather(*(send_in_turn() for _ in range(CONNECTIONS)))


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    return int(head.split(b" ", 2)[1]), await reader.readexactly(int(length))


def memory_of(pid: int) -> dict[str, float]:
    """Return what a process holds in memory, in MB: all of it, and what is its own."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {
        name: int(rest.split()[0]) / 1024
        for name, _, rest in (line.partition(":") for line in lines)
        if name in ("VmRSS", "RssAnon")
    }


def show(outcome: Outcome) -> None:
    """Print what was found."""
    seen, before, after = outcome.seen, outcome.before, outcome.after
    latencies = sorted(seen.latencies)
    p50, p99 = (latencies[len(latencies) * percent // 100] for percent in (50, 99))
    table = Table("", "found", "asked", title=f"{SECONDS} s of load, {PROMOTIONS} promotions")
    table.add_row("requests", f"{len(latencies):,}")
    table.add_row("failed", str(seen.failed), "0")
    table.add_row("without a model version", str(seen.without_version), "0")
    table.add_row("latency, p50, p99, slowest", f"{p50:.1f}, {p99:.1f}, {latencies[-1]:.1f} ms")
    table.add_row("promotion to first answer, longest", f"{max(outcome.delays):.2f} s", f"<= {_SERVES_WITHIN_S:g} s")
    table.add_row("memory before, after", f"{before['VmRSS']:.0f}, {after['VmRSS']:.0f} MB")
    table.add_row("of it not shared", f"{before['RssAnon']:.0f}, {after['RssAnon']:.0f} MB")
    table.add_row("growth", f"{outcome.growth:+.1%}", f"<= {_MEMORY:.0%}")
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
