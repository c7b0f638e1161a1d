"""Drift: what has changed is found and named; what is alike, or too little to tell, raises no alarm."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from xlsxwriter import Workbook

from model.artefact import Artefact
from model.errors import CorpusError
from tests.conftest import run_tipdesk, write_csv
from tests.test_cli import one_line
from training.cases import Case, parse_day, read_cases, split_by_day
from training.corpus import Tip
from training.drift import MIN_TIPS, N_SPLITS, Drift, _domain_auc, _psi, measure_drift

START = date(2026, 3, 2)

# A matter that nobody had told before.
NEW_MATTER = [
    f"{who}说{what}要凭骑手驿站积分卡，{trouble}，{ask}"
    for who, what, trouble, ask in product(
        ("站点", "队长", "调度", "平台客服", "同事"),
        ("午休充电", "进驿站休息", "领防暑药"),
        ("我的积分卡被清零", "积分卡刷不出来"),
        ("找谁恢复", "这合理吗"),
    )
]


@pytest.fixture(scope="module")
def cases(small_corpus: list[Tip]) -> list[Case]:
    """Cases of thirty weeks in which nothing changes: nine suggestions of ten are confirmed."""
    rng = np.random.default_rng(7)
    tips = [small_corpus[place] for place in rng.permutation(len(small_corpus))]
    wrong = {tip.desk: tips[place - 1].desk for place, tip in enumerate(tips)}
    return [
        Case(
            text=tip.text,
            day=START + timedelta(days=210 * place // len(tips)),
            desk=tip.desk,
            tip_desk=wrong[tip.desk] if rng.random() < 0.1 else tip.desk,
        )
        for place, tip in enumerate(tips)
    ]


@pytest.fixture(scope="module")
def halves(cases: list[Case]) -> tuple[list[Case], list[Case]]:
    return cases[: len(cases) // 2], cases[len(cases) // 2 :]


def verdicts(drift: Drift) -> dict[str, str]:
    return {measure.id: measure.verdict for measure in drift.measures}


def with_new_matter(cases: list[Case]) -> list[Case]:
    """Return cases of which the last 60 tell the new matter."""
    told = [replace(case, text=text) for case, text in zip(cases[-len(NEW_MATTER) :], NEW_MATTER, strict=True)]
    return [*cases[: -len(NEW_MATTER)], *told]


def write_cases(path: Path, cases: list[Case], encoding: str = "utf-8") -> Path:
    rows = [[f"{case.day:%Y/%m/%d}", case.text, case.desk or "", case.tip_desk or ""] for case in cases]
    return write_csv(path, ["date", "text", "desk", "tip_desk"], *rows, encoding=encoding)


def test_what_is_alike_raises_no_alarm(home: Path, tmp_path: Path, halves: tuple[list[Case], list[Case]]) -> None:
    reference, current = (
        write_cases(tmp_path / f"{n}.csv", cases, "gb18030" if n else "utf-8") for n, cases in enumerate(halves)
    )
    drift = json.loads(run_tipdesk("drift", reference, current, "--json", home=home).stdout)
    assert {measure["verdict"] for measure in drift["measures"]} == {"alike"}
    assert (drift["reference"]["tips"], drift["current"]["tips"]) == (260, 260)
    assert drift["new"] == drift["gone"] == []


def test_a_new_matter_is_beyond_limits_and_its_words_are_named(
    home: Path, tmp_path: Path, halves: tuple[list[Case], list[Case]], browser_page: Page
) -> None:
    table = write_cases(tmp_path / "cases.csv", [*halves[0], *with_new_matter(halves[1])])
    report = tmp_path / "new" / "report.html"
    since = str(START + timedelta(days=105))
    done = run_tipdesk("drift", table, "--since", since, "--report", report, home=home, status=3)
    assert "超限" in done.stdout.decode()
    assert "积分卡 0→60" in done.stdout.decode()
    page = report.read_text(encoding="utf-8")
    assert not any(text in page for text in [*NEW_MATTER, *(case.text for case in halves[0])])
    browser_page.goto(report.as_uri())
    assert browser_page.locator("svg").count() == 5
    assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_shifted_shares_are_beyond_limits(artefact: Artefact, halves: tuple[list[Case], list[Case]]) -> None:
    desks = {case.desk for case in halves[0][:6]}
    drift = measure_drift(artefact, halves[0], [case for case in halves[1] if case.desk in desks])
    assert drift.verdict == "act"
    assert verdicts(drift)["desks"] == verdicts(drift)["confirmed_desks"] == "act"
    gone = {share.desk for share in drift.confirmed if share.reference and not share.current}
    assert gone == {case.desk for case in halves[0]} - desks


def test_falling_agreement_is_beyond_limits(artefact: Artefact, halves: tuple[list[Case], list[Case]]) -> None:
    other = {case.desk: halves[0][place - 1].desk for place, case in enumerate(halves[0])}
    current = [replace(case, tip_desk=other[case.desk]) if n % 3 else case for n, case in enumerate(halves[1])]
    drift = measure_drift(artefact, halves[0], current)
    assert {name for name, verdict in verdicts(drift).items() if verdict == "act"} == {"agreement"}
    assert drift.period == "month"
    before = [point for point in drift.agreement if point.side == "reference"]
    after = [point for point in drift.agreement if point.side == "current"]
    assert min(point.share for point in before) > max(point.share for point in after)
    assert all(0 <= point.low <= point.share <= point.high <= 1 for point in drift.agreement)
    assert sum(point.n for point in drift.agreement) == len(halves[0]) + len(current)


def test_few_tips_raise_no_alarm(artefact: Artefact, cases: list[Case]) -> None:
    """Random halves of a hundred tips look very different; that is chance."""
    few = cases[: 2 * MIN_TIPS]
    drift = measure_drift(artefact, few[:MIN_TIPS], few[MIN_TIPS:])
    assert max(measure.value or 0 for measure in drift.measures if measure.id == "desks") > 0.1
    assert drift.verdict == "alike"


def test_fewer_are_too_few_to_tell(home: Path, tmp_path: Path, cases: list[Case]) -> None:
    reference = write_cases(tmp_path / "a.csv", cases[:MIN_TIPS])
    current = write_cases(tmp_path / "b.csv", cases[: MIN_TIPS - 1])
    said = one_line(run_tipdesk("drift", reference, current, home=home, status=1).stderr)
    assert f"{MIN_TIPS - 1} current tips are too few" in said


def test_without_desks_their_measures_are_unknown(artefact: Artefact, cases: list[Case]) -> None:
    bare = [Case(case.text) for case in cases[:120]]
    drift = measure_drift(artefact, iter(bare[:60]), iter(bare[60:]))
    assert {name for name, verdict in verdicts(drift).items() if verdict == "unknown"} == {
        "confirmed_desks",
        "agreement",
    }
    assert not drift.confirmed
    assert not drift.agreement


def test_a_desk_may_be_given_by_its_name(artefact: Artefact, cases: list[Case]) -> None:
    names = {desk.id: desk.name for desk in artefact.taxonomy.desks}
    named = [replace(case, desk=names[case.desk or ""]) for case in cases[:60]]
    drift = measure_drift(artefact, cases[60:120], named)
    assert verdicts(drift)["confirmed_desks"] == verdicts(drift)["agreement"] == "alike"
    assert all(share.desk or not share.current for share in drift.confirmed)


def test_names_of_persons_are_no_words(artefact: Artefact, halves: tuple[list[Case], list[Case]]) -> None:
    told = [replace(case, text=f"老板叫欧阳铁柱，{case.text}，铁柱扣钱") for case in halves[1]]
    drift = measure_drift(artefact, halves[0], told)
    assert drift.new
    assert not any("铁柱" in term.text or "欧阳" in term.text for term in drift.new)


def test_any_text_is_taken(artefact: Artefact) -> None:
    hostile = ["\x00\x00", "\udcff\udcfe", "\u202e倒过来", "<script>alert(1)</script>", "😀", "...", "欠", ""]
    cases = [Case(text, desk="<b>无此席</b>") for text in [*hostile * 9, "欠" * 100_000]]
    drift = measure_drift(artefact, cases, cases)
    assert drift.verdict == "alike"
    assert drift.reference.blank == 9
    assert [share.reference for share in drift.confirmed if share.desk is None] == [1.0]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-03", "2026-11-03 09:12:00", "2026-11-03T09:12:00+08:00", "2026/11/3", " 2026/11/3 9:12", "2026.11.3",
        "20261103", "2026年11月3日", "２０２６年１１月３日", "2026 年 11 月 3 日 上午",
        "46329", "46329.38",
    ],
)  # fmt: skip
def test_days_as_offices_write_them(cell: str) -> None:
    assert parse_day(cell) == date(2026, 11, 3)


@pytest.mark.parametrize("cell", ["", "昨天", "2026-13-40", "3.5", "nan", "inf", "1e400", "11/3/2026"])
def test_what_states_no_day_is_none(cell: str) -> None:
    assert parse_day(cell) is None


def test_a_spreadsheet_is_read_as_the_table_that_it_is(tmp_path: Path) -> None:
    path = tmp_path / "工单.xlsx"
    with Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "yyyy/m/d"})
        for row, cells in enumerate(
            [["诉求内容", "日期", "受理席", "tip_desk"], ["欠薪三个月", None, "a", "b"], [12351]]
        ):
            sheet.write_row(row, 0, cells)
        sheet.write_datetime(1, 1, datetime(2026, 11, 3), day)
    assert read_cases(path, "诉求内容", "日期") == [
        Case("欠薪三个月", date(2026, 11, 3), "a", "b"),
        Case("12351", None, None, None),
    ]


def test_rows_without_a_day_are_on_neither_side_and_counted() -> None:
    cases = [Case("a", date(2026, 1, 1)), Case("b"), Case("c", date(2026, 2, 1)), Case("d", date(2026, 3, 1))]
    before, after, undated = split_by_day(cases, date(2026, 2, 1))
    assert ([case.text for case in before], [case.text for case in after], undated) == (["a"], ["c", "d"], 1)


def test_errors_are_one_line(home: Path, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "a.csv", ["内容"], ["欠薪"])
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 and no more")
    no_text = tmp_path / "no_text.csv"
    no_text.write_bytes(b"text\n\xff\xff")
    unclosed = tmp_path / "unclosed.csv"
    unclosed.write_text('text\nfirst\n"never closed\n', encoding="utf-8")
    for path, said in (
        (table, "no column 'text'; found 内容"),
        (broken, "cannot be read as XLSX"),
        (no_text, "UTF-8"),
        (unclosed, "row 3"),
        (tmp_path / "missing.csv", "expected a CSV or XLSX file"),
        (tmp_path, "expected a CSV or XLSX file"),
    ):
        with pytest.raises(CorpusError, match=said):
            read_cases(path)
    assert "--text-column" in one_line(run_tipdesk("drift", table, table, home=home, status=1).stderr)


def test_usage(home: Path, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "a.csv", ["text", "date"], ["欠薪", "2026-11-03"])
    run_tipdesk("drift", table, home=home, status=2)
    run_tipdesk("drift", table, "--since", "yesterday", home=home, status=2)


def test_psi_by_hand() -> None:
    """With 9.5 + 0.5 and 29.5 + 0.5 of 40 against halves: (0.25 - 0.5) ln 0.5 + (0.75 - 0.5) ln 1.5 = 0.2747."""
    bins = np.repeat(np.eye(2), [29, 49], axis=0)
    splits = np.repeat([[1.0], [0.0], [1.0], [0.0]], [9, 20, 29, 20], axis=0).astype(np.float32)
    current, reference = np.array([9.5, 29.5]) / 39, np.array([20.5, 20.5]) / 41
    expected = ((current - reference) * np.log(current / reference)).sum()
    assert _psi(bins, splits) == pytest.approx([expected])
    assert expected == pytest.approx(0.2747, abs=0.02)


def test_the_classifier_tells_apart_what_differs_and_no_more() -> None:
    from scipy.sparse import csr_array

    rng = np.random.default_rng(0)
    values = rng.random((200, 30))
    is_current = np.arange(200) < 100
    alike = _domain_auc(csr_array(values), is_current, rng)
    values[is_current, 0] += 1
    apart = _domain_auc(csr_array(values), is_current, rng)
    assert alike.shape == (1 + N_SPLITS,)
    assert alike[0] <= alike[1:].max() < 0.75
    assert apart[0] > 0.95 > apart[1:].max()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A page that may ask nobody for anything."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert all(url.startswith("file:") for url in asked)
