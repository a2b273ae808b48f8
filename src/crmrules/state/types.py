"""Small values the state store hands out and takes.

They carry no connection, so they outlive the transaction they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from crmrules.connector import Outcome, Result, Write
from crmrules.state.lease import Held
from crmrules.state.snapshots import Week


class IntentState(StrEnum):
    """Where a write stands. What may follow what is in ``NEXT``."""

    PLANNED = "planned"  # to be sent
    SENDING = "sending"  # has left, or is about to
    UNKNOWN = "unknown"  # has left, no trusted answer: read the key back
    DONE = "done"
    REJECTED = "rejected"  # the CRM will not take it as it is
    DEFERRED = "deferred"  # locked or in approval: next run
    MOOT = "moot"  # no longer wanted, or the opportunity is gone


_P, _S, _U = IntentState.PLANNED, IntentState.SENDING, IntentState.UNKNOWN
_DONE, _R, _D, _M = (
    IntentState.DONE,
    IntentState.REJECTED,
    IntentState.DEFERRED,
    IntentState.MOOT,
)

NEXT: Mapping[IntentState, frozenset[IntentState]] = {
    _P: frozenset({_S, _M}),
    _S: frozenset({_DONE, _R, _D, _P, _U, _M}),
    _U: frozenset({_DONE, _P, _M}),
    _D: frozenset({_P, _M}),
    _R: frozenset({_P, _M}),
    _DONE: frozenset(),
    _M: frozenset({_P}),  # wanted again, with the same key
}

UNSETTLED = (_P, _S, _U, _D, _R)  # something is still to be done about it

STATE_OF: Mapping[Result, IntentState] = {
    Result.DONE: _DONE,
    Result.ALREADY: _DONE,
    Result.RETRY: _P,
    Result.DEFERRED: _D,
    Result.REJECTED: _R,
    Result.CONFIG: _R,
    Result.MOOT: _M,
    Result.UNCERTAIN: _U,
}


class Wanted(Protocol):
    """What the outbox needs to know of a write; ``plan.PlannedWrite`` is one."""

    @property
    def action(self) -> str:
        """The contract's word: create_task, set_flags, ..."""

    @property
    def write(self) -> Write:
        """What the connector is to do."""

    @property
    def opportunity(self) -> str:
        """The opportunity it is about."""

    @property
    def rule(self) -> str | None:
        """The rule that wants it; None where several do."""

    @property
    def owner(self) -> str | None:
        """Whose task it is."""

    @property
    def before(self) -> Mapping[str, Any]:
        """The values it replaces."""

    @property
    def first_fill(self) -> bool:
        """Whether it fills a field of ours for the first time."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One write of the outbox. ``id`` is its place in the order of sending."""

    id: int
    run: str  # the run that planned it
    state: IntentState
    action: str
    write: Write
    opportunity: str
    rule: str | None = None
    owner: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    first_fill: bool = False
    attempt: int = 0  # how often it was sent
    last_attempt: datetime | None = None
    task_id: str | None = None
    error: str | None = None
    remedy: str | None = None

    @property
    def key(self) -> str | None:
        """The task's key; None for a write that only sets fields."""
        return getattr(self.write, "key", None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an intent that was sent or read back."""

    intent: Intent
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. ``exit`` is None while it runs, and for one that was killed."""

    id: str
    n: int
    command: str
    started: datetime
    as_of: datetime
    rules_hash: str
    ended: datetime | None = None
    exit: int | None = None
    counts: Mapping[str, Any] | None = None
    calls: int | None = None
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing done to the CRM, as it was and as it became. Never changed, never removed by us."""

    id: int
    run: str
    at: datetime
    action: str
    key: str | None
    opportunity: str
    rule: str | None
    before: Any
    after: Any
    result: str
    task_id: str | None
    error: str | None
    rules_hash: str


@dataclass(frozen=True, slots=True)
class Status:
    """What ``crmrules status`` shows of one organization."""

    organization: str
    runs: tuple[RunRow, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    outbox: Mapping[str, int] = field(default_factory=dict)  # state -> intents
    open_episodes: Mapping[str, int] = field(default_factory=dict)  # rule -> open episodes
    opportunities: int = 0
    last_success: RunRow | None = None  # the newest sync with exit 0
    lease: Held | None = None  # who holds it; it may have expired
    waiting_since: datetime | None = None  # of the writes that are not settled, the oldest
    weeks: tuple[Week, ...] = ()  # the snapshots of the past, oldest first
    last_complete: RunRow | None = None  # the newest sync that came to its end: exit 0, or 4
    refused_since: datetime | None = None  # of the writes the CRM will not take, the oldest
