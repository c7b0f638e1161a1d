"""Tips that arrive together are routed together, and each gets its own answer."""

import asyncio

import pytest

from model.router import Router
from model.routing import PIECES, Routing
from service.batcher import TipBatcher

TEXTS = ["老板拖欠工资", "在工地摔断了腿", "", "公司不交社保"]


async def ask(batcher: TipBatcher, texts: list[str]) -> list[Routing | BaseException]:
    return await asyncio.gather(*(batcher.route(text) for text in texts), return_exceptions=True)


def test_each_gets_its_own(router: Router) -> None:
    together = asyncio.run(ask(TipBatcher(lambda: router), TEXTS))
    assert [routing.desk for routing in together if isinstance(routing, Routing)] == [
        routing.desk for routing in router.route(TEXTS)
    ]


def test_each_gets_the_pieces_that_it_asked_for(router: Router) -> None:
    async def ask_differently() -> tuple[Routing, Routing, Routing]:
        route = TipBatcher(lambda: router).route
        return await asyncio.gather(route("欠薪", ["urgency"]), route("工伤", ()), route("社保"))

    urgent, plain, everything = asyncio.run(ask_differently())
    assert urgent.to_dict().keys() & PIECES == {"urgency"}
    assert not plain.to_dict().keys() & PIECES
    assert everything.to_dict().keys() >= PIECES


def test_a_failure_is_told_to_all_who_wait() -> None:
    def gone() -> Router:
        raise LookupError("no model")

    answers = asyncio.run(ask(TipBatcher(gone), TEXTS))
    assert [type(answer) for answer in answers] == [LookupError] * len(TEXTS)


def test_who_leaves_while_waiting_harms_nobody(router: Router) -> None:
    async def leave() -> Routing:
        batcher = TipBatcher(lambda: router)
        leaving = asyncio.ensure_future(batcher.route("欠薪"))
        staying = asyncio.ensure_future(batcher.route("工伤"))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    assert asyncio.run(leave()).desk in router.desks
