"""What routes are given: one name for each injected thing.

All are coroutines: FastAPI hands a plain function to another thread, which takes longer than what these do.
"""

from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from model.router import Router
from service.access import Doorkeeper
from service.batcher import TipBatcher
from service.jobs import Jobs
from service.metrics import Metrics
from service.serving import ServedModel
from service.settings import Settings
from service.store.database import Database
from service.store.similar import SimilarCases
from service.uploads import Uploads
from service.webhooks import WebhookSender


async def get_served(request: Request) -> ServedModel:
    """Return the model that serves, and whether that is the champion."""
    return cast("ServedModel", request.app.state.served)


async def get_router(served: Annotated[ServedModel, Depends(get_served)]) -> Router:
    """Return the router that serves now: one for the whole request."""
    return served.router


async def get_batcher(request: Request) -> TipBatcher:
    """Return what routes single tips together."""
    return cast("TipBatcher", request.app.state.batcher)


async def get_database(request: Request) -> Database:
    """Return the case store."""
    return cast("Database", request.app.state.database)


async def get_home(request: Request) -> Path:
    """Return the folder of all that is written at run time."""
    return cast("Path", request.app.state.home)


async def get_jobs(request: Request) -> Jobs:
    """Return the commands that run as processes."""
    return cast("Jobs", request.app.state.jobs)


async def get_doorkeeper(request: Request) -> Doorkeeper:
    """Return what finds out who sends a request."""
    return cast("Doorkeeper", request.app.state.doorkeeper)


async def get_settings(request: Request) -> Settings:
    """Return the settings in force."""
    return cast("Settings", request.app.state.settings)


async def get_uploads(request: Request) -> Uploads:
    """Return the tables that people uploaded."""
    return cast("Uploads", request.app.state.uploads)


async def get_webhooks(request: Request) -> WebhookSender:
    """Return what sends webhooks."""
    return cast("WebhookSender", request.app.state.webhooks)


async def get_metrics(request: Request) -> Metrics:
    """Return what counts for Prometheus."""
    return cast("Metrics", request.app.state.metrics)


async def get_similar(request: Request) -> SimilarCases:
    """Return what finds stored cases like a tip."""
    return cast("SimilarCases", request.app.state.similar)


ServedDep = Annotated[ServedModel, Depends(get_served)]
RouterDep = Annotated[Router, Depends(get_router)]
BatcherDep = Annotated[TipBatcher, Depends(get_batcher)]
DatabaseDep = Annotated[Database, Depends(get_database)]
HomeDep = Annotated[Path, Depends(get_home)]
JobsDep = Annotated[Jobs, Depends(get_jobs)]
DoorkeeperDep = Annotated[Doorkeeper, Depends(get_doorkeeper)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
UploadsDep = Annotated[Uploads, Depends(get_uploads)]
WebhooksDep = Annotated[WebhookSender, Depends(get_webhooks)]
MetricsDep = Annotated[Metrics, Depends(get_metrics)]
SimilarDep = Annotated[SimilarCases, Depends(get_similar)]
