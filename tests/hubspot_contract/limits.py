"""What HubSpot's pages and answers forbid and its specification does not say.

Know before changing: a limit stands here only with a source, named beside it. A stricter one would
fail requests HubSpot takes; a laxer one is found by a customer.

Types and names are ``sdk``'s part. A request reaches these checks whatever its shape, so they look
before they reach in.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hubspot_contract.sdk import canonical

BATCH, BATCH_WITH_HISTORY = 100, 50  # usage guidelines; history is not written down, but enforced
ASSOCIATIONS_READ, ASSOCIATIONS_WRITTEN = 1_000, 2_000  # changelog of 10 Feb 2025; by report
PAGE, PAGE_WITH_HISTORY, PAGE_OF_LINKS, PAGE_OF_OWNERS = 100, 50, 500, 500
SEARCH_PAGE, SEARCH_END = 200, 10_000
GROUPS, FILTERS_A_GROUP, FILTERS, SORTS, SEARCH_BODY = 5, 6, 18, 1, 3_000
URL = 15_000  # above it: 414

ONE, TWO, LIST, NONE = ("value",), ("value", "highValue"), ("values",), ()
OPERANDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("EQ", "NEQ", "LT", "LTE", "GT", "GTE"), ONE),
    **dict.fromkeys(("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"), ONE),
    **dict.fromkeys(("IN", "NOT_IN"), LIST),
    **dict.fromkeys(("HAS_PROPERTY", "NOT_HAS_PROPERTY"), NONE),
    "BETWEEN": TWO,
}
LINKS = {  # HubSpot's own types, from its published clients
    ("deals", "contacts"): {3},
    ("contacts", "deals"): {4},
    ("deals", "companies"): {341, 5},
    ("companies", "deals"): {342, 6},
    ("contacts", "companies"): {279, 1},
    ("deals", "line_items"): {19},
    ("deals", "quotes"): {63},
    ("quotes", "line_items"): {67},
    ("deals", "calls"): {205},
    ("deals", "emails"): {209},
    ("deals", "meetings"): {211},
    ("deals", "notes"): {213},
    ("deals", "tasks"): {215},
    ("tasks", "deals"): {216},
    ("tasks", "contacts"): {204},
    ("tasks", "companies"): {192},
    ("notes", "deals"): {214},
    ("calls", "deals"): {206},
    ("meetings", "deals"): {212},
    ("emails", "deals"): {210},
}


@dataclass(frozen=True)
class Call:
    """A request, taken apart. ``path`` has object types by name and the package's version."""

    method: str
    url: str
    path: str
    query: dict[str, str]
    body: Any

    @property
    def parts(self) -> list[str]:
        """The path's segments."""
        return self.path.strip("/").split("/")

    @property
    def objects(self) -> str | None:
        """The object type where records are meant, else None."""
        return (
            self.parts[3] if self.path.startswith("/crm/objects/") and len(self.parts) > 3 else None
        )

    def ends(self, *endings: str) -> bool:
        """Return whether the path ends in one of these."""
        return self.path.endswith(endings)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The inputs of a batch that have a shape at all."""
        found = self.body.get("inputs") if isinstance(self.body, dict) else None
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def history(self) -> bool:
        """Whether it asks for the history of properties."""
        if self.query.get("propertiesWithHistory"):
            return True
        return isinstance(self.body, dict) and bool(self.body.get("propertiesWithHistory"))


def problems(method: str, url: str, path: str, query: dict[str, str], body: Any) -> list[str]:
    """Return every published limit a request goes beyond."""
    call = Call(method, url, canonical(path), query, body)
    return [problem for check in CHECKS for problem in check(call)]


def _url(call: Call) -> Iterator[str]:
    if len(call.url) > URL:
        yield f"the address has {len(call.url)} characters; {URL} is the most"


def _batch_size(call: Call) -> Iterator[str]:
    if "/batch/" not in call.path:
        return
    links = call.path.startswith("/crm/associations/")
    if links:
        most = ASSOCIATIONS_READ if call.ends("/batch/read") else ASSOCIATIONS_WRITTEN
    else:
        most = BATCH_WITH_HISTORY if call.history else BATCH
    if len(call.inputs) > most:
        yield f"{len(call.inputs)} inputs in one batch; {most} is the most"


def _page_size(call: Call) -> Iterator[str]:
    limit = call.query.get("limit", "")
    if call.method != "GET" or not limit.isdigit():
        return
    if call.path.startswith("/crm/owners/"):
        most = PAGE_OF_OWNERS
    elif "/associations/" in call.path:
        most = PAGE_OF_LINKS
    else:
        most = PAGE_WITH_HISTORY if call.history else PAGE
    if not 1 <= int(limit) <= most:
        yield f"a page of {limit}; {most} is the most"


def _search(call: Call) -> Iterator[str]:
    if not (call.ends("/search") and isinstance(call.body, dict)):
        return
    length = len(json.dumps(call.body, separators=(",", ":"), ensure_ascii=False))
    if length > SEARCH_BODY:
        yield f"a search of {length} characters; {SEARCH_BODY} is the most"
    yield from _search_page(call.body)
    groups = [
        g.get("filters", []) for g in call.body.get("filterGroups", []) if isinstance(g, dict)
    ]
    if len(groups) > GROUPS:
        yield f"{len(groups)} filter groups; {GROUPS} is the most"
    if any(len(filters) > FILTERS_A_GROUP for filters in groups):
        yield f"more than {FILTERS_A_GROUP} filters in a group"
    if sum(map(len, groups)) > FILTERS:
        yield f"{sum(map(len, groups))} filters; {FILTERS} is the most"
    for one in (f for filters in groups for f in filters if isinstance(f, dict)):
        yield from _operands(one)


def _search_page(body: dict[str, Any]) -> Iterator[str]:
    limit, after = body.get("limit", 10), str(body.get("after", "0"))
    if isinstance(limit, int) and not 1 <= limit <= SEARCH_PAGE:
        yield f"a page of {limit}; {SEARCH_PAGE} is the most"
    if not after.isdigit():
        yield f"after is the number of records to pass over, not {after!r}"
    elif isinstance(limit, int) and int(after) + limit > SEARCH_END:
        yield f"record {int(after) + limit} of a search; {SEARCH_END} is the last one can reach"
    if len(body.get("sorts", [])) > SORTS:
        yield f"{len(body['sorts'])} sorts; only {SORTS} is taken"


def _operands(one: dict[str, Any]) -> Iterator[str]:
    operator = str(one.get("operator"))
    needed = OPERANDS.get(operator)
    if needed is None:
        return
    given = {name for name in ("value", "highValue", "values") if name in one}
    if given != set(needed):
        yield f"{operator} takes {' and '.join(needed) or 'no value'}, not {sorted(given)}"
    if operator in ("IN", "NOT_IN") and not one.get("values"):
        yield f"{operator} with an empty list"
    moment = str(one.get("value"))
    if str(one.get("propertyName")).endswith(("lastmodifieddate", "createdate")) and (
        moment == "0" or moment.startswith("1970-01-01")
    ):
        yield "a date at the beginning of time is answered with 500"


def _values(call: Call) -> Iterator[str]:
    for properties in _written(call):
        for name, value in properties.items():
            if value is None:
                yield f"{name} is null; a property is emptied with an empty text"
            elif not isinstance(value, str):
                yield f"{name} is {value!r}; values are texts"


def _written(call: Call) -> Iterator[dict[str, Any]]:
    if call.objects is None or not isinstance(call.body, dict):
        return
    for one in (call.body, *call.inputs):
        if isinstance(one.get("properties"), dict):
            yield one["properties"]


def _creation(call: Call) -> Iterator[str]:
    if call.objects is None or call.method != "POST":
        return
    single = len(call.parts) == 4
    if call.ends("/batch/create"):
        traces = Counter(one.get("objectWriteTraceId") for one in call.inputs)
        if None in traces:
            yield "an input without objectWriteTraceId: one bad input then fails the whole batch"
        yield from (f"objectWriteTraceId {name!r} twice" for name in _repeated(traces) if name)
    if call.objects == "tasks" and (single or call.ends("/batch/create")):
        for properties in _written(call):
            if not properties.get("hs_timestamp"):
                yield "a task without hs_timestamp, its due date"


def _addressing(call: Call) -> Iterator[str]:
    if call.objects is None:
        return
    body = call.body if isinstance(call.body, dict) else {}
    for one in (call.query, body, *call.inputs):
        if one.get("idProperty") == "hs_object_id":
            yield "idProperty hs_object_id is refused; leave it out to address by record id"
    if not call.ends("/batch/read", "/batch/update", "/batch/archive", "/batch/upsert"):
        yield from _record_in_path(call)
        return
    for one in call.inputs:
        by_record = not (body.get("idProperty") or one.get("idProperty"))
        if by_record and isinstance(one.get("id"), str) and not one["id"].isdigit():
            yield f"record id {one['id']!r} is not a number"
    yield from (f"id {one!r} twice in one batch" for one in _repeated(_ids(call.inputs)))


def _record_in_path(call: Call) -> Iterator[str]:
    if len(call.parts) < 5 or call.parts[4] in ("search", "batch", "merge"):
        return
    if not call.query.get("idProperty") and not call.parts[4].isdigit():
        yield f"record id {call.parts[4]!r} is not a number"


def _links(call: Call) -> Iterator[str]:
    if call.path.startswith("/crm/associations/"):
        pair = (call.parts[3], call.parts[4]) if len(call.parts) > 4 else ("", "")
        for one in call.inputs:
            yield from _link_types(pair, one.get("types"))
        if call.ends("/batch/read"):
            yield from (f"id {one!r} twice in one batch" for one in _repeated(_ids(call.inputs)))
        else:
            ends = Counter(
                str((one.get("from"), one.get("to"), one.get("types"))) for one in call.inputs
            )
            yield from (f"the same association twice: {one}" for one in _repeated(ends))
    elif call.objects and isinstance(call.body, dict):
        for one in (call.body, *call.inputs):
            for link in one.get("associations") or ():
                yield from _link_types((call.objects, None), link.get("types"))


def _link_types(pair: tuple[str, str | None], types: Any) -> Iterator[str]:
    known: set[int] = set()
    for (start, end), numbers in LINKS.items():
        if start == pair[0] and pair[1] in (None, end):
            known |= numbers
    for kind in types if isinstance(types, list) and known else ():
        if isinstance(kind, dict) and kind.get("associationCategory") == "HUBSPOT_DEFINED":
            number = kind.get("associationTypeId")
            if number not in known:
                yield f"type {number} does not lead from {pair[0]} to {pair[1] or 'anything'}"


def _ids(inputs: list[dict[str, Any]]) -> Counter[Any]:
    return Counter(str(one.get("id")) for one in inputs)


def _repeated(counted: Counter[Any]) -> Iterator[Any]:
    return (name for name, times in counted.items() if times > 1)


CHECKS: tuple[Callable[[Call], Iterator[str]], ...] = (
    *(_url, _batch_size, _page_size, _search, _values, _creation, _addressing, _links),
)
