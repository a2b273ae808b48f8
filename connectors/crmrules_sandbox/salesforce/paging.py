"""Query answers in pages, with locators that end.

Know before changing: a cursor keeps the list of records the evaluator made and cuts pages from it
when asked; JSON is made page by page in ``server``. Child rows of subqueries count towards the
batch size, so pages with subqueries are shorter. The same page may be asked for twice (a client
whose connection broke does). A user has ten open cursors; the eleventh closes the oldest, finished
ones first (Salesforce help 000384958).

Does not do: keep a snapshot of the tables; the records are the snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.org import View
from crmrules_sandbox.salesforce.soql import SoqlError, answer

_BATCH = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_SUBQUERY = re.compile(r"\(\s*select\s", re.IGNORECASE)
_LIFE = timedelta(days=2)


@dataclass(slots=True)
class _Cursor:
    user_id: str
    records: list[dict[str, Any]]
    size: int
    weighed: bool
    opened: datetime
    finished: bool = False


class Cursors:
    """The open queries of an org; ``page_size`` is the most rows a page may have."""

    def __init__(self, page_size: int = 2000, smallest: int = 200, most_open: int = 10) -> None:
        self.page_size = page_size
        self.smallest = min(smallest, page_size)
        self.most_open = most_open
        self._open: dict[str, _Cursor] = {}
        self._number = 0

    def query(self, view: View, request: Request, *, all_rows: bool) -> Response:
        """Answer ``/query?q=`` and ``/queryAll?q=``. Raises ApiError."""
        text = request.query.get("q")
        if text is None:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        now = view.org.now()
        try:
            found = answer(text, view, now=now, all_rows=all_rows, api_version=request.version)
        except SoqlError as error:
            raise ApiError(400, error.error_code, error.message) from error
        size, weighed = self._size(request.headers), _SUBQUERY.search(text) is not None
        cursor = _Cursor(view.user_id, found.records, size, weighed, now)
        if _end(cursor, 0) >= len(found.records):
            body = {"totalSize": found.total, "done": True, "records": found.records}
            return Response(200, body)
        self._number += 1
        locator = sfid("01g", self._number)
        self._make_room(view.user_id)
        self._open[locator] = cursor
        return self._page(request, locator, cursor, 0)

    def more(self, view: View, request: Request, locator: str) -> Response:
        """Answer a ``nextRecordsUrl``. Raises ApiError INVALID_QUERY_LOCATOR if it is gone."""
        key, _, offset = locator.partition("-")
        cursor = self._open.get(key)
        old = cursor is not None and view.org.now() - cursor.opened > _LIFE
        if cursor is None or old or cursor.user_id != view.user_id or not offset.isdigit():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(request, key, cursor, int(offset))

    def expire(self) -> None:
        """Close every cursor, as a restart of the instance would."""
        self._open.clear()

    def _size(self, headers: Mapping[str, str]) -> int:
        wanted = _BATCH.search(headers.get("sforce-query-options", ""))
        size = int(wanted.group(1)) if wanted else self.page_size
        return max(self.smallest, min(size, self.page_size))

    def _make_room(self, user_id: str) -> None:
        mine = [key for key, cursor in self._open.items() if cursor.user_id == user_id]
        if len(mine) >= self.most_open:
            # the oldest of the finished ones, else the oldest: dicts keep the order of opening
            gone = next((key for key in mine if self._open[key].finished), mine[0])
            del self._open[gone]

    def _page(self, request: Request, key: str, cursor: _Cursor, start: int) -> Response:
        end = _end(cursor, start)
        body: dict[str, Any] = {"totalSize": len(cursor.records), "done": True}
        if end < len(cursor.records):
            body["done"] = False
            body["nextRecordsUrl"] = f"{request.root}/query/{key}-{end}"
        else:
            cursor.finished = True
        body["records"] = cursor.records[start:end]
        return Response(200, body)


def _end(cursor: _Cursor, start: int) -> int:
    """Return where the page that starts there ends; it has at least one record."""
    if not cursor.weighed:
        return start + cursor.size
    weight, end = 0, start
    for record in cursor.records[start : start + cursor.size]:
        weight += 1 + sum(
            len(value.get("records", ())) for value in record.values() if isinstance(value, dict)
        )
        if weight > cursor.size and end > start:
            break
        end += 1
    return end
