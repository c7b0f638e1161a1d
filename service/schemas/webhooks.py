"""Webhook targets."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, HttpUrl


class WebhookRequest(BaseModel):
    """Where events are to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"url": "https://crm.example.org/tips"}]})

    url: HttpUrl


class WebhookResponse(BaseModel):
    """A target, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    created_at: datetime
    created_by: str


class NewWebhookResponse(WebhookResponse):
    """A new target."""

    secret: str = Field(description="Signs what is sent; shown this once.")
