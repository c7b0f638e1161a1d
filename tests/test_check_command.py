"""`tipdesk check` as clerks run it."""

import json
from pathlib import Path

from tests.conftest import read_csv, run_tipdesk, write_csv
from training.corpus import Tip


def test_a_clean_corpus_is_sound_and_told_of_in_chinese(home: Path, tmp_path: Path, small_corpus: list[Tip]) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "desk"], *([tip.text, tip.desk] for tip in small_corpus))
    done = run_tipdesk("check", path, "--report", tmp_path / "report.html", home=home)
    said = done.stdout.decode()
    assert f"共 {len(small_corpus)} 条" in said
    assert "0 处错误" in said
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "0 处错误" in page
    assert "<svg" in page
    assert "现用模型占比" in page


def test_few_and_hostile_rows_are_checked_too(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv",
        ["内容", "类别"],
        ["<script>alert(1)</script>[bold]欠薪\x1b[2J 电话13812345678", "工资报酬"],
        ["老板欠薪三个月", "工资报酬"],
        ["老板欠薪三个月。", "劳动合同"],
        encoding="gbk",
    )
    fixed, page = tmp_path / "fixed", tmp_path / "report.html"
    done = run_tipdesk(
        "check", path, "--against", path, "--fix", fixed, "--report", page, "--json", home=tmp_path, status=5
    )
    found = json.loads(done.stdout)
    assert {problem["kind"] for problem in found} >= {
        "conflicting_desk",
        "leak",
        "rare_desk",
        "personal_data",
        "masked",
    }
    assert len(read_csv(fixed / "a.csv")) == 3
    html = page.read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "13812345678" not in html
    said = run_tipdesk("check", path, home=tmp_path, status=5).stdout
    assert "没有检查受理席是否标错" in said.decode()
    assert b"\x1b" not in said


def test_an_unreadable_workbook_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 broken")
    done = run_tipdesk("check", tmp_path / "a.xlsx", home=tmp_path, status=1)
    assert len(done.stderr.decode().strip().splitlines()) == 1
