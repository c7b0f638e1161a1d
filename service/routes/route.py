"""POST /v1/route and /v1/route/batch: texts in, routings out."""

from datetime import date

from fastapi import APIRouter

from model.routing import Routing
from service.access import Permission, allow
from service.dependencies import BatcherDep, MetricsDep, RouterDep
from service.schemas.route import BatchRequest, BatchResponse, RouteRequest

router = APIRouter(prefix="/v1/route", tags=["route"], dependencies=[allow(Permission.ROUTE)])


@router.post("", response_model_exclude_none=True)
async def route_tip(request: RouteRequest, batcher: BatcherDep, metrics: MetricsDep) -> Routing:
    """Route one tip: the desk, how sure that is, which words decided; urgency, facts, open questions and the law.

    An empty, foreign or garbled text is no error: its decision is `review`.
    """
    routing = await batcher.route(request.text, request.explain)
    metrics.count_routings([routing])
    return routing


@router.post("/batch", response_model_exclude_none=True)
def route_batch(request: BatchRequest, tip_router: RouterDep, metrics: MetricsDep) -> BatchResponse:
    """Route up to 1,000 tips; the routings come in the order of the texts."""
    routings = tip_router.route(request.texts, explain=request.explain, today=date.today())
    metrics.count_routings(routings)
    return BatchResponse(routings=routings)
