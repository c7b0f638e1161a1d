"""标注 and 模型: a data clerk labels, trains, compares, promotes, against the gate too, and goes back."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from model.registry import CHAMPION, Registry
from model.router import Router
from service.console.pages.review import DESK_KEYS
from service.store import cases, review
from service.store.cases import NewCase
from service.store.numbers import format_number
from service.store.vocabulary import Channel, Role
from tests.accounts import settings_of
from tests.conftest import DATA, write_csv
from tests.console import Console, PageAs, check_page, serving
from training.corpus import Tip

LONG_MS = 600_000  # a training, or the gate, while other processes have the processors
N = 10


@pytest.fixture(scope="module")
def folder(small_corpus: list[Tip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service runs: the shipped data, but a small corpus, and golden tips that a small model passes too."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "data").mkdir()
    for path in DATA.iterdir():
        if path.name not in ("corpus", "golden.csv"):
            (folder / "data" / path.name).symlink_to(path)
    (folder / "data" / "corpus").mkdir()
    write_csv(folder / "data" / "corpus" / "small.csv", ["text", "desk"], *([t.text, t.desk] for t in small_corpus))
    write_csv(folder / "data" / "golden.csv", ["text", "desk"], ["老板拖欠我们三个月工资", "wages"])
    return folder


@pytest.fixture(scope="module")
def console(
    home: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Console]:
    """A service with a registry of its own."""
    own_home = tmp_path_factory.mktemp("models")
    shutil.copytree(home / "models", own_home / "models")
    settings = settings_of(own_home, tmp_path_factory.mktemp("store"), sqlite_template)
    with serving(settings, cwd=folder) as running:
        yield running


@pytest.fixture(scope="module")
def unclear(console: Console, router: Router, corpus: list[Tip], small_corpus: list[Tip]) -> dict[str, Tip]:
    """Cases that the model leaves to a person, by number."""
    known = {tip.text for tip in small_corpus}
    new = [tip for tip in corpus if tip.text not in known and 20 < len(tip.text) < 80][::37][:200]
    chosen = [
        (tip, routing)
        for tip, routing in zip(new, router.route([tip.text for tip in new]), strict=True)
        if routing.decision == "review"
    ][: N + 1]
    made = {}
    with console.database.writing() as session:
        for tip, routing in chosen:
            case, _ = cases.create(session, NewCase(tip.text, Channel.PHONE), routing, router, by="test")
            made[format_number(case.id)] = tip
    assert len(made) == N + 1
    return made


def press(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_clerk_labels_trains_compares_and_promotes(
    page_as: PageAs, console: Console, folder: Path, unclear: dict[str, Tip], router: Router, corpus: list[Tip]
) -> None:
    page = page_as(Role.DATA, "/review", fails=True)
    page.set_default_timeout(LONG_MS)
    key_of = dict(zip(router.desks, DESK_KEYS, strict=False))
    check_page(page)
    number = page.locator("article h2")
    skipped = number.inner_text()
    page.evaluate("localStorage.setItem('tipdesk.single-keys', 'off')")
    page.keyboard.press("x")
    expect(number).to_have_text(skipped)
    page.evaluate("localStorage.removeItem('tipdesk.single-keys')")
    press(page, "x")
    assert page.get_by_text("模型建议", exact=True).count() == 0
    other = next(desk for desk in router.desks if desk != unclear[number.inner_text()].desk)
    page.keyboard.press(f"Shift+{'Digit' if key_of[other].isdigit() else 'Key'}{key_of[other].upper()}")
    page.keyboard.press("j")
    for _ in range(N):
        press(page, key_of[unclear[number.inner_text()].desk])
    expect(page.locator("main")).to_contain_text("后面没有了")
    expect(page.get_by_label("上一条")).to_contain_text("模型建议")
    press(page, "z")
    expect(page.get_by_role("status").first).to_contain_text("已撤销")
    last = number.inner_text()
    press(page, key_of[unclear[last].desk])
    check_page(page)
    with console.database.reading() as session:
        assert review.progress(session)[0].total == N

    page.get_by_role("link", name="模型", exact=True).click()
    check_page(page)
    page.get_by_role("link", name="训练", exact=True).click()
    check_page(page)
    page.get_by_role("button", name="开始训练").click()
    expect(page.locator("progress")).to_be_visible()
    check_page(page)
    job = page.url
    page.goto(f"{console.address}/models/train")
    page.get_by_role("button", name="开始训练").click()
    expect(page.get_by_role("alert")).to_contain_text("已有一次训练在进行")
    page.goto(job)
    expect(page.get_by_role("heading", name="训练出了")).to_be_visible(timeout=LONG_MS)
    expect(page.locator("main")).to_contain_text(f"自有 {N} 条")
    check_page(page)
    page.get_by_role("link", name="看看变了什么").click()
    check_page(page)

    page.get_by_role("link", name="比较", exact=True).first.click()
    check_page(page)
    table = write_csv(folder / "未学过.csv", ["text", "desk"], *held_out(corpus, unclear))
    page.get_by_label("标注过的诉求表格").set_input_files(table)
    page.get_by_role("button", name="比较").click()
    expect(page.get_by_role("button", name="发布 B")).to_be_visible(timeout=LONG_MS)
    check_page(page)

    (folder / "data" / "golden.csv").rename(folder / "golden.csv")
    write_csv(folder / "data" / "golden.csv", ["text", "desk"], ["老板拖欠我们三个月工资", "other"])
    page.get_by_role("button", name="发布 B").click()
    expect(page.get_by_role("alert")).to_contain_text("必过例句派错 1 条")
    check_page(page)
    page.get_by_label("理由（必填）").fill("例句写错了")
    page.get_by_role("button", name="强制发布").click()
    expect(page.get_by_role("status").first).to_have_text("已发布，两秒内换上。")
    registry = Registry.of_home(folder_of(console))
    promoted = registry.aliases()[CHAMPION]
    page.get_by_role("link", name="发布记录").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("例句写错了")
    check_page(page)
    page.get_by_role("link", name="版本", exact=True).click()
    page.get_by_text("回到这个模型").click()
    page.get_by_role("button", name="回退").click()
    expect(page.get_by_role("status").first).to_contain_text("已回到上一个模型")
    assert registry.aliases()[CHAMPION] != promoted


def held_out(corpus: list[Tip], learned: dict[str, Tip]) -> list[list[str]]:
    """Return some tips of each desk that no model here has learned from."""
    known = {tip.text for tip in learned.values()}
    chosen: defaultdict[str, list[list[str]]] = defaultdict(list)
    for tip in reversed(corpus):
        if len(chosen[tip.desk]) < 3 and tip.text not in known:
            chosen[tip.desk].append([tip.text, tip.desk])
    return [row for rows in chosen.values() for row in rows]


def folder_of(console: Console) -> Path:
    return Path(str(console.database.url.database)).parent
