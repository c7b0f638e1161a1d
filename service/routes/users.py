"""/v1/users: accounts, made and changed by administrators; their owners set the passwords themselves."""

from typing import Annotated

from fastapi import APIRouter

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.errors import problem_responses
from service.schemas.common import Id
from service.schemas.users import InvitationResponse, UserChange, UserRequest, UserResponse
from service.store import users

router = APIRouter(prefix="/v1/users", tags=["users"])

Admin = Annotated[Principal, allow(Permission.ADMIN)]


@router.get("", dependencies=[allow(Permission.ADMIN)])
def list_users(database: DatabaseDep) -> list[UserResponse]:
    """List all accounts by name."""
    with database.reading() as session:
        return [UserResponse.of(user) for user in users.everybody(session)]


@router.post("", status_code=201, responses=problem_responses(409))
def create_user(body: UserRequest, database: DatabaseDep, who: Admin) -> InvitationResponse:
    """Make an account; hand its owner the link, by which the password is set."""
    with database.writing() as session:
        user, token = users.create(session, body.name, body.role, by=who.name)
    return InvitationResponse.of(user, token)


@router.patch("/{user_id}", responses=problem_responses(404, 409))
def change_user(
    user_id: Id, body: UserChange, database: DatabaseDep, doorkeeper: DoorkeeperDep, who: Admin
) -> UserResponse:
    """Change an account's role, or disable or enable it. One enabled administrator is always left."""
    with database.writing() as session:
        user = users.change(session, user_id, by=who.name, role=body.role, disabled=body.disabled)
    doorkeeper.forget()
    return UserResponse.of(user)


@router.post("/{user_id}/password-reset", responses=problem_responses(404))
def reset_password(user_id: Id, database: DatabaseDep, doorkeeper: DoorkeeperDep, who: Admin) -> InvitationResponse:
    """Take an account's password and sessions away; hand its owner the link to set a new one."""
    with database.writing() as session:
        token = users.reset_password(session, user_id, by=who.name)
        user = users.get(session, user_id)
    doorkeeper.forget()
    return InvitationResponse.of(user, token)
