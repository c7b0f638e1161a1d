"""What routes are given: one name for each injected thing.

All are coroutines: FastAPI hands a plain function to another thread, which takes longer than what these do.
"""

from typing import Annotated, cast

from fastapi import Depends, Request

from model.router import Router
from service.access import Doorkeeper
from service.batcher import TipBatcher
from service.metrics import Metrics
from service.store.database import Database
from service.store.similar import SimilarCases
from service.webhooks import WebhookSender


async def get_router(request: Request) -> Router:
    """Return the router of the champion, loaded when the service started."""
    return cast("Router", request.app.state.router)


async def get_batcher(request: Request) -> TipBatcher:
    """Return what routes single tips together."""
    return cast("TipBatcher", request.app.state.batcher)


async def get_database(request: Request) -> Database:
    """Return the case store."""
    return cast("Database", request.app.state.database)


async def get_doorkeeper(request: Request) -> Doorkeeper:
    """Return what finds out who sends a request."""
    return cast("Doorkeeper", request.app.state.doorkeeper)


async def get_webhooks(request: Request) -> WebhookSender:
    """Return what sends webhooks."""
    return cast("WebhookSender", request.app.state.webhooks)


async def get_metrics(request: Request) -> Metrics:
    """Return what counts for Prometheus."""
    return cast("Metrics", request.app.state.metrics)


async def get_similar(request: Request) -> SimilarCases:
    """Return what finds stored cases like a tip."""
    return cast("SimilarCases", request.app.state.similar)


RouterDep = Annotated[Router, Depends(get_router)]
BatcherDep = Annotated[TipBatcher, Depends(get_batcher)]
DatabaseDep = Annotated[Database, Depends(get_database)]
DoorkeeperDep = Annotated[Doorkeeper, Depends(get_doorkeeper)]
WebhooksDep = Annotated[WebhookSender, Depends(get_webhooks)]
MetricsDep = Annotated[Metrics, Depends(get_metrics)]
SimilarDep = Annotated[SimilarCases, Depends(get_similar)]
