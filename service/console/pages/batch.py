"""批量: /batch. A table uploaded, its column of tips picked, scored by a job, and fetched."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from service.access import Permission, Principal, allow
from service.batch.formats import SUFFIXES
from service.commands import last_words
from service.console import templates
from service.console.jobview import STATE_NAMES, view
from service.console.messages import back_to
from service.dependencies import DatabaseDep, JobsDep, RouterDep, SettingsDep, UploadsDep
from service.jobs import Job, Jobs, State
from service.schemas.jobs import JobId
from service.store import audit
from service.store.errors import ConflictError, InvalidValueError, NotFoundError
from service.uploads import KEEP_DAYS, Upload, Uploads

router = APIRouter(prefix="/batch", include_in_schema=False, default_response_class=HTMLResponse)

UPLOAD_PATHS = frozenset({"/batch"})

Owner = Annotated[Principal, allow(Permission.ROUTE)]

_KIND = "batch"
_PREVIEW_TIMEOUT_S = 300  # of 200 MB of a workbook
_NO_TABLE = "请选一个表格，要有内容：.xlsx、.csv、.tsv、.jsonl 或 .parquet。"
_UNREADABLE = "这个表格读不出来。"


@router.get("")
def show_batches(
    request: Request, uploads: UploadsDep, jobs: JobsDep, settings: SettingsDep, who: Owner
) -> HTMLResponse:
    """Show the form to upload a table, and one's tables; administrators see everybody's."""
    return _list(request, uploads, jobs, settings.max_upload_bytes, who)


@router.post("")
async def upload(request: Request, uploads: UploadsDep, jobs: JobsDep, settings: SettingsDep, who: Owner) -> Response:
    """Keep a table and look at its first rows."""
    async with request.form(max_files=1, max_fields=5) as form:
        sent = form.get("table")

        def receive() -> Response:
            if not isinstance(sent, UploadFile) or not sent.filename:
                return _list(request, uploads, jobs, settings.max_upload_bytes, who, 422, problem=_NO_TABLE)
            try:
                table = uploads.receive(_KIND, sent.filename, sent.file, SUFFIXES, who.name)
            except InvalidValueError:
                return _list(request, uploads, jobs, settings.max_upload_bytes, who, 422, problem=_NO_TABLE)
            found, why_not = _preview(table.table)
            if found is None:
                uploads.remove(table.id)
                told = {"problem": _UNREADABLE, "said_by": why_not.replace(str(table.folder), "")}
                return _list(request, uploads, jobs, settings.max_upload_bytes, who, 422, **told)
            uploads.remember(table, preview=found)
            return RedirectResponse(f"/batch/{table.id}", 303)

        return await to_thread.run_sync(receive)


@router.get("/{upload_id}")
def show_batch(
    request: Request, upload_id: JobId, uploads: UploadsDep, jobs: JobsDep, tip_router: RouterDep, who: Owner
) -> HTMLResponse:
    """Show a table: its first rows, how far its scoring is, or what came of it."""
    return _page(request, _get(uploads, upload_id, who), jobs, tip_router)


@router.post("/{upload_id}")
def start_scoring(
    request: Request,
    upload_id: JobId,
    uploads: UploadsDep,
    jobs: JobsDep,
    database: DatabaseDep,
    tip_router: RouterDep,
    who: Owner,
    column: Annotated[str, Form()] = "",
) -> Response:
    """Score a table, whose tips are in `column`."""
    table = _get(uploads, upload_id, who)
    if column not in _columns(table):
        return _page(request, table, jobs, tip_router, 422, problem="请选诉求在哪一列。")
    if (job := _job_of(table, jobs)) is not None and job.state is State.RUNNING:
        return RedirectResponse(f"/batch/{upload_id}", 303)
    argv = ["score", str(table.table), str(_result(table)), f"--text-column={column}", "--json"]
    job = jobs.start("score", argv, who.name)
    uploads.remember(table, job=job.id, column=column)
    with database.writing() as session:
        audit.record(session, who.name, "job.score", job.id, {"files": [table.name]})
    return RedirectResponse(f"/batch/{upload_id}", 303)


@router.get("/{upload_id}/state")
def show_state(request: Request, upload_id: JobId, uploads: UploadsDep, jobs: JobsDep, who: Owner) -> HTMLResponse:
    """Show how far the scoring of a table is, for the script to put into the page."""
    job = _job_of(_get(uploads, upload_id, who), jobs)
    if job is None:
        raise NotFoundError(f"nothing scores upload {upload_id}")
    context = {"view": view(job, jobs.everything()), "state_names": STATE_NAMES}
    return templates.TemplateResponse(request, "_job.html", context)


@router.get("/{upload_id}/result")
def fetch_result(upload_id: JobId, uploads: UploadsDep, who: Owner) -> FileResponse:
    """Fetch the scored table."""
    table = _get(uploads, upload_id, who)
    return _file(_result(table), f"{table.name.removesuffix(table.suffix)}-已分派{table.suffix}")


@router.get("/{upload_id}/rejects")
def fetch_rejects(upload_id: JobId, uploads: UploadsDep, who: Owner) -> FileResponse:
    """Fetch the rows that could not be parsed."""
    table = _get(uploads, upload_id, who)
    return _file(_rejects(table), f"{table.name.removesuffix(table.suffix)}-无法读取的行.csv")


@router.post("/{upload_id}/cancel")
def cancel(upload_id: JobId, uploads: UploadsDep, jobs: JobsDep, database: DatabaseDep, who: Owner) -> Response:
    """Stop the scoring of a table."""
    job = _job_of(_get(uploads, upload_id, who), jobs)
    if job is not None:
        jobs.cancel(job.id)
        with database.writing() as session:
            audit.record(session, who.name, "job.cancel", job.id)
    return back_to(f"/batch/{upload_id}", "cancelled")


@router.post("/{upload_id}/remove")
def remove(upload_id: JobId, uploads: UploadsDep, jobs: JobsDep, database: DatabaseDep, who: Owner) -> Response:
    """Remove a table and its result."""
    table = _get(uploads, upload_id, who)
    job = _job_of(table, jobs)
    if job is not None and job.state is State.RUNNING:
        raise ConflictError("the table is being scored; stop that first")
    uploads.remove(upload_id)
    with database.writing() as session:
        audit.record(session, who.name, "batch.remove", upload_id, {"files": [table.name]})
    return back_to("/batch", "batch-removed")


def _get(uploads: Uploads, upload_id: str, who: Principal) -> Upload:
    """Return a table that `who` may see; of another's table nothing is told, not even that there is one."""
    table = uploads.get(upload_id)
    if table.kind != _KIND or not _may_see(table, who):
        raise NotFoundError(f"there is no upload {upload_id}")
    return table


