"""Logs as JSON lines of one schema: time, level, service, version, environment, trace_id, span_id, message, fields."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from shopkit import masking, tracing

_SAFE = ("time", "level", "service", "version", "environment", "trace_id", "span_id")


def configure(service: str, version: str, environment: str, level: str = "info") -> None:
    """Send structlog's and the standard library's logs to standard output, one JSON object a line, secrets masked."""

    def origin(_logger: Any, _name: str, event: EventDict) -> EventDict:
        event.update(service=service, version=version, environment=environment, **tracing.current_ids())
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        origin,
        structlog.processors.EventRenamer("message"),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _schema,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _schema(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The schema's keys first and in order; everything else under `fields`."""
    event.pop("color_message", None)  # uvicorn's own, for terminals
    line = {key: event.pop(key) for key in _SAFE if key in event}
    line["message"] = masking.text(str(event.pop("message", "")))
    return line | {"fields": masking.masked(dict(event))}
