"""The served model."""

from typing import Any, Self

from pydantic import BaseModel, Field

from service.serving import ServedModel


class ChampionFailure(BaseModel):
    """Why the champion does not serve, where another model does in its place."""

    failed_version: str | None = Field(None, description="The champion that could not be loaded.")
    failure: str | None = Field(None, description="Why another model goes on serving in its place, in one line.")

    @classmethod
    def of(cls, served: ServedModel, **others: object) -> Self:
        """Return what is told of `served`."""
        failure = served.failure
        told = {"failed_version": failure.version, "failure": failure.reason} if failure else {}
        return cls.model_validate(others | told)


class ModelResponse(ChampionFailure):
    """The model that is served."""

    version: str
    recipe: dict[str, Any]
    corpus: dict[str, Any]
    metrics: dict[str, Any] = Field(description="Cross-validated on the corpus.")
    policy: dict[str, Any]
