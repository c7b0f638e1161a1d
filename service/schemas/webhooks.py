"""Webhook targets."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from service.store.tables import WebhookTarget


class WebhookRequest(BaseModel):
    """Where events are to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"url": "https://crm.example.org/tips"}]})

    url: HttpUrl


class _Target(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    created_at: datetime
    created_by: str


class WebhookResponse(_Target):
    """A target, without its secret."""

    waiting: int = Field(description="How many messages it has not taken yet.")
    last_error: str | None = Field(description="Why it has not taken one of those.")

    @classmethod
    def of(cls, target: WebhookTarget, waiting: int, last_error: str | None) -> "WebhookResponse":
        """Return what is told of `target`."""
        return cls(**_Target.model_validate(target).model_dump(), waiting=waiting, last_error=last_error)


class NewWebhookResponse(_Target):
    """A new target."""

    secret: str = Field(description="Signs what is sent; shown this once.")
