"""A scan returns every record that matches, once, whatever the index does to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules_hubspot import scan
from crmrules_hubspot.scan import Scan, as_milliseconds, where

CAP = 20
PAGE = 4


class Index:
    """A search index in memory, with HubSpot's cap and habits; records are (id, stamp)."""

    def __init__(self, records, *, text_sorted=False, short=False, moving=(), early=False) -> None:
        self.records = dict(records)
        self.text_sorted, self.short, self.early = text_sorted, short, early
        self.moving = list(moving)  # ids, each modified before one of the pages
        self.pages = 0
        self.refused = 0

    def search(self, object_, body):
        assert object_ == "deals"
        assert body["limit"] == PAGE
        self.pages += 1
        assert self.pages < 3000, "it does not end"
        if self.moving and self.pages > 1:
            one = self.moving.pop()
            if one in self.records:
                self.records[one] = max(self.records.values()) + 7
        found = [r for r in self.records.items() if any(map(self._fits(r), body["filterGroups"]))]
        [sort] = body["sorts"]
        if sort["propertyName"] == "hs_object_id":
            found.sort(key=lambda r: str(r[0]) if self.text_sorted else r[0])
        else:
            found.sort(key=lambda r: (r[1], str(r[0])))
        start = int(body.get("after", 0))
        if start + PAGE > CAP:
            self.refused += 1
            raise AssertionError("past the cap HubSpot answers 400")
        end = start + PAGE
        kept = found[start:end][: -1 if self.short and start == 0 and len(found) > end else None]
        # A short page still has a next one; what it left out comes on the next page.
        end -= len(found[start:end]) - len(kept)
        page = {
            "total": len(found),
            "results": [
                {"id": str(i), "properties": {"createdate": str(at), "hs_object_id": str(i)}}
                for i, at in kept
            ],
        }
        if end < len(found):
            page["paging"] = {"next": {"after": str(end)}}
        return page

    def _fits(self, record):
        values = {"hs_object_id": record[0], "createdate": record[1]}

        def group(one):
            return all(self._holds(values[f["propertyName"]], f) for f in one["filters"])

        return group

    def _holds(self, value, condition):
        low = int(condition["value"])
        early = 1 if self.early and condition["propertyName"] == "createdate" else 0
        if condition["operator"] == "GTE":
            return value >= low - early
        assert condition["operator"] == "BETWEEN"
        if self.text_sorted and condition["propertyName"] == "hs_object_id":
            return condition["value"] <= str(value) <= condition["highValue"]
        return low <= value <= int(condition["highValue"])


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(scan, "CAP", CAP)
    monkeypatch.setattr(scan, "SEARCH_PAGE", PAGE)


GROUP = [where("hs_object_id", "GTE", 0)]


def ids(index, *, moves=False):
    found = [int(r["id"]) for r in Scan(index, "deals", [GROUP], "createdate", moves=moves)]
    assert len(found) == len(set(found)), "a record came twice"
    return sorted(found)


RECORDS = st.dictionaries(
    st.integers(1, 10**6) | st.integers(1, 120) | st.integers(1, 9).map(lambda n: 10**n),
    st.integers(1, 12) | st.just(5) | st.integers(1, 10**6),
    max_size=60,
)


@given(RECORDS, st.booleans(), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_record_is_found_once(records, text_sorted, short, moves, early):
    index = Index(records, text_sorted=text_sorted, short=short, early=early)
    assert ids(index, moves=moves) == sorted(records)
    assert index.refused == 0


@pytest.mark.fault("T2")
@given(RECORDS, st.lists(st.integers(1, 120), max_size=30))
@settings(max_examples=150, deadline=None)
def test_records_that_are_edited_while_one_reads_are_not_skipped(records, moving):
    index = Index(records, moving=moving)
    assert ids(index, moves=True) == sorted(records)


@pytest.mark.fault("T2")
@pytest.mark.parametrize("text_sorted", [False, True])
def test_more_records_on_one_millisecond_than_a_search_answers_are_all_found(text_sorted):
    records = dict.fromkeys([*range(7, 7 + 3 * CAP), *range(990, 1010)], 5) | {1: 4, 2: 6}
    assert ids(Index(records, text_sorted=text_sorted)) == sorted(records)


def test_an_empty_page_with_a_next_one_is_no_end():
    class Hollow(Index):
        def search(self, object_, body):
            if body.get("after") is None:
                self.pages += 1
                whole = super().search(object_, {**body, "after": "0"})
                return {**whole, "results": [], "paging": {"next": {"after": "0"}}}
            return super().search(object_, body)

    records = {one: one for one in range(1, 13)}
    for moves in (False, True):
        assert ids(Hollow(records), moves=moves) == sorted(records)


def test_results_out_of_order_lose_nothing():
    class Shuffled(Index):
        """A page comes backwards."""

        def search(self, object_, body):
            page = super().search(object_, body)
            if int(body.get("after", 0)) == 0 and len(page["results"]) == PAGE:
                page["results"].reverse()
            return page

    records = {one: one // 2 for one in range(1, 60)}
    for moves in (False, True):
        assert ids(Shuffled(records), moves=moves) == sorted(records)


def test_a_scan_that_came_up_short_is_read_again():
    class Sloppy(Index):
        """Once, a page starts three records too late."""

        def search(self, object_, body):
            if self.pages == 2 and "after" in body:
                body = {**body, "after": str(int(body["after"]) + 3)}
            return super().search(object_, body)

    records = {one: one for one in range(1, 18)}
    assert ids(Sloppy(records)) == sorted(records)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-24T09:00:00.123Z", 1795510800123),
        ("2026-11-24T09:00:00Z", 1795510800000),
        ("1795510800123", 1795510800123),
        ("2026-11-24", 1795478400000),
        ("soon", None),
        (None, None),
    ],
)
def test_a_stamp_is_read_as_iso_or_as_milliseconds(value, expected):
    assert as_milliseconds(value) == expected
