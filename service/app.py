"""Assembles the service; nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from anyio import create_task_group
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from model.registry import Registry
from service import logs
from service.access import SESSION_COOKIE, Doorkeeper
from service.batcher import TipBatcher
from service.console import STATIC
from service.console.pages import PAGES, UPLOAD_PATHS
from service.errors import install_error_handlers
from service.jobs import Jobs
from service.metrics import Metrics
from service.middleware import BodyLimit, LocalOnly, Observer, RequestIds, SameOrigin, SecurityHeaders
from service.openapi import describe
from service.routes import (
    audit,
    cases,
    desks,
    health,
    inference,
    jobs,
    keys,
    metrics,
    models,
    review,
    route,
    session,
    similar,
    statistics,
    users,
    webhooks,
)
from service.serving import ServedModel
from service.settings import Settings, read_settings
from service.store.database import Database
from service.store.similar import SimilarCases
from service.uploads import Uploads
from service.webhooks import WebhookSender


def create_app(settings: Settings) -> FastAPI:
    """Return the service.

    Raises
    ------
    ArtefactError
        When it starts, if there is no champion to serve or it is damaged.
    StoreError
        When it starts, if the case store cannot be used.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.served = ServedModel(Registry.of_home(settings.home))
        app.state.batcher = TipBatcher(lambda: app.state.served.router)
        app.state.database = Database.of_settings(settings)
        app.state.home = settings.home
        app.state.jobs = Jobs(settings.home)
        app.state.uploads = Uploads(settings.home)
        app.state.uploads.tidy()
        app.state.doorkeeper = Doorkeeper(
            app.state.database, off=settings.auth == "off", per_minute=settings.rate_limit_per_minute
        )
        app.state.similar = SimilarCases(app.state.database, settings.home, lambda: app.state.served.router)
        app.state.webhooks = WebhookSender(app.state.database, allow_private=settings.webhook_allow_private)
        with app.state.served:
            app.state.similar.start()
            async with create_task_group() as background:
                background.start_soon(app.state.webhooks.run)
                yield
                background.cancel_scope.cancel()
            app.state.similar.close()
        app.state.database.close()

    app = FastAPI(
        title="tipdesk",
        version=version("tipdesk"),
        description="Routes what workers tell a labour hotline to the right desk: how sure that is, and why.",
        lifespan=lifespan,
        docs_url=None,  # /docs is a page of our own, whose files are served from here
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.add_middleware(
        BodyLimit, max_bytes=settings.max_body_bytes, upload_paths=UPLOAD_PATHS, max_upload=settings.max_upload_bytes
    )
    app.add_middleware(SameOrigin, cookie=SESSION_COOKIE)
    app.add_middleware(SecurityHeaders)
    if settings.auth == "off":
        app.add_middleware(LocalOnly)
    app.add_middleware(RequestIds)
    app.state.metrics = Metrics()
    app.add_middleware(Observer, metrics=app.state.metrics, access_log=settings.access_log)
    install_error_handlers(app)
    api = (
        route,
        cases,
        similar,
        review,
        statistics,
        desks,
        models,
        jobs,
        session,
        users,
        keys,
        webhooks,
        audit,
        health,
        inference,
        metrics,
    )
    for router in (*(noun.router for noun in api), *PAGES):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/swagger", StaticFiles(directory=Path(str(files("fastapi_offline"))) / "static"), name="swagger")
    describe(app)
    return app


def create_app_from_environment() -> FastAPI:
    """Return the service that the ``TIPDESK_*`` variables describe: what each worker process runs."""
    logs.set_up()
    return create_app(read_settings())
