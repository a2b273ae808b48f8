"""When syncs run and who is told how they go: ``[schedule]`` and ``[observe]``.

Nothing leaves this machine unless an address is named here. An address that is told something is a
secret: whoever knows it may speak for us.

It opens no connection and reads no file.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from crmrules.cron import Cron
from crmrules.raw import zone
from crmrules.section import PRINTED, host_of, is_loopback

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Strict(BaseModel):
    """A section of the configuration: no unknown key, no infinite number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _time_zone(name: str) -> str:
    if name and zone(name) is None:
        raise ValueError(f"'{name}' is not a time zone such as Europe/Berlin")
    return name


def destination(url: str) -> str:
    """Return an address that somebody named to be told how runs go; ValueError where it is none.

    Any host, since nobody's records go there; https, or plain http to this machine.
    """
    if not PRINTED.fullmatch(url):
        raise ValueError("must be an address without blanks, backslashes and other signs")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host_of(url))):
        raise ValueError("must start with https://")
    if not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError("must name a host, and no user")
    return url.rstrip("/")


def address(text: str) -> tuple[str, int]:
    """Return the host and port of a place to listen at; ValueError where it is none."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"'{text}' is not a place such as 127.0.0.1:9646")
    return host.strip("[]"), int(port)


def span(text: str) -> timedelta:
    """Return a length of time such as 45m; ValueError where it is none."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text, re.ASCII)
    if found is None or int(found[1]) == 0:
        raise ValueError(f"'{text}' is not a length of time such as 90s, 45m, 2h or 1d")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _span(text: str) -> str:
    if text:
        span(text)
    return text


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Span = Annotated[str, AfterValidator(_span)]


class ScheduleSettings(Strict):
    """When ``run`` syncs; what schedules ``sync`` says it here too, so that delays are noticed."""

    cron: str = "*/15 * * * *"
    time_zone: TimeZone = ""  # of the cron expression; "": that of [tasks], else UTC
    jitter: float = Field(default=0, ge=0, le=3600)  # seconds

    @field_validator("cron")
    @classmethod
    def _expression(cls, text: str) -> str:
        Cron(text)
        return text


class ObserveSettings(Strict):
    """Who is told how syncs go. Nothing leaves this machine unless an address is named here."""

    listen: str = "127.0.0.1:9646"  # of run: /metrics and /healthz; "": nowhere
    textfile: str = ""  # for Prometheus' node exporter
    heartbeat_url: str = Field(default="", repr=False)
    heartbeat_url_file: str = ""
    notice_url: str = Field(default="", repr=False)
    notice_url_file: str = ""
    otlp_endpoint: str = ""
    max_age: Span = ""  # since a sync came to its end; "": three due moments of the schedule

    @field_validator("listen")
    @classmethod
    def _place(cls, text: str) -> str:
        if text:
            address(text)
        return text

    @field_validator("heartbeat_url", "notice_url", "otlp_endpoint")
    @classmethod
    def _url(cls, text: str) -> str:
        return destination(text) if text else text
