"""What the outbox holds is sent to its targets, signed, until they have taken it.

Each worker process has a sender; the outbox gives every message to one of them. A message may come twice, when a
sender died before it could say that the first was taken, and messages may come out of order: they carry the case's
version. Targets are addresses that administrators type: what is not on the public internet is refused.

Notes
-----
Headers and signature: Standard Webhooks, https://www.standardwebhooks.com. Refused addresses: IANA's special-purpose
registries, as `ipaddress` knows them; OWASP, Server-Side Request Forgery Prevention Cheat Sheet.
"""

import asyncio
import base64
import hmac
import json
import logging
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import h11
from anyio import create_task_group, sleep, to_thread

from service.store import outbox
from service.store.database import Database
from service.store.errors import InvalidValueError, StoreUnavailableError
from service.store.tables import OutboxMessage, WebhookTarget

LASTS_S = 10.0
"""Seconds that sending a message may take: the name looked up, connected, sent, and answered."""

_CONNECT_S = 4.0
_LOOK_EVERY_S = 1.0
_LOOK_AFTER_FAULT_S = 10.0
_A_LITTLE = 16_384  # bytes read at once; h11 takes no head that is longer
_GLOBAL_UNICAST = IPv6Network("2000::/3")

logger = logging.getLogger(__name__)


class TargetRefusedError(InvalidValueError):
    """A webhook target that nothing may be sent to."""


class NotTakenError(Exception):
    """A target did not take a message; says why, in words that are ours."""


