"""Which path is answered by what, and which scopes it needs.

Know before changing: a path is known or 404, a method is known for a path or 405; versions other
than ``VERSIONS`` are unknown paths, as the undated ones will be. Scopes are checked before a body
is read. One lock is held for a whole call, so a call sees one state.

Does not do: tokens, limits, faults (``gateway``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crmrules_sandbox.hubspot import account, associations, batches, objects, properties, scopes
from crmrules_sandbox.hubspot.failure import ApiError, missing_scopes, no_such_path, no_such_type
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.limits import Meter
from crmrules_sandbox.hubspot.messages import Request
from crmrules_sandbox.hubspot.schema import type_of
from crmrules_sandbox.hubspot.scopes import Alternatives
from crmrules_sandbox.hubspot.search import Pages, search
from crmrules_sandbox.wire.messages import Exchange, Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

VERSIONS = frozenset({"2026-09", "2026-03"})
One = Callable[["Portal", str, Request], Response]
Two = Callable[["Portal", tuple[str, str], Request], Response]
Needs = Callable[[str, str], list[Alternatives]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path in pieces (``{x}`` names one), what answers, and what it needs."""

    method: str
    pieces: tuple[str, ...]
    needs: Needs
    one: One | None = None
    two: Two | None = None

    def find(self, pieces: list[str]) -> dict[str, str] | None:
        """Return what a path names; None if it is another path."""
        if len(pieces) != len(self.pieces):
            return None
        found = {}
        for mine, theirs in zip(self.pieces, pieces, strict=True):
            if mine.startswith("{"):
                found[mine.strip("{}")] = unquote(theirs)
            elif mine != theirs:
                return None
        return found


def _read(kind: str, _: str) -> list[Alternatives]:
    return scopes.reading(kind)


def _write(kind: str, _: str) -> list[Alternatives]:
    return scopes.writing(kind)


def _nothing(_: str, __: str) -> list[Alternatives]:
    return []


def _owners(_: str, __: str) -> list[Alternatives]:
    return [frozenset({"crm.objects.owners.read"})]


def _schema(kind: str, _: str) -> list[Alternatives]:
    return scopes.reading_schema(kind)


def _define(kind: str, _: str) -> list[Alternatives]:
    return scopes.writing_schema(kind)


def _one(method: str, path: str, answer: One, needs: Needs) -> Route:
    return Route(method, tuple(path.split("/")), needs, one=answer)


def _two(method: str, path: str, answer: Two, needs: Needs) -> Route:
    return Route(method, tuple(path.split("/")), needs, two=answer)


def _not_here(_: Portal, __: str, request: Request) -> Response:
    raise no_such_path(request.exchange.path)


