"""The fixed words of a case and of accounts: channels, statuses and which may follow which, roles."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Channel(StrEnum):
    """How a tip came in."""

    PHONE = "phone"
    LETTER = "letter"
    VISIT = "visit"
    WEB = "web"
    SMS = "sms"


class Status(StrEnum):
    """Where a case stands."""

    PENDING = "pending"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    RETURNED = "returned"


class Role(StrEnum):
    """What an account may do."""

    OPERATOR = "operator"
    DATA = "data"
    ADMIN = "admin"
    VIEWER = "viewer"


CHANNEL_NAMES: Mapping[Channel, str] = MappingProxyType(
    dict(zip(Channel, ("来电", "来信", "来访", "网络", "短信"), strict=True))
)
STATUS_NAMES: Mapping[Status, str] = MappingProxyType(
    dict(zip(Status, ("待派", "已派", "办理中", "办结", "退回"), strict=True))
)
ROLE_NAMES: Mapping[Role, str] = MappingProxyType(dict(zip(Role, ("话务员", "数据员", "管理员", "只读"), strict=True)))


class Transition(NamedTuple):
    """From which statuses an action may be taken, and the status after it."""

    before: frozenset[Status]
    after: Status


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "confirm": Transition(frozenset({Status.PENDING, Status.RETURNED}), Status.ASSIGNED),
        "start": Transition(frozenset({Status.ASSIGNED}), Status.IN_PROGRESS),
        "return": Transition(frozenset({Status.ASSIGNED, Status.IN_PROGRESS}), Status.RETURNED),
        "transfer": Transition(frozenset({Status.ASSIGNED, Status.IN_PROGRESS, Status.RETURNED}), Status.ASSIGNED),
        "close": Transition(frozenset({Status.ASSIGNED, Status.IN_PROGRESS}), Status.CLOSED),
        "rate": Transition(frozenset({Status.CLOSED}), Status.CLOSED),
    }
)
"""Which actions a case's status allows. Correcting what is recorded of a case is allowed always and changes none."""
