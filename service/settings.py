"""Everything about the service that an administrator may set, read from ``TIPDESK_*`` variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.errors import RoutingError
from model.registry import DEFAULT_HOME


class SettingsError(RoutingError):
    """A variable holds what it must not."""


class Settings(BaseSettings):
    """Settings of the service. Each field can be set by the variable ``TIPDESK_`` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TIPDESK_")

    home: Path = Field(DEFAULT_HOME, description="Folder of all that is written at run time: models, the database.")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL as `postgresql://user@host/database`; without it cases are kept in SQLite."
    )
    mask_personal: bool = Field(
        True, description="Whether numbers, addresses and names of persons are taken out of a tip before it is stored."
    )
    max_body_bytes: int = Field(
        8 * 2**20, gt=0, description="Longest request body in bytes; a longer one is answered 413."
    )
    max_upload_bytes: int = Field(
        200 * 2**20, gt=0, description="Longest table in bytes that can be uploaded in the console."
    )
    auth: Literal["on", "off"] = Field(
        "on",
        description="`off`: no accounts, everybody is an administrator; for trying out, on a loopback address only.",
    )
    rate_limit_per_minute: int = Field(
        6000, gt=0, description="Requests a minute of one account or key in one worker process; more are answered 429."
    )
    access_log: bool = Field(False, description="Whether each request is logged, as by `tipdesk serve --access-log`.")
    webhook_allow_private: bool = Field(
        False, description="Whether webhooks may go to this machine and to private networks."
    )


def read_settings() -> Settings:
    """Return the settings of the environment.

    Raises
    ------
    SettingsError
    """
    try:
        return Settings()
    except ValidationError as error:
        # Not what was found: it may be a secret.
        wrong = "; ".join(f"TIPDESK_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{wrong}; set it right, or leave it away for the default") from None
