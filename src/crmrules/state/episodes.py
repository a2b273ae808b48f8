"""Episodes and tasks of ours, as ``findings`` knows them.

Both are asked for one opportunity after the other, in the order of the ids; so a window of them is
read ahead, and what is saved inside it is read again. One query per opportunity would cost more
than judging it.

It decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, and_, delete, or_, select, union

from crmrules.findings import Answer, Cleared, Episode, EpisodeStatus, TaskRecord, TaskStatus
from crmrules.state.columns import damaged
from crmrules.state.dialect import upsert
from crmrules.state.schema import episode, outbox, task
from crmrules.state.types import IntentState

WINDOW = 500  # rows read ahead
_EPISODE: Final = tuple(field.name for field in fields(Episode))
_TASK: Final = tuple(field.name for field in fields(TaskRecord))
_IN_LIST: Final = 500  # keys per IN list
_UNFINISHED: Final = tuple(str(status) for status in TaskStatus if status.unfinished)


class Ledger:
    """The episodes and tasks of one organization, within one transaction."""

    def __init__(self, connection: Connection, org: str) -> None:
        self._connection, self._org = connection, org
        self._episodes = _Window(connection, self._query(episode, _EPISODE), episode)
        self._tasks = _Window(connection, self._query(task, _TASK), task)

    def past(self, opportunity: str) -> tuple[list[Episode], list[TaskRecord]]:
        """Return all episodes of an opportunity, by rule and number, and all tasks, by key."""
        episodes = [_episode(row) for row in self._episodes.of(opportunity)]
        return episodes, [_task(row) for row in self._tasks.of(opportunity)]

    def save_episodes(self, changed: Iterable[Episode]) -> None:
        """Store new and changed episodes."""
        rows = [self._plain(item, _EPISODE) for item in changed]
        if rows:
            names = [name for name in _EPISODE if name not in ("rule", "opportunity", "n")]
            self._connection.execute(upsert(self._connection, episode, names), rows)
            self._episodes.dirty |= {row["opportunity"] for row in rows}

    def drop_episodes(self, dropped: Iterable[tuple[str, str]]) -> None:
        """Forget the pending episodes of these (rule, opportunity): they never opened."""
        for rule, opportunity in dropped:
            self._connection.execute(
                delete(episode).where(
                    episode.c.org == self._org,
                    episode.c.opportunity == opportunity,
                    episode.c.rule == rule,
                    episode.c.status == str(EpisodeStatus.PENDING),
                )
            )
            self._episodes.dirty.add(opportunity)

    def save_tasks(self, changed: Iterable[TaskRecord]) -> None:
        """Store new and changed task records."""
        rows = [self._plain(item, _TASK) for item in changed]
        if rows:
            names = [name for name in _TASK if name != "key"]
            self._connection.execute(upsert(self._connection, task, names), rows)
            self._tasks.dirty |= {row["opportunity"] for row in rows}

    def tasks(self, keys: Sequence[str]) -> dict[str, TaskRecord]:
        """Return the records of the tasks with these keys that there are, by key."""
        found: dict[str, TaskRecord] = {}
        for start in range(0, len(keys), _IN_LIST):
            query = self._query(task, _TASK).where(task.c.key.in_(keys[start : start + _IN_LIST]))
            found |= {row.key: _task(row) for row in self._connection.execute(query)}
        return found

    def load_episodes(self, *statuses: EpisodeStatus) -> Iterator[Episode]:
        """Yield episodes with one of these statuses (all, when none is named), by opportunity."""
        query = self._query(episode, _EPISODE)
        if statuses:
            query = query.where(episode.c.status.in_([str(status) for status in statuses]))
        for row in _pages(self._connection, query, episode):
            yield _episode(row)

    def load_tasks(self, *statuses: TaskStatus) -> Iterator[TaskRecord]:
        """Yield task records with one of these statuses (all, when none is named)."""
        query = self._query(task, _TASK)
        if statuses:
            query = query.where(task.c.status.in_([str(status) for status in statuses]))
        for row in _pages(self._connection, query, task):
            yield _task(row)

    def load_given_up(self) -> Iterator[TaskRecord]:
        """Yield the tasks that were sent, were not there, and are not wanted any more.

        A request that got lost on its way may still arrive.
        """
        sent = and_(outbox.c.org == self._org, outbox.c.create_key == task.c.key)
        query = (
            self._query(task, _TASK)
            .join(outbox, sent)
            .where(
                task.c.status == str(TaskStatus.WANTED),
                outbox.c.state == str(IntentState.MOOT),
                outbox.c.attempt > 0,
            )
        )
        for row in self._connection.execute(query):
            yield _task(row)

    def load_asked(self, since: datetime, *, without: Collection[str]) -> Iterator[TaskRecord]:
        """Yield the tasks that still ask something of somebody, and those made since a moment.

        ``without``: opportunities whose tasks are left out, as are those that hang on none.
        """
        recent = or_(task.c.status.in_(_UNFINISHED), task.c.made_at >= since)
        for row in _pages(self._connection, self._query(task, _TASK).where(recent), task):
            if row.opportunity and row.opportunity not in without:
                yield _task(row)

    def load_of_going(self, rules: Collection[str]) -> Iterator[TaskRecord]:
        """Yield the owners' tasks that were made in an episode of these rules that goes on."""
        same = and_(
            episode.c.org == task.c.org,
            episode.c.rule == task.c.rule,
            episode.c.opportunity == task.c.opportunity,
            episode.c.n == task.c.episode,
        )
        query = (
            self._query(task, _TASK)
            .join(episode, same)
            .where(
                task.c.rule.in_(rules),
                task.c.addressee == "o",
                task.c.status != str(TaskStatus.WANTED),
                episode.c.status != str(EpisodeStatus.ENDED),
            )
        )
        for row in _pages(self._connection, query, task):
            yield _task(row)

    def watched(self) -> frozenset[str]:
        """Return the opportunities with an episode that has not ended, or an unfinished task."""
        going = select(episode.c.opportunity).where(
            episode.c.org == self._org,
            episode.c.status.in_([str(EpisodeStatus.PENDING), str(EpisodeStatus.OPEN)]),
        )
        asked = select(task.c.opportunity).where(
            task.c.org == self._org, task.c.status.in_(_UNFINISHED)
        )
        return frozenset(self._connection.execute(union(going, asked)).scalars())

    def _query(self, table: Table, names: Sequence[str]) -> Select[Any]:
        order = [c for c in table.primary_key.columns if c.name not in ("org", "opportunity")]
        columns = [table.c[name] for name in names]
        return (
            select(*columns).where(table.c.org == self._org).order_by(table.c.opportunity, *order)
        )

    def _plain(self, item: Episode | TaskRecord, names: Sequence[str]) -> dict[str, Any]:
        return {"org": self._org} | {name: getattr(item, name) for name in names}


