"""/v1/keys: the keys of other systems, issued and revoked by administrators."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.errors import problem_responses
from service.schemas.common import Id
from service.schemas.keys import KeyRequest, KeyResponse, NewKeyResponse
from service.store import keys
from service.store.database import now

router = APIRouter(prefix="/v1/keys", tags=["keys"])

Admin = Annotated[Principal, allow(Permission.ADMIN)]


@router.get("", dependencies=[allow(Permission.ADMIN)])
def list_keys(database: DatabaseDep) -> list[KeyResponse]:
    """List all keys, newest first, also those that were revoked or have expired."""
    with database.reading() as session:
        return [KeyResponse.model_validate(key) for key in keys.everything(session)]


@router.post("", status_code=201)
def issue_key(body: KeyRequest, database: DatabaseDep, who: Admin) -> NewKeyResponse:
    """Issue a key. Only this answer shows it."""
    with database.writing() as session:
        days = body.expires_in_days
        expires_at = None if days is None else now(session) + timedelta(days=days)
        record, key = keys.issue(session, body.name, set(body.scopes), by=who.name, expires_at=expires_at)
    return NewKeyResponse(**KeyResponse.model_validate(record).model_dump(), key=key)


@router.delete("/{key_id}", responses=problem_responses(404))
def revoke_key(key_id: Id, database: DatabaseDep, doorkeeper: DoorkeeperDep, who: Admin) -> KeyResponse:
    """Revoke a key: within two seconds it opens nothing any more. To revoke it again changes nothing."""
    with database.writing() as session:
        record = keys.revoke(session, key_id, by=who.name)
    doorkeeper.forget()
    return KeyResponse.model_validate(record)
