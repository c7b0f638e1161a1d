"""分派 in a real browser: an operator routes, chooses, confirms and loses nothing."""

import re
from itertools import count

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from service.store.tables import Case
from service.store.vocabulary import Role
from tests.accounts import PASSWORD
from tests.console import Console, PageAs, check_page, watch
from tests.test_console import HOSTILE

TIP = "长沙县的老板拖欠我们十二个人三个月工资，在湘江塑料制品厂上班，一直没签合同，今天有人说要跳楼"
_unique = count()


def n_cases(console: Console) -> int:
    with console.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Case)) or 0


def newest(console: Console) -> Case:
    with console.database.reading() as session:
        return session.scalars(select(Case).order_by(Case.id.desc()).limit(1)).one()


def type_tip(page: Page, tip: str = TIP) -> None:
    page.keyboard.insert_text(tip)  # as an input method does
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator("#evidence")).to_contain_text(tip[-3:])


def test_by_keyboard_alone_an_operator_routes_and_confirms(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.OPERATOR)
    expect(page.locator("#text")).to_be_focused()
    type_tip(page)
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator(".urgency.critical")).to_contain_text("跳")
    expect(page.locator("#people")).to_have_value("12")
    expect(page.locator("#people-told")).to_be_visible()
    expect(page.locator("#region")).to_have_value("湖南省长沙市长沙县")
    expect(page.locator("mark").first).to_have_attribute("data-share", re.compile(r"\d+%"))
    check_page(page)
    second = page.locator(".candidates > .candidate input").nth(1).get_attribute("value")
    page.keyboard.press("Alt+2")
    expect(page.locator(f"#desk-{second}")).to_be_checked()
    page.keyboard.press("Alt+0")
    page.keyboard.type("ht")
    check_page(page)
    page.keyboard.press("Enter")
    expect(page.locator(".candidate:has(:checked)")).to_contain_text("劳动合同")
    page.keyboard.type("，求助")  # the choice stays when the text goes on
    expect(page.locator("#evidence")).to_contain_text("求助")
    expect(page.locator(".candidate:has(:checked)")).to_contain_text("劳动合同")
    page.locator("#people").fill("15")  # and what was written over what the text tells
    expect(page.locator("#people-told")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".confirmed .big")).to_have_text(re.compile(r"\d{8}-\d{6}"))
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#text")).to_be_focused()
    check_page(page)
    case = newest(console)
    assert (case.people, case.region, case.status, case.created_by) == (15, "430121", "assigned", "operator-1")
    assert case.confirmed_desk != case.suggested_desk
    assert case.text == TIP + "，求助"


def test_however_often_it_is_clicked_there_is_one_case(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.OPERATOR)
    type_tip(page)
    page.keyboard.press("Alt+1")
    expect(page.locator(".candidate").first.locator("input")).to_be_checked()
    before = n_cases(console)
    page.evaluate("() => { const b = document.getElementById('confirm'); b.click(); b.click(); b.click(); }")
    expect(page.locator(".confirmed")).to_be_visible()
    page.go_back()
    expect(page.locator("#text")).to_have_value("")
    assert n_cases(console) == before + 1


def test_clearing_has_a_way_back_and_drafts_outlive_the_page(page_as: PageAs) -> None:
    page = page_as(Role.OPERATOR)
    type_tip(page)
    page.keyboard.press("Alt+Backspace")
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#people")).to_have_value("")
    page.keyboard.press("Alt+Backspace")
    expect(page.locator("#text")).to_have_value(TIP)
    expect(page.locator(".verdict")).to_be_visible()
    page.keyboard.press("Alt+3")
    third = page.locator(".candidates > .candidate input").nth(2)
    expect(third).to_be_checked()
    desk = third.get_attribute("value")
    page.reload()
    expect(page.locator("#text")).to_have_value(TIP)
    expect(page.locator(f"#desk-{desk}")).to_be_checked()
    other = page.context.new_page()  # a closed tab's draft is offered in another
    page.close()
    other.goto(page.url)
    other.get_by_role("button", name="恢复").click()
    expect(other.locator("#text")).to_have_value(TIP)
    kept = "Object.keys(localStorage).filter(name => name.startsWith('tipdesk.draft')).length"
    assert other.evaluate(kept) == 1
    other.locator("#user-menu summary").click()
    other.get_by_label("在本机保留草稿").uncheck()
    assert other.evaluate(kept) == 0
    other.get_by_label("在本机保留草稿").check()
    assert other.evaluate(kept) == 1
    other.evaluate(
        "() => { for (const name of Object.keys(localStorage)) if (name.includes('draft')) localStorage[name] ="
        ' localStorage[name].replace(/"at":\\d+/, \'"at":\' + (Date.now() - 12.1 * 3600e3)); }'
    )
    other.goto(other.url + "cases")
    assert other.evaluate(kept) == 0


def test_logging_out_erases_the_draft(page_as: PageAs) -> None:
    page = page_as(Role.OPERATOR)
    type_tip(page)
    expect(page.locator("#draft-state")).to_have_text("草稿已存本机")
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(name => name.includes('draft')).length") == 0


