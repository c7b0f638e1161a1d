"""Who may do what: roles and API keys as permissions, and who it is that sends a request.

Every route either names the permission that it needs, by `allow`, or is open to everybody.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from time import monotonic
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from model.errors import RoutingError
from service.store import keys, sessions
from service.store.database import Database
from service.store.errors import StoreUnavailableError
from service.store.tables import User
from service.store.tokens import digest
from service.store.vocabulary import Role

SESSION_COOKIE = "tipdesk_session"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tipdesk"'}
"""What every 401 says (RFC 9110): how one may be let in."""

_T = TypeVar("_T")
_HASHES_AT_ONCE = 2
_REMEMBERED_S = 2.0
_REMEMBERED_AT_MOST = 10_000  # tokens, a few MB


class AccessError(RoutingError):
    """The service must not be started like this: more people could use it than should."""


class Permission(StrEnum):
    """What may be done."""

    ROUTE = "route"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    STATISTICS_READ = "statistics:read"
    REVIEW = "review"
    MODELS_READ = "models:read"
    MODELS_WRITE = "models:write"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"


_VIEWER = frozenset({Permission.CASES_READ, Permission.STATISTICS_READ, Permission.MODELS_READ})
PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.OPERATOR: _VIEWER | {Permission.ROUTE, Permission.CASES_WRITE},
        Role.DATA: _VIEWER | {Permission.ROUTE, Permission.REVIEW, Permission.MODELS_WRITE},
        Role.ADMIN: frozenset(Permission),
    }
)


@dataclass(frozen=True)
class Principal:
    """Who sends a request.

    Attributes
    ----------
    name : str
        Of the account; of a key, ``key:`` with its number and name. It is what history and audit show.
    how : str
        By a browser's session, by an API key, or locally, where accounts are switched off.
    role : Role or None
        Of the account.
    """

    name: str
    permissions: frozenset[Permission]
    how: Literal["session", "key", "local"]
    role: Role | None = None

    @classmethod
    def of_user(cls, user: User) -> Self:
        """Return the owner of an account who has logged in."""
        return cls(user.name, PERMISSIONS[user.role], "session", user.role)


LOCAL = Principal("local", frozenset(Permission), "local")


class RateLimiter:
    """Token buckets, one for each principal: so many requests a minute, and as many at once after a pause."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # requests left, and when that was

    def take(self, who: str) -> int:
        """Return 0 if `who` may send a request, which is counted, else the seconds after which it may."""
        now = self._clock()
        left, then = self._buckets.get(who, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - then) * self._per_minute / 60)
        if left < 1:
            return math.ceil((1 - left) * 60 / self._per_minute)
        self._buckets[who] = left - 1, now
        return 0


class Doorkeeper:
    """Finds out who sends a request.

    What the store says of a token is remembered for two seconds, so that routing costs no query per request; as long
    may another worker process let in who has just been shut out.

    Parameters
    ----------
    off : bool
        Whether everybody is a local administrator.
    per_minute : int
        How many requests each principal may send.
    """

    def __init__(self, database: Database, *, off: bool, per_minute: int) -> None:
        self.off = off
        self.limiter = RateLimiter(per_minute)
        self._database = database
        self._hashing = CapacityLimiter(_HASHES_AT_ONCE)
        self._known: dict[tuple[bool, str], tuple[float, Principal]] = {}

    async def principal(self, request: Request) -> Principal | None:
        """Return who sends the request; None for nobody known."""
        if self.off:
            return LOCAL
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        is_key = scheme != ""
        if is_key and scheme.lower() != "bearer":
            return None
        if not is_key:
            token = request.cookies.get(SESSION_COOKIE, "")
        if not token:
            return None
        where = is_key, digest(token)
        until, principal = self._known.get(where, (0.0, None))
        if principal is not None and monotonic() < until:
            return principal
        found = await run_in_threadpool(self._of_key if is_key else self._of_session, token)
        if found is not None:
            if len(self._known) >= _REMEMBERED_AT_MOST:
                self._known.clear()
            self._known[where] = monotonic() + _REMEMBERED_S, found
        return found

    async def hash(self, work: Callable[[], _T]) -> _T:
        """Return what `work`, which hashes a password, returns.

        That takes a core and 64 MB: few run at once, so that who guesses passwords leaves some of both to others.
        """
        return await to_thread.run_sync(work, limiter=self._hashing)

    def forget(self) -> None:
        """Ask the store anew: accounts, sessions or keys have changed."""
        self._known = {}

    def _of_session(self, token: str) -> Principal | None:
        with self._database.reading() as session:
            user = sessions.user_of(session, token)
        return None if user is None else Principal.of_user(user)

    def _of_key(self, token: str) -> Principal | None:
        with self._database.reading() as session:
            key = keys.find(session, token)
            use_is_due = key is not None and keys.use_is_due(session, key)
        if key is None:
            return None
        if use_is_due:
            try:
                with self._database.writing() as session:
                    keys.note_use(session, key.id)
            except StoreUnavailableError:
                pass  # reading works: no reason to turn the key away
        known = frozenset(permission for permission in Permission if permission in key.scopes)
        return Principal(f"key:{key.id}:{key.name}", known, "key")


@dataclass(frozen=True)
class Allow:
    """A dependency that lets a request pass if its sender holds `permission`; any known sender where it is None.

    It is a coroutine: FastAPI hands plain functions to threads, which takes longer than to route a tip.
    """

    permission: Permission | None

    async def __call__(self, request: Request) -> Principal:
        doorkeeper = cast("Doorkeeper", request.app.state.doorkeeper)
        principal = await doorkeeper.principal(request)
        if principal is None:
            raise HTTPException(401, "log in, or send an API key as 'Authorization: Bearer …'", CHALLENGE)
        request.state.principal = principal
        if self.permission is not None and self.permission not in principal.permissions:
            raise HTTPException(
                403, f"{principal.name} lacks the permission {self.permission}; an administrator can give it"
            )
        if principal.how != "local" and (wait := doorkeeper.limiter.take(principal.name)):
            raise HTTPException(429, f"too many requests; try again in {wait} s", {"Retry-After": str(wait)})
        return principal


def allow(permission: Permission | None) -> Any:
    """Return the dependency for FastAPI; as a parameter's it gives the `Principal`."""
    return Depends(Allow(permission))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
