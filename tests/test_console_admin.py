"""管理 and 帮助: accounts, keys, webhooks, retention, the audit trail, settings, and what a role may not do."""

from playwright.sync_api import Browser, Locator, Page, expect

from service.store import users
from service.store.vocabulary import Role
from tests.accounts import PASSWORD
from tests.console import Console, PageAs, check_page


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def test_a_user_and_a_key_from_their_making_to_their_end(page_as: PageAs, browser: Browser, console: Console) -> None:
    page = page_as(Role.ADMIN, "/admin", fails=True)
    page.get_by_label("账号名").fill("王芳<b>")
    page.get_by_label("角色", exact=True).select_option("话务员")
    page.get_by_role("button", name="新增账号").click()
    link = page.get_by_label("设置密码的链接").input_value()
    check_page(page)
    page.get_by_label("账号名").fill("王芳<b>")
    page.get_by_role("button", name="新增账号").click()
    expect(page.get_by_role("alert")).to_have_text("已经有这个账号，请换一个名字。")
    assert page.get_by_label("设置密码的链接").count() == 0

    context = browser.new_context(java_script_enabled=False)
    hers = context.new_page()
    hers.goto(link)
    hers.get_by_label("新密码").fill(PASSWORD)
    hers.get_by_label("再输入一次").fill(PASSWORD)
    hers.get_by_role("button", name="保存").click()
    hers.get_by_label("密码").fill(PASSWORD)
    hers.get_by_role("button", name="登录").click()
    assert hers.get_by_role("navigation", name="主导航").get_by_role("link", name="管理").count() == 0
    for path in ("/admin/users", "/admin/keys", "/admin/audit", "/review", "/models/train"):
        answer = hers.goto(console.address + path)
        assert answer
        assert answer.status == 403, path
    expect(hers.locator("main .problem")).to_contain_text("没有这个权限")

    page.get_by_role("link", name="密钥").click()
    page.get_by_label("给哪个系统用").fill("呼叫中心")
    page.get_by_role("button", name="发放密钥").click()
    expect(page.get_by_role("alert")).to_have_text("请至少选一项用途。")
    page.get_by_label("分派建议").check()
    page.get_by_role("button", name="发放密钥").click()
    headers = {"Authorization": f"Bearer {page.get_by_role('textbox', name='密钥').input_value()}"}
    check_page(page)
    body = {"text": "老板拖欠工资"}
    system = browser.new_context(extra_http_headers=headers).request
    assert system.post(f"{console.address}/v1/route", data=body).status == 200
    assert system.get(f"{console.address}/v1/cases").status == 403
    row = row_of(page, "呼叫中心")
    row.get_by_text("吊销", exact=True).first.click()
    row.get_by_role("button", name="吊销").click()
    expect(row_of(page, "呼叫中心")).to_contain_text("已吊销")
    assert system.post(f"{console.address}/v1/route", data=body).status == 401

    page.get_by_role("link", name="人员").click()
    row = row_of(page, "王芳<b>")
    row.get_by_text("停用", exact=True).first.click()
    row.get_by_role("button", name="停用").click()
    expect(row_of(page, "王芳<b>")).to_contain_text("已停用")
    hers.goto(console.address)
    assert hers.url.endswith("/login")
    context.close()


def test_the_last_administrator_cannot_be_taken_away(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.ADMIN, "/admin/users", fails=True)
    with console.database.writing() as session:
        for user in users.everybody(session):
            if user.role == Role.ADMIN and user.name != "admin-1":
                users.change(session, user.id, by="test", role=Role.VIEWER)
    own = row_of(page, "（您）")
    own.get_by_role("combobox").select_option("只读")
    own.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("至少要留一位能登录的管理员")
    expect(row_of(page, "（您）").get_by_role("combobox")).to_have_value("admin")


def test_webhooks_retention_audit_and_settings(page_as: PageAs) -> None:
    page = page_as(Role.ADMIN, "/admin/webhooks", fails=True)
    page.get_by_label("推送地址").first.fill("https://crm.example.org/tips")
    page.get_by_role("button", name="新增推送地址").click()
    assert len(page.get_by_label("签名密钥").input_value()) > 30
    check_page(page)
    row = row_of(page, "crm.example.org")
    row.get_by_text("删除", exact=True).first.click()
    row.get_by_role("button", name="删除").click()
    expect(page.get_by_role("status").first).to_have_text("推送地址已删除。")
    expect(page.locator("main")).to_contain_text("还没有推送地址")

    page.get_by_role("link", name="保存期限").click()
    page.get_by_label("保存天数").fill("十年")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("1 到 36500")
    page.get_by_label("保存天数").fill("365")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text("365 天")
    check_page(page)
    page.get_by_label("保存天数").fill("")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text("一直保存")

    page.get_by_role("link", name="审计").click()
    page.get_by_label("做了什么").select_option("修改保存期限")
    page.get_by_role("button", name="查找").click()
    assert [cell.split("\t")[2] for cell in page.get_by_role("row").all_inner_texts()[1:]] == ["修改保存期限"] * 2
    check_page(page)
    page.get_by_label("做了什么").select_option("新增账号")
    page.get_by_role("button", name="查找").click()
    expect(row_of(page, "角色：管理员").first).to_be_visible()
    page.get_by_label("谁").fill("没有这个人")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("main")).to_contain_text("没有这样的记录")

    page.get_by_role("link", name="设置").click()
    expect(row_of(page, "TIPDESK_MASK_PERSONAL")).to_contain_text("是")
    names = [row.split("\t")[0] for row in page.get_by_role("row").all_inner_texts()[1:]]
    assert [name for name in names if name.isascii()] == []
    check_page(page)


def test_help_tells_what_desks_handle_and_keys_on_every_page(page_as: PageAs) -> None:
    page = page_as(Role.VIEWER, "/help")
    expect(page.locator("#desks article").first).to_contain_text("受理")
    check_page(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="快捷键")
    expect(dialog).to_contain_text("Ctrl+Enter")
    check_page(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
