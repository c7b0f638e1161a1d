"""管理 › 人员: /admin/users."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.access import Permission, Principal, allow
from service.console import templates
from service.console.messages import back_to
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.schemas.common import Id
from service.store import users
from service.store.errors import ConflictError, InvalidValueError
from service.store.vocabulary import Role

router = APIRouter(prefix="/admin", include_in_schema=False, default_response_class=HTMLResponse)

Admin = Annotated[Principal, allow(Permission.ADMIN)]

_TAKEN = "已经有这个账号，请换一个名字。"
_NO_NAME = f"账号名要有 1 到 {users.MAX_NAME} 个看得见的字。"
_LAST = "至少要留一位能登录的管理员。请先让别人当管理员，再改这个账号。"


@router.get("", dependencies=[allow(Permission.ADMIN)])
async def show_first() -> RedirectResponse:
    """Go to the first page of the section."""
    return RedirectResponse("/admin/users", 303)


@router.get("/users")
def show_users(request: Request, database: DatabaseDep, who: Admin) -> HTMLResponse:
    """List the accounts."""
    return _page(request, database, who)


@router.post("/users")
def add_user(
    request: Request,
    database: DatabaseDep,
    who: Admin,
    role: Annotated[Role, Form()],
    name: Annotated[str, Form(max_length=1000)] = "",
) -> HTMLResponse:
    """Make an account and show, this once, the link by which its owner sets the password."""
    try:
        with database.writing() as session:
            user, token = users.create(session, name, role, by=who.name)
    except (ConflictError, InvalidValueError) as error:
        taken = isinstance(error, ConflictError)
        return _page(request, database, who, 409 if taken else 422, problem=_TAKEN if taken else _NO_NAME, name=name)
    return _page(request, database, who, invited=user.name, token=token)


@router.post("/users/{user_id}")
def change_user(
    request: Request,
    user_id: Id,
    database: DatabaseDep,
    doorkeeper: DoorkeeperDep,
    who: Admin,
    role: Annotated[Role | None, Form()] = None,
    disabled: Annotated[bool | None, Form()] = None,
) -> Response:
    """Change an account's role, or disable or enable it."""
    try:
        with database.writing() as session:
            users.change(session, user_id, by=who.name, role=role, disabled=disabled)
    except ConflictError:
        return _page(request, database, who, 409, problem=_LAST)
    doorkeeper.forget()
    return back_to("/admin/users", "user")


@router.post("/users/{user_id}/password")
def reset_password(
    request: Request, user_id: Id, database: DatabaseDep, doorkeeper: DoorkeeperDep, who: Admin
) -> HTMLResponse:
    """Take an account's password and sessions away and show, this once, the link by which a new one is set."""
    with database.writing() as session:
        token = users.reset_password(session, user_id, by=who.name)
        name = users.get(session, user_id).name
    doorkeeper.forget()
    return _page(request, database, who, invited=name, token=token)


def _page(request: Request, database: DatabaseDep, who: Principal, status: int = 200, **more: Any) -> HTMLResponse:
    with database.reading() as session:
        everybody = users.everybody(session)
    if "token" in more:
        more["link"] = f"{request.base_url}password?token={more['token']}"
    context = {"users": everybody, "roles": list(Role), "me": who.name, **more}
    return templates.TemplateResponse(request, "users.html", context, status)
