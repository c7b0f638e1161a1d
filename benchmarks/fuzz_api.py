"""`python -m benchmarks.fuzz_api`: requests of every shape that the OpenAPI document allows and forbids, as each role.

Schemathesis sends them to a real server with accounts on, rate limits out of the way, and all its checks. Each role is
a key with the role's permissions; left out by name is what would revoke it or train models. Exit status 1 when a check
fails.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.speed.service import wait_for
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from service.access import PERMISSIONS
from service.settings import Settings
from service.store import keys
from service.store.database import Database
from service.store.vocabulary import Role

_PORT = 8703
LEFT_OUT = ("DELETE /v1/keys/{key_id}", "POST /v1/jobs")
"""What would revoke the key, and what would train models for hours."""

_ACCEPTED = ["2xx", "401", "403", "404", "409", "412", "422"]
"""How a well-formed request may be answered: 422 where the model knows no such desk or a cursor is none."""

CONFIG = f"""
continue-on-failure = true
[generation]
with-security-parameters = false  # else most requests would show a made-up key and get no further
[checks.positive_data_acceptance]
expected-statuses = {json.dumps(_ACCEPTED)}
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
[checks.missing_required_header]
expected-statuses = ["401", "403", "428"]
[[operations]]
include-name = "POST /v1/session"
[operations.checks.positive_data_acceptance]
expected-statuses = {json.dumps([*_ACCEPTED, "429"])}  # who guessed passwords too often has to wait
"""


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """Run the service on a store of its own."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "service.app:create_app_from_environment"]
    environment = {**os.environ, "TIPDESK_HOME": str(home), "TIPDESK_RATE_LIMIT_PER_MINUTE": "1000000"}
    with subprocess.Popen(
        [*command, "--port", str(_PORT), "--log-level", "warning", "--no-access-log"], env=environment
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{_PORT}/healthz/live")
            yield
        finally:
            server.terminate()


def issue_key(home: Path, role: Role) -> str:
    """Return a new key that may do what `role` may."""
    database = Database.of_settings(Settings(home=home))
    with database.writing() as session:
        _, key = keys.issue(session, role, PERMISSIONS[role], by="benchmarks.fuzz_api")
    database.close()
    return key


def main() -> int:
    """Send the requests; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="whose champion serves")
    parser.add_argument("--examples", type=int, default=150, help="a route and role; 150 make some 20,000 requests")
    parser.add_argument("--roles", nargs="*", type=Role, default=list(Role))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        # The champion alone: what is sent may promote and roll back.
        champion = Registry.of_home(arguments.home).path(CHAMPION)
        shutil.copytree(champion, home / "models" / "versions" / champion.name)
        Registry.of_home(home).promote(champion.name)
        config = home / "schemathesis.toml"
        config.write_text(CONFIG, encoding="utf-8")
        with serving(home):
            for role in arguments.roles:
                key = issue_key(home, role)
                command = [
                    str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run",
                    f"http://127.0.0.1:{_PORT}/openapi.json", "--checks", "all", "--no-color",
                    "--seed", str(arguments.seed), "--max-examples", str(arguments.examples),
                    "--header", f"Authorization: Bearer {key}",
                    *(option for name in LEFT_OUT for option in ("--exclude-name", name)),
                ]  # fmt: skip
                sys.stdout.write(f"\n== {role}\n")
                sys.stdout.flush()
                status |= subprocess.run(command, check=False, cwd=home).returncode
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
