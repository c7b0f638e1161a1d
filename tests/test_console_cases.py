"""工单 and 统计 in a real browser: cases are found, changed by who saw them last, rated, exported and counted."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from model.router import Router
from service.store import cases
from service.store.numbers import format_number, parse_number
from service.store.vocabulary import Channel, Role
from tests.console import Console, PageAs, check_page

TIPS = {
    "欠薪": "在星沙的模具厂上班，老板拖欠三个月工资，一共十二个人",
    "工伤": "在工地摔断了腿，老板不肯报工伤，工伤认定怎么申请",
    "公式": "=cmd|'/c calc'!A1 这家厂不给交社保",
}


@pytest.fixture(scope="module")
def stored(console: Console, router: Router) -> dict[str, str]:
    """Numbers of stored cases by what they are about; each is confirmed, where it was suggested."""
    numbers = {}
    for about, tip in TIPS.items():
        routing = router.route([tip])[0]
        with console.database.writing() as session:
            new = cases.NewCase(tip, Channel.WEB, people=12, region="430100", employer="模具厂<b>")
            case, _ = cases.create(session, new, routing, router, by="王")
            cases.confirm(session, case.id, 1, router, by="王")
            numbers[about] = format_number(case.id)
    return numbers


def step(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).focus()
    page.keyboard.press("Enter")


def test_by_keyboard_a_case_is_found_corrected_closed_rated_and_exported(
    page_as: PageAs, stored: dict[str, str], console: Console
) -> None:
    page = page_as(Role.OPERATOR, "/cases")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.insert_text("星沙 拖欠")
    page.keyboard.press("Enter")
    expect(page.locator("table.cases tbody tr")).to_have_count(1)
    check_page(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 CSV").focus()
        page.keyboard.press("Enter")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert [(row["工单号"], row["地区"], row["渠道"]) for row in rows] == [(stored["欠薪"], "湖南省长沙市", "网络")]
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(stored["欠薪"])
    page.locator("#correct summary").focus()
    page.keyboard.press("Enter")
    check_page(page)
    page.get_by_label("人数", exact=True).fill("15")
    page.get_by_label("地区").fill("湘潭")
    step(page, "保存更正")
    expect(page.locator(".notice")).to_have_text("已更正。")
    expect(page.locator(".history")).to_contain_text("12 → 15")
    expect(page.locator(".history")).to_contain_text("湖南省长沙市 → 湖南省湘潭市")
    page.get_by_label("办理结果").fill("工资已补发")
    step(page, "办结")
    expect(page.locator(".history")).to_contain_text("工资已补发")
    page.get_by_label("很满意", exact=True).check()
    step(page, "记下")
    expect(page.locator(".pairs")).to_contain_text("5 分")
    with console.database.reading() as session:
        actions = [change.action for change in cases.history(session, parse_number(stored["欠薪"]))]
    assert actions == ["create", "confirm", "correct", "close", "rate"]


def test_who_comes_second_sees_what_the_first_has_changed(page_as: PageAs, stored: dict[str, str]) -> None:
    path = f"/cases/{stored['工伤']}"
    first, second = page_as(Role.OPERATOR, path), page_as(Role.ADMIN, path, fails=True)
    first.get_by_label("转办原因").fill("先由这个席看")
    options = first.get_by_label("转到受理席")
    options.select_option(label="工资报酬")
    first.get_by_role("button", name="转办").click()
    expect(first.locator(".notice")).to_have_text("已转办。")
    second.get_by_label("办理结果").fill("已告知本人")
    second.get_by_role("button", name="办结").click()
    expect(second.locator("main > .problem")).to_contain_text("在您打开之后有人改过")
    expect(second.locator(".history li", has_text="您打开之后")).to_contain_text("先由这个席看")
    expect(second.get_by_label("办理结果")).to_have_value("已告知本人")
    check_page(second)
    second.get_by_role("button", name="办结").click()
    expect(second.locator(".notice")).to_have_text("已办结。")


def test_without_javascript_a_case_is_routed_confirmed_found_and_closed(browser: Browser, console: Console) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([console.cookie_of("operator-1", Role.OPERATOR)])
    page = context.new_page()
    page.goto(console.address)
    page.get_by_label("诉求内容").first.fill("浏阳的花炮厂拖欠我们八个人工资")
    page.get_by_role("button", name="更新建议").click()
    expect(page.locator(".verdict")).to_be_visible()
    assert page.get_by_label("涉及人数").input_value() == "8"
    page.get_by_label("单位").fill("花炮厂")
    page.locator("#others summary").click()
    other = page.locator("#others input").first.get_attribute("value")
    page.locator(f"#desk-{other}").check()
    page.get_by_role("button", name="更新建议").click()
    assert page.locator(f"#desk-{other}").is_checked()
    page.get_by_role("button", name="确认派单").click()
    number = page.locator(".confirmed .big").inner_text()
    page.goto(f"{console.address}/cases")
    page.get_by_label("查找").fill(number)
    page.get_by_role("button", name="查找").click()
    expect(page.locator("h1")).to_contain_text(number)
    page.goto(f"{console.address}/cases?q=花炮厂")
    page.get_by_label(f"选中 {number}").check()
    page.get_by_role("button", name="办结").click()
    expect(page.locator(".notice")).to_have_text("所选 1 件工单已办好。")
    page.get_by_label(f"选中 {number}").check()
    page.get_by_role("button", name="办结").click()
    expect(page.locator("main > .problem")).to_contain_text(f"{number} 它现在的状态不允许这样办")
    context.close()


def test_an_exported_workbook_runs_no_formula(page_as: PageAs, stored: dict[str, str], console: Console) -> None:
    page = page_as(Role.VIEWER, "/cases?q=社保")
    expect(page.locator("[name=chosen]")).to_have_count(0)
    answer = page.request.get(f"{console.address}/cases/export?format=xlsx&q=社保")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body())).active
    titles, row = sheet.iter_rows(values_only=True)
    told = dict(zip(titles, row, strict=True))
    assert (told["工单号"], told["人数"]) == (stored["公式"], 12)
    assert told["诉求内容"] == "'" + TIPS["公式"]
    assert sheet.title == "工单"


def test_a_list_that_cannot_be_is_said_in_words(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.VIEWER, "/cases?region=火星&since=2026-13-01", fails=True)
    expect(page.locator("main > .problem")).to_contain_text("没有找到这个地区")
    for wrong in ("since=2026-13-01", "cursor=x", "limit=0", "status=gone", "order=x", "q=" + "长" * 300):
        answer = page.request.get(f"{console.address}/cases?{wrong}", headers={"Accept": "text/html"})
        assert answer.status == 422, wrong
        assert 'class="problem"' in answer.text(), wrong


def test_statistics_lead_to_the_cases_behind_them(page_as: PageAs, stored: dict[str, str], console: Console) -> None:
    page = page_as(Role.VIEWER, "/statistics")
    check_page(page)
    total = int(page.locator(".tile strong").first.inner_text())
    assert total >= len(stored)
    cell = page.locator(".matrix .same a").first
    n = int(cell.inner_text())
    cell.click()
    expect(page.locator("table.cases tbody tr")).to_have_count(n)
    page.goto(f"{console.address}/statistics/quarter")
    check_page(page)
    quarter = f"{date.today().year}Q{(date.today().month + 2) // 3}"
    answer = page.request.get(f"{console.address}/statistics/quarter.xlsx?quarter={quarter}")
    book = openpyxl.load_workbook(io.BytesIO(answer.body()))
    assert book["概况"]["B2"].value == total
    assert sum(row[0] for row in book["按受理席"].iter_rows(min_row=2, min_col=2, max_col=2, values_only=True)) == total
    page.goto(f"{console.address}/statistics?since=2000-01-01&until=2000-01-31")
    expect(page.locator(".empty")).to_contain_text("没有工单")
