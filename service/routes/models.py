"""GET /v1/model: which model is served."""

from dataclasses import asdict

from fastapi import APIRouter

from service.access import Permission, allow
from service.dependencies import RouterDep
from service.schemas.models import ModelResponse

router = APIRouter(prefix="/v1/model", tags=["model"], dependencies=[allow(Permission.MODELS_READ)])


@router.get("")
def show_model(tip_router: RouterDep) -> ModelResponse:
    """Show the served model: its version, what it learned from, how good it was in cross-validation."""
    manifest = tip_router.manifest
    return ModelResponse(
        version=tip_router.version,
        recipe=manifest.recipe,
        corpus=manifest.corpus,
        metrics=manifest.metrics,
        policy=asdict(manifest.policy),
    )
