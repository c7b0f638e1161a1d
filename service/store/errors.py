"""The errors of the case store.

RoutingError
└── StoreError
    ├── StoreUnavailableError     locked, gone, read-only, full, unreachable: the same may work later
    ├── StoreVersionError         the database is newer than this version of tipdesk
    ├── NotFoundError
    ├── InvalidValueError         a value that cannot be stored
    ├── ConflictError             what is asked does not fit what is stored
    │   ├── StaleVersionError     somebody else changed the case meanwhile
    │   └── TransitionError       the case's status does not allow it
    ├── CredentialsError          log-in refused
    └── BackupError               a backup cannot be written or restored

No message quotes a tip, a password or a key.
"""

from model.errors import RoutingError


class StoreError(RoutingError):
    """Base class of what the case store refuses or cannot do."""


class StoreUnavailableError(StoreError):
    """The database cannot be used now; the same may work in `retry_after_s` seconds."""

    retry_after_s = 5


class StoreVersionError(StoreError):
    """The database was written by a newer version of tipdesk."""


class NotFoundError(StoreError):
    """There is no such record."""


class InvalidValueError(StoreError):
    """A value that cannot be stored."""


class ConflictError(StoreError):
    """What is asked does not fit what is stored."""


class StaleVersionError(ConflictError):
    """The case is not the one that was seen: it has the version `current` by now."""

    def __init__(self, number: str, seen: int, current: int) -> None:
        super().__init__(f"case {number} has version {current}, not {seen}; read it again, then change it")
        self.current = current


class TransitionError(ConflictError):
    """The case's status does not allow what is asked."""


class CredentialsError(StoreError):
    """Log-in refused; after too many failures for `retry_after_s` seconds whatever the password."""

    def __init__(self, message: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BackupError(StoreError):
    """A backup cannot be written or restored."""
