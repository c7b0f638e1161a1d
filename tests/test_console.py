"""The console in a real browser: real headless Chromium against a real server on a real port."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from model.routing import Evidence
from service.console.highlight import highlight
from tests.conftest import ROOT, TIPDESK
from tests.console import free_port, wait_until_it_answers, watch

TIP = "市民来电反映：其在开发区一家电子厂上班，老板拖欠三个月工资，一共十二个人，请劳动监察部门核实处理。"
HOSTILE = (
    "<script>document.title='broken'</script><img src=x onerror=alert(1)>{{ 7*7 }} \u202e倒过来 😀𠮷\x01 "
    + "老板拖欠工资" * 400
    + "\n" * 200
    + "a" * 3000
)


@pytest.fixture(scope="module")
def address(shipped_home: Path) -> Iterator[str]:
    port = free_port()
    environment = {"PATH": "/usr/bin:/bin", "TIPDESK_HOME": str(shipped_home), "TIPDESK_AUTH": "off", "LANG": "C.UTF-8"}
    command = [str(TIPDESK), "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE) as server:
        try:
            wait_until_it_answers(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that must raise no error, write nothing to its console and ask nobody but the service."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    complaints: list[str] = []

    watch(page, address, complaints)
    yield page
    context.close()
    assert complaints == []


def test_a_tip_is_routed_while_it_is_typed(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(TIP)
    expect(page.locator(".desk strong")).to_have_text("工资报酬")
    assert page.locator(".candidates > .candidate").count() >= 3
    expect(page.locator("mark.s3").first).to_be_visible()
    assert page.locator("#evidence").inner_text() == TIP
    expect(page.locator("#text")).to_be_focused()


def test_an_operator_sees_danger_first_and_what_is_still_to_be_asked(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("#text", "老板拖欠我们十二个人三个月工资，一直没签合同，今天有人说要跳楼")
    expect(page.locator(".urgency.critical")).to_contain_text("跳")
    assert page.locator("#answer > :not(input)").first.get_attribute("class") == "urgency critical"
    expect(page.locator(".questions")).to_contain_text("请问单位全称叫什么？")
    expect(page.locator(".questions")).not_to_contain_text("有多少人")
    expect(page.locator(".told")).to_contain_text("十二个人")
    expect(page.locator("#law li").first).to_be_attached()
    page.fill("#text", "在长沙市鸿达电子厂上班，请问年假怎么算")
    expect(page.locator(".questions")).not_to_contain_text("请问单位全称叫什么？")
    expect(page.locator(".urgency")).to_have_count(0)


def test_a_pasted_tip_replaces_the_suggestion(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("#text", TIP)
    expect(page.locator(".desk strong")).to_have_text("工资报酬")
    page.fill("#text", "在工地摔断了腿，老板不肯报工伤，工伤认定怎么申请")
    expect(page.locator(".desk strong")).to_have_text("工伤与职业病待遇")
    page.fill("#text", "")
    expect(page.locator("#suggestion .empty")).to_be_visible()


def test_nothing_is_asked_while_an_input_method_composes(page: Page, address: str) -> None:
    page.goto(address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "suggestion" in request.url else None)
    client = page.context.new_cdp_session(page)
    page.focus("#text")
    client.send("Input.imeSetComposition", {"text": "gongzi", "selectionStart": 6, "selectionEnd": 6})
    expect(page.locator("#text")).to_have_value("gongzi")
    with page.expect_response("**/suggestion"):
        client.send("Input.insertText", {"text": "工资没有发"})
    expect(page.locator("#text")).to_have_value("工资没有发")
    expect(page.locator("#evidence")).to_have_text("工资没有发")
    assert len(asked) == 1


def test_hostile_text_is_shown_not_run(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("#text", HOSTILE)
    expect(page.locator(".desk")).to_be_visible()
    assert page.title() == "分派 · 分派台"
    shown = page.locator("#evidence").inner_text()
    assert "<script>" in shown
    assert "{{ 7*7 }}" in shown
    assert page.locator("#evidence img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("width", "height"), [(1366, 768), (1920, 1080), (683, 384)], ids=["small", "large", "zoom 200%"]
)
def test_nothing_runs_out_of_the_screen_sideways(page: Page, address: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)
    page.fill("#text", HOSTILE)
    expect(page.locator(".desk")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_javascript_the_form_still_routes(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.fill("#text", TIP)
    page.get_by_role("button", name="更新建议").click()
    assert page.locator(".desk strong").inner_text() == "工资报酬"
    assert page.locator("#text").input_value() == TIP
    context.close()


def test_a_server_that_is_gone_is_said_and_the_text_stays(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    context.set_offline(True)
    page.fill("#text", TIP)
    expect(page.locator("#waiting")).to_contain_text("稍后自动重试")
    assert page.locator("#text").input_value() == TIP
    context.set_offline(False)
    expect(page.locator(".desk strong")).to_have_text("工资报酬")
    context.close()


def test_the_api_docs_work_without_internet(page: Page, address: str) -> None:
    page.goto(f"{address}/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    assert page.locator(".opblock").count() >= 5


def test_highlighting_keeps_the_text_whole() -> None:
    text = "老板拖欠工资"
    pieces = highlight(text, [Evidence(4, 6, "工资", 3.0), Evidence(0, 2, "老板", 1.0), Evidence(2, 4, "拖欠", -1.0)])
    assert "".join(piece.text for piece in pieces) == text
    assert [(piece.text, piece.strength, piece.percent) for piece in pieces] == [
        ("老板", 1, 25),
        ("拖欠", 0, 0),
        ("工资", 3, 75),
    ]


def test_highlighting_without_evidence_marks_nothing() -> None:
    assert [(piece.text, piece.strength) for piece in highlight("hello\u202e", [])] == [("hello\ufffd", 0)]
