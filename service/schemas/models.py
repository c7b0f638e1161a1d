"""The served model, and all versions of the registry."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from model.registry import VersionInfo
from service.serving import ServedModel

Version = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="A model version.", examples=["c5a0d56d2ce0"])]
VERSION_OR_ALIAS = "[0-9a-f]{12}|champion|challenger|previous"
VersionOrAlias = Annotated[
    str,
    Path(
        pattern=f"^({VERSION_OR_ALIAS})$",
        description="A model version, or a name that points at one.",
        examples=["champion"],
    ),
]


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


class VersionSummary(BaseModel):
    """A version of the registry; of one that cannot be read nothing but its name, and why."""

    version: str
    aliases: list[str] = Field(description="Of champion, challenger and previous those that point at it.")
    created_at: datetime | None = None
    corpus: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = Field(None, description="Cross-validated.")
    error: str | None = Field(None, description="Why it cannot be read.")

    @classmethod
    def of(cls, info: VersionInfo) -> Self:
        """Return what is told of a version."""
        named = {"version": info.version, "aliases": info.aliases, "created_at": info.created_at}
        return cls.model_validate(asdict(info.manifest) | named)


class VersionResponse(VersionSummary):
    """A version of the registry."""

    recipe: dict[str, Any]
    calibration: str = Field(description="On what tips probabilities and policy were fitted.")
    libraries: dict[str, str]
    policy: dict[str, Any]


class Promotion(BaseModel):
    """How a version is to become the champion."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{}, {"force": True, "why": "新增受理席，旧测试数据不适用"}]}
    )

    force: StrictBool = Field(False, description="Whatever the gate says; needs `why`.")
    why: str | None = Field(
        None, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$", description="A reason, for the history."
    )

    @model_validator(mode="after")
    def _require_why(self) -> Self:
        if self.force and not (self.why or "").split():
            raise ValueError("force needs a reason in why")
        return self


class GateResponse(BaseModel):
    """What the gate said, in Chinese: for data staff."""

    passed: bool
    reasons: list[str] = Field(description="Why the version should not be the champion.")
    notes: list[str] = Field(description="What was looked at, and what could not be.")


class ChampionResponse(BaseModel):
    """The version that is the champion now. Every worker serves it within two seconds."""

    version: str
    aliases: list[str]
    gate: GateResponse | None = Field(None, description="Not asked when a champion is rolled back.")


class ChampionChange(BaseModel):
    """A change of the champion."""

    at: datetime
    who: str = Field(description="The account of the machine; whose it was in the service stands in the audit trail.")
    action: str
    from_version: str | None = Field(validation_alias="from")
    to_version: str = Field(validation_alias="to")
    why: str | None
    gate: GateResponse | None
