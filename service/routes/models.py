"""/v1/model and /v1/models: which model is served, which there are, and which is to be the champion."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from starlette.convertors import StringConvertor, register_url_convertor

from model.errors import ArtefactError, ArtefactNotFoundError
from model.registry import Registry
from service import promotion
from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, HomeDep, ServedDep
from service.errors import problem_responses
from service.schemas.models import (
    VERSION_OR_ALIAS,
    ChampionChange,
    ChampionResponse,
    ModelResponse,
    Promotion,
    Version,
    VersionOrAlias,
    VersionResponse,
    VersionSummary,
)
from service.store import audit
from service.store.errors import ConflictError, NotFoundError

router = APIRouter(prefix="/v1", tags=["models"])


class _VersionConvertor(StringConvertor):
    """Matches nothing else, or GET /v1/models/rollback would be taken for a version instead of a wrong method."""

    regex = VERSION_OR_ALIAS


register_url_convertor("model_version", _VersionConvertor())

_MAY_READ = [allow(Permission.MODELS_READ)]
Keeper = Annotated[Principal, allow(Permission.MODELS_WRITE)]


@router.get("/model", dependencies=_MAY_READ, response_model_exclude_none=True)
def show_model(served: ServedDep) -> ModelResponse:
    """Show the served model: its version, what it learned from, how good it was in cross-validation.

    If another one was promoted and cannot be loaded, `failed_version` and `failure` say so.
    """
    tip_router = served.router
    manifest = tip_router.manifest
    return ModelResponse.of(
        served,
        version=tip_router.version,
        recipe=manifest.recipe,
        corpus=manifest.corpus,
        metrics=manifest.metrics,
        policy=asdict(manifest.policy),
    )


@router.get("/models", dependencies=_MAY_READ, response_model_exclude_none=True, responses=problem_responses(409))
def list_models(home: HomeDep) -> list[VersionSummary]:
    """List the versions, the one trained last first; one that cannot be read is listed with the reason."""
    registry = Registry.of_home(home)
    with _faults_told(registry):
        aliases = registry.aliases()
    summaries = []
    for version in dict.fromkeys([*registry.versions(), *aliases.values()]):
        try:
            summaries.append(VersionSummary.of(registry.info(version)))
        except ArtefactError as error:
            names = [alias for alias, target in aliases.items() if target == version]
            reason = registry.without_place(str(error))
            summaries.append(VersionSummary(version=version, aliases=names, error=reason))
    return summaries


@router.get("/models/history", dependencies=_MAY_READ, responses=problem_responses(409))
def show_champions(home: HomeDep) -> list[ChampionChange]:
    """List the changes of the champion, the last first: when, from which to which, why, and what the gate said."""
    registry = Registry.of_home(home)
    with _faults_told(registry):
        return [ChampionChange.model_validate(record) for record in registry.history()[::-1]]


@router.get("/models/{version:model_version}", dependencies=_MAY_READ, responses=problem_responses(404, 409))
def show_version(version: VersionOrAlias, home: HomeDep) -> VersionResponse:
    """Show a version: what it learned from, how well it did in cross-validation, its thresholds."""
    registry = Registry.of_home(home)
    with _faults_told(registry):
        return VersionResponse.of(registry.info(version))


@router.post("/models/rollback", responses=problem_responses(409))
def roll_back_model(home: HomeDep, database: DatabaseDep, who: Keeper) -> ChampionResponse:
    """Make the champion before this one the champion again; the two change places."""
    champion = ChampionResponse.model_validate(promotion.roll_back(home))
    with database.writing() as session:
        audit.record(session, who.name, "model.rollback", champion.version)
    return champion


@router.post("/models/{version}/promote", responses=problem_responses(404, 409))
def promote_model(
    version: Version, home: HomeDep, database: DatabaseDep, who: Keeper, body: Promotion | None = None
) -> ChampionResponse:
    """Make a version the champion, if it routes the golden tips rightly and is not significantly worse.

    Else the answer is 409 with the `reasons`, and the champion stays. That takes some seconds.
    """
    body = body or Promotion()
    champion = ChampionResponse.model_validate(promotion.promote(home, version, force=body.force, why=body.why))
    with database.writing() as session:
        audit.record(session, who.name, "model.promote", version, {"force": body.force, "why": body.why})
    return champion


@contextmanager
def _faults_told(registry: Registry) -> Iterator[None]:
    try:
        yield
    except ArtefactNotFoundError as error:
        raise NotFoundError(registry.without_place(str(error))) from None
    except ArtefactError as error:
        raise ConflictError(registry.without_place(str(error))) from None
