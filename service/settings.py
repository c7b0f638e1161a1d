"""Everything about the service that an administrator may set, read from ``TIPDESK_*`` variables."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.registry import DEFAULT_HOME


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
