"""The audit trail, and how long cases are kept."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MAX_RETENTION_DAYS = 36500


class AuditEntryResponse(BaseModel):
    """Who did what to what. No entry holds content of a case."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    by: str
    action: str
    object: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """Entries, newest first."""

    entries: list[AuditEntryResponse]
    next: str | None = Field(description="The cursor of the page after; null at the end.")


class Retention(BaseModel):
    """For how many days after their creation closed cases are kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 1095}]})

    days: int | None = Field(strict=True, ge=1, le=MAX_RETENTION_DAYS, description="Null: for ever.")
