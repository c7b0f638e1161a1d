"""Assembles the service; nothing else."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from model.registry import CHAMPION, Registry
from model.router import Router
from service.batcher import TipBatcher
from service.console import STATIC
from service.errors import Problem, install_error_handlers
from service.middleware import BodyLimit, SecurityHeaders
from service.routes import console, desks, health, models, route
from service.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return the service.

    Raises
    ------
    ArtefactError
        When it starts, if there is no champion to serve or it is damaged.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.router = Router.load(Registry.of_home(settings.home).path(CHAMPION))
        app.state.batcher = TipBatcher(lambda: app.state.router)
        gc.collect()
        gc.freeze()  # the collector need not walk through the model again and again
        yield

    app = FastAPI(
        title="tipdesk",
        version=version("tipdesk"),
        description="Routes what workers tell a labour hotline to the right desk: how sure that is, and why.",
        lifespan=lifespan,
        docs_url=None,  # /docs is a page of our own, whose files are served from here
        redoc_url=None,
    )
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(SecurityHeaders)
    install_error_handlers(app)
    for noun in (route, desks, models, health, console):
        app.include_router(noun.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/swagger", StaticFiles(directory=Path(str(files("fastapi_offline"))) / "static"), name="swagger")
    _describe_problems(app)
    return app


def create_app_from_environment() -> FastAPI:
    """Return the service that the ``TIPDESK_*`` variables describe: what each worker process runs."""
    return create_app(Settings())


def _describe_problems(app: FastAPI) -> None:
    """Put the shape of errors into the OpenAPI document, where `problem_responses` points at it."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas["Problem"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]
