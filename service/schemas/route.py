"""Texts to be routed."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from model.routing import Piece, Routing

MAX_CHARS = 100_000
MAX_TEXTS = 1_000

Text = Annotated[str, StringConstraints(max_length=MAX_CHARS)]

Explain = StrictBool | list[Piece]

EXAMPLE = "老板拖欠我们三个月工资了,一共十二个人,找他就躲"


class RouteRequest(BaseModel):
    """A tip to be routed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": EXAMPLE}]})

    text: Text = Field(description="What the worker said, in their own words.")
    explain: Explain = Field(
        True, description="What beyond the decision is wanted: all, nothing (fastest), or some pieces by name."
    )


class BatchRequest(BaseModel):
    """Tips to be routed, in order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"texts": [EXAMPLE, "公司要我签自愿放弃社保的承诺书"], "explain": False}]},
    )

    texts: list[Text] = Field(max_length=MAX_TEXTS)
    explain: Explain = Field(False, description="As for one tip; here nothing unless it is asked for.")


class BatchResponse(BaseModel):
    """Routings, in the order of the texts."""

    routings: list[Routing]
