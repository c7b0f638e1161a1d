"""GET /healthz/live and /healthz/ready, for whatever watches over the service."""

from fastapi import APIRouter

from service.dependencies import RouterDep
from service.schemas import HealthResponse

router = APIRouter(prefix="/healthz", tags=["health"])


@router.get("/live", response_model_exclude_none=True)
def live() -> HealthResponse:
    """Say that the process answers."""
    return HealthResponse(status="live")


@router.get("/ready")
def ready(tip_router: RouterDep) -> HealthResponse:
    """Say that tips can be routed, and with which model."""
    return HealthResponse(status="ready", model_version=tip_router.version)
