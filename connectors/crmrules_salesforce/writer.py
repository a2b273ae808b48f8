"""Write tasks and fields in collections, and say of each what became of it.

Know before changing: tasks are made by insert, never by upsert, so that a repeated write cannot
undo what a rep has edited; the unique key turns the repetition into ``DUPLICATE_VALUE``, which
counts as done. A collection answers in the order of its records. "allOrNone" stays false on both
levels, because an outer true makes the answer lie (Composite resource, case 4). A call without a
trustworthy answer makes all its records uncertain, and none is sent again from here.

It decides nothing: what to write comes from the plan, what to do next follows from the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmrules.connector import CreateTask, Outcome, Result, Write
from crmrules.errors import (
    AccessError,
    CrmRulesError,
    GuardError,
    RetryableError,
    UncertainError,
    UsageError,
)
from crmrules.model import OurTask
from crmrules_salesforce.composite import answers
from crmrules_salesforce.errors import error_for, first_error, meaning, outcome
from crmrules_salesforce.http import Transport
from crmrules_salesforce.records import long_id, record_of
from crmrules_salesforce.rights import KEY_FIELD
from crmrules_salesforce.schema import Schema

RECORDS = 200  # per collection
COLLECTIONS = 5  # per call
SMALL = 10  # records per collection when a lock has to be got round
LOCK_TRIES = 3
_DUPLICATE = re.compile(
    r"duplicate value found: (?P<field>\S+) duplicates value on record with id: (?P<id>\S+)"
)
_UNCERTAIN = Outcome(
    Result.UNCERTAIN,
    error="the write got no trustworthy answer",
    remedy="nothing to do: it is looked up by its key before anything is sent again",
)

Find = Callable[[Mapping[str, str]], Mapping[str, OurTask]]


@dataclass(frozen=True, slots=True)
class _Item:
    place: int  # in the writes that were given
    method: str
    record: Mapping[str, Any]
    key: str = ""  # of a new task


class Writer:
    """Writes for one org. ``find`` reads tasks back by key."""

    def __init__(self, transport: Transport, schema: Schema, find: Find) -> None:
        self._transport, self._schema, self._find = transport, schema, find

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Make the writes; one outcome each, in order.

        Raises AccessError, GuardError or UsageError only when nothing at all was sent.
        """
        outcomes: list[Outcome | None] = [None] * len(writes)
        items, twins = self._items(writes)
        self._send(items, RECORDS, outcomes)
        for attempt in range(1, LOCK_TRIES + 1):
            again = [item for item in items if _is(outcomes[item.place], Result.RETRY)]
            if not again:
                break
            self._transport.pause(attempt)
            again.sort(key=lambda item: str(item.record.get("WhatId") or item.record.get("id")))
            self._send(again, SMALL, outcomes)
        # Three more tries are enough: what is locked or out of reach still is for the next run.
        outcomes = [_later(found) for found in outcomes]
        self._verify(items, outcomes)
        for place, first in twins.items():
            outcomes[place] = outcomes[first]
        return [found or _UNCERTAIN for found in outcomes]

    def _items(self, writes: Sequence[Write]) -> tuple[list[_Item], dict[int, int]]:
        """Return what to send, and writes that repeat the key of an earlier one."""
        items: list[_Item] = []
        twins: dict[int, int] = {}
        places: dict[str, int] = {}
        for place, write in enumerate(writes):
            record = record_of(write, self._schema)
            if isinstance(write, CreateTask):
                if write.key in places:
                    twins[place] = places[write.key]
                    continue
                places[write.key] = place
                items.append(_Item(place, "POST", record, write.key))
            else:
                items.append(_Item(place, "PATCH", record))
        return items, twins

    def _send(self, items: list[_Item], size: int, outcomes: list[Outcome | None]) -> None:
        chunks = list(_chunks(items, size))
        stop: CrmRulesError | None = None
        for start in range(0, len(chunks), COLLECTIONS):
            group = chunks[start : start + COLLECTIONS]
            if stop is None:
                stop = self._call(group, outcomes)
                if stop is not None and not any(outcomes):
                    raise stop
            if stop is not None:
                for item in (item for chunk in group for item in chunk):
                    if not _sent(outcomes[item.place]):
                        outcomes[item.place] = _not_sent(stop)

    def _call(
        self, group: list[list[_Item]], outcomes: list[Outcome | None]
    ) -> CrmRulesError | None:
        """Send up to five collections. Returns the error after which nothing more can be sent."""
        base = self._transport.base
        parts = [
            {
                "method": chunk[0].method,
                "referenceId": f"w{number}",
                "url": f"{base}composite/sobjects",
                "body": {"allOrNone": False, "records": [item.record for item in chunk]},
            }
            for number, chunk in enumerate(group)
        ]
        body = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": parts}
        try:
            answer = self._transport.write("POST", "composite", body)
        except UncertainError:
            answer = {}
        except (AccessError, GuardError, UsageError) as error:
            return error
        except CrmRulesError as error:
            for item in (item for chunk in group for item in chunk):
                result = _whole(error)
                outcomes[item.place] = Outcome(result, error=error.message, remedy=error.remedy)
            return None
        told = answers(answer)
        for number, chunk in enumerate(group):
            for item, found in zip(chunk, _read(chunk, told.get(f"w{number}")), strict=True):
                outcomes[item.place] = found
        return None

    def _verify(self, items: list[_Item], outcomes: list[Outcome | None]) -> None:
        """Look up duplicates whose answer did not say which record or which field it was."""
        unknown = [i for i in items if i.key and _is(outcomes[i.place], Result.ALREADY)]
        unknown = [i for i in unknown if getattr(outcomes[i.place], "id", None) is None]
        if not unknown:
            return
        try:
            found = self._find({i.key: str(i.record.get("WhatId") or "") for i in unknown})
        except CrmRulesError:
            for item in unknown:
                outcomes[item.place] = _UNCERTAIN
            return
        for item in unknown:
            before = outcomes[item.place]
            if item.key in found:
                outcomes[item.place] = Outcome(Result.ALREADY, id=found[item.key].id)
            elif before is not None and KEY_FIELD not in (before.error or ""):
                outcomes[item.place] = outcome("DUPLICATE_VALUE", before.error or "")


