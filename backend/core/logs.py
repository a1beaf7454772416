"""JSON logs with request ids; a traceback names files and lines, never values, which may be personal."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import orjson
import structlog

_LONGEST = 300


def configure(*, is_json: bool = True, level: str = "info") -> None:
    """Set up structlog for this process; colours for a person, JSON for machines."""
    renderer: Any = structlog.processors.JSONRenderer(_json) if is_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


class _OneLine(logging.Handler):
    """What libraries say through Python's own logging, in lines like ours; a traceback as its places."""

    def emit(self, record: logging.LogRecord) -> None:
        said, _, _ = record.getMessage().partition("\n")
        told = {"logger": record.name, "exc_info": record.exc_info}
        structlog.get_logger().log(record.levelno, said[:_LONGEST], **told)


def configure_libraries(level: str = "info") -> None:
    """For a process of a server: libraries say what is wrong, in one line each; at debug also what is not."""
    root = logging.getLogger()
    root.handlers[:] = [_OneLine()]
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


def _json(event: object, **_options: object) -> str:
    return orjson.dumps(event, default=str).decode()


def _where(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the places it passed."""
    found = event.pop("exc_info", None)
    info = sys.exc_info() if found is True else found if isinstance(found, tuple) else None
    if info and info[0] is not None:
        event["exception"] = info[0].__name__
        event["at"] = _places(info[2])
    return event


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]
