"""API keys."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from service.access import Permission


class KeyRequest(BaseModel):
    """A new key."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "呼叫中心", "scopes": ["route", "cases:write"], "expires_in_days": 365}]
        },
    )

    name: str = Field(min_length=1, max_length=64, description="What it is for.")
    scopes: list[Permission] = Field(min_length=1, max_length=20, description="What it may be used for, no more.")
    expires_in_days: int | None = Field(None, strict=True, ge=1, le=3650, description="Null: until it is revoked.")


class KeyResponse(BaseModel):
    """A key, without the key itself."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    hint: str = Field(description="Its first characters.")
    scopes: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyResponse(KeyResponse):
    """A new key."""

    key: str = Field(description="Shown this once; send it as `Authorization: Bearer …`.")
