"""The pages and the answers of the studio. It decides nothing: ``Desk`` does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from crmrules.errors import CrmRulesError, UsageError
from crmrules.studio.desk import Desk
from crmrules.studio.door import Door
from crmrules.studio.form import values_of
from crmrules.studio.pages import Pages

_STATIC = Path(__file__).parent / "static"
_FILES = {
    "studio.js": "text/javascript",
    "studio.css": "text/css",
    "icon.svg": "image/svg+xml",
}
_MOST = 100_000  # bytes of a request: every text of a rule is far below
Answer = Callable[[Request], Awaitable[Response]]


def application(desk: Desk, door: Door) -> ASGIApp:
    """Return the studio's application, behind its door."""
    studio = _Studio(desk, Pages(desk, door.page))
    routes = [
        Route("/", studio.start),
        Route("/rules/{name}", studio.rule),
        Route("/rules/{name}", studio.change, methods=["PUT"]),
        Route("/discard", studio.discard, methods=["POST"]),
        Route("/save", studio.save, methods=["POST"]),
        Route("/refresh", studio.refresh, methods=["POST"]),
        Route("/static/{name}", _static),
    ]
    handlers: Any = {CrmRulesError: studio.refused}
    return door.guard(Starlette(routes=routes, exception_handlers=handlers))


class _Studio:
    """The answers. Everything slow happens off the event loop, so the page never freezes."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages

    async def start(self, request: Request) -> Response:
        del request
        return HTMLResponse(await run_in_threadpool(self._pages.page, None))

    async def rule(self, request: Request) -> Response:
        name = request.path_params["name"]
        return HTMLResponse(await run_in_threadpool(self._pages.page, name))

    async def change(self, request: Request) -> Response:
        """Take values over; answer what is refused, and what all changes together would do."""
        name, form = request.path_params["name"], await _body(request)

        def work() -> dict[str, Any]:
            values, wrong = values_of(self._desk.sheet(name).pack, form)
            if not wrong:  # else nothing is taken over: a field left out would count as put back
                wrong = {".".join(p): why for p, why in self._desk.change(name, values).items()}
            return {"refused": wrong, **self._pages.parts(name)}

        return _json(await run_in_threadpool(work))

    async def discard(self, request: Request) -> Response:
        place = (await _body(request)).get("place")
        await run_in_threadpool(self._desk.discard, tuple(place) if place else None)
        return _json({})

    async def save(self, request: Request) -> Response:
        del request
        told = await run_in_threadpool(self._desk.save)
        return _json({"difference": told})

    async def refresh(self, request: Request) -> Response:
        del request
        await run_in_threadpool(self._desk.refresh)
        return _json({})

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer a deliberate error: in words, as the command line does."""
        told = str(error)
        if request.method == "GET":
            return RedirectResponse("/", status_code=303)
        return _json({"error": told}, status=409)


async def _static(request: Request) -> Response:
    """Answer one of our files; no name from outside becomes a path."""
    name = request.path_params["name"]
    if name not in _FILES:
        return Response("There is no such file.\n", status_code=404, media_type="text/plain")
    return Response((_STATIC / name).read_bytes(), media_type=_FILES[name])


async def _body(request: Request) -> dict[str, Any]:
    """Return what the page sent. Raises UsageError where it is no object, or far too long."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _MOST:
            raise UsageError("this is too long", remedy="Shorten the text.")
    try:
        found = orjson.loads(data or b"{}")
    except orjson.JSONDecodeError as error:
        raise UsageError("this is no JSON", remedy="Load the page again.") from error
    if not isinstance(found, dict):
        raise UsageError("this is no object", remedy="Load the page again.")
    return found


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
