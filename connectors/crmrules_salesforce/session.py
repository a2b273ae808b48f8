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
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from crmrules.errors import AccessError
from crmrules.transport import CLIENT, CONNECT, READ

_PARTS = frozenset({"oauth2", "query", "queryAll", "composite", "sobjects", "limits"})
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class Adapter(HTTPAdapter):
    """Send with our timeouts and roots, and only to hosts that were allowed beforehand."""

    def __init__(
        self,
        context: ssl.SSLContext,
        before: Callable[[], None],
        after: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._context, self._before, self._after = context, before, after
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
        kwargs |= {"timeout": (CONNECT, READ), "verify": True, "cert": None}
        status = "none"
        try:
            answer = super().send(request, *args, **kwargs)
            status = str(answer.status_code)
        finally:
            self._after(part(request.url or ""), status)
        return answer


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


def part(url: str) -> str:
    """Return which part of the API an address belongs to: one of a few words."""
    words = urlsplit(url).path.split("/")
    return next((word for word in words if word in _PARTS), "other")


def quota(header: str | None) -> tuple[int, int] | None:
    """Return calls used and allowed from ``Sforce-Limit-Info``, whatever else it says."""
    found = _USAGE.search(header or "")
    return (int(found[1]), int(found[2])) if found else None
