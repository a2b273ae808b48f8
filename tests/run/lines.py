"""The lines that are logged, kept instead of written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import structlog

from crmrules import log


@contextlib.contextmanager
def kept() -> Iterator[list[dict[str, Any]]]:
    """Give every line that is logged meanwhile, as it would be written."""
    before = structlog.get_config()
    found: list[dict[str, Any]] = []

    def keep(_: Any, __: str, event: Any) -> Any:
        found.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            log.redact,
            keep,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    try:
        yield found
    finally:
        structlog.configure(**before)