def test_an_input_method_owns_every_key(page_as: PageAs) -> None:
    page = page_as(Role.OPERATOR)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "suggestion" in request.url else None)
    client = page.context.new_cdp_session(page)
    client.send("Input.imeSetComposition", {"text": "gongzi", "selectionStart": 6, "selectionEnd": 6})
    expect(page.locator("#text")).to_have_value("gongzi")
    composing = {"isComposing": True, "bubbles": True, "cancelable": True}
    for key in ({"key": "Enter", "ctrlKey": True}, {"key": "2", "code": "Digit2", "altKey": True}, {"key": "Escape"}):
        taken = page.evaluate(
            "init => !document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown', init))",
            {**key, **composing},
        )
        assert not taken, key
    with page.expect_response("**/suggestion"):
        client.send("Input.insertText", {"text": "工资没有发"})
    expect(page.locator("#evidence")).to_have_text("工资没有发")
    assert len(asked) == 1


def test_an_expired_session_keeps_the_text_and_goes_on_after_log_in(browser: Browser, console: Console) -> None:
    name = f"孙丽{next(_unique)}"
    console.add_user(name, Role.OPERATOR, PASSWORD)
    context = browser.new_context()
    context.add_cookies([console.cookie_of(name, Role.OPERATOR)])
    page = context.new_page()
    complaints: list[str] = []
    watch(page, console.address, complaints, fails=True)
    page.goto(console.address)
    type_tip(page)
    context.clear_cookies()
    page.keyboard.press("Alt+1")
    dialog = page.locator("#log-in")
    expect(dialog).to_be_visible()
    page.keyboard.type("wrong horse")
    page.keyboard.press("Enter")
    expect(dialog.locator(".problem")).to_contain_text("密码不对")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#text")).to_have_value(TIP)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".confirmed")).to_be_visible()
    context.close()
    assert complaints == []


def test_a_service_that_is_away_is_said_and_asked_again(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.OPERATOR, fails=True)
    type_tip(page)
    before = n_cases(console)
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("没有派单")
    page.locator("#text").press_sequentially("，求助")
    expect(page.locator("#waiting")).to_contain_text("稍后自动重试")
    page.context.set_offline(False)
    expect(page.locator("#evidence")).to_contain_text("求助")
    expect(page.locator("#waiting")).to_be_empty()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".confirmed")).to_be_visible()
    assert n_cases(console) == before + 1


def test_a_desk_that_was_removed_meanwhile_is_said_and_nothing_is_lost(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.OPERATOR, fails=True)
    type_tip(page)
    page.locator("#employer").fill("湘江塑料厂")
    before = n_cases(console)
    page.locator(".candidates > .candidate input").first.evaluate(
        "radio => { radio.value = 'gone'; radio.checked = true; }"
    )
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("受理席已经撤销或者改名")
    expect(page.locator("#text")).to_have_value(TIP)
    expect(page.locator("#employer")).to_have_value("湘江塑料厂")
    assert n_cases(console) == before
    # Before the suggestion is there anew, the console would ask to look at it first.
    expect(page.locator(".candidates > .candidate input").first).not_to_have_value("gone")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".confirmed")).to_be_visible()


def test_what_cannot_be_read_needs_a_choice_of_a_person(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.OPERATOR)
    page.fill("#text", "hello there")
    expect(page.locator(".verdict.review")).to_be_visible()
    check_page(page)
    before = n_cases(console)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("请先选定受理席")
    assert n_cases(console) == before
    page.keyboard.press("Alt+1")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".confirmed")).to_be_visible()


def test_hostile_tips_are_shown_stored_and_break_nothing(page_as: PageAs) -> None:
    page = page_as(Role.OPERATOR)
    # Not by `fill`: Chromium takes a minute to insert 10,000 lines as if they were typed.
    paste = "(field, tip) => { field.value = tip; field.dispatchEvent(new Event('input', {bubbles: true})); }"
    for tip in ("老板拖欠工资。" * 14_000, "欠薪\n" * 10_000, HOSTILE):
        page.locator("#text").evaluate(paste, tip)
        expect(page.locator("#evidence")).to_contain_text(tip[-4:].strip())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() == "分派 · 分派台"
    page.keyboard.press("Alt+1")
    page.keyboard.press("Control+Enter")
    page.locator(".confirmed a").click()
    expect(page.locator(".told-text")).to_contain_text("<script>")
    assert page.locator(".told-text *").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_page_never_shows_another_users_draft(page_as: PageAs, console: Console) -> None:
    page = page_as(Role.OPERATOR)
    type_tip(page)
    expect(page.locator("#draft-state")).to_have_text("草稿已存本机")
    page.context.add_cookies([console.cookie_of("data-1", Role.DATA)])
    page.goto(console.address)
    expect(page.locator("#user-menu")).to_contain_text("data-1")
    expect(page.locator("#text")).to_have_value("")
    assert page.locator("#confirm").count() == 0