_OBJECTS, _PROPERTIES = "crm/objects/{v}/{type}", "crm/properties/{v}/{type}"
_LINKS, _OWNERS, _INFO = "crm/associations/{v}/{type}/{to}", "crm/owners/{v}", "account-info/{v}"
SEARCH = _one("POST", f"{_OBJECTS}/search", _not_here, _read)
USAGE = _one("GET", f"{_INFO}/api-usage/daily/private-apps", _not_here, _nothing)
ROUTES = (
    SEARCH,
    USAGE,
    _one("POST", f"{_OBJECTS}/batch/read", batches.read, _read),
    _one("POST", f"{_OBJECTS}/batch/create", batches.create, _write),
    _one("POST", f"{_OBJECTS}/batch/update", batches.update, _write),
    _one("POST", f"{_OBJECTS}/batch/upsert", batches.upsert, _write),
    _one("POST", f"{_OBJECTS}/batch/archive", batches.archive, _write),
    _one("POST", f"{_OBJECTS}/merge", objects.merge, _write),
    _one("GET", _OBJECTS, objects.listing, _read),
    _one("POST", _OBJECTS, objects.create, _write),
    _one("GET", f"{_OBJECTS}/{{id}}", objects.read, _read),
    _one("PATCH", f"{_OBJECTS}/{{id}}", objects.update, _write),
    _one("DELETE", f"{_OBJECTS}/{{id}}", objects.delete, _write),
    _two("GET", f"{_OBJECTS}/{{id}}/associations/{{to}}", associations.of_one,
         scopes.reading_links),
    _two("POST", f"{_LINKS}/batch/read", associations.read, scopes.reading_links),
    _two("POST", f"{_LINKS}/batch/create", associations.create, scopes.linking),
    _two("POST", f"{_LINKS}/batch/archive", associations.archive, scopes.linking),
    _two("POST", f"{_LINKS}/batch/associate/default", associations.create_default,
         scopes.linking),
    _two("GET", f"{_LINKS}/labels", associations.labels, scopes.reading_links),
    _one("GET", f"{_PROPERTIES}/groups", properties.list_groups, _schema),
    _one("POST", f"{_PROPERTIES}/groups", properties.create_group, _define),
    _one("GET", f"{_PROPERTIES}/groups/{{name}}", properties.read_group, _schema),
    _one("DELETE", f"{_PROPERTIES}/groups/{{name}}", properties.delete_group, _define),
    _one("POST", f"{_PROPERTIES}/batch/read", properties.read_batch, _schema),
    _one("POST", f"{_PROPERTIES}/batch/create", properties.create_batch, _define),
    _one("POST", f"{_PROPERTIES}/batch/archive", properties.archive_batch, _define),
    _one("GET", _PROPERTIES, properties.listing, _schema),
    _one("POST", _PROPERTIES, properties.create, _define),
    _one("GET", f"{_PROPERTIES}/{{name}}", properties.read, _schema),
    _one("PATCH", f"{_PROPERTIES}/{{name}}", properties.update, _define),
    _one("DELETE", f"{_PROPERTIES}/{{name}}", properties.archive, _define),
    _one("GET", "crm/pipelines/{v}/{type}", account.pipelines, _schema),
    _one("GET", "crm/pipelines/{v}/{type}/{id}", account.pipeline, _schema),
    _one("GET", _OWNERS, account.owners, _owners),
    _one("GET", f"{_OWNERS}/{{id}}", account.owner, _owners),
    _one("GET", f"{_INFO}/details", account.details, _nothing),
)  # fmt: skip


def family_of(path: str) -> str:
    """Return the kind of call the limits know: search, associations or other."""
    if path.endswith("/search"):
        return "search"
    return "associations" if path.startswith("/crm/associations/") else "other"


class Api:
    """Answers calls that have passed the gateway."""

    def __init__(self, portal: Portal, meter: Meter) -> None:
        self.portal = portal
        self.meter = meter
        self._pages = Pages()

    def handle(self, exchange: Exchange, striking: list[Fault]) -> Response:
        """Answer one call; raises ApiError."""
        route, found = _choose(exchange)
        kind, to = self._types(found)
        for alternatives in route.needs(kind, to):
            if not alternatives & self.portal.scopes:
                raise missing_scopes(alternatives)
        request = Request(exchange, found, striking)
        with self.portal.lock:
            if route is SEARCH:
                return search(self.portal, kind, request, self._pages)
            if route is USAGE:
                return account.usage(self.portal, self.meter)
            if route.two is not None:
                return route.two(self.portal, (kind, to), request)
            return (route.one or _not_here)(self.portal, kind, request)

    def _types(self, found: dict[str, str]) -> tuple[str, str]:
        types = []
        for key in ("type", "to"):
            told = found.get(key)
            kind = "" if told is None else type_of(told)
            if kind is None:
                raise no_such_type(str(told))
            types.append(kind)
        return types[0], types[1]


def _choose(exchange: Exchange) -> tuple[Route, dict[str, str]]:
    pieces = exchange.path.strip("/").split("/")
    known = [each for each in _matching(pieces) if each[1].get("v") in VERSIONS]
    for route, found in known:
        if route.method == exchange.method:
            return route, found
    if known:
        raise ApiError(405, "Method Not Allowed")
    raise no_such_path(exchange.path)


def _matching(pieces: list[str]) -> Iterable[tuple[Route, dict[str, str]]]:
    for route in ROUTES:
        if (found := route.find(pieces)) is not None:
            yield route, found
