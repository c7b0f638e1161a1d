"""模型 › 训练, 比较, 漂移: /models/train, /models/compare, /models/drift, and the jobs that they start."""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from model.registry import CHALLENGER, CHAMPION
from service.access import Permission, Principal, allow
from service.console import templates
from service.console.jobview import KIND_NAMES, STATE_NAMES, view
from service.console.messages import back_to
from service.console.reports import FOLDER, report_of_job, serve_report
from service.dependencies import DatabaseDep, HomeDep, JobsDep, RouterDep, UploadsDep
from service.jobs import TRAIN, Job, Jobs, State
from service.routes.models import list_models
from service.schemas.jobs import JobId
from service.store import audit
from service.store.database import Database, today
from service.store.errors import ConflictError, InvalidValueError
from service.uploads import LABELLED, Upload

router = APIRouter(prefix="/models", include_in_schema=False, default_response_class=HTMLResponse)

UPLOAD_PATHS = frozenset({"/models/train", "/models/compare"})

_MAY_SEE = [allow(Permission.MODELS_WRITE)]
Keeper = Annotated[Principal, allow(Permission.MODELS_WRITE)]

_LABELLED = "labelled"
_MAX_FILES = 10
_USUAL_DAYS = 30  # of drift
_BUSY = "已有一次训练在进行。请等它结束，或者先取消它。"
_NO_TABLE = "请选一个 .csv、.xlsx 或 .jsonl 表格，要有内容，列名是 text,desk（或 内容,受理席）。"


@router.get("/train", dependencies=_MAY_SEE)
def show_train(request: Request, jobs: JobsDep) -> HTMLResponse:
    """Show the form that starts a training, and the trainings of the last month."""
    return _form(request, "train.html", TRAIN, jobs)


@router.post("/train")
async def start_training(
    request: Request, jobs: JobsDep, database: DatabaseDep, uploads: UploadsDep, who: Keeper
) -> Response:
    """Start a training."""
    async with request.form(max_files=_MAX_FILES, max_fields=20) as form:
        files = _files(form, "own")
        options = [option for option in ("from-store", "report", "publish") if form.get(option)]

        def start() -> Response:
            if not form.get("start"):  # a request without the form's content must not cost minutes
                return _form(request, "train.html", TRAIN, jobs, 422, problem="请点“开始训练”。")
            try:
                own = [uploads.receive(_LABELLED, name, content, LABELLED, who.name) for name, content in files]
            except InvalidValueError:
                return _form(request, "train.html", TRAIN, jobs, 422, problem=_NO_TABLE)
            argv = ["train", "--json", *(f"--{option}" for option in options)]
            argv += [f"--own={upload.table}" for upload in own]
            try:
                job = _start(jobs, database, TRAIN, argv, who, own)
            except ConflictError:
                return _form(request, "train.html", TRAIN, jobs, 409, problem=_BUSY)
            return RedirectResponse(f"/models/jobs/{job.id}", 303)

        return await to_thread.run_sync(start)


@router.get("/compare", dependencies=_MAY_SEE)
def show_compare(request: Request, jobs: JobsDep, home: HomeDep) -> HTMLResponse:
    """Show the form that starts a comparison of two versions."""
    return _compare_form(request, jobs, home)


@router.post("/compare")
async def start_comparison(
    request: Request, jobs: JobsDep, database: DatabaseDep, uploads: UploadsDep, home: HomeDep, who: Keeper
) -> Response:
    """Compare two versions on a table of labelled tips; without one, by what is known of them."""
    async with request.form(max_files=1, max_fields=20) as form:
        files, a, b = _files(form, "data"), str(form.get("a", "")), str(form.get("b", ""))

        def start() -> Response:
            known = [version.version for version in list_models(home)]
            if a not in known or b not in known or a == b:
                return _compare_form(request, jobs, home, 422, problem="请选两个不同的版本。")
            if not files:
                return RedirectResponse(f"/models/{b}?against={a}", 303)
            try:
                data = uploads.receive(_LABELLED, *files[0], LABELLED, who.name)
            except InvalidValueError:
                return _compare_form(request, jobs, home, 422, problem=_NO_TABLE, a=a, b=b)
            argv = ["models", "compare", a, b, f"--data={data.table}", "--json"]
            job = _start(jobs, database, "compare", argv, who, [data])
            return RedirectResponse(f"/models/jobs/{job.id}", 303)

        return await to_thread.run_sync(start)


@router.get("/drift", dependencies=_MAY_SEE)
def show_drift(request: Request, jobs: JobsDep, database: DatabaseDep) -> HTMLResponse:
    """Show the form that asks how tips have changed."""
    with database.reading() as session:
        day = today(session)
    return _form(request, "drift.html", "drift", jobs, since=day - timedelta(days=_USUAL_DAYS), today=day)


