"""GET /v1/model: which model is served."""

from dataclasses import asdict

from fastapi import APIRouter

from service.access import Permission, allow
from service.dependencies import ServedDep
from service.schemas.models import ModelResponse

router = APIRouter(prefix="/v1/model", tags=["model"], dependencies=[allow(Permission.MODELS_READ)])


@router.get("", response_model_exclude_none=True)
def show_model(served: ServedDep) -> ModelResponse:
    """Show the served model: its version, what it learned from, how good it was in cross-validation.

    If another one was promoted and cannot be loaded, `failed_version` and `failure` say so.
    """
    tip_router = served.router
    manifest = tip_router.manifest
    return ModelResponse.of(
        served,
        version=tip_router.version,
        recipe=manifest.recipe,
        corpus=manifest.corpus,
        metrics=manifest.metrics,
        policy=asdict(manifest.policy),
    )
