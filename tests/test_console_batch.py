"""批量: a table from its upload to its result, by hand and without JavaScript; what is no table; whose it is."""

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from service.store.vocabulary import Role
from tests.console import PageAs, check_page

TABLE = (
    "编号,来电人,情况说明\r\n"
    "1,王某,老板拖欠我们三个月工资\r\n"
    '2,李某,"=HYPERLINK(""http://x"")公司不给交社保"\r\n'
    "3,多一格,车间没有发口罩,全是灰\r\n"
).encode("gbk")


def upload(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("表格", exact=True).set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="上传").click()


def fetch(page: Page, link: str, folder: Path) -> list[list[str]]:
    with page.expect_download() as download:
        page.get_by_role("link", name=link).first.click()
    path = folder / "fetched.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_a_table_of_the_office_is_scored_and_what_cannot_be_parsed_is_told(page_as: PageAs, tmp_path: Path) -> None:
    page = page_as(Role.OPERATOR, "/batch", fails=True)
    check_page(page)
    upload(page, "图片.png", b"\x89PNG")
    expect(page.get_by_role("alert")).to_contain_text("请选一个表格")
    upload(page, "空.csv", b"")
    expect(page.get_by_role("alert")).to_contain_text("要有内容")
    upload(page, "假的.xlsx", b"PK\x03\x04 not a workbook")
    expect(page.get_by_role("alert")).to_contain_text("这个表格读不出来")

    upload(page, '../积压"<script>alert(1)</script>.csv', TABLE)
    expect(page.get_by_role("heading", level=1)).to_contain_text("script")
    expect(page.get_by_role("cell", name="老板拖欠我们三个月工资")).to_be_visible()
    check_page(page)
    page.get_by_label("诉求内容的列").select_option("情况说明")
    page.get_by_role("button", name="开始分派").click()
    expect(page.get_by_role("link", name="下载结果")).to_be_visible()
    expect(page.locator(".said")).to_contain_text("script_.csv：诉求文本取自“情况说明”列")
    check_page(page)

    header, *rows = fetch(page, "下载结果", tmp_path)
    assert header[:4] == ["编号", "来电人", "情况说明", "tip_desk"]
    assert [row[0] for row in rows] == ["1", "2"]
    assert rows[0][3] == "wages"
    assert rows[1][2].startswith("'=")
    _, reject = fetch(page, "下载无法读取的行", tmp_path)
    assert "3,多一格,车间没有发口罩,全是灰" in reject[3]

    page.get_by_role("link", name="返回批量").click()
    row = page.get_by_role("row").filter(has_text="script")
    address = page.get_by_role("rowheader").filter(has_text="script").get_by_role("link").get_attribute("href")
    other = page_as(Role.DATA, "/batch", fails=True)
    expect(other.locator("main")).to_contain_text("还没有上传过表格")
    answer = other.goto(other.url.removesuffix("/batch") + str(address))
    assert answer
    assert answer.status == 404
    row.get_by_text("删除", exact=True).first.click()
    row.get_by_role("button", name="删除").click()
    expect(page.locator("main")).to_contain_text("还没有上传过表格")


def test_without_javascript_a_table_is_scored_too(page_as: PageAs, tmp_path: Path) -> None:
    page = page_as(Role.ADMIN, "/batch", java_script_enabled=False)
    upload(page, "诉求.csv", "诉求内容\n老板拖欠我们三个月工资\n".encode())
    expect(page.get_by_label("诉求内容的列")).to_have_value("诉求内容")
    page.get_by_role("button", name="开始分派").click()
    while page.get_by_role("link", name="刷新").count():
        page.get_by_role("link", name="刷新").click()
    assert fetch(page, "下载结果", tmp_path)[1][1] == "wages"
