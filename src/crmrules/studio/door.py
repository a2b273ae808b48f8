"""Who may come in: the person who started the studio, from this machine, through its own page.

Loopback alone keeps nobody out: any page in the same browser may send requests to it, and a name
may be made to point to it (DNS rebinding). So the host has to be ours, every request carries the
cookie that only the printed address gives, and what changes something comes from our own page with
the word that stands in it. Every answer forbids foreign scripts, frames and caches.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE = ("GET", "HEAD")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
CSRF_HEADER = "X-Crmrules-Page"


@dataclass(slots=True)
class Door:
    """The outermost layer. ``port``: the one we listen on.

    ``token`` opens it by address; ``page`` is the word that our own page sends back.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    page: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _tickets: set[str] = field(default_factory=set)
    clock: Callable[[], float] = time.monotonic
    last_seen: float = field(init=False)

    def __post_init__(self) -> None:
        self.last_seen = self.clock()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names by which we may be called."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def address(self) -> str:
        """What the person opens."""
        return f"http://{self.hosts[0]}/?token={self.token}"

    def ticket(self) -> str:
        """Return an address that opens it a single time.

        For a browser that we start: everybody on the machine can read its command line.
        """
        one = secrets.token_urlsafe(32)
        self._tickets.add(one)
        return f"http://{self.hosts[0]}/?token={one}"

    def _opens(self, given: str) -> bool:
        if given in self._tickets:
            self._tickets.remove(given)
            return True
        return _equal(given, self.token)

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies are shared by all ports of a host."""
        return f"crmrules_studio_{self.port}"

    def guard(self, inner: ASGIApp) -> ASGIApp:
        """Return the application behind this door."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await inner(scope, receive, send)
                return
            if scope["type"] != "http":  # no web sockets here
                raise ValueError(f"no {scope['type']} is served")
            refusal = self._refusal(scope)
            if refusal is None:
                self.last_seen = self.clock()
            await (refusal or inner)(scope, receive, _with_headers(send))

        return app

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to who may not come in, or who comes in with the token; else None."""
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self.hosts:
            return _no(421, "This page answers to the address that crmrules studio printed only.")
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if scope["method"] in _SAFE and any(map(self._opens, given)):
            # The token leaves the address bar, the history and the referrer.
            welcome = RedirectResponse("/", status_code=303)
            welcome.set_cookie(self.cookie, self._session, httponly=True, samesite="strict")
            return welcome
        cookies = cookie_parser(headers.get("cookie", ""))
        if not _equal(cookies.get(self.cookie, ""), self._session):
            return _no(403, "Open the address that 'crmrules studio' printed in its terminal.")
        if scope["method"] not in _SAFE:
            return self._change(headers)
        return None

    def _change(self, headers: Headers) -> Response | None:
        origin = headers.get("origin", "")
        if origin not in {f"http://{host}" for host in self.hosts}:
            return _no(403, "A change has to come from the studio's own page.")
        if not _equal(headers.get(CSRF_HEADER, ""), self.page):
            return _no(403, "This page is older than the studio: load it again.")
        return None


def _equal(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _no(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status_code=status)


def _with_headers(send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return told
