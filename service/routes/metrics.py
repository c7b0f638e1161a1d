"""GET /metrics, for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from service.access import Permission, allow
from service.dependencies import DatabaseDep, MetricsDep, RouterDep

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    dependencies=[allow(Permission.METRICS_READ)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def show_metrics(metrics: MetricsDep, database: DatabaseDep, tip_router: RouterDep) -> Response:
    """Show counts and times of all worker processes in Prometheus' text format."""
    return Response(metrics.exposition(database, tip_router.version), media_type=CONTENT_TYPE_LATEST)
