"""Read many queries with the fewest calls: five pages ride in each composite call.

Know before changing: a cursor can only be followed page by page, so a long object would leave four
of five slots empty. Its rows are ordered by creation, and whenever a slot is free another cursor
starts from the other end or from the middle of what is left; two cursors stop where their counts
say that they have met. Pages may overlap there: rows are facts with an id, so reading
one twice changes nothing.
Salesforce allows a user ten open cursors; nine are used.

It knows nothing of tables or watermarks and keeps no page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from crmrules.errors import RetryableError
from crmrules.transport import TRIES
from crmrules_salesforce.composite import read_answers
from crmrules_salesforce.errors import LocatorGoneError, TooLargeError, error_for
from crmrules_salesforce.http import Transport
from crmrules_salesforce.slices import (
    PAGE,
    Cursor,
    Query,
    Segment,
    another,
    longest,
    restart,
    start,
)

WIDTHS = (5, 2, 1)
CURSORS = 9


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one page, and whether its query is now completely read."""

    query: Query
    records: list[Mapping[str, Any]]
    last: bool


class Planner:
    """Reads a set of queries to the end, page by page."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._width = 0  # index in WIDTHS
        self._segments: dict[str, list[Segment]] = {}
        self._retries = 0

    def read(self, queries: list[Query]) -> Iterator[Page]:
        """Yield all pages. Raises RetryableError when a query fails for good, AccessError, ..."""
        self._segments = {query.name: [start(query)] for query in queries}
        while True:
            cursors = self._choose()
            if not cursors:
                return
            yield from self._round(cursors)

    def _all(self) -> Iterator[Segment]:
        for group in self._segments.values():
            yield from group

    def _choose(self) -> list[Cursor]:
        """Pick what rides in the next call: new queries, then whatever has most left to read."""
        width = WIDTHS[self._width]
        segments = [segment for segment in self._all() if segment.pages_left()]
        taken: list[Cursor] = []
        running = sum(c.opened and c.url is not None for s in segments for c in s.cursors())
        for segment in segments:
            cursor = segment.left
            new = cursor is not None and not cursor.opened
            if cursor is not None and new and len(taken) < width and running < CURSORS:
                taken.append(cursor)
                running += 1
        while len(taken) < width:
            cursor = longest(segments, taken)
            if cursor is None:
                break
            taken.append(cursor)
        while len(taken) < width and running < CURSORS:
            cursor = another(segments, taken)
            if cursor is None:
                break
            taken.append(cursor)
            running += 1
        return taken

    def _round(self, cursors: list[Cursor]) -> Iterator[Page]:
        body = {
            "allOrNone": False,
            "collateSubrequests": False,
            "compositeRequest": [self._part(f"q{n}", c) for n, c in enumerate(cursors)],
        }
        try:
            parts = read_answers(self._transport.read("POST", "composite", body))
        except TooLargeError:
            self._shrink()
            return
        answered = [(cursor, parts.get(f"q{n}")) for n, cursor in enumerate(cursors)]
        del parts, body
        failed = False
        for cursor, part in answered:
            if part is None or part["httpStatusCode"] != 200:
                self._failed(cursor, part)
                failed = True
                continue
            page = self._take(cursor, part["body"])
            part["body"] = None  # the page is the caller's now
            yield page
        self._retries = self._retries + 1 if failed else 0
        if failed:
            self._transport.pause(self._retries)

    def _part(self, reference: str, cursor: Cursor) -> dict[str, Any]:
        if cursor.url is not None:
            return {"method": "GET", "referenceId": reference, "url": cursor.url}
        query = cursor.segment.query
        soql = query.soql(cursor.low, cursor.high, down=cursor.down)
        resource = "queryAll" if query.all_rows else "query"
        return {
            "method": "GET",
            "referenceId": reference,
            "url": f"{self._transport.base}{resource}?q={quote(soql)}",
            "httpHeaders": {"Sforce-Query-Options": f"batchSize={PAGE}"},
        }

    def _take(self, cursor: Cursor, body: Mapping[str, Any]) -> Page:
        records = list(body["records"])
        segment = cursor.segment
        cursor.rows += len(records)
        cursor.url = body.get("nextRecordsUrl")
        if records:
            cursor.last = records[-1].get("CreatedDate")
        if not cursor.opened:
            cursor.opened = True
            self._opened(cursor, int(body["totalSize"]), len(records))
        if body["done"]:
            cursor.url = None
            cursor.segment.finished = True
        if not cursor.segment.pages_left():
            cursor.segment.finished = True
        last = all(one.finished for one in self._segments[segment.query.name])
        return Page(segment.query, records, last)

    def _opened(self, cursor: Cursor, total: int, first: int) -> None:
        """Learn sizes from a first page; a cursor from the middle divides its segment there."""
        segment, usage = cursor.segment, self._transport.usage
        if segment.size is None and segment.left is cursor:
            segment.size = total
            segment.page = first if first and total > first else PAGE
            if not cursor.failures:
                usage.pages += max(1, math.ceil(total / segment.page))
                usage.floor = math.ceil(usage.pages / 5)
        elif cursor.down:
            segment.right = cursor
            segment.size = total if segment.left is None else max(total, segment.size or 0)
        else:
            self._divide(segment, cursor, total)

    def _divide(self, segment: Segment, cursor: Cursor, total: int) -> None:
        upper = Segment(segment.query, cursor.low, segment.high, total, segment.page, cursor)
        upper.right, segment.right = segment.right, None
        if upper.right is not None:
            upper.right.segment = upper
        cursor.segment = upper
        segment.high = cursor.low
        segment.size = max(0, (segment.size or 0) - total)
        segment.finished = not segment.pages_left()
        self._segments[segment.query.name].append(upper)

    def _failed(self, cursor: Cursor, part: Mapping[str, Any] | None) -> None:
        """Prepare the cursor for another try, or raise when it has failed too often."""
        name = cursor.segment.query.name
        status, body = (part["httpStatusCode"], part["body"]) if part else (500, None)
        error = error_for(status, body, f"query {name}")
        if not isinstance(error, RetryableError):
            raise error
        cursor.failures += 1
        if cursor.failures >= TRIES:
            raise error
        if isinstance(error, LocatorGoneError):
            restart(cursor.segment, cursor.failures)
        elif isinstance(error, TooLargeError):
            self._width = min(self._width + 1, len(WIDTHS) - 1)

    def _shrink(self) -> None:
        if self._width == len(WIDTHS) - 1:
            self._retries += 1
            if self._retries >= TRIES:
                raise TooLargeError(
                    "Salesforce cannot answer even one query in time",
                    remedy="narrow what is pulled, or try at a quiet hour",
                )
        self._width = min(self._width + 1, len(WIDTHS) - 1)
