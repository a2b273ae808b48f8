"""The REST resources under ``/services/data``: a request in, a response out, no HTTP.

Know before changing: a composite sends its subrequests back through ``Api.handle``, so whatever is
reachable here is reachable there. Everything runs under the org's lock. Unknown paths, objects and
records all answer 404 NOT_FOUND in the words of the recorded responses.

Does not do: tokens, quota, faults, bytes (``server``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from crmrules_sandbox.salesforce import records
from crmrules_sandbox.salesforce.collection import collection
from crmrules_sandbox.salesforce.composite import batch, composite
from crmrules_sandbox.salesforce.describe import describe, describe_global
from crmrules_sandbox.salesforce.failure import ApiError, not_found
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import Org, View
from crmrules_sandbox.salesforce.paging import Cursors
from crmrules_sandbox.salesforce.schema import SObject
from crmrules_sandbox.salesforce.setup import answer_setup
from crmrules_sandbox.salesforce.values import moment, stamp

LATEST = 67
_RETIRED = 30
_SEASONS = ("Winter", "Spring", "Summer")
_VERSION = re.compile(r"v(\d{2,3})\.0")
_KEPT = timedelta(days=15)


def versions() -> list[dict[str, str]]:
    """Return the body of ``/services/data``; three releases a year, v65.0 is Winter '26."""
    return [
        {
            "label": f"{_SEASONS[(number - 65) % 3]} '{26 + (number - 65) // 3:02d}",
            "url": f"/services/data/v{number}.0",
            "version": f"{number}.0",
        }
        for number in range(_RETIRED + 1, LATEST + 1)
    ]


class Api:
    """The resources of one org; ``used`` is the number of counted calls, for ``/limits``."""

    def __init__(self, org: Org, cursors: Cursors) -> None:
        self.org = org
        self.cursors = cursors
        self.used = 0

    def handle(self, request: Request) -> Response:
        """Answer one request, whatever happens; no exception but a bug leaves here."""
        try:
            with self.org.lock:
                return self._route(request)
        except ApiError as error:
            return Response(error.status, error.body())

    def _route(self, request: Request) -> Response:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        version = _VERSION.fullmatch(parts[2]) if len(parts) > 2 else None
        if parts[:2] != ["services", "data"] or version is None:
            raise not_found()
        number = int(version.group(1))
        if number <= _RETIRED:
            raise ApiError(410, "UNSUPPORTED_API_VERSION", "This API version is retired.")
        if number > LATEST:
            raise not_found()
        request = replace(request, version=f"{number}.0", parts=tuple(parts[3:]))
        view = self.org.view(request.user_id)
        match request.parts:
            case ():
                return Response(200, _resources(request))
            case (("query" | "queryAll") as kind, *rest) if len(rest) <= 1:
                return self._query(view, request, kind == "queryAll", rest)
            case ("limits", *rest) if len(rest) <= 1:
                return self._limits(view, request, rest)
            case ("sobjects", *rest):
                return self._sobjects(view, request, rest)
            case ("composite", *rest):
                return self._composite(view, request, rest)
            case ("metadata" | "tooling", *_) if not request.nested:
                return answer_setup(self.org, request)
        raise not_found()

    def _query(self, view: View, request: Request, all_rows: bool, rest: list[str]) -> Response:
        if request.method != "GET":
            raise records.no_method(request)
        if rest:
            return self.cursors.more(view, request, rest[0])
        return self.cursors.query(view, request, all_rows=all_rows)

    def _composite(self, view: View, request: Request, rest: list[str]) -> Response:
        if rest[:1] == ["sobjects"]:
            return collection(view, request)
        if request.nested or request.method != "POST" or rest not in ([], ["batch"]):
            raise not_found()
        return batch(self.handle, request) if rest else composite(self.handle, self.org, request)

    def _limits(self, view: View, request: Request, rest: list[str]) -> Response:
        if rest == ["recordCount"]:
            asked = request.query.get("sObjects", "").split(",")
            known = [found for name in asked if (found := view.sobject(name)) is not None]
            counts = [
                {"count": len(self.org.store.tables[each.name]), "name": each.name}
                for each in known
            ]
            return Response(200, {"sObjects": counts})
        most = self.org.daily_limit
        daily = {"Max": most, "Remaining": max(0, most - self.used)}
        storage = {"Max": 1024, "Remaining": 1000}
        return Response(200, {"DailyApiRequests": daily, "DataStorageMB": storage})

    def _sobjects(self, view: View, request: Request, rest: list[str]) -> Response:
        if not rest:
            seen = [s for s in self.org.schema.values() if view.sobject(s.name) is not None]
            return self._if_modified(
                request, lambda: describe_global(seen, api_version=request.version)
            )
        sobject = view.sobject(rest[0])
        if sobject is None:
            raise not_found()
        match rest[1:], request.method:
            case [], "GET":
                body = {"objectDescribe": self._describe(view, request, sobject)}
                return Response(200, {**body, "recentItems": []})
            case ["describe"], "GET":
                return self._if_modified(request, lambda: self._describe(view, request, sobject))
            case ["deleted"], "GET":
                return self._deleted(request, sobject)
        with self.org.store.atomic():
            return records.answer(view, request, sobject, rest[1:])

    def _describe(self, view: View, request: Request, sobject: SObject) -> dict[str, Any]:
        visible = view.visible(sobject.name)
        editable = frozenset(f for f in visible if view.editable(sobject.name, f))
        return describe(
            sobject,
            visible,
            editable_fields=editable if view.access.may("edit", sobject.name) else (),
            known_objects=self.org.schema,
            api_version=request.version,
        )

    def _if_modified(self, request: Request, make: Callable[[], dict[str, Any]]) -> Response:
        changed = self.org.metadata_changed_at
        last = format_datetime(changed, usegmt=True)
        headers = {"ETag": f'"{crc32(last.encode()):08x}"', "Last-Modified": last}
        since = request.headers.get("if-modified-since")
        if since and parsedate_to_datetime(since).astimezone(UTC) >= changed:
            return Response(304, None, headers)
        return Response(200, make(), headers)

    def _deleted(self, request: Request, sobject: SObject) -> Response:
        now = self.org.now()
        start, end = (_when(request.query, name) for name in ("start", "end"))
        end = min(end, now)
        earliest = now - _KEPT
        if start < earliest:
            message = "start date: the value is before the earliest date available"
            raise ApiError(400, "INVALID_REPLICATION_DATE", message)
        first, last = stamp(start), stamp(end)
        gone = [
            {"id": each.record_id, "deletedDate": each.at}
            for each in self.org.store.deletions
            if each.sobject == sobject.name and first <= each.at < last
        ]
        covered = {"earliestDateAvailable": stamp(earliest), "latestDateCovered": last}
        return Response(200, {"deletedRecords": gone, **covered})


def _when(query: Mapping[str, str], name: str) -> datetime:
    try:
        # a bare "+" of the offset arrives as a blank
        return moment(query.get(name, "").replace(" ", "+"))
    except ValueError:
        message = f"{name}: a date and time with an offset is required"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message) from None


def _resources(request: Request) -> dict[str, str]:
    names = ("sobjects", "query", "queryAll", "composite", "limits")
    return {name: f"{request.root}/{name}" for name in names}
