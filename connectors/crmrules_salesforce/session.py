"""The HTTP session under simple-salesforce: where it may go, how long it waits, whom it trusts.

Know before changing: everything is enforced in the adapter, below the packages above it, because
they set no timeout, follow redirects, and let environment variables replace the CA and ``~/.netrc``
the Authorization header. Every request passes ``send``, so that is where calls are counted.

It does not retry and does not read bodies.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from crmrules.errors import AccessError, UsageError

TIMEOUTS = (10.0, 120.0)
"""Seconds to connect, and between two bytes of an answer."""
CLIENT = "crmrules"
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """Return a strict context with the system's roots, plus the file's. Raises UsageError."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_bundle:
        try:
            context.load_verify_locations(cafile=ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot load the certificates in {ca_bundle}: {error.strerror or 'not PEM'}",
                remedy="name a readable file with CA certificates in PEM form",
                where="[salesforce] ca_bundle",
            ) from None
    return context


class Adapter(HTTPAdapter):
    """Send with our timeouts and roots, and only to hosts that were allowed beforehand."""

    def __init__(self, context: ssl.SSLContext, before: Callable[[], None]) -> None:
        self._context, self._before = context, before
        self.origins: set[str] = set()
        super().__init__(max_retries=0)

    def allow(self, url: str) -> None:
        """Let requests go to the origin of a checked url."""
        self.origins.add(origin(url))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make connections with our context."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make connections through a proxy with our context too."""
        return super().proxy_manager_for(*args, **kwargs, ssl_context=self._context)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send one request; raises AccessError for a host that is not ours to talk to."""
        if origin(request.url or "") not in self.origins:
            raise AccessError(
                "a request to a host that was not configured was stopped",
                remedy="check [salesforce] instance_url and token_url",
            )
        self._before()
        kwargs |= {"timeout": TIMEOUTS, "verify": True, "cert": None}
        return super().send(request, *args, **kwargs)


class Session(requests.Session):
    """A session that never follows a redirect and never reads ``~/.netrc``."""

    def __init__(self, adapter: Adapter) -> None:
        super().__init__()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.auth = _as_it_is
        self.headers["User-Agent"] = f"{CLIENT} (python-requests)"
        self.headers["Sforce-Call-Options"] = f"client={CLIENT}"
        self.headers["Accept-Encoding"] = "gzip"
        self.headers["Accept"] = "application/json"

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Treat a redirect as the answer it is."""
        del resp


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def origin(url: str) -> str:
    """Return scheme, host and port of a url, in one spelling."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def quota(header: str | None) -> tuple[int, int] | None:
    """Return calls used and allowed from ``Sforce-Limit-Info``, whatever else it says."""
    found = _USAGE.search(header or "")
    return (int(found[1]), int(found[2])) if found else None


def http_date(text: str | None) -> datetime | None:
    """Return the moment of an HTTP date, None when it is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds ``Retry-After`` asks for, given as seconds or as a date."""
    if not text:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
        return float(text)
    moment = http_date(text)
    return max(0.0, (moment - now).total_seconds()) if moment else None
