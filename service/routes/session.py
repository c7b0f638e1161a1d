"""/v1/session and /v1/password: logging in and out."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from service.access import SESSION_COOKIE, Doorkeeper, Principal, allow
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.errors import problem_responses
from service.schemas.session import LogIn, NewPassword, PrincipalResponse
from service.store import sessions, users
from service.store.database import Database
from service.store.tables import User

router = APIRouter(tags=["session"])

Who = Annotated[Principal, allow(None)]


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
    principal = await begin_session(request, response, database, doorkeeper, body.name, body.password)
    return PrincipalResponse.model_validate(principal)


@router.delete("/v1/session", status_code=204, dependencies=[allow(None)])
def log_out(request: Request, response: Response, database: DatabaseDep, doorkeeper: DoorkeeperDep) -> None:
    """Log out: end the session of the cookie."""
    end_session(request, response, database, doorkeeper)


@router.post("/v1/password", status_code=204, responses=problem_responses(401))
async def set_password(body: NewPassword, database: DatabaseDep, doorkeeper: DoorkeeperDep) -> None:
    """Set the password of the account whose one-time token this is; then log in with it."""
    await doorkeeper.hash(lambda: users.set_password(database, body.token, body.password))


async def begin_session(
    request: Request, response: Response, database: Database, doorkeeper: Doorkeeper, name: str, password: str
) -> Principal:
    """Log in and let `response` set the cookie.

    Raises
    ------
    CredentialsError
    """

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
    return Principal.of_user(user)


def end_session(request: Request, response: Response, database: Database, doorkeeper: Doorkeeper) -> None:
    """End the session of the cookie, and let `response` delete that."""
    with database.writing() as session:
        sessions.end(session, request.cookies.get(SESSION_COOKIE, ""))
    doorkeeper.forget()
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
