"""Write tasks and properties in batches, and say of each what became of it.

Know before changing: tasks are created, never upserted: an upsert has no associations and would
undo what a rep has edited. A create that may have happened is not repeated here; it is looked up by
its key. Before a create it is asked whether somebody has deleted that task already, and before a
task is changed whether somebody else has: the index tells of either too late. Every input
carries a trace id of its own, by which a partial answer (207) is matched; an answer that names no
input is trusted for none. A batch refused as a whole (400) is halved until the bad record stands
alone, for HubSpot need not say which one it was.

It decides nothing: what to write comes from the plan, what to do next follows from the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from crmrules.connector import ChangeTask, CreateTask, Outcome, Result, Write
from crmrules.errors import (
    AccessError,
    CrmRulesError,
    GuardError,
    RetryableError,
    UncertainError,
    UsageError,
)
from crmrules.model import OurTask
from crmrules_hubspot.api import Api, Record
from crmrules_hubspot.errors import RefusedError, conflict, outcome, parts, temporary
from crmrules_hubspot.kinds import DEAL, KEY, TASK, WITHOUT_HISTORY
from crmrules_hubspot.records import record_of

_UNCERTAIN = Outcome(
    Result.UNCERTAIN,
    error="the write got no trustworthy answer",
    remedy="nothing to do: it is looked up by its key before anything is sent again",
)
_MOOT = Outcome(
    Result.MOOT,
    error="somebody has changed or deleted the task meanwhile",
    remedy="nothing to do: what a person did wins",
)
_AGAIN = Outcome(Result.RETRY, error="HubSpot did not say what became of it")


@dataclass(frozen=True, slots=True)
class Looks:
    """What a writer asks the portal.

    ``find`` reads tasks back by key; ``unseen`` gives the ids of those that exist by key and would
    not make HubSpot refuse another; ``touched`` tells which ids somebody else changed or deleted.
    """

    find: Callable[[Mapping[str, str]], Mapping[str, OurTask]]
    unseen: Callable[[Mapping[str, str]], Mapping[str, str]]
    touched: Callable[[Collection[str]], set[str]]


@dataclass(frozen=True, slots=True)
class _Item:
    place: int  # in the writes that were given
    object: str
    record: Mapping[str, Any]
    key: str = ""  # of a new task
    opportunity: str = ""

    @property
    def name(self) -> str:
        """What an answer calls it: its trace id, or its id."""
        return self.key or str(self.record["id"])

    @property
    def lost(self) -> Outcome:
        """What it means when an answer does not mention it: an update may just be repeated."""
        return _UNCERTAIN if self.key else _AGAIN


class Writer:
    """Writes for one portal."""

    def __init__(self, api: Api, zone: tzinfo, looks: Looks) -> None:
        self._api, self._zone, self._looks = api, zone, looks
        self._stop: CrmRulesError | None = None

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Make the writes; one outcome each, in order.

        Raises AccessError, GuardError or UsageError only when nothing at all was sent.
        """
        outcomes: list[Outcome | None] = [None] * len(writes)
        items = self._items(writes)
        self._known([item for item in items if item.key], outcomes)
        self._touched([i for i in items if i.object == TASK.object and not i.key], outcomes)
        for batch in _batches([item for item in items if outcomes[item.place] is None]):
            self._send(batch, outcomes)
            if self._stop is not None and not any(outcomes):
                raise self._stop
        if self._stop is not None:
            denied = isinstance(self._stop, AccessError)  # somebody has to act; a quota comes back
            result = Result.CONFIG if denied else Result.DEFERRED
            held = Outcome(result, error=self._stop.message, remedy=self._stop.remedy)
            outcomes = [found or held for found in outcomes]
        self._verify(items, outcomes)
        return [found or _UNCERTAIN for found in outcomes]

    def _items(self, writes: Sequence[Write]) -> list[_Item]:
        items = []
        for place, write in enumerate(writes):
            record = record_of(write, self._zone)
            if isinstance(write, CreateTask):
                about = write.task.opportunity or ""
                items.append(_Item(place, TASK.object, record, write.key, about))
            else:
                object_ = TASK.object if isinstance(write, ChangeTask) else DEAL.object
                items.append(_Item(place, object_, record))
        return items

    def _known(self, creates: Sequence[_Item], outcomes: list[Outcome | None]) -> None:
        """Note the creates that were made before: an old copy of the state knows nothing of them.

        A rep who deleted such a task has answered, and no incremental pull shows it.
        """
        if not creates:
            return
        try:
            found = self._looks.unseen({item.key: item.opportunity for item in creates})
        except RefusedError:
            return  # a bin that cannot be read by key (not verified on a live portal) stops nothing
        except RetryableError as error:
            for item in creates:
                outcomes[item.place] = _failed(error)
            return
        for item in creates:
            if item.key in found:
                outcomes[item.place] = Outcome(Result.ALREADY, id=found[item.key])

    def _touched(self, changes: Sequence[_Item], outcomes: list[Outcome | None]) -> None:
        """Leave alone what a person has done since the index looked."""
        if not changes:
            return
        try:
            touched = self._looks.touched([item.name for item in changes])
        except RetryableError as error:
            for item in changes:
                outcomes[item.place] = _failed(error)
            return
        for item in changes:
            if item.name in touched:
                outcomes[item.place] = _MOOT

    def _send(self, items: Sequence[_Item], outcomes: list[Outcome | None]) -> None:
        """Send one batch; halve it where it is refused as a whole."""
        if self._stop is not None:
            return
        try:
            _, body = self._call(items)
        except RefusedError as error:
            if len(items) > 1:
                middle = len(items) // 2
                self._send(items[:middle], outcomes)
                self._send(items[middle:], outcomes)
            else:
                outcomes[items[0].place] = _refused(items[0], error.status, error.body)
            return
        except (AccessError, GuardError, UsageError) as error:
            self._stop = error
            return
        except CrmRulesError as error:
            lost = _failed(error)
            for item in items:
                outcomes[item.place] = lost
            return
        for item, found in zip(items, _read(items, body), strict=True):
            outcomes[item.place] = found

    def _call(self, items: Sequence[_Item]) -> tuple[int, Any]:
        records = [item.record for item in items]
        if items[0].key:
            return self._api.create(items[0].object, records)
        return self._api.update(items[0].object, records)

    def _verify(self, items: Sequence[_Item], outcomes: list[Outcome | None]) -> None:
        """Look up creates that were refused because their key is taken."""
        taken = {i.key: i for i in items if _taken(outcomes[i.place])}
        if not taken:
            return
        try:
            found = self._looks.find({key: item.opportunity for key, item in taken.items()})
        except CrmRulesError:
            for item in taken.values():
                outcomes[item.place] = _UNCERTAIN
            return
        for key, item in taken.items():
            said = outcomes[item.place]
            if key in found:
                outcomes[item.place] = Outcome(Result.ALREADY, id=found[key].id)
            elif said is not None:
                outcomes[item.place] = Outcome(
                    Result.REJECTED,
                    error=said.error,
                    remedy="another record has the same value in a unique property",
                )


