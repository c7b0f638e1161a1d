"""Logging in, and who one is."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.access import Permission
from service.store.users import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD


class LogIn(BaseModel):
    """Name and password of an account."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "wangfang", "password": "a long password"}]}
    )

    name: str = Field(max_length=MAX_NAME)
    password: str = Field(max_length=MAX_PASSWORD)


class NewPassword(BaseModel):
    """The one-time token of an account, and the password that it is to have."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"token": "bXVzdCBiZSBsb25nIGFuZCByYW5kb20", "password": "a long password"}]},
    )

    token: str = Field(max_length=200, description="What stands in the link behind `token=`.")
    password: str = Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)


class PrincipalResponse(BaseModel):
    """Who sends the request, and what that one may do."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    how: Literal["session", "key", "local"] = Field(description="Logged in, by an API key, or with accounts off.")
    permissions: Annotated[list[Permission], BeforeValidator(sorted)]
