"""Accounts."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from service.store.tables import User
from service.store.users import MAX_NAME
from service.store.vocabulary import Role


class UserRequest(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "王芳", "role": "operator"}]})

    name: str = Field(min_length=1, max_length=MAX_NAME)
    role: Role


class UserChange(BaseModel):
    """What is to be changed of an account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"disabled": True}]})

    role: Role | None = None
    disabled: bool | None = Field(None, strict=True, description="Whether it cannot log in; that ends its sessions.")


class UserResponse(BaseModel):
    """An account."""

    id: int
    name: str
    role: Role
    disabled: bool
    has_password: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserResponse":
        """Return what is told of `user`."""
        return cls(
            id=user.id,
            name=user.name,
            role=user.role,
            disabled=user.disabled,
            has_password=user.password_hash is not None,
            created_at=user.created_at,
        )


class InvitationResponse(BaseModel):
    """An account, and the way for its owner to set the password: shown this once."""

    user: UserResponse
    token: str
    link: str = Field(description="The console's page for it, within the service; it works once, for three days.")

    @classmethod
    def of(cls, user: User, token: str) -> "InvitationResponse":
        """Return the invitation of `user`."""
        return cls(user=UserResponse.of(user), token=token, link=f"/password?token={token}")