def _batches(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    """Split into batches of one object and one operation, no record twice in a batch."""
    groups: dict[tuple[bool, str], list[_Item]] = {}
    for item in items:
        groups.setdefault((bool(item.key), item.object), []).append(item)
    for group in groups.values():
        batch: dict[str, _Item] = {}
        for item in group:
            if len(batch) == WITHOUT_HISTORY or item.name in batch:
                yield list(batch.values())
                batch = {}
            batch[item.name] = item
        yield list(batch.values())


def _taken(found: Outcome | None) -> bool:
    return found is not None and found.result is Result.ALREADY and found.id is None


def _failed(error: CrmRulesError) -> Outcome:
    """Return the outcome of records whose call failed as a whole."""
    if isinstance(error, UncertainError):
        return _UNCERTAIN
    result = Result.RETRY if isinstance(error, RetryableError) else Result.REJECTED
    return Outcome(result, error=error.message, remedy=error.remedy)


def _refused(item: _Item, status: int, error: Any) -> Outcome:
    if item.key and conflict(status, error):
        return Outcome(Result.ALREADY, error=outcome(status, error).error)
    return outcome(status, error)


def _read(items: Sequence[_Item], body: Any) -> list[Outcome]:
    """Return one outcome for each input of a batch that was answered."""
    if not isinstance(body, Mapping):
        return [item.lost for item in items]
    done: dict[str, str] = {}
    for record in _listed(body, "results"):
        done |= dict.fromkeys(_names(record), str(record.get("id")))
    refused: dict[str, Record] = {}
    for error in _listed(body, "errors"):
        refused |= dict.fromkeys(_mentioned(error), error)
    found = []
    for item in items:
        if item.name in done:
            found.append(Outcome(Result.DONE, id=done[item.name]))
        elif item.name in refused and not temporary(refused[item.name]):
            found.append(_refused(item, 400, refused[item.name]))
        else:
            found.append(item.lost)
    return found


def _listed(body: Mapping[str, Any], name: str) -> list[Record]:
    found = body.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _names(record: Record) -> Iterator[str]:
    """Yield what a result may be called by: its id, its trace id, and its key."""
    yield str(record.get("id"))
    for name in (record.get("objectWriteTraceId"), (record.get("properties") or {}).get(KEY)):
        if name:
            yield str(name)


def _mentioned(error: Record) -> Iterator[str]:
    """Yield the ids and trace ids that an error of a batch speaks of."""
    for part in parts(error):
        context = part.get("context")
        for value in context.values() if isinstance(context, Mapping) else ():
            yield from (str(one) for one in value) if isinstance(value, list) else (str(value),)
