"""Files as offices have them: each is scored to its last row, or refused in one line."""

from pathlib import Path

import pytest

from benchmarks.batch.awkward import Case, awkward_files, try_file

CASES = list(awkward_files(seed=1, full_sheet=1500))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_an_awkward_file_is_scored_or_refused(case: Case, model: Path, tmp_path: Path) -> None:
    outcome, is_right = try_file(model, case, tmp_path / "files")
    assert is_right, outcome
