"""How long the store keeps what, so that it does not grow for ever; pure.

What a later run may still need never goes, however old: the highest episode of every (rule,
opportunity), since its number must not come back; every task and create of an episode that has not
ended; every write that was not settled; every task of an opportunity that is still stored, since
the CRM still shows that task. So a plan after removal is the plan there would have been without.

It reads no table; ``prune`` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmrules.findings import Episode, EpisodeStatus, TaskRecord
from crmrules.state.types import IntentState

_SETTLED = (IntentState.DONE, IntentState.MOOT)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of row is kept, reliability.md section 4.

    Migration 0002 has the days of the audit once more: the database refuses to remove a row before.
    """

    runs: timedelta = timedelta(days=400)  # after they began
    audit: timedelta = timedelta(days=400)
    outbox: timedelta = timedelta(days=90)  # after the write, and after its finding ended
    snapshots: timedelta = timedelta(days=30)  # after the opportunity vanished from the CRM
    weeks: int = 60  # the newest weekly snapshots; 0: none is taken, and those there are go
    tasks: timedelta = timedelta(days=400)  # after their end, of an opportunity that is gone
    episodes: timedelta = timedelta(days=400)  # after their end, with a later one


@dataclass(frozen=True, slots=True)
class Settled:
    """A write of the outbox: what retention must know of it. ``at``: when it was last touched."""

    id: int
    state: IntentState
    at: datetime
    key: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Remains:
    """All that is kept about one opportunity, beside its records."""

    stored: bool  # whether the CRM's record of it is
    episodes: Sequence[Episode] = ()  # by rule and number
    tasks: Sequence[TaskRecord] = ()
    writes: Sequence[Settled] = ()


@dataclass(slots=True)
class Gone:
    """What is to be removed."""

    writes: list[int] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    episodes: list[tuple[str, int]] = field(default_factory=list)  # rule, number


def overdue(of: Remains, now: datetime, keep: Retention) -> Gone:
    """Return what may go of one opportunity."""
    latest = {episode.rule: episode for episode in of.episodes}
    asking = {task.key for task in of.tasks if task.status.unfinished}
    gone = Gone()
    for write in of.writes:
        last = _last(latest, write.rule, write.at)
        if write.state in _SETTLED and last is not None and write.key not in asking:
            gone.writes += [write.id] if now - last >= keep.outbox else []
    going = set(gone.writes)
    waiting = {write.key for write in of.writes if write.id not in going}
    for task in of.tasks:
        ended = _last(latest, task.rule, task.ended_at or task.made_at)
        if not of.stored and task.key not in waiting and ended is not None:
            gone.tasks += [task.key] if now - ended >= keep.tasks else []
    gone.episodes = _episodes(of, latest, gone.tasks, now - keep.episodes)
    return gone


def _last(
    latest: Mapping[str, Episode], rule: str | None, touched: datetime | None
) -> datetime | None:
    """Return when a finding and what came of it were over; None: they are not, or nobody knows."""
    episode = latest.get(rule or "")
    if episode is None or touched is None:
        return touched
    if episode.active or episode.ended_at is None:
        return None
    return max(touched, episode.ended_at)


def _episodes(
    of: Remains, latest: Mapping[str, Episode], tasks: Collection[str], before: datetime
) -> list[tuple[str, int]]:
    needed = {(task.rule, task.episode) for task in of.tasks if task.key not in tasks}
    return [
        (episode.rule, episode.n)
        for episode in of.episodes
        if episode.status is EpisodeStatus.ENDED
        and episode.n < latest[episode.rule].n
        and episode.ended_at is not None
        and episode.ended_at <= before
        and (episode.rule, episode.n) not in needed
    ]
