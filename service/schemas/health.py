"""Whether the service works."""

from pydantic import BaseModel

from service.schemas.models import ChampionFailure


class HealthResponse(BaseModel):
    """That the process answers."""

    status: str


class ReadyResponse(ChampionFailure):
    """That tips can be routed, and with which model."""

    status: str
    model_version: str
