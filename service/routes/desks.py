"""GET /v1/desks: the desks as the served model knows them."""

from fastapi import APIRouter

from model.taxonomy import Desk
from service.access import Permission, allow
from service.dependencies import RouterDep

router = APIRouter(prefix="/v1/desks", tags=["desks"], dependencies=[allow(Permission.MODELS_READ)])


@router.get("")
def list_desks(tip_router: RouterDep) -> list[Desk]:
    """List the desks: what each handles, what to ask, on what law it stands, and its time limit in working days."""
    return list(tip_router.taxonomy.desks)
