"""Whether the service works."""

from pydantic import BaseModel


class HealthResponse(BaseModel):
    """That the service answers."""

    status: str
    model_version: str | None = None