def _may_see(table: Upload, who: Principal) -> bool:
    return table.by == who.name or Permission.ADMIN in who.permissions


def _preview(path: Path) -> tuple[dict[str, Any] | None, str]:
    """Return a table's first rows, or None and why not."""
    try:
        done = subprocess.run(  # noqa: S603 (this package's module, the path is ours)
            [sys.executable, "-P", "-m", "service.batch.preview", str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PREVIEW_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return None, f"it takes longer than {_PREVIEW_TIMEOUT_S} s; split it into smaller tables"
    if done.returncode:
        return None, last_words(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found, ""


def _columns(table: Upload) -> list[str]:
    """Return the columns that can be picked: those with a name that a command can be told."""
    named = dict.fromkeys(table.more["preview"]["columns"])
    return [name for name in named if name and "\0" not in name and _is_encodable(name)]


def _is_encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _result(table: Upload) -> Path:
    return table.folder / f"result{table.suffix}"


def _rejects(table: Upload) -> Path:
    result = _result(table)
    return result.with_name(result.name + ".rejects.csv")


def _file(path: Path, name: str) -> FileResponse:
    if not path.is_file():
        raise NotFoundError("there is no such file yet")
    return FileResponse(path, media_type="application/octet-stream", filename=name)


def _job_of(table: Upload, jobs: Jobs) -> Job | None:
    """Return the job that scores a table, which it is to call by the name that the table came with."""
    if "job" not in table.more:
        return None
    try:
        job = jobs.get(table.more["job"])
    except NotFoundError:
        return None
    return replace(job, message=job.message.replace(table.table.name, table.name))


def _list(
    request: Request,
    uploads: Uploads,
    jobs: Jobs,
    max_bytes: int,
    who: Principal,
    status: int = 200,
    **more: Any,
) -> HTMLResponse:
    uploads.tidy()
    tables = [table for table in uploads.everything(_KIND) if _may_see(table, who)]
    context = {
        "tables": [(table, _job_of(table, jobs), _rejects(table).exists()) for table in tables],
        "state_names": STATE_NAMES,
        "suffixes": ",".join(SUFFIXES),
        "max_mb": max_bytes >> 20,
        "keep_days": KEEP_DAYS,
        "me": who.name,
        **more,
    }
    return templates.TemplateResponse(request, "batches.html", context, status)


def _page(
    request: Request, table: Upload, jobs: Jobs, tip_router: RouterDep, status: int = 200, **more: Any
) -> HTMLResponse:
    job = _job_of(table, jobs)
    context = {
        "table": table,
        "preview": table.more["preview"],
        "columns": _columns(table),
        "column": table.more.get("column", table.more["preview"]["text"]),
        "view": view(job, jobs.everything()) if job else None,
        "result": jobs.result(job.id) if job and job.state is not State.RUNNING else None,
        "has_rejects": _rejects(table).exists(),
        "has_result": _result(table).exists(),
        "state_names": STATE_NAMES,
        "desk_names": {desk.id: desk.name for desk in tip_router.taxonomy.desks},
        **more,
    }
    return templates.TemplateResponse(request, "batch.html", context, status)
