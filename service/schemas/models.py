"""The served model."""

from typing import Any

from pydantic import BaseModel, Field


class ModelResponse(BaseModel):
    """The model that is served."""

    version: str
    recipe: dict[str, Any]
    corpus: dict[str, Any]
    metrics: dict[str, Any] = Field(description="Cross-validated on the corpus.")
    policy: dict[str, Any]
