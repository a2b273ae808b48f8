"""What was done and when: the audit of every write, demotions, and small notes.

The audit is append-only: nothing here changes or removes a row of it. It keeps what a field was
before and what we made of it, with the hash of the rules that wanted it.

It does not write into the CRM, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select

from crmrules.connector import Result, is_private
from crmrules.state.codec import encode, plain
from crmrules.state.columns import clean
from crmrules.state.dialect import upsert
from crmrules.state.schema import audit, demotion, note, outbox, run
from crmrules.state.types import Answer, AuditRow, IntentState

_PAGE = 500
_REFUSED = (Result.REJECTED, Result.CONFIG)
_MADE = (Result.DONE, Result.ALREADY)


class History:
    """The past of one organization, within one transaction."""

    def __init__(self, connection: Connection, org: str) -> None:
        self._connection, self._org = connection, org

    def record(self, answers: Sequence[Answer], *, run: str, now: datetime) -> None:
        """Append what became of these writes."""
        if not answers:
            return
        newest = select(func.max(audit.c.id)).where(audit.c.org == self._org)
        first = (self._connection.execute(newest).scalar_one() or 0) + 1
        rules_hash = self._rules_hash(run)
        rows = [
            _audit_row(answer)
            | {"org": self._org, "id": first + place, "run": run, "at": now}
            | {"rules_hash": rules_hash}
            for place, answer in enumerate(answers)
        ]
        self._connection.execute(insert(audit), rows)

    def _rules_hash(self, of: str) -> str:
        query = select(run.c.rules_hash).where(run.c.org == self._org, run.c.id == of)
        return self._connection.execute(query).scalar_one_or_none() or ""

    def audit(self, *, since: datetime | None = None) -> Iterator[AuditRow]:
        """Yield the audit, oldest first, with memory flat."""
        last = 0
        columns = [column for column in audit.columns if column.name != "org"]
        while True:
            query = select(*columns).where(audit.c.org == self._org, audit.c.id > last)
            if since is not None:
                query = query.where(audit.c.at >= since)
            page = self._connection.execute(query.order_by(audit.c.id).limit(_PAGE)).all()
            yield from (AuditRow(*row) for row in page)
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def refused_since(self) -> datetime | None:
        """Return since when the CRM refuses the write it has refused longest; None: it takes all.

        The outbox knows the last refusal alone, since every run decides anew; the audit the first
        one after which nothing of the same write was done.
        """
        refused = select(outbox.c.action, outbox.c.key, outbox.c.opportunity).where(
            outbox.c.org == self._org, outbox.c.state == str(IntentState.REJECTED)
        )
        wanted = {_same(row) for row in self._connection.execute(refused.limit(_PAGE))}
        if not wanted:
            return None
        told = select(audit.c.action, audit.c.key, audit.c.opportunity, audit.c.result, audit.c.at)
        told = told.where(
            audit.c.org == self._org,
            or_(
                audit.c.key.in_([key for _, key in wanted]),
                audit.c.opportunity.in_([name for _, name in wanted]),
            ),
        )
        since: dict[tuple[str, str], datetime] = {}
        for row in self._connection.execute(told.order_by(audit.c.id)):
            if row.result in _REFUSED:
                since.setdefault(_same(row), row.at)
            elif row.result in _MADE:
                since.pop(_same(row), None)
        return min((at for write, at in since.items() if write in wanted), default=None)

    def demote(self, rule: str, now: datetime, why: str) -> None:
        """Note that a rule went back to shadow by itself."""
        values = {"org": self._org, "rule": rule, "at": now, "why": clean(why)}
        self._connection.execute(upsert(self._connection, demotion), values)

    def promote(self, rule: str) -> None:
        """Take a demotion back."""
        which = (demotion.c.org == self._org, demotion.c.rule == rule)
        self._connection.execute(delete(demotion).where(*which))

    def demotions(self) -> dict[str, str]:
        """Return the demoted rules, each with the reason."""
        query = select(demotion.c.rule, demotion.c.why).where(demotion.c.org == self._org)
        return {row.rule: row.why for row in self._connection.execute(query)}

    def get(self, name: str) -> Any:
        """Return a small value kept under a name (a describe, say), None when there is none."""
        query = select(note.c.value).where(note.c.org == self._org, note.c.name == name)
        return self._connection.execute(query).scalar_one_or_none()

    def set(self, name: str, value: Any) -> None:
        """Keep a small JSON value under a name."""
        values = {"org": self._org, "name": name, "value": value}
        self._connection.execute(upsert(self._connection, note), values)


def _same(row: Any) -> tuple[str, str]:
    """Return what makes two writes the same: the key of a task, else what is set where."""
    return row.action, row.key or row.opportunity


def _audit_row(answer: Answer) -> dict[str, Any]:
    planned = answer.intent
    write = planned.write
    kept = {
        "action": planned.action,
        "key": answer.intent.key,
        "rule": planned.rule,
        "result": str(answer.outcome.result),
    }
    if is_private(write):  # key and rule only: the rest is nobody else's (decisions, 10)
        nothing = dict.fromkeys(("before", "after", "task_id", "error"))
        return {**kept, **nothing, "opportunity": ""}
    return {
        **kept,
        "opportunity": planned.opportunity,
        "before": plain(planned.before),
        "after": encode(write),
        "task_id": answer.outcome.id,
        "error": clean(answer.outcome.error),
    }