@router.post("/drift")
def start_drift(
    request: Request,
    jobs: JobsDep,
    database: DatabaseDep,
    home: HomeDep,
    who: Keeper,
    since: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Ask how the store's tips have changed since a day."""
    try:
        day = date.fromisoformat(since)
    except ValueError:
        with database.reading() as session:
            context = {"since": since, "today": today(session), "problem": "请选一个日期。"}
        return _form(request, "drift.html", "drift", jobs, 422, **context)
    report = home.absolute() / FOLDER / f"drift-{day}-{secrets.token_hex(4)}.html"
    argv = ["drift", f"--since={day}", f"--report={report}", "--json"]
    job = _start(jobs, database, "drift", argv, who)
    return RedirectResponse(f"/models/jobs/{job.id}", 303)


@router.get("/jobs/{job_id}", dependencies=_MAY_SEE)
def show_job(
    request: Request, job_id: JobId, jobs: JobsDep, home: HomeDep, uploads: UploadsDep, tip_router: RouterDep
) -> HTMLResponse:
    """Show how far a job is, and in the end what came of it."""
    job = jobs.get(job_id)
    context = {
        **_state(jobs, job),
        "result": None if job.state is State.RUNNING else jobs.result(job_id),
        "has_report": report_of_job(home, job.argv) is not None,
        "desk_names": {desk.id: desk.name for desk in tip_router.taxonomy.desks},
        "options": _options(job.argv, uploads.everything(_LABELLED)),
    }
    return templates.TemplateResponse(request, "job.html", context)


@router.get("/jobs/{job_id}/state", dependencies=_MAY_SEE)
def show_state(request: Request, job_id: JobId, jobs: JobsDep) -> HTMLResponse:
    """Show how far a job is, for the script to put into the page."""
    return templates.TemplateResponse(request, "_job.html", _state(jobs, jobs.get(job_id)))


@router.get("/jobs/{job_id}/report", dependencies=_MAY_SEE)
def show_job_report(job_id: JobId, jobs: JobsDep, home: HomeDep) -> FileResponse:
    """Show the report that a job wrote."""
    return serve_report(report_of_job(home, jobs.get(job_id).argv))


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: JobId, jobs: JobsDep, database: DatabaseDep, who: Keeper) -> Response:
    """Ask a job to stop."""
    jobs.cancel(job_id)
    with database.writing() as session:
        audit.record(session, who.name, "job.cancel", job_id)
    return back_to(f"/models/jobs/{job_id}", "cancelled")


def _start(
    jobs: Jobs, database: Database, kind: str, argv: Sequence[str], who: Principal, given: Sequence[Upload] = ()
) -> Job:
    job = jobs.start(kind, argv, who.name)
    with database.writing() as session:
        audit.record(session, who.name, f"job.{kind}", job.id, {"files": [upload.name for upload in given]})
    return job


def _files(form: FormData, field: str) -> list[tuple[str, Any]]:
    """Return the names and contents of the files that were chosen; a browser sends an empty one for none."""
    found = [item for item in form.getlist(field) if isinstance(item, UploadFile)]
    return [(item.filename, item.file) for item in found if item.filename]


def _form(request: Request, template: str, kind: str, jobs: Jobs, status: int = 200, **more: Any) -> HTMLResponse:
    everything = jobs.everything()
    context = {
        "jobs": [view(job, everything) for job in everything if job.kind == kind],
        "state_names": STATE_NAMES,
        "suffixes": ",".join(LABELLED),
        **more,
    }
    return templates.TemplateResponse(request, template, context, status)


def _compare_form(request: Request, jobs: Jobs, home: Path, status: int = 200, **more: Any) -> HTMLResponse:
    versions = [version for version in list_models(home) if not version.error]
    named = {alias: version.version for version in versions for alias in version.aliases}
    a = named.get(CHAMPION)
    b = named.get(CHALLENGER) or next((version.version for version in versions if version.version != a), None)
    context = {"versions": versions, "a": a, "b": b} | more
    return _form(request, "compare.html", "compare", jobs, status, **context)


def _state(jobs: Jobs, job: Job) -> dict[str, Any]:
    return {"view": view(job, jobs.everything()), "state_names": STATE_NAMES, "kind_names": KIND_NAMES}


def _options(argv: Sequence[str], uploads: Sequence[Upload]) -> dict[str, Any]:
    """Return what a job was told: its flags, and the uploads that it was given."""
    paths = {argument.partition("=")[2] for argument in argv}
    return {
        "flags": {argument.removeprefix("--") for argument in argv if argument.startswith("--")},
        "uploads": [upload for upload in uploads if str(upload.table) in paths],
        "since": next((argument.partition("=")[2] for argument in argv if argument.startswith("--since=")), None),
    }
