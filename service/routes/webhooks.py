"""/v1/webhooks: which other systems are told of events."""

from typing import Annotated

from fastapi import APIRouter, Depends

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, WebhooksDep
from service.errors import problem_responses
from service.schemas.common import Id
from service.schemas.webhooks import NewWebhookResponse, WebhookRequest, WebhookResponse
from service.store import outbox

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Admin = Annotated[Principal, allow(Permission.ADMIN)]


async def allowed_url(body: WebhookRequest, webhooks: WebhooksDep, _: Admin) -> str:
    """Return the URL of a target to which something may be sent."""
    await webhooks.require_allowed(str(body.url))
    return str(body.url)


@router.get("", dependencies=[allow(Permission.ADMIN)])
def list_webhooks(database: DatabaseDep) -> list[WebhookResponse]:
    """List all targets, with how much each is still to be told and why it has not taken it."""
    with database.reading() as session:
        waiting = outbox.waiting(session)
        return [WebhookResponse.of(target, *waiting.get(target.id, (0, None))) for target in outbox.targets(session)]


@router.post("", status_code=201)
def add_webhook(url: Annotated[str, Depends(allowed_url)], database: DatabaseDep, who: Admin) -> NewWebhookResponse:
    """Add a target, which is told of all events from now on. Only this answer shows its secret."""
    with database.writing() as session:
        return NewWebhookResponse.model_validate(outbox.add_target(session, url, by=who.name))


@router.delete("/{target_id}", status_code=204, responses=problem_responses(404))
def remove_webhook(target_id: Id, database: DatabaseDep, who: Admin) -> None:
    """Remove a target, and what it was still to be told."""
    with database.writing() as session:
        outbox.remove_target(session, target_id, by=who.name)
