"""What routes are given: one name for each injected thing.

All are coroutines: FastAPI hands a plain function to another thread, which takes longer than what these do.
"""

from typing import Annotated, cast

from fastapi import Depends, Request

from model.router import Router
from service.batcher import TipBatcher


async def get_router(request: Request) -> Router:
    """Return the router of the champion, loaded when the service started."""
    return cast("Router", request.app.state.router)


async def get_batcher(request: Request) -> TipBatcher:
    """Return what routes single tips together."""
    return cast("TipBatcher", request.app.state.batcher)


RouterDep = Annotated[Router, Depends(get_router)]
BatcherDep = Annotated[TipBatcher, Depends(get_batcher)]
