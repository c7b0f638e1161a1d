"""GET /healthz/live and /healthz/ready, for whatever watches over the service."""

from fastapi import APIRouter

from service.dependencies import DatabaseDep, ServedDep
from service.schemas.health import HealthResponse, ReadyResponse

router = APIRouter(prefix="/healthz", tags=["health"])


@router.get("/live")
def live() -> HealthResponse:
    """Say that the process answers."""
    return HealthResponse(status="live")


@router.get("/ready", response_model_exclude_none=True)
def ready(served: ServedDep, database: DatabaseDep) -> ReadyResponse:
    """Say that tips can be routed and cases be kept, and with which model; 503 while the database cannot be used.

    If a promoted model cannot be loaded, the one before it serves on: that is ready too, and `failure` says why.
    """
    database.check()
    return ReadyResponse.of(served, status="ready", model_version=served.router.version)