class WebhookSender:
    """Sends what is due.

    Parameters
    ----------
    allow_private : bool
        Whether targets may be on this machine or in a private network.
    """

    def __init__(self, database: Database, *, allow_private: bool) -> None:
        self._database = database
        self._allow_private = allow_private

    async def run(self) -> None:
        """Send until this is cancelled. A target that hangs holds up nothing but what it is to be sent itself."""
        busy: set[int] = set()
        async with create_task_group() as group:
            while True:
                wait_s = _LOOK_EVERY_S
                try:
                    for target_id in await to_thread.run_sync(self._due):
                        if target_id not in busy:
                            busy.add(target_id)
                            group.start_soon(self._send_to, target_id, busy)
                except StoreUnavailableError:  # the requests that fail for it say so
                    wait_s = _LOOK_AFTER_FAULT_S
                await sleep(wait_s)

    async def require_allowed(self, url: str) -> None:
        """Refuse a target to which nothing would be sent. A name that leads nowhere yet is none of those.

        Raises
        ------
        TargetRefusedError
        """
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._addresses(urlsplit(url))
        except (NotTakenError, TimeoutError):
            pass

    async def _send_to(self, target_id: int, busy: set[int]) -> None:
        """Send what is due for a target, one message after the other; then it is busy no more."""
        try:
            while claimed := await to_thread.run_sync(self._claim, target_id):
                message, target = claimed
                try:
                    await self._send(message, target)
                except (NotTakenError, TargetRefusedError) as error:
                    await to_thread.run_sync(self._failed, message.id, str(error))
                else:
                    await to_thread.run_sync(self._taken, message.id)
        except StoreUnavailableError:
            pass  # what was claimed falls due again
        except Exception as error:  # other targets are still to be told
            logger.error("unexpected %s in sending to webhook %s", type(error).__name__, target_id)
        finally:
            busy.discard(target_id)

    async def _send(self, message: OutboxMessage, target: WebhookTarget) -> None:
        """Post a message to its target.

        Raises
        ------
        NotTakenError, TargetRefusedError
        """
        url = urlsplit(target.url)
        try:
            async with asyncio.timeout(LASTS_S):
                reader, writer = await _connect(url, await self._addresses(url))
                try:
                    status = await _post(reader, writer, url, *_signed(message, outbox.key_of(target)))
                finally:
                    writer.transport.abort()  # whatever else the target says or waits for
        except TimeoutError:
            raise NotTakenError(f"no answer within {LASTS_S:.0f} s") from None
        except ssl.SSLError as error:
            raise NotTakenError(f"no secure connection ({error.reason or 'TLS'})") from None
        except OSError as error:
            raise NotTakenError(f"the connection failed ({type(error).__name__})") from None
        except h11.ProtocolError:
            raise NotTakenError("what it answered is no HTTP") from None
        if not 200 <= status < 300:
            raise NotTakenError(f"it answered {status}, expected 200 to 299")

    async def _addresses(self, url: SplitResult) -> Sequence[str]:
        """Return the addresses of the target's host, all of which may be sent to.

        Raises
        ------
        NotTakenError
            If the host has none.
        TargetRefusedError
        """
        if url.username or url.password:
            raise TargetRefusedError(
                "the webhook's URL holds a user or a password; leave them out: what is sent is signed"
            )
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                url.hostname or "", url.port or 0, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            raise NotTakenError("its name leads to no address") from None
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        if not self._allow_private and not all(map(is_public, addresses)):
            raise TargetRefusedError(
                "the webhook's host is on this machine or in a private network; give one on the public internet, "
                "or allow it by TIPDESK_WEBHOOK_ALLOW_PRIVATE=true"
            )
        return addresses

    def _due(self) -> Sequence[int]:
        with self._database.reading() as session:
            return outbox.due_targets(session)

    def _claim(self, target_id: int) -> tuple[OutboxMessage, WebhookTarget] | None:
        with self._database.writing() as session:
            return outbox.claim(session, target_id)

    def _taken(self, message_id: int) -> None:
        with self._database.writing() as session:
            outbox.taken(session, message_id)

    def _failed(self, message_id: int, why: str) -> None:
        with self._database.writing() as session:
            outbox.failed(session, message_id, why)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet: of one host, and no tunnel to another one."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif ip not in _GLOBAL_UNICAST or ip.sixtofour or ip.teredo:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _signed(message: OutboxMessage, key: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers and the body of a message, signed now."""
    told = {"type": message.event, "timestamp": message.created_at.isoformat(), "data": message.payload}
    body = json.dumps(told, separators=(",", ":")).encode()
    # Numbers of messages start anew with an empty database; with the time they never come again.
    name, time = f"msg_{message.created_at:%Y%m%d%H%M%S}_{message.id}", str(int(datetime.now(UTC).timestamp()))
    digest = hmac.digest(key, b".".join([name.encode(), time.encode(), body]), "sha256")
    return [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("user-agent", f"tipdesk/{version('tipdesk')}"),
        ("webhook-id", name),
        ("webhook-timestamp", time),
        ("webhook-signature", f"v1,{base64.b64encode(digest).decode()}"),
    ], body


async def _connect(url: SplitResult, addresses: Sequence[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the first of the addresses that can be connected to.

    It is the address that was looked at which is connected to: the host's name might lead to another one by now. The
    certificate must be that of the name all the same.
    """
    tls, usual_port = (_tls(), 443) if url.scheme == "https" else (None, 80)
    for address in addresses:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(
                    address, url.port or usual_port, ssl=tls, server_hostname=url.hostname if tls else None
                )
        except (OSError, TimeoutError):
            if address == addresses[-1]:
                raise
    raise NotTakenError("its name leads to no address")


async def _post(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    url: SplitResult,
    headers: list[tuple[str, str]],
    body: bytes,
) -> int:
    """Return the status that a target answers with; what else it says is not read, where it redirects to not asked."""
    connection = h11.Connection(h11.CLIENT)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    host = url.netloc.rpartition("@")[2]
    request = h11.Request(method="POST", target=target, headers=[("host", host), *headers, ("connection", "close")])
    parts = [connection.send(request), connection.send(h11.Data(data=body)), connection.send(h11.EndOfMessage())]
    writer.writelines(part for part in parts if part)
    await writer.drain()
    while not isinstance(event := connection.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_A_LITTLE))
    return event.status_code


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
