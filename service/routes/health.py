"""GET /healthz/live and /healthz/ready, for whatever watches over the service."""

from fastapi import APIRouter

from service.dependencies import DatabaseDep, RouterDep
from service.schemas.health import HealthResponse

router = APIRouter(prefix="/healthz", tags=["health"])


@router.get("/live", response_model_exclude_none=True)
def live() -> HealthResponse:
    """Say that the process answers."""
    return HealthResponse(status="live")


@router.get("/ready")
def ready(tip_router: RouterDep, database: DatabaseDep) -> HealthResponse:
    """Say that tips can be routed and cases be kept, and with which model; 503 while the database cannot be used."""
    database.check()
    return HealthResponse(status="ready", model_version=tip_router.version)
