"""Load on a service: so many connections, each sending one request after the other. Raw sockets, to cost little."""

import asyncio
import json
from dataclasses import dataclass
from time import perf_counter

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """What a load came to.

    Attributes
    ----------
    per_second : float
        Requests.
    p50, p99 : float
        Latencies in milliseconds.
    """

    per_second: float
    p50: float
    p99: float


def put_load_on(port: int, path: str, bodies: list[dict[str, object]], connections: int) -> Load:
    """Post each body once, as JSON, to a service on this machine and return what that took.

    Raises
    ------
    RuntimeError
        If an answer is not 200.
    """
    return asyncio.run(_put_load_on(port, path, bodies, connections))


async def _put_load_on(port: int, path: str, bodies: list[dict[str, object]], connections: int) -> Load:
    waiting = [post_request(path, body) for body in bodies]
    latencies: list[float] = []

    async def send_in_turn() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            began = perf_counter()
            writer.write(waiting.pop())
            head = await reader.readuntil(_HEAD_END)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{path} answered {head.splitlines()[0].decode()}, expected 200")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
            latencies.append(perf_counter() - began)
        writer.close()

    began = perf_counter()
    await asyncio.gather(*(send_in_turn() for _ in range(connections)))
    seconds = perf_counter() - began
    latencies.sort()
    return Load(
        len(bodies) / seconds, 1e3 * latencies[len(latencies) // 2], 1e3 * latencies[len(latencies) * 99 // 100]
    )


def post_request(path: str, content: dict[str, object]) -> bytes:
    """Return the bytes of a request with a JSON body."""
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + _HEAD_END + body
