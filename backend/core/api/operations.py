"""Operations: health, readiness, metrics, request logs and security headers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from ipaddress import ip_address

import structlog
import uuid_utils
from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.core import capabilities
from backend.core.api.authentication import public
from backend.core.api.context import context, reading
from backend.core.errors import Problem
from backend.core.queries.gauges import Gauge as Measured
from backend.core.queries.gauges import measured, need_documents

log = structlog.get_logger(__name__)
REQUESTS = Counter("wangge_requests", "Requests by route and status", ["method", "route", "status"])
SECONDS = Histogram(
    "wangge_request_seconds", "Time to answer by route", ["route"], buckets=(0.005, 0.02, 0.1, 0.5, 2, 10)
)

_for_machines = public("pages_per_address")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "interest-cohort=()",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self' "
    "'unsafe-inline'; "
    "font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
}


def install(app: Flask) -> None:
    """Routes and hooks."""
    app.add_url_rule("/healthz", view_func=_healthz)
    app.add_url_rule("/readyz", view_func=_readyz)
    app.add_url_rule("/metrics", view_func=_metrics)
    app.before_request(_begin)
    app.after_request(_end)


@_for_machines
def _healthz() -> Response:
    """The process answers."""
    return Response('{"status": "ok"}', mimetype="application/json")


@_for_machines
def _readyz() -> Response:
    """The database answers."""
    with reading() as session:
        need_documents(session)
    return Response('{"status": "ready"}', mimetype="application/json")


@_for_machines
def _metrics() -> Response:
    """Prometheus text, to this machine only."""
    if not ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        raise Problem("not_found")
    registry = CollectorRegistry()
    _fill(registry)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    return Response(generate_latest() + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _fill(registry: CollectorRegistry) -> None:
    """What is measured in the database; while that is away, that it is."""
    answers = Gauge("wangge_database_up", "1 while the database answers", registry=registry)
    try:
        with reading() as session:
            found = [*measured(session), *_of_capabilities(session)]
    except OperationalError:
        answers.set(0)
        return
    answers.set(1)
    gauges: dict[str, Gauge] = {}
    for one in found:
        if one.name not in gauges:
            gauges[one.name] = Gauge(one.name, one.meaning, list(one.labels), registry=registry)
        (gauges[one.name].labels(**one.labels) if one.labels else gauges[one.name]).set(one.value)


def _of_capabilities(session: Session) -> Iterator[Measured]:
    for module in capabilities.modules("metrics"):
        for measure in module.METRICS:
            yield from measure(session)


def _begin() -> None:
    g.began = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = (
        given
        if given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64
        else str(uuid_utils.uuid7())
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    route = str(request.url_rule) if request.url_rule else "unknown"
    REQUESTS.labels(request.method, route, response.status_code).inc()
    SECONDS.labels(route).observe(seconds)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers["X-Request-Id"] = g.request_id
    if (
        request.method not in ("GET", "HEAD", "OPTIONS")
        and response.status_code < 300
        and g.get("has_written", True)
    ):
        context().wake()
    found = getattr(g, "actor", None)
    # The route's pattern, never the path or query: those hold ids, names and addresses.
    log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        actor=found and found.id,
    )
    return response
