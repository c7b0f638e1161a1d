"""Pictures of every page of the console, at two sizes, light and dark, with a hotline's half year of cases.

``python -m benchmarks.screenshots`` writes them below ``var/screenshots``, and those that the README shows to
``docs/screenshots``.
"""

import shutil
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.hotline import read_tips, running_hotline
from service.store.vocabulary import Role
from tests.console import CHROMIUM, FLAGS, Console

FOLDER, SHOWN = Path("var/screenshots"), Path("docs/screenshots")
_PEOPLE = {Role.OPERATOR: "王芳", Role.DATA: "李敏", Role.ADMIN: "赵工", Role.VIEWER: "陈主任"}
_SIZES = [(1366, 768), (1920, 1080)]
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_N_CASES = 300
_TIP = (
    "我在长沙县一家模具厂上班，老板拖欠我们十二个人三个月工资，每人一万二左右，一直没签合同，"
    "打电话不接，去厂里门也锁了。今天有人说再不给钱就要去跳楼，你们快帮帮忙。"
)
_UNCLEAR = "喂？hello？"


def _nothing(page: Page) -> None:
    pass


def _type(tip: str) -> Callable[[Page], None]:
    def type_tip(page: Page) -> None:
        page.fill("#text", tip)
        page.wait_for_selector(".verdict")
        page.wait_for_timeout(500)

    return type_tip


def _open_desks(page: Page) -> None:
    _type(_TIP)(page)
    page.keyboard.press("Alt+0")
    page.keyboard.type("gs")


def _confirm(page: Page) -> None:
    _type(_TIP)(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".confirmed")


def _first_case(page: Page) -> None:
    page.locator("table.cases tbody th a").first.click()
    page.wait_for_selector(".history")


def _first_version(page: Page) -> None:
    page.locator(".heads a").first.click()
    page.wait_for_selector("h1")


def _upload(page: Page) -> None:
    rows = "".join(f"{n},王某,{tip.text!r}\n" for n, tip in enumerate(read_tips(80), 1))
    content = f"编号,来电人,情况说明\n{rows}".encode("gbk", "replace")
    page.set_input_files("#table", {"name": "十一月积压.csv", "mimeType": "text/csv", "buffer": content})
    page.click("#upload-form button")
    page.wait_for_selector(".preview")


def _score(page: Page) -> None:
    _upload(page)
    page.select_option("#column", "情况说明")
    page.click("text=开始分派")
    page.wait_for_selector("text=下载结果", timeout=120_000)


def _issue_key(page: Page) -> None:
    page.fill("#name", "呼叫中心")
    page.check("input[value=route]")
    page.click("text=发放密钥")
    page.wait_for_selector("#key")


def _compare(page: Page) -> None:
    rows = "".join(f'"{tip.text}",{tip.desk}\n' for tip in read_tips(300) if '"' not in tip.text)
    page.set_input_files(
        "#data", {"name": "已确认.csv", "mimeType": "text/csv", "buffer": f"text,desk\n{rows}".encode()}
    )
    page.click("button:has-text('比较')")
    page.wait_for_selector("text=各受理席", timeout=120_000)


def _drift(page: Page) -> None:
    page.click("text=看看")
    page.wait_for_selector("text=已完成", timeout=120_000)


def _open_keys(page: Page) -> None:
    page.locator("h1").first.wait_for(state="attached")
    page.keyboard.press("?")
    page.wait_for_selector("#shortcuts[open]")


PAGES: list[tuple[str, Role | None, str, Callable[[Page], None]]] = [
    ("login", None, "/login", _nothing),
    ("route-empty", Role.OPERATOR, "/", _nothing),
    ("route", Role.OPERATOR, "/", _type(_TIP)),
    ("route-unclear", Role.OPERATOR, "/", _type(_UNCLEAR)),
    ("route-desks", Role.OPERATOR, "/", _open_desks),
    ("cases", Role.OPERATOR, "/cases", _nothing),
    ("cases-overdue", Role.OPERATOR, "/cases?overdue=true&order=due", _nothing),
    ("case", Role.OPERATOR, "/cases?status=in_progress", _first_case),
    ("case-closed", Role.OPERATOR, "/cases?status=closed", _first_case),
    ("statistics", Role.VIEWER, "/statistics", _nothing),
    ("quarter", Role.VIEWER, "/statistics/quarter", _nothing),
    ("review", Role.DATA, "/review", _nothing),
    ("review-disagreements", Role.DATA, "/review/disagreements", _nothing),
    ("models", Role.DATA, "/models", _nothing),
    ("model", Role.DATA, "/models", _first_version),
    ("model-history", Role.DATA, "/models/history", _nothing),
    ("train", Role.DATA, "/models/train", _nothing),
    ("compare", Role.DATA, "/models/compare", _compare),
    ("drift", Role.DATA, "/models/drift", _drift),
    ("batch", Role.OPERATOR, "/batch", _upload),
    ("batch-done", Role.OPERATOR, "/batch", _score),
    ("batches", Role.OPERATOR, "/batch", _nothing),
    ("users", Role.ADMIN, "/admin/users", _nothing),
    ("keys", Role.ADMIN, "/admin/keys", _issue_key),
    ("webhooks", Role.ADMIN, "/admin/webhooks", _nothing),
    ("retention", Role.ADMIN, "/admin/retention", _nothing),
    ("audit", Role.ADMIN, "/admin/audit", _nothing),
    ("settings", Role.ADMIN, "/admin/settings", _nothing),
    ("help", Role.VIEWER, "/help", _nothing),
    ("help-keys", Role.VIEWER, "/", _open_keys),
    ("problem", Role.VIEWER, "/nowhere", _nothing),
    ("route-confirmed", Role.OPERATOR, "/", _confirm),  # the only one that leaves cases behind
]
"""Name, who looks, where, and what is done there before the picture is taken."""

_SHOWN = ["route-1366-light", "cases-1366-light", "statistics-1366-dark"]


def take(browser: Browser, console: Console, only: set[str]) -> int:
    """Take the pictures of the pages named, or of all; return how many."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    taken = 0
    for name, role, path, prepare in PAGES:
        for (width, height), scheme in product(_SIZES, _SCHEMES):
            if not only or name in only:
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="zh-CN"
                )
                if role is not None:
                    context.add_cookies([console.cookie_of(_PEOPLE[role], role)])
                page = context.new_page()
                page.goto(console.address + path)
                prepare(page)
                page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png")
                context.close()
                taken += 1
    return taken


def main() -> None:
    """Take the pictures of the pages that the arguments name, or of all."""
    with running_hotline(_N_CASES) as console, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        n_taken = take(browser, console, set(sys.argv[1:]))
        browser.close()
    SHOWN.mkdir(parents=True, exist_ok=True)
    for name in _SHOWN:
        if (FOLDER / f"{name}.png").exists():
            shutil.copy(FOLDER / f"{name}.png", SHOWN / f"{name}.png")
    sys.stdout.write(f"{n_taken} pictures in {FOLDER}\n")


if __name__ == "__main__":
    main()
