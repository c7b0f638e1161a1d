"""Tips that arrive together are routed together: that takes little longer than to route one of them."""

import asyncio
from collections.abc import Callable, Collection
from datetime import date

from model.router import Router
from model.routing import Piece, Routing, wanted_pieces


class TipBatcher:
    """Routes single tips, each asked for by a request of its own.

    All that were asked for since the event loop came round last are one batch. Nothing waits for a batch to fill, and
    none is handed to another thread, which would take longer than to route it.

    Parameters
    ----------
    current : callable
        Returns the router that serves now.
    """

    def __init__(self, current: Callable[[], Router]) -> None:
        self._current = current
        self._waiting: list[tuple[str, frozenset[Piece], asyncio.Future[Routing]]] = []

    async def route(self, text: str, explain: bool | Collection[Piece] = True) -> Routing:
        """Return the routing of `text`; `explain` as for `Router.route`."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._route_waiting)
        routing: asyncio.Future[Routing] = loop.create_future()
        self._waiting.append((text, wanted_pieces(explain), routing))
        return await routing

    def _route_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        everything = frozenset[Piece]().union(*(wanted for _, wanted, _ in waiting))
        try:
            routings = self._current().route([text for text, _, _ in waiting], explain=everything, today=date.today())
        except Exception as error:  # whoever waits must be told
            for _, _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, wanted, future), routing in zip(waiting, routings, strict=True):
            for piece in everything - wanted:
                setattr(routing, piece, None)
            if not future.done():  # its client has gone
                future.set_result(routing)
