"""What labellers say of cases."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from service.schemas.cases import Also, Desk, Id


class LabelRequest(BaseModel):
    """What one labeller says of a case."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"desk": "legal", "kind": "complaint", "urgent": False}]}
    )

    desk: Desk
    also: Also = []
    kind: Id
    urgent: StrictBool


class LabelResponse(BaseModel):
    """What one labeller said of a case."""

    model_config = ConfigDict(from_attributes=True)

    labeller: str
    desk: str
    also: list[str]
    kind: str
    urgent: bool
    at: datetime


class DisagreementResponse(BaseModel):
    """A case whose labellers name different desks."""

    number: str
    labels: list[LabelResponse] = Field(description="In the order in which they were given.")