class _Window:
    """Rows of a stretch of opportunities, read ahead."""

    def __init__(self, connection: Connection, query: Select[Any], table: Table) -> None:
        self._connection, self._query, self._column = connection, query, table.c.opportunity
        self._rows: dict[str, list[Any]] = {}
        self._from = self._to = ""  # the stretch the window holds completely
        self.dirty: set[str] = set()

    def of(self, opportunity: str) -> Sequence[Any]:
        if not self._from <= opportunity <= self._to or not self._to:
            self._move(opportunity)
        if opportunity in self.dirty:
            mine = self._query.where(self._column == opportunity)
            return self._connection.execute(mine).all()
        return self._rows.get(opportunity, ())

    def _move(self, start: str) -> None:
        ahead = self._query.where(self._column >= start).limit(WINDOW)
        found = self._connection.execute(ahead).all()
        self._rows = {}
        for row in found:
            self._rows.setdefault(row.opportunity, []).append(row)
        self._from, self.dirty = start, set()
        if len(found) < WINDOW:
            self._to = "\U0010ffff"
            return
        last = found[-1].opportunity  # may go on beyond the window
        self._to = max(start, *(name for name in self._rows if name != last), start)
        if self._to == start and last == start:
            self._rows[start] = list(
                self._connection.execute(self._query.where(self._column == start)).all()
            )


def _pages(connection: Connection, query: Select[Any], table: Table) -> Iterator[Any]:
    """Yield all rows, an opportunity never torn, with memory flat and no cursor left open."""
    last = ""
    while True:
        rows = connection.execute(query.where(table.c.opportunity > last).limit(WINDOW)).all()
        if len(rows) < WINDOW:
            yield from rows
            return
        torn = rows[-1].opportunity
        whole = [row for row in rows if row.opportunity != torn]
        yield from whole
        yield from connection.execute(query.where(table.c.opportunity == torn)).all()
        last = torn


def _episode(row: Any) -> Episode:
    values = row._asdict()
    try:
        values["status"] = EpisodeStatus(values["status"])
        values["reason"] = None if values["reason"] is None else Cleared(values["reason"])
    except ValueError as error:
        raise damaged(f"an episode with {error}") from error
    return Episode(**values)


def _task(row: Any) -> TaskRecord:
    values = row._asdict()
    try:
        values["status"] = TaskStatus(values["status"])
        values["answer"] = None if values["answer"] is None else Answer(values["answer"])
        values["evidence"] = _ids(values["evidence"])
    except ValueError as error:
        raise damaged(f"a task with {error}") from error
    return TaskRecord(**values)


def _ids(stored: Any) -> tuple[str, ...] | None:
    if stored is None:
        return None
    if not isinstance(stored, list) or not all(isinstance(id_, str) for id_ in stored):
        raise ValueError("an evidence that is no list of ids")
    return tuple(stored)
