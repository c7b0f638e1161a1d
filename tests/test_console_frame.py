"""What is around every page of the console: navigation, log-in, errors, settings of the browser."""

import pytest
from playwright.sync_api import Browser, expect

from service.store.vocabulary import Role
from tests.accounts import PASSWORD
from tests.console import Console, PageAs, check_page


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DATA, Role.ADMIN])
def test_everybody_lands_on_a_page_of_theirs(page_as: PageAs, role: Role) -> None:
    page = page_as(role)
    assert page.locator(".sections a[aria-current=page]").count() == 1
    assert (page.locator(".sections").get_by_text("分派").count() == 1) is (role is not Role.VIEWER)
    check_page(page)


def test_log_in_with_the_page_that_was_wanted(browser: Browser, console: Console) -> None:
    console.add_user("李静", Role.OPERATOR, PASSWORD)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{console.address}/account/password")
    page.get_by_label("账号").fill("李静")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    assert page.url == f"{console.address}/account/password"
    page.get_by_label("旧密码").fill("wrong horse")
    page.get_by_label("新密码").fill("other horse")
    page.get_by_label("再输入一次").fill("other horse")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main .problem")).to_have_text("旧密码不对。")
    page.get_by_label("旧密码").fill(PASSWORD)
    page.get_by_label("新密码").fill("other horse")
    page.get_by_label("再输入一次").fill("other horse")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".notice")).to_have_text("密码已改好。")
    context.close()


def test_without_javascript_what_was_typed_outlives_the_session(browser: Browser, console: Console) -> None:
    console.add_user("周敏", Role.OPERATOR, PASSWORD)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([console.cookie_of("周敏", Role.OPERATOR)])
    page = context.new_page()
    page.goto(console.address)
    text = '老板拖欠工资"><b>\n  第二行'
    page.get_by_role("textbox", name="诉求内容").fill(text)
    context.clear_cookies()
    page.get_by_role("button", name="更新建议").click()
    expect(page.locator("main .problem")).to_contain_text("登录已过期")
    page.get_by_label("账号").fill("周敏")
    page.get_by_label("密码").fill("wrong horse")
    page.get_by_role("button", name="登录").click()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="继续提交").click()
    expect(page.get_by_role("textbox", name="诉求内容")).to_have_value(text)
    expect(page.locator(".desk strong")).to_be_visible()
    context.close()


def test_errors_are_pages_for_people(page_as: PageAs) -> None:
    page = page_as(Role.VIEWER, "/nowhere", fails=True)
    expect(page.locator("main")).to_contain_text("没有这个页面")
    check_page(page)


def test_the_look_that_was_chosen_stays(page_as: PageAs) -> None:
    page = page_as(Role.ADMIN)
    page.emulate_media(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#user-menu summary").click()
    page.get_by_label("外观").select_option("深色")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.locator("#user-menu summary").click()
    check_page(page)
