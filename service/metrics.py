"""What Prometheus is told: counts and times, by names that the service chooses itself, never by what clients send.

Where several worker processes serve, each keeps its values in files of a folder (`MULTIPROCESS`), and whichever is
asked adds them up; a worker alone keeps them in memory.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from model.routing import Routing
from service.store import outbox
from service.store.database import Database
from service.store.errors import StoreUnavailableError

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client is told the folder. It must be set before that is imported."""

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Counts what happens in one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        requests = Histogram(
            "tipdesk_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        routings = Counter(
            "tipdesk_routings",
            "Tips routed, by first desk and decision.",
            ["desk", "decision"],
            registry=self._registry,
        )
        # To look a label up in a cache takes a third of what prometheus-client takes for it.
        self._request, self._routing = cache(requests.labels), cache(routings.labels)
        self._confirmations = Counter(
            "tipdesk_confirmations",
            "Cases confirmed, by suggested desk, and whether that is the confirmed one.",
            ["desk", "agreed"],
            registry=self._registry,
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is the template of its path."""
        self._request(method if method in _METHODS else "other", route, status).observe(seconds)

    def count_routings(self, routings: Iterable[Routing]) -> None:
        """Count tips that were routed for somebody; not what is suggested while a person types."""
        for routing in routings:
            self._routing(routing.desk, routing.decision).inc()

    def count_confirmation(self, suggested: str, confirmed: str | None) -> None:
        """Count that a person confirmed a case's desk, the suggested one or another."""
        self._confirmations.labels(suggested, "true" if suggested == confirmed else "false").inc()

    def exposition(self, database: Database, model_version: str) -> bytes:
        """Return all metrics of all workers in Prometheus' text format, and how things are at this moment."""
        registry = self._registry
        if MULTIPROCESS in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        now = CollectorRegistry()
        now.register(_Now(_state(database, model_version)))
        return generate_latest(registry) + generate_latest(now)


class _Now(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _state(database: Database, model_version: str) -> list[Metric]:
    model: Metric = InfoMetricFamily(
        "tipdesk_model", "The model that the answering worker serves.", {"version": model_version}
    )
    try:
        with database.reading() as session:
            depth = outbox.depth(session)
    except StoreUnavailableError:
        return [model, GaugeMetricFamily("tipdesk_store_up", _STORE_UP, 0)]
    waiting = GaugeMetricFamily("tipdesk_outbox_messages", "Webhook messages that no target has taken yet.", depth)
    return [model, GaugeMetricFamily("tipdesk_store_up", _STORE_UP, 1), waiting]


_STORE_UP = "Whether the database can be read."
