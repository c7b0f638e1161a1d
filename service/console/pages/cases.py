"""工单: /cases and below. Found, shown with their history, changed one by one or many at once, exported."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from model.router import Router
from service.access import Permission, Principal, allow
from service.batch.formats import write_table
from service.console import templates
from service.console.casewords import ACTION_NAMES, EXPORTED, FIELD_NAMES, CaseWords
from service.console.messages import back_to
from service.console.regions import find_region, region_name
from service.dependencies import DatabaseDep, MetricsDep, RouterDep
from service.schemas.cases import CaseQuery
from service.schemas.common import CaseNumber
from service.store import audit, cases
from service.store.database import Database, today
from service.store.errors import ConflictError, InvalidValueError, NotFoundError, StaleVersionError, StoreError
from service.store.listing import MAX_PAGE, Order, Page, find
from service.store.numbers import format_number, parse_number
from service.store.tables import Case
from service.store.vocabulary import TRANSITIONS, Channel

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_MAY_READ = [allow(Permission.CASES_READ)]
Reader = Annotated[Principal, allow(Permission.CASES_READ)]
Writer = Annotated[Principal, allow(Permission.CASES_WRITE)]
Action = Literal["confirm", "start", "return", "transfer", "close", "rate", "correct"]
_MAX_NOTE = 2000
_PAGE = 50
_ISO_DAY = re.compile("[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]")
_QUERY_NAMES = {"since": "起始日期", "until": "截止日期", "employer": "单位", "q": "查找", "cursor": "页码"}


class CaseForm(BaseModel):
    """What a person does with a case. Every field takes anything: nothing that was typed is lost by a refusal."""

    version: int = 0
    desk: str = ""
    also: list[str] = []
    kind: str = ""
    urgency: str = ""
    channel: str = ""
    people: str = ""
    region: str = ""
    employer: str = ""
    note: str = ""
    satisfaction: int = 0


class BulkForm(BaseModel):
    """What a person does with many cases: `chosen` are numbers and versions as they were seen."""

    chosen: list[str] = []
    action: str = ""
    desk: str = ""
    note: str = ""
    query: str = ""


@router.get("/cases", dependencies=_MAY_READ)
def list_cases(request: Request, database: DatabaseDep, tip_router: RouterDep) -> Response:
    """List cases that fit the address."""
    given = dict(request.query_params)
    try:
        with database.reading() as session:
            case = cases.get(session, parse_number(given.get("q", "").strip()))
            return RedirectResponse(f"/cases/{format_number(case.id)}", 303)
    except (InvalidValueError, NotFoundError):
        return _list_page(request, database, tip_router, given)


@router.get("/cases/export")
def export_cases(
    request: Request,
    database: DatabaseDep,
    tip_router: RouterDep,
    who: Reader,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "xlsx",
) -> Response:
    """Hand out all cases that fit the address, as a table."""
    given = {name: value for name, value in request.query_params.items() if name not in ("format", "cursor", "limit")}
    query, problem = _read_query(given, tip_router)
    if query is None:
        return _list_page(request, database, tip_router, given, problem)
    words = CaseWords(tip_router)
    folder = Path(tempfile.mkdtemp(prefix="tipdesk-"))
    try:
        path = folder / f"cases.{form}"
        with database.snapshot() as session:
            write_table(
                path, "工单", [FIELD_NAMES[name] for name in EXPORTED], _rows(session, query, tip_router, words)
            )
        file = path.open("rb")
    finally:
        shutil.rmtree(folder)  # what is open is read on, and leaves nothing behind
    with database.writing() as session:
        audit.record(session, who.name, "cases.export", form, query.model_dump(mode="json", exclude_defaults=True))
        name = f"tipdesk-cases-{today(session):%Y%m%d}.{form}"
    return StreamingResponse(
        _blocks(file),
        media_type="text/csv; charset=utf-8"
        if form == "csv"
        else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/cases/bulk")
def change_cases(
    request: Request, database: DatabaseDep, tip_router: RouterDep, who: Writer, form: Annotated[BulkForm, Form()]
) -> Response:
    """Transfer or close the cases that were chosen; those that cannot be stay chosen, and it is said why."""
    given = dict(parse_qsl(form.query))
    if not form.chosen or form.action not in ("transfer", "close"):
        return _list_page(request, database, tip_router, given, "请先勾选工单，再选择转办或者办结。", bulk=form)
    left: dict[str, str] = {}
    for item in form.chosen[:MAX_PAGE]:
        number, _, version = item.partition(":")
        try:
            one = CaseForm(version=int(version), desk=form.desk, note=form.note)
            _act(database, tip_router, who, number, form.action, one)
        except (ValueError, StoreError) as error:
            left[item] = f"{number} {_why_not(error)}"
    done = len(form.chosen) - len(left)
    if not left:
        return back_to(f"/cases?{form.query}" if form.query else "/cases", "bulk", done)
    problem = f"{done} 件已办好，{len(left)} 件没有办成：" + "；".join(list(left.values())[:10])
    form.chosen = list(left)
    return _list_page(request, database, tip_router, given, problem, bulk=form)


@router.get("/cases/{number}", dependencies=_MAY_READ)
def show_case(request: Request, number: CaseNumber, database: DatabaseDep, tip_router: RouterDep) -> HTMLResponse:
    """Show a case with its whole history."""
    return _case_page(request, database, tip_router, number)


@router.post("/cases/{number}/{action}")
def change_case(
    request: Request,
    number: CaseNumber,
    action: Action,
    database: DatabaseDep,
    tip_router: RouterDep,
    metrics: MetricsDep,
    who: Writer,
    form: Annotated[CaseForm, Form()],
) -> Response:
    """Do with a case what was asked, or show it again and why not, with what was typed and what others have changed."""
    try:
        case = _act(database, tip_router, who, number, action, form)
    except (ConflictError, InvalidValueError) as error:
        status = 412 if isinstance(error, StaleVersionError) else 409 if isinstance(error, ConflictError) else 422
        problem = f"没有办成：{_why_not(error)}"
        return _case_page(request, database, tip_router, number, problem=problem, form=form, status=status)
    if action == "confirm":
        metrics.count_confirmation(case.suggested_desk, case.confirmed_desk)
    return back_to(f"/cases/{number}", action)


def _act(database: Database, tip_router: Router, who: Principal, number: str, action: str, form: CaseForm) -> Case:
    """Do `action` with the case that was seen as `form.version`, and return it."""
    key, note, by = parse_number(number), form.note.strip()[:_MAX_NOTE] or None, who.name
    with database.writing() as session:
        match action:
            case "confirm":
                labels = {"also": form.also, "kind": form.kind} if form.kind else None
                return cases.confirm(
                    session, key, form.version, tip_router, by=by, desk=form.desk or None, labels=labels
                )
            case "start":
                return cases.start(session, key, form.version, by=by)
            case "return":
                return cases.send_back(session, key, form.version, by=by, note=note)
            case "transfer":
                return cases.transfer(session, key, form.version, form.desk, tip_router, by=by, note=note)
            case "close":
                return cases.close(session, key, form.version, by=by, note=note)
            case "rate":
                return cases.rate(session, key, form.version, form.satisfaction, by=by)
            case _:
                changes = _corrections(cases.get(session, key), form, tip_router)
                return cases.correct(session, key, form.version, changes, tip_router, by=by)


def _corrections(case: Case, form: CaseForm, tip_router: Router) -> dict[str, Any]:
    """Return what a person has changed of what is recorded.

    Raises
    ------
    InvalidValueError
    """
    region = find_region(tip_router, form.region) if form.region.strip() else None
    if form.region.strip() and region is None:
        raise InvalidValueError("no such region")
    if not form.people.strip().isdecimal():
        raise InvalidValueError("people must be a number")
    if form.channel not in list(Channel):
        raise InvalidValueError("no such channel")
    wanted: dict[str, Any] = {
        "channel": Channel(form.channel),
        "people": int(form.people.strip()[:12]),
        "region": region,
        "employer": form.employer.strip()[:200] or None,
        "also": [desk for desk in form.also if desk != form.desk],
        "kind": form.kind,
        "urgency": form.urgency,
    }
    if case.confirmed_desk is not None:
        wanted["desk"] = form.desk
    return {name: value for name, value in wanted.items() if value != getattr(case, name)}


def _why_not(error: Exception) -> str:
    """Return in words for people why a case could not be changed."""
    match error:
        case StaleVersionError():
            return "在您打开之后有人改过，请看过最新情况再办"
        case NotFoundError():
            return "这件工单已经删除"
        case ConflictError():
            return "它现在的状态不允许这样办"
        case InvalidValueError():
            return "填写的内容有误，请检查受理席、人数、地区和满意度"
    return "数据库暂时不能用，请稍后再试" if isinstance(error, StoreError) else "请求不完整"


def _case_page(
    request: Request,
    database: Database,
    tip_router: Router,
    number: str,
    *,
    problem: str = "",
    form: CaseForm | None = None,
    status: int = 200,
) -> HTMLResponse:
    """Show a case; after a refusal with what was typed, and which of its changes the person had not seen."""
    with database.reading() as session:
        case = cases.get(session, parse_number(number))
        history = cases.history(session, case.id)
        day = today(session)
    typed = form or CaseForm(
        desk=case.desk,
        also=case.also,
        kind=case.kind,
        urgency=case.urgency,
        channel=case.channel,
        people=str(case.people),
        region=region_name(tip_router, case.region),
        employer=case.employer or "",
    )
    ranked = sorted(case.probabilities.items(), key=lambda item: -item[1])
    context = {
        "case": case,
        "history": history[::-1],
        "seen": form.version if form else case.version,
        "form": typed,
        "problem": problem,
        "words": CaseWords(tip_router),
        "field_names": FIELD_NAMES,
        "action_names": ACTION_NAMES,
        "allowed": [action for action, transition in TRANSITIONS.items() if case.status in transition.before],
        "probabilities": ranked,
        "today": day,
    }
    return templates.TemplateResponse(request, "case.html", context, status)


def _read_query(given: dict[str, str], tip_router: Router) -> tuple[CaseQuery | None, str]:
    """Return which cases an address asks for, or None and what is wrong with it. Regions may be given by name."""
    wanted = {name: value.strip() for name, value in given.items() if value.strip() and name in CaseQuery.model_fields}
    if region := wanted.get("region"):
        code = find_region(tip_router, region)
        if code is None:
            return None, "没有找到这个地区，请写全省市县名称，例如“湖南省长沙市”。"
        wanted["region"] = code
    try:
        return CaseQuery.model_validate({"limit": _PAGE, **wanted}), ""
    except ValidationError as error:
        wrong = [_QUERY_NAMES.get(str(item["loc"][0]), "条件") for item in error.errors()]
        return None, f"{'、'.join(dict.fromkeys(wrong))}填得不对，请改正后再查。"


def _list_page(
    request: Request,
    database: Database,
    tip_router: Router,
    given: dict[str, str],
    problem: str = "",
    bulk: BulkForm | None = None,
) -> HTMLResponse:
    query, wrong = _read_query(given, tip_router)
    page = Page([], None)
    with database.reading() as session:
        day = today(session)
        if query is not None:
            try:
                page = _find(session, query, tip_router)
            except InvalidValueError:
                wrong = "这一页已经不在了，请回到第一页。"
    for name in ("since", "until"):
        if not _ISO_DAY.fullmatch(given.get(name, "")):
            given[name] = ""  # no browser shows what is no day
    kept = {name: value for name, value in given.items() if value.strip() and name not in ("cursor", "said", "of")}
    context = {
        "given": given,
        "filtered": bool(kept.keys() - {"order"}),
        "cases": page.cases,
        "problem": problem or wrong,
        "bulk": bulk or BulkForm(),
        "address": urlencode({**kept, **({"cursor": given["cursor"]} if given.get("cursor") else {})}),
        "first": f"/cases?{urlencode(kept)}" if given.get("cursor") else None,
        "next": f"/cases?{urlencode({**kept, 'cursor': page.cursor})}" if page.cursor else None,
        "export": urlencode(kept),
        "words": CaseWords(tip_router),
        "orders": {Order.NEWEST: "最新登记在前", Order.OLDEST: "最早登记在前", Order.DUE: "先到期的在前（未办结）"},
        "today": day,
    }
    return templates.TemplateResponse(request, "cases.html", context, 422 if problem or wrong else 200)


def _find(session: Session, query: CaseQuery, tip_router: Router) -> Page:
    return find(session, query.to_filter(), tip_router, order=query.order, limit=query.limit, cursor=query.cursor)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(2**16):
            yield block


def _rows(session: Session, query: CaseQuery, tip_router: Router, words: CaseWords) -> Iterator[Sequence[Any]]:
    """Yield all cases that fit as rows of a table, a page at a time."""
    query = query.model_copy(update={"limit": MAX_PAGE, "cursor": None})
    while True:
        page = _find(session, query, tip_router)
        for case in page.cases:
            yield words.row(case)
        session.expunge_all()
        if page.cursor is None:
            return
        query = query.model_copy(update={"cursor": page.cursor})
