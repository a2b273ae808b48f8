"""Search that loses no record: beyond 10,000 results, on one millisecond, and while they move.

Know before changing, because each line is a loss somebody reported (hubspot.md, 4):

* A search answers at most 10,000 results, so it is read in windows of a stamp, each beginning at
  the last stamp of the one before: what shares that millisecond is read again, never skipped.
* More than 10,000 records on one millisecond (imports, month-end batches) are read by id. The index
  may sort and compare ids as text, so ids are asked for by their number of digits: among those both
  orders are the same, and an id of another length between them does no harm.
* Records sorted by when they were modified move to the end while one reads; then each page is a
  window of its own, because an offset would skip what slid into the gap.
* A short or empty page may have a next one.
* Results may be out of order. What was found is held against the total of the first page, and a
  scan that came up short is read once more by offset.

The index lags behind; whoever needs a record's present values reads it by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from crmrules_hubspot.api import SEARCH_PAGE, Record, next_page

CAP = 10_000
"""Results per search; a request beyond answers 400."""
_DIGITS = 16  # ids are below 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Filter = Mapping[str, Any]
Group = Sequence[Filter]


def milliseconds(moment: datetime) -> int:
    """Return a moment as HubSpot's filters take it."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def as_milliseconds(value: Any) -> int | None:
    """Return a stamp of a result, ISO or epoch milliseconds; None when it is neither."""
    text = str(value or "").strip()
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return None


def where(name: str, operator: str, value: Any = None, high: Any = None) -> dict[str, Any]:
    """Return one filter; ``high`` is the upper end of BETWEEN."""
    made: dict[str, Any] = {"propertyName": name, "operator": operator}
    if isinstance(value, list | tuple):
        made["values"] = [str(one) for one in value]
    elif value is not None:
        made["value"] = str(value)
    if high is not None:
        made["highValue"] = str(high)
    return made


def _capped(after: str) -> bool:
    """Return whether a page from there on would reach beyond the cap."""
    return int(after) + SEARCH_PAGE > CAP


def _beyond(last: str, digits: int) -> int:
    """Return the least id of so many digits that comes after this one, as text or as a number."""
    return int(last[:digits]) + 1 if len(last) >= digits else int(last.ljust(digits, "0"))


class Searches(Protocol):
    """What is asked of the API."""

    def search(self, object_: str, body: Mapping[str, Any]) -> Record:
        """Return one page of a search."""


class Scan:
    """One search read to its end, each record once.

    ``groups`` are alternatives, each a list of conditions. ``by`` is the stamp it is sorted by;
    ``moves``: that stamp changes when records are edited.
    """

    def __init__(
        self,
        api: Searches,
        object_: str,
        groups: Sequence[Group],
        by: str,
        *,
        properties: Sequence[str] = (),
        moves: bool = False,
    ) -> None:
        self._api, self._object, self._groups, self._by = api, object_, groups, by
        self._properties = list(dict.fromkeys((by, *properties)))
        self._moves = moves
        self._seen: set[str] = set()
        self._total = 0

    def __iter__(self) -> Iterator[Record]:
        """Yield every record that matches, once."""
        yield from self._windows(each_page=self._moves)
        if len(self._seen) < self._total:
            yield from self._windows(each_page=False)

    def _windows(self, *, each_page: bool) -> Iterator[Record]:
        low: int | None = None
        while True:
            last = low
            after: str | None = None
            while True:
                page = self._page(self._from(low), self._by, after)
                if low is None and after is None:
                    self._total = max(self._total, int(page.get("total") or 0))
                yield from self._fresh(page)
                stamps = [as_milliseconds(r["properties"].get(self._by)) for r in page["results"]]
                last = next((at for at in reversed(stamps) if at is not None), last)
                after = next_page(page)
                if after is None:
                    return
                if _capped(after) or (each_page and last is not None and last != low):
                    break
            if last is None or (low is not None and last <= low):
                # A whole window on one stamp, or none that can be read: by id, then beyond it.
                yield from self._on_one(low)
                if low is None:
                    return
                last = low + 1
            low = last

    def _from(self, low: int | None) -> list[list[Filter]]:
        bound = [] if low is None else [where(self._by, "GTE", low)]
        return [[*group, *bound] for group in self._groups]

    def _on_one(self, stamp: int | None) -> Iterator[Record]:
        """Yield the records of one millisecond (None: all), by the number of digits of their id."""
        bound = [] if stamp is None else [where(self._by, "BETWEEN", stamp, stamp)]
        for digits in range(1, _DIGITS + 1):
            low, high = 10 ** (digits - 1), 10**digits - 1
            while low <= high:
                ids = where("hs_object_id", "BETWEEN", low, high)
                groups = [[*group, *bound, ids] for group in self._groups]
                after: str | None = None
                last = str(low)
                while True:
                    page = self._page(groups, "hs_object_id", after)
                    yield from self._fresh(page)
                    last = next((str(r["id"]) for r in reversed(page["results"])), last)
                    after = next_page(page)
                    if after is None or _capped(after):
                        break
                low = high + 1 if after is None else max(low + 1, _beyond(last, digits))

    def _page(self, groups: Sequence[Group], by: str, after: str | None) -> Record:
        body: dict[str, Any] = {
            "filterGroups": [{"filters": list(group)} for group in groups],
            "sorts": [{"propertyName": by, "direction": "ASCENDING"}],
            "properties": self._properties,
            "limit": SEARCH_PAGE,
        }
        if after is not None:
            body["after"] = after
        return self._api.search(self._object, body)

    def _fresh(self, page: Record) -> Iterator[Record]:
        for record in page["results"]:
            one = str(record["id"])
            if one not in self._seen:
                self._seen.add(one)
                yield record