def _chunks(items: list[_Item], size: int) -> Iterator[list[_Item]]:
    """Split into collections of one method; tasks and opportunities may not make many type runs."""
    groups: dict[tuple[str, str], list[_Item]] = {}
    for item in items:
        groups.setdefault((item.method, item.record["attributes"]["type"]), []).append(item)
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _is(found: Outcome | None, result: Result) -> bool:
    return found is not None and found.result is result


def _sent(found: Outcome | None) -> bool:
    return found is not None and found.result is not Result.RETRY


def _later(found: Outcome | None) -> Outcome | None:
    if found is None or found.result is not Result.RETRY:
        return found
    return replace(found, result=Result.DEFERRED)


def _not_sent(error: CrmRulesError) -> Outcome:
    return Outcome(Result.DEFERRED, error=error.message, remedy=error.remedy)


def _whole(error: CrmRulesError) -> Result:
    """Return the outcome of records whose call was refused as a whole: nothing of it was done."""
    if isinstance(error, RetryableError):
        return Result.RETRY  # too many calls at once, or out of reach: worth another try
    code = error.message.partition(":")[0]
    result = meaning(code).result if code.isupper() else Result.RETRY
    return Result.RETRY if result is Result.UNCERTAIN else result


def _read(chunk: list[_Item], part: Mapping[str, Any] | None) -> list[Outcome]:
    """Return one outcome for each record of a collection."""
    if part is None or part["httpStatusCode"] >= 500:
        return [_UNCERTAIN] * len(chunk)
    body = part["body"]
    if part["httpStatusCode"] >= 300:
        error = error_for(part["httpStatusCode"], body, "write")
        code, message = first_error(body)
        one = outcome(code, message or error.message)
        return [one] * len(chunk)
    if not isinstance(body, list) or len(body) != len(chunk):
        return [_UNCERTAIN] * len(chunk)
    return [_result(item, found) for item, found in zip(chunk, body, strict=True)]


def _result(item: _Item, found: Any) -> Outcome:
    if not isinstance(found, Mapping):
        return _UNCERTAIN
    if found.get("success"):
        return Outcome(Result.DONE, id=found.get("id"))
    code, message = first_error(found.get("errors"))
    if code == "DUPLICATE_VALUE" and item.key:
        return _duplicate(message)
    if not code:
        return _UNCERTAIN
    return outcome(code, message)


def _duplicate(message: str) -> Outcome:
    """Tell whether the key is there already; an answer with ``<unknown>`` is looked up later."""
    match = _DUPLICATE.search(message)
    named = match["field"] if match else "<unknown>"
    if named.lower() == KEY_FIELD.lower():
        identity = long_id(match["id"]) if match else None
        note = None if identity else f"{KEY_FIELD} is taken by a record that cannot be seen"
        return Outcome(Result.ALREADY, id=identity, error=note)
    if named == "<unknown>":
        return Outcome(Result.ALREADY, error=message)
    return outcome("DUPLICATE_VALUE", message)
