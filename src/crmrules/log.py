"""Structured logs on stderr: for people on a terminal, JSON elsewhere; never a secret.

Redaction works twice: by the name of the field, and by value for every secret that was announced
with ``keep_secret``. What a customer wrote is never logged; ids and counts are.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

from crmrules.letters import shown

_NAMES = re.compile(r"token|secret|password|authorization|assertion|private_key", re.IGNORECASE)
_SECRETS: dict[str, None] = {}  # those announced last come last
_MOST = 500  # a scheduler gets a new token for every run: the oldest go
Format = Literal["console", "json"]
_SHORT = 6  # shorter strings are not announced: they would blank out ordinary words


def keep_secret(value: str | None) -> None:
    """Never let this value appear in a log line."""
    if value and len(value) >= _SHORT:
        _SECRETS.pop(value, None)
        _SECRETS[value] = None
        if len(_SECRETS) > _MOST:
            _SECRETS.pop(next(iter(_SECRETS)), None)


def scrub(text: str) -> str:
    """Return the text without any announced secret."""
    # The longest first: a secret that begins with a shorter one must not leave its tail behind.
    for secret in sorted(_SECRETS, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank out fields with a telling name and values that were announced as secret."""
    for name, value in event.items():
        event[name] = "***" if _NAMES.search(name) else _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return shown(scrub(value))
    if isinstance(value, Mapping):
        return {k: "***" if _NAMES.search(str(k)) else _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    return value


def configure(style: Format | None = None, *, verbose: int = 0, quiet: bool = False) -> None:
    """Send logs to stderr; ``style`` None: console on a terminal, JSON elsewhere.

    ``quiet`` leaves only warnings: for commands that tell everything themselves.
    """
    chosen = style or ("console" if sys.stderr.isatty() else "json")
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if chosen == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
        ),
        # Past the command line's guard: a renderer escapes values, and colours have to pass.
        logger_factory=structlog.PrintLoggerFactory(
            file=getattr(sys.stderr, "beneath", sys.stderr)
        ),
        cache_logger_on_first_use=False,
    )
