"""Search: an index that lags behind the records it finds.

Know before changing: the index shows each record as it was ``index_lag`` ago; a record archived
since is still counted in ``total`` but not shown (recorded). Past the cap a search is refused, not
cut. ``after`` is an offset, so what changes between two pages shifts them, as it does for real.

Does not do: associations or history in results, which the real one has not either.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from crmrules_sandbox.hubspot.calculated import value_of
from crmrules_sandbox.hubspot.failure import invalid
from crmrules_sandbox.hubspot.filters import Filters, sort_key
from crmrules_sandbox.hubspot.messages import Request
from crmrules_sandbox.hubspot.reading import shown
from crmrules_sandbox.hubspot.records import Record
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

Found = list[tuple[Record, datetime | None]]
_MOST, _LONGEST = 200, 3_000
_TIMED = (b"notes_", b"hs_next_meeting", b"past_due")  # what changes without a write
_SEARCHED = ("dealname", "name", "firstname", "lastname", "email", "domain", "hs_title",
             "hs_task_subject", "hs_meeting_title", "hs_email_subject")  # fmt: skip


class Pages:
    """What one server remembers between the pages of a search: its records, and short pages.

    A search over many records would else be done anew for each page; it is, when anything changed.
    """

    def __init__(self) -> None:
        self._shifts: dict[bytes, list[tuple[int, int]]] = {}
        self._last: tuple[object, Found] = (None, [])

    def found(self, key: object, work: Callable[[], Found]) -> Found:
        """Return the sorted records of a search; ``key`` None: they may not be kept."""
        if key is None or self._last[0] != key:
            self._last = (key, work())
        return self._last[1]

    def real(self, key: bytes, after: int) -> int:
        """Return the offset among the records that a cursor means."""
        if after == 0:
            self._shifts.pop(key, None)
        return after - sum(short for start, short in self._shifts.get(key, []) if start <= after)

    def shorten(self, key: bytes, after: int, limit: int, keep: int) -> None:
        """Remember that the page before the cursor ``after + limit`` held only ``keep``."""
        self._shifts.setdefault(key, []).append((after + limit, limit - keep))


def search(portal: Portal, kind: str, request: Request, pages: Pages) -> Response:
    """Answer a search."""
    if len(request.exchange.body) > _LONGEST:
        raise invalid(f"The search request is longer than {_LONGEST} characters")
    body = request.json()
    limit, after = _paging(portal, body)
    early = request.strike("early")
    widened = timedelta(milliseconds=0 if early is None else early.milliseconds)
    filters = Filters(portal, kind, body.get("filterGroups") or [], widened)
    sort = _sort(portal, kind, body.get("sorts") or [])

    def work() -> Found:
        return sort(_matching(portal, kind, filters, request, str(body.get("query") or "")))

    told = {name: each for name, each in body.items() if name != "after"}
    key = orjson.dumps([kind, told])
    found = pages.found(_kept_as(portal, key, request), work)
    start, end = pages.real(key, after), limit
    short = request.strike("short_page")
    if short is not None:
        pages.shorten(key, after, limit, short.keep)
        end = min(short.keep, limit)
    page = [(r, at) for r, at in found[start : start + end] if portal.is_live(kind, r.id)]
    if request.strike("shuffled") is not None:
        page.reverse()
    names = [str(each) for each in body.get("properties") or []]
    answer: dict[str, Any] = {
        "total": len(found),
        "results": [shown(portal, record, names, at=at) for record, at in page],
    }
    if start + end < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Response(200, answer)


def _paging(portal: Portal, body: dict[str, Any]) -> tuple[int, int]:
    limit, after = body.get("limit", 10), str(body.get("after") or 0)
    if not isinstance(limit, int) or not 1 <= limit <= _MOST:
        raise invalid(f"limit must be between 1 and {_MOST}")
    if not after.isdigit():
        raise invalid(f"after is not a valid offset: {after}")
    if int(after) + limit > portal.quirks.search_cap:
        cap = portal.quirks.search_cap
        raise invalid(f"The results of a search end at {cap}; after {after} lies beyond")
    return limit, int(after)


def _kept_as(portal: Portal, key: bytes, request: Request) -> object:
    """Return what the records of a search may be kept under; None: they must be found anew."""
    strange = request.strike("early") or request.strike("stale_index")
    if strange or portal.index_lag or portal.index_lags or any(name in key for name in _TIMED):
        return None
    return key, portal.store.revision, portal.quirks.text_sorted_ids


def _matching(portal: Portal, kind: str, filters: Filters, request: Request, words: str) -> Found:
    stale = request.strike("stale_index")
    extra = timedelta(seconds=0 if stale is None else stale.seconds)
    now, found = portal.now(), []
    for record in portal.store.tables[kind].values():
        lag = extra + portal.index_lags.get((kind, record.id), portal.index_lag)
        at = now - lag if lag else None
        if not _indexed(record, at) or not filters.match(record, at):
            continue
        if words and not _says(portal, record, words, at):
            continue
        found.append((record, at if at is not None and record.updated > at else None))
    return found


def _indexed(record: Record, at: datetime | None) -> bool:
    if at is None:
        return record.archived_at is None and record.merged_into is None
    if record.created > at:
        return False
    ends = record.archived_at if record.merged_into is None else record.updated
    return ends is None or ends > at


def _says(portal: Portal, record: Record, words: str, at: datetime | None) -> bool:
    text = " ".join(value_of(portal, record, name, at) or "" for name in _SEARCHED).casefold()
    return all(word in text for word in words.casefold().split())


def _sort(portal: Portal, kind: str, sorts: Any) -> Callable[[Found], Found]:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid("A search may have one sort at most")
    told = sorts[0] if sorts else {"propertyName": "hs_object_id"}
    if isinstance(told, str):
        told = {"propertyName": told.removeprefix("-")} | (
            {"direction": "DESCENDING"} if told.startswith("-") else {}
        )
    name = told.get("propertyName")
    if name not in portal.definitions[kind]:
        raise invalid(f"Unknown property to sort by: {name}")
    down = str(told.get("direction", "ASCENDING")).startswith("DESC")
    key = sort_key(portal, kind, name)

    def sort(found: Found) -> Found:
        return sorted(found, key=lambda each: key(*each), reverse=down)

    return sort
