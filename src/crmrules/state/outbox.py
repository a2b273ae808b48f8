"""Writes we are committed to: durable before the request leaves, settled by what the CRM answered.

An intent only moves along ``types.NEXT``; any other move is a bug and raises ValueError. ``take``
must be committed before anything is sent: after a crash, what was being sent is ``unknown`` and is
read back by its key, never sent again blindly. There is one create per task key, for ever.

It sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, select, update
from sqlalchemy.sql.expression import bindparam

from crmrules.connector import CreateTask, Outcome, Result
from crmrules.state.codec import decode, encode, plain, rich
from crmrules.state.columns import clean, damaged
from crmrules.state.history import History
from crmrules.state.schema import outbox, run
from crmrules.state.types import NEXT, STATE_OF, UNSETTLED, Answer, Intent, IntentState, Wanted

_PAGE = 500
_WAITING = (IntentState.PLANNED, IntentState.DEFERRED, IntentState.REJECTED)


class Outbox:
    """The intents of one organization, within one transaction."""

    def __init__(self, connection: Connection, org: str, history: History) -> None:
        self._connection, self._org, self._history = connection, org, history
        self._next_id: int | None = None

    def plan(self, writes: Sequence[Wanted], run: str) -> list[IntentState]:
        """Add intents in this order; return where each stands now.

        A create whose key is known is not added again: one that was not made takes the new values
        and is planned; one that was, or may have been, keeps its state (done, unknown, sending).
        """
        known = self._known([w.write.key for w in writes if isinstance(w.write, CreateTask)])
        fresh: list[dict[str, Any]] = []
        states: list[IntentState] = []
        for write in writes:
            key = write.write.key if isinstance(write.write, CreateTask) else None
            if key is not None and key in known:
                states.append(self._again(known[key], write, run))
                continue
            row = self._row(write, run, key)
            fresh.append(row)
            states.append(IntentState.PLANNED)
            if key is not None:
                known[key] = (row["id"], IntentState.PLANNED)
        for start in range(0, len(fresh), _PAGE):
            self._connection.execute(insert(outbox), fresh[start : start + _PAGE])
        return states

    def _again(self, known: tuple[int, IntentState], write: Wanted, run: str) -> IntentState:
        intent, state = known
        if state not in (*_WAITING, IntentState.MOOT):
            return state
        values = self._values(write, run) | {"state": str(IntentState.PLANNED), "error": None}
        self._connection.execute(self._one(intent).values(**values, remedy=None))
        return IntentState.PLANNED

    def _known(self, keys: Sequence[str]) -> dict[str, tuple[int, IntentState]]:
        found: dict[str, tuple[int, IntentState]] = {}
        columns = (outbox.c.create_key, outbox.c.id, outbox.c.state)
        for start in range(0, len(keys), _PAGE):
            query = select(*columns).where(
                outbox.c.org == self._org, outbox.c.create_key.in_(keys[start : start + _PAGE])
            )
            for key, intent, state in self._connection.execute(query):
                found[key] = (intent, state_of(state))
        return found

    def _row(self, write: Wanted, run: str, create_key: str | None) -> dict[str, Any]:
        if self._next_id is None:
            newest = select(func.max(outbox.c.id)).where(outbox.c.org == self._org)
            self._next_id = (self._connection.execute(newest).scalar_one() or 0) + 1
        row = {"org": self._org, "id": self._next_id, "create_key": create_key}
        row |= {"state": str(IntentState.PLANNED), "attempt": 0}
        self._next_id += 1
        return row | self._values(write, run)

    def _values(self, write: Wanted, run: str) -> dict[str, Any]:
        return {
            "run": run,
            "action": write.action,
            "key": getattr(write.write, "key", None),
            "opportunity": write.opportunity,
            "rule": write.rule,
            "owner": write.owner,
            "payload": encode(write.write),
            "before": plain(write.before),
            "first_fill": write.first_fill,
        }

    def recover(self) -> int:
        """Begin after whatever happened to the last run: sending is unknown, deferred is planned.

        Returns how many intents are unknown. Call it under the lease only: no one else may be
        sending.
        """
        self._move_all(IntentState.SENDING, IntentState.UNKNOWN)
        self._move_all(IntentState.DEFERRED, IntentState.PLANNED)
        return self.counts().get(str(IntentState.UNKNOWN), 0)

    def _move_all(self, old: IntentState, new: IntentState) -> None:
        _allow(old, new)
        self._connection.execute(
            update(outbox)
            .where(outbox.c.org == self._org, outbox.c.state == str(old))
            .values(state=str(new))
        )

    def supersede(self, run: str) -> int:
        """Make moot what earlier runs planned but never sent; return how many.

        This run decides anew from what the CRM shows now: an older value must not follow a newer.
        A create that is wanted again comes back with its key by ``plan``.
        """
        states = [str(state) for state in _WAITING]
        moot = (
            update(outbox)
            .where(
                outbox.c.org == self._org,
                outbox.c.run != run,
                outbox.c.state.in_(states),
            )
            .values(state=str(IntentState.MOOT))
        )
        return self._connection.execute(moot).rowcount

    def withdraw(self, keys: Collection[str]) -> int:
        """Make the creates with these keys moot where they were not sent; return how many."""
        return sum(self._withdraw(key) for key in keys)

    def _withdraw(self, key: str) -> int:
        moot = (
            update(outbox)
            .where(
                outbox.c.org == self._org,
                outbox.c.create_key == key,
                outbox.c.state.in_([str(state) for state in _WAITING]),
            )
            .values(state=str(IntentState.MOOT))
        )
        return self._connection.execute(moot).rowcount

    def take(self, limit: int, now: datetime, *, after: int = 0) -> list[Intent]:
        """Mark the next planned intents as being sent and return them.

        Commit before sending. ``after`` is the last id of the page before: so what comes back as
        planned (retry) is not taken twice in one pass.
        """
        query = self._select(IntentState.PLANNED).where(outbox.c.id > after).limit(limit)
        taken = [_intent(row) for row in self._connection.execute(query)]
        if taken:
            mark = (
                update(outbox)
                .where(outbox.c.org == self._org, outbox.c.id == bindparam("which"))
                .values(
                    state=str(IntentState.SENDING),
                    attempt=outbox.c.attempt + 1,
                    last_attempt=bindparam("at"),
                )
            )
            rows = [{"which": intent.id, "at": now} for intent in taken]
            self._connection.execute(mark, rows)
        return [
            replace(one, state=IntentState.SENDING, attempt=one.attempt + 1, last_attempt=now)
            for one in taken
        ]

    def settle(self, answers: Sequence[Answer], *, run: str, now: datetime) -> None:
        """Record what the CRM answered, and write it into the audit.

        Raises ValueError for an answer to an intent that is neither being sent nor unknown.
        """
        present = self._states([answer.intent.id for answer in answers])
        rows: list[dict[str, Any]] = []
        for answer in answers:
            new = STATE_OF[answer.outcome.result]
            old = present.get(answer.intent.id)
            if old is None or old not in (IntentState.SENDING, IntentState.UNKNOWN):
                raise ValueError(f"intent {answer.intent.id} is {old}, it cannot be settled")
            if new is not old:
                _allow(old, new)
            present[answer.intent.id] = new
            rows.append({"which": answer.intent.id} | _result(answer, new))
        if rows:
            told: dict[str, Any] = {n: bindparam(f"new_{n}") for n in ("state", "error", "remedy")}
            told["task_id"] = func.coalesce(bindparam("made"), outbox.c.task_id)
            one = outbox.c.org == self._org, outbox.c.id == bindparam("which")
            self._connection.execute(update(outbox).where(*one).values(**told), rows)
        self._history.record(answers, run=run, now=now)

    def _states(self, ids: Sequence[int]) -> dict[int, IntentState]:
        found: dict[int, IntentState] = {}
        for start in range(0, len(ids), _PAGE):
            query = select(outbox.c.id, outbox.c.state).where(
                outbox.c.org == self._org, outbox.c.id.in_(ids[start : start + _PAGE])
            )
            found |= {id_: state_of(state) for id_, state in self._connection.execute(query)}
        return found

    def unknown(self) -> list[Intent]:
        """Return the intents whose outcome nobody knows, to be read back by key."""
        query = self._select(IntentState.UNKNOWN)
        return [_intent(row) for row in self._connection.execute(query)]

    def intents(self, *states: IntentState, run: str | None = None) -> Iterator[Intent]:
        """Yield the intents in these states (of one run), in the order of sending, memory flat."""
        last, among = 0, self._select(*states)
        among = among if run is None else among.where(outbox.c.run == run)
        while True:
            query = among.where(outbox.c.id > last).limit(_PAGE)
            page = [_intent(row) for row in self._connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def counts(self) -> dict[str, int]:
        """Return how many intents are in each state."""
        query = (
            select(outbox.c.state, func.count())
            .where(outbox.c.org == self._org)
            .group_by(outbox.c.state)
        )
        return {row.state: row[1] for row in self._connection.execute(query)}

    def waiting_since(self) -> datetime | None:
        """Return when the longest waiting write was first planned, or sent; None: none waits."""
        planned = outbox.outerjoin(run, and_(run.c.org == outbox.c.org, run.c.id == outbox.c.run))
        query = (
            select(func.min(func.coalesce(outbox.c.last_attempt, run.c.started)))
            .select_from(planned)
            .where(outbox.c.org == self._org, outbox.c.state.in_([str(s) for s in UNSETTLED]))
        )
        found: datetime | None = self._connection.execute(query).scalar_one()
        return found

    def _select(self, *states: IntentState) -> Select[Any]:
        return (
            select(outbox)
            .where(outbox.c.org == self._org, outbox.c.state.in_([str(s) for s in states]))
            .order_by(outbox.c.id)
        )

    def _one(self, intent: int) -> Any:
        return update(outbox).where(outbox.c.org == self._org, outbox.c.id == intent)


def _allow(old: IntentState, new: IntentState) -> None:
    if new not in NEXT[old]:
        raise ValueError(f"an intent does not go from {old} to {new}")


def _result(answer: Answer, new: IntentState) -> dict[str, Any]:
    outcome: Outcome = answer.outcome
    return {
        "new_state": str(new),
        "new_error": clean(outcome.error),
        "new_remedy": clean(outcome.remedy),
        "made": outcome.id if outcome.result in (Result.DONE, Result.ALREADY) else None,
    }


def state_of(text: str) -> IntentState:
    """Return a stored state. Raises StateError where it is none."""
    try:
        return IntentState(text)
    except ValueError as error:
        raise damaged(f"an intent with {error}") from error


def _intent(row: Any) -> Intent:
    return Intent(
        id=row.id,
        run=row.run,
        state=state_of(row.state),
        action=row.action,
        write=decode(row.payload),
        opportunity=row.opportunity,
        rule=row.rule,
        owner=row.owner,
        before=rich(row.before),
        first_fill=row.first_fill,
        attempt=row.attempt,
        last_attempt=row.last_attempt,
        task_id=row.task_id,
        error=row.error,
        remedy=row.remedy,
    )
