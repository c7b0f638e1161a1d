"""Logging in, logging out, passwords: /login, /logout, /password, /account/password."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.access import Principal, allow
from service.console import templates
from service.console.carried import own_page, packed, unpack
from service.console.messages import back_to
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.routes.session import begin_session, end_session
from service.store import users
from service.store.errors import CredentialsError, InvalidValueError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Password = Annotated[str, Form(max_length=users.MAX_PASSWORD)]
Address = Annotated[str, Form(max_length=2000)]

_TOO_SHORT = f"新密码至少 {users.MIN_PASSWORD} 个字符。"
_DIFFER = "两次输入的新密码不一样。"


@router.get("/login")
async def show_log_in(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002 (a parameter of the address)
    """Show the form to log in."""
    return templates.TemplateResponse(request, "login.html", {"name": "", "next": own_page(next)})


@router.post("/login")
async def log_in(
    request: Request,
    database: DatabaseDep,
    doorkeeper: DoorkeeperDep,
    name: Annotated[str, Form(max_length=users.MAX_NAME)] = "",
    password: Password = "",
    next: Address = "/",  # noqa: A002
) -> Response:
    """Log in and go on to the page that was wanted, or show the form again and why."""
    carried = await unpack(request)
    context = {"name": name, "next": own_page(next), "carried": packed(carried)}
    # What was sent while nobody was logged in is shown, and sent by the one who is now.
    response: Response = RedirectResponse(own_page(next), 303)
    if carried:
        response = templates.TemplateResponse(request, "resume.html", {**context, "carried": carried})
    try:
        await begin_session(request, response, database, doorkeeper, name, password)
    except CredentialsError as error:
        seconds = error.retry_after_s
        context["problem"] = (
            f"登录失败次数过多，请 {seconds} 秒后再试。" if seconds else "账号或密码不对，或者账号已停用。"
        )
        headers = {"Retry-After": str(seconds)} if seconds else {}
        return templates.TemplateResponse(request, "login.html", context, 429 if seconds else 401, headers)
    return response


@router.post("/logout")
def log_out(request: Request, database: DatabaseDep, doorkeeper: DoorkeeperDep) -> RedirectResponse:
    """Log out and show the form to log in."""
    response = RedirectResponse("/login", 303)
    end_session(request, response, database, doorkeeper)
    return response


@router.get("/password")
async def show_password(request: Request, token: str = "") -> HTMLResponse:
    """Show the form that a one-time link leads to."""
    return _password_form(request, token=token)


@router.post("/password")
async def set_password(
    request: Request,
    database: DatabaseDep,
    doorkeeper: DoorkeeperDep,
    token: Annotated[str, Form(max_length=200)] = "",
    password: Password = "",
    again: Password = "",
) -> Response:
    """Set a password and show the form to log in, or show the form again and why."""
    if password != again:
        return _password_form(request, _DIFFER, token=token)
    try:
        user = await doorkeeper.hash(lambda: users.set_password(database, token, password))
    except InvalidValueError:
        return _password_form(request, _TOO_SHORT, token=token)
    except CredentialsError:
        return _password_form(request, "链接已用过或者已过期，请向管理员要一个新的。", token=token)
    context = {"name": user.name, "next": "/", "notice": "密码已设好，请登录。"}
    return templates.TemplateResponse(request, "login.html", context)


@router.get("/account/password", dependencies=[allow(None)])
async def show_own_password(request: Request) -> HTMLResponse:
    """Show the form by which one changes one's own password."""
    return _password_form(request)


@router.post("/account/password")
async def change_own_password(
    request: Request,
    database: DatabaseDep,
    doorkeeper: DoorkeeperDep,
    who: Annotated[Principal, allow(None)],
    old: Password = "",
    password: Password = "",
    again: Password = "",
) -> Response:
    """Change one's own password, or show the form again and why."""
    if password != again:
        return _password_form(request, _DIFFER)
    try:
        await doorkeeper.hash(lambda: users.change_password(database, who.name, old, password))
    except InvalidValueError:
        return _password_form(request, _TOO_SHORT)
    except CredentialsError as error:
        wait = f"试得太多，请 {error.retry_after_s} 秒后再试。" if error.retry_after_s else "旧密码不对。"
        return _password_form(request, wait)
    return back_to("/account/password", "password")


def _password_form(request: Request, problem: str = "", token: str | None = None) -> HTMLResponse:
    context = {"token": token, "problem": problem, "min_password": users.MIN_PASSWORD}
    return templates.TemplateResponse(request, "password.html", context, 422 if problem else 200)
