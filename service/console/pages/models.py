"""模型: /models. The versions, what differs between two, promotion through the gate, and the way back."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import ValidationError

from model.registry import CHALLENGER, CHAMPION, PREVIOUS
from service import promotion
from service.access import Permission, Principal, allow
from service.console import templates
from service.console.messages import back_to
from service.console.names import METRIC_NAMES
from service.console.reports import report_of_version, serve_report
from service.dependencies import DatabaseDep, HomeDep, RouterDep, ServedDep, UploadsDep
from service.promotion import PromotionRefusedError
from service.routes.models import list_models, show_champions, show_version
from service.schemas.models import Promotion, Version, VersionResponse
from service.store import audit
from service.store.errors import ConflictError
from service.uploads import LABELLED

router = APIRouter(prefix="/models", include_in_schema=False, default_response_class=HTMLResponse)

_MAY_READ = [allow(Permission.MODELS_READ)]
Keeper = Annotated[Principal, allow(Permission.MODELS_WRITE)]


@router.get("", dependencies=_MAY_READ)
def show_versions(request: Request, home: HomeDep, served: ServedDep) -> HTMLResponse:
    """List the versions, the one that serves first."""
    versions = list_models(home)
    by_alias = {alias: version for version in versions for alias in version.aliases}
    context = {
        "versions": versions,
        "heads": [
            (words, by_alias.get(alias))
            for alias, words in ((CHAMPION, "正在用"), (CHALLENGER, "候选"), (PREVIOUS, "上一个"))
        ],
        "serving": served.router.version,
        "failure": served.failure,
        "reports": {version.version for version in versions if report_of_version(home, version.version)},
    }
    return templates.TemplateResponse(request, "models.html", context)


@router.get("/history", dependencies=_MAY_READ)
def show_history(request: Request, home: HomeDep) -> HTMLResponse:
    """List the changes of the champion, the last first."""
    return templates.TemplateResponse(request, "model_history.html", {"changes": show_champions(home)})


@router.post("/rollback")
def roll_back(home: HomeDep, database: DatabaseDep, who: Keeper) -> Response:
    """Make the champion before this one the champion again."""
    version = promotion.roll_back(home)["version"]
    with database.writing() as session:
        audit.record(session, who.name, "model.rollback", version)
    return back_to("/models", "rolled-back")


@router.get("/{version}", dependencies=_MAY_READ)
def show_one(
    request: Request,
    version: Version,
    home: HomeDep,
    tip_router: RouterDep,
    against: Annotated[str | None, Query(pattern="^[0-9a-f]{12}$")] = None,
) -> HTMLResponse:
    """Show a version and how its cross-validated figures differ from another's."""
    return _page(request, home, tip_router, version, against)


@router.post("/{version}/promote")
def promote(
    request: Request,
    version: Version,
    home: HomeDep,
    database: DatabaseDep,
    uploads: UploadsDep,
    tip_router: RouterDep,
    who: Keeper,
    force: Annotated[bool, Form()] = False,
    why: Annotated[str, Form(max_length=1000)] = "",
    upload: Annotated[str, Form(pattern="^([0-9]{8}-[0-9]{6}-[0-9a-f]{6})?$")] = "",
) -> Response:
    """Make a version the champion if the gate lets it pass, or by force; else show why not."""
    try:
        wanted = Promotion(force=force, why=" ".join(why.split()) or None)
    except ValidationError:
        problem = "强制发布要写明理由，不超过 500 字。"
        return _page(request, home, tip_router, version, None, 422, problem=problem, why=why, upload=upload)
    data = uploads.get(upload).table if upload else None
    try:
        promotion.promote(home, version, force=wanted.force, why=wanted.why, data=data)
    except PromotionRefusedError as error:
        refused = {"reasons": error.reasons, "why": why, "upload": upload}
        return _page(request, home, tip_router, version, None, 409, **refused)
    except ConflictError as error:
        return _page(request, home, tip_router, version, None, 409, problem="没有发布，现任模型不变。", said_by=error)
    with database.writing() as session:
        audit.record(session, who.name, "model.promote", version, {"force": wanted.force, "why": wanted.why})
    return back_to("/models", "promoted")


@router.get("/{version}/report", dependencies=[allow(Permission.MODELS_WRITE)])
def show_report(version: Version, home: HomeDep) -> FileResponse:
    """Show the report of the training that made a version."""
    return serve_report(report_of_version(home, version))


def _page(
    request: Request,
    home: HomeDep,
    tip_router: RouterDep,
    version: str,
    against: str | None,
    status: int = 200,
    **more: Any,
) -> HTMLResponse:
    shown = show_version(version, home)
    others = [other for other in list_models(home) if other.version != version and not other.error]
    if against is None:  # what one wants to know first: is it better than what serves, or than what served before?
        wanted = [PREVIOUS] if CHAMPION in shown.aliases else [CHAMPION, PREVIOUS]
        against = next((other.version for alias in wanted for other in others if alias in other.aliases), None)
    other = show_version(against, home) if against else None
    context = {
        "shown": shown,
        "other": other,
        "others": others,
        "is_comparable": other is not None and _measured_on(shown) == _measured_on(other),
        "metric_names": METRIC_NAMES,
        "desk_names": {desk.id: desk.name for desk in tip_router.taxonomy.desks},
        "has_report": report_of_version(home, version) is not None,
        "suffixes": ",".join(LABELLED),
        **more,
    }
    return templates.TemplateResponse(request, "model.html", context, status)


def _measured_on(shown: VersionResponse) -> object:
    """Return what tells on which tips a version's figures were taken."""
    corpus = shown.corpus or {}
    return corpus.get("own_sha256") if corpus.get("own") else corpus.get("sha256")
