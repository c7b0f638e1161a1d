"""Who may import whom, and what the face of `model` shows."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import model as model_package
from tests.conftest import ROOT

ALLOWED = {"model": {"model"}, "training": {"training", "model"}, "service": {"service", "model"}}
ASSEMBLES_THE_COMMAND = ROOT / "service" / "cli.py"
FILES = [path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py"))]


def imported_packages(path: Path) -> set[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.append(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_floor_plan(path: Path) -> None:
    """service -> model <- training; service/cli.py alone joins service and training."""
    ours = imported_packages(path) & set(ALLOWED)
    allowed = set(ALLOWED) if path == ASSEMBLES_THE_COMMAND else ALLOWED[path.relative_to(ROOT).parts[0]]
    assert ours <= allowed


def test_batch_scoring_knows_nothing_of_http() -> None:
    for path in (ROOT / "service" / "batch").glob("*.py"):
        assert not imported_packages(path) & {"fastapi", "starlette", "uvicorn", "pydantic"}


@pytest.mark.parametrize("package", ["model", "service.batch.score"])
def test_scoring_needs_no_training_library(package: str) -> None:
    """Routing starts without scikit-learn, pandas or FastAPI."""
    code = f"import sys, {package}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"sklearn", "pandas", "fastapi", "jieba", "yaml"} & set(loaded.split())


def test_all_is_true() -> None:
    assert all(hasattr(model_package, name) for name in model_package.__all__)
    assert sorted(model_package.__all__) == model_package.__all__


def test_no_code_names_a_desk() -> None:
    """Desks are data: renaming one must not need a code change."""
    desks = {"wages", "hours", "contract", "injury", "insurance", "women", "gig", "union", "hardship", "employment"}
    for path in FILES:
        strings = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not desks & set(strings), path
