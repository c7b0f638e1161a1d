"""Logging in and out: /v1/session and /v1/password for programs, /login, /logout and /password for people."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service.access import PERMISSIONS, SESSION_COOKIE, Doorkeeper, Principal, allow
from service.console import templates
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.errors import problem_responses
from service.schemas.session import LogIn, NewPassword, PrincipalResponse
from service.store import sessions, users
from service.store.database import Database
from service.store.errors import CredentialsError, InvalidValueError
from service.store.tables import User

router = APIRouter(tags=["session"])
pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Who = Annotated[Principal, allow(None)]
Password = Annotated[str, Form(max_length=users.MAX_PASSWORD)]


@router.get("/v1/session")
async def show_session(who: Who) -> PrincipalResponse:
    """Show who you are and what you may do."""
    return PrincipalResponse.model_validate(who)


@router.post("/v1/session", responses=problem_responses(401, 429))
async def log_in(
    body: LogIn, request: Request, response: Response, database: DatabaseDep, doorkeeper: DoorkeeperDep
) -> PrincipalResponse:
    """Log in: the answer sets the cookie of a session that lasts twelve hours.

    After five failures each further one locks the account, for 30 seconds, then twice as long each time.
    """
    principal = await _log_in(request, response, database, doorkeeper, body.name, body.password)
    return PrincipalResponse.model_validate(principal)


@router.delete("/v1/session", status_code=204, dependencies=[allow(None)])
def log_out(request: Request, response: Response, database: DatabaseDep, doorkeeper: DoorkeeperDep) -> None:
    """Log out: end the session of the cookie."""
    _log_out(request, response, database, doorkeeper)


@router.post("/v1/password", status_code=204, responses=problem_responses(401))
async def set_password(body: NewPassword, database: DatabaseDep, doorkeeper: DoorkeeperDep) -> None:
    """Set the password of the account whose one-time token this is; then log in with it."""
    await doorkeeper.hash(lambda: users.set_password(database, body.token, body.password))


@pages.get("/login")
async def show_log_in(request: Request) -> HTMLResponse:
    """Show the form to log in."""
    return templates.TemplateResponse(request, "login.html", {"name": ""})


@pages.post("/login")
async def log_in_by_form(
    request: Request,
    database: DatabaseDep,
    doorkeeper: DoorkeeperDep,
    name: Annotated[str, Form(max_length=users.MAX_NAME)] = "",
    password: Password = "",
) -> Response:
    """Log in and go to the console, or show the form again and why."""
    response = RedirectResponse("/", 303)
    try:
        await _log_in(request, response, database, doorkeeper, name, password)
    except CredentialsError as error:
        seconds = error.retry_after_s
        message = f"登录失败次数过多，请 {seconds} 秒后再试。" if seconds else "账号或密码不对，或者账号已停用。"
        context = {"name": name, "message": message}
        headers = {"Retry-After": str(seconds)} if seconds else {}
        return templates.TemplateResponse(request, "login.html", context, 429 if seconds else 401, headers)
    return response


@pages.post("/logout")
def log_out_by_form(request: Request, database: DatabaseDep, doorkeeper: DoorkeeperDep) -> RedirectResponse:
    """Log out and show the form to log in."""
    response = RedirectResponse("/login", 303)
    _log_out(request, response, database, doorkeeper)
    return response


@pages.get("/password")
async def show_password(request: Request, token: str = "") -> HTMLResponse:
    """Show the form that a one-time link leads to."""
    return _password_form(request, token)


@pages.post("/password")
async def set_password_by_form(
    request: Request,
    database: DatabaseDep,
    doorkeeper: DoorkeeperDep,
    token: Annotated[str, Form(max_length=200)] = "",
    password: Password = "",
    again: Password = "",
) -> Response:
    """Set a password and show the form to log in, or show the form again and why."""
    if password != again:
        return _password_form(request, token, "两次输入的密码不一样。")
    try:
        user = await doorkeeper.hash(lambda: users.set_password(database, token, password))
    except InvalidValueError:
        return _password_form(request, token, f"密码至少 {users.MIN_PASSWORD} 个字符。")
    except CredentialsError:
        return _password_form(request, token, "链接已用过或者已过期，请向管理员要一个新的。")
    context = {"name": user.name, "message": "密码已设好，请登录。"}
    return templates.TemplateResponse(request, "login.html", context)


def _password_form(request: Request, token: str, message: str = "") -> HTMLResponse:
    context = {"token": token, "message": message, "min_password": users.MIN_PASSWORD}
    return templates.TemplateResponse(request, "password.html", context, 422 if message else 200)


async def _log_in(
    request: Request, response: Response, database: Database, doorkeeper: Doorkeeper, name: str, password: str
) -> Principal:
    def log_in() -> tuple[User, str]:
        user = users.log_in(database, name, password)
        with database.writing() as session:
            return user, sessions.begin(session, user)

    user, token = await doorkeeper.hash(log_in)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(sessions.LASTS.total_seconds()),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return Principal(user.name, PERMISSIONS[user.role], "session")


def _log_out(request: Request, response: Response, database: Database, doorkeeper: Doorkeeper) -> None:
    with database.writing() as session:
        sessions.end(session, request.cookies.get(SESSION_COOKIE, ""))
    doorkeeper.forget()
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
