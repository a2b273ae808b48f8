"""What we know of the tasks we made, and what reps answered in them.

A record follows one key from the wish to the end. What a person did in the CRM always wins: a task
that somebody completed, deleted or edited is never written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from crmrules.findings.keys import Addressee, TaskKey
from crmrules.findings.life import Cleared, Episode, EpisodeStatus
from crmrules.model import OurTask


class TaskStatus(StrEnum):
    """Where a task of ours stands."""

    WANTED = "wanted"  # planned, not confirmed: planned again by every run, with the same key
    OPEN = "open"
    SNOOZED = "snoozed"
    COMPLETED = "completed"  # by a person
    DELETED = "deleted"  # by a person
    WITHDRAWN = "withdrawn"  # completed or cancelled by us: not an answer
    TOLD = "told"  # a digest: made, and followed no further

    @property
    def unfinished(self) -> bool:
        """Whether it still asks something of somebody."""
        return self in (TaskStatus.OPEN, TaskStatus.SNOOZED)


class Answer(StrEnum):
    """What a rep said of a task; decides how long the rule stays silent."""

    DONE = "done"
    DONE_OTHERWISE = "done_otherwise"  # true and settled, but not by what the task asked
    NOT_USEFUL = "not_useful"
    NOT_TRUE = "not_true"
    DELETED = "deleted"


SAID = {
    Answer.NOT_TRUE: "not true",
    Answer.NOT_USEFUL: "not useful",
    Answer.DONE_OTHERWISE: "done otherwise",
}
"""What a rep answers by a tag, as people read it; the others answer by what they do."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task of ours, by key."""

    key: str
    rule: str
    opportunity: str
    episode: int
    addressee: Addressee = "o"
    status: TaskStatus = TaskStatus.WANTED
    task_id: str | None = None
    owner: str | None = None
    due: date | None = None
    made_at: datetime | None = None
    ended_at: datetime | None = None
    answer: Answer | None = None
    edited: bool = False
    evidence: tuple[str, ...] | None = None  # ids of the records the finding rested on when made
    accepted_at: datetime | None = None  # when a completed task was followed by new evidence

    @property
    def touched(self) -> bool:
        """Whether a person had to do with it: edited, completed, deleted or put it off."""
        theirs = (TaskStatus.SNOOZED, TaskStatus.COMPLETED, TaskStatus.DELETED)
        return self.edited or self.status in theirs


ANSWER_HINT = "Answer here with #not-true, #not-useful or #done-otherwise if that is how it is."
"""The last line of every task; its own tags are no answer."""

_TAGS = (
    (re.compile(r"#not[-_ ]?true\b", re.IGNORECASE), Answer.NOT_TRUE),
    (re.compile(r"#not[-_ ]?useful\b", re.IGNORECASE), Answer.NOT_USEFUL),
    (re.compile(r"#done[-_ ]?otherwise\b", re.IGNORECASE), Answer.DONE_OTHERWISE),
)


ACCEPTED_WITHIN = timedelta(days=14)
"""New evidence so long after a task was completed says that it did something."""


def observe(
    record: TaskRecord, task: OurTask, now: datetime, *, today: date | None = None
) -> TaskRecord:
    """Return the record after seeing the task in the CRM.

    One that is closed and that nobody but us has changed was closed by us, though a run that was
    killed, or a lost state, may not know of it. A snooze lasts until the task is due, by ``today``
    (the day of ``now`` in UTC, unless given).
    """
    edited = record.edited or task.edited
    seen = replace(
        record,
        task_id=task.id,
        owner=task.owner or record.owner,
        due=task.due or record.due,
        made_at=record.made_at or task.known_at,
        edited=edited,
        answer=_answer(task.body) or record.answer,
    )
    if record.status is TaskStatus.WITHDRAWN and (task.closed or task.deleted):
        return seen
    if task.closed and not task.deleted and not edited:
        ended = task.closed_at or record.ended_at or now
        return replace(seen, status=TaskStatus.WITHDRAWN, ended_at=ended)
    if task.deleted:
        ended = record.ended_at or now
        return replace(
            seen, status=TaskStatus.DELETED, ended_at=ended, answer=seen.answer or Answer.DELETED
        )
    if task.closed:
        ended = task.closed_at or record.ended_at or now
        return replace(
            seen, status=TaskStatus.COMPLETED, ended_at=ended, answer=seen.answer or Answer.DONE
        )
    waits = task.snoozed and (task.due is None or (today or now.date()) <= task.due)
    return replace(seen, status=TaskStatus.SNOOZED if waits else TaskStatus.OPEN, ended_at=None)


def awaits_evidence(record: TaskRecord, now: datetime) -> bool:
    """Return whether new evidence would still make this a task that was accepted."""
    done = record.answer in (Answer.DONE, Answer.DONE_OTHERWISE) and record.accepted_at is None
    if not done or record.status is not TaskStatus.COMPLETED or record.ended_at is None:
        return False
    return record.ended_at <= now <= record.ended_at + ACCEPTED_WITHIN


def accept(
    record: TaskRecord, episode: Episode | None, known: Iterable[str], now: datetime
) -> TaskRecord:
    """Return the record, accepted where a completed task was followed by new evidence in time.

    New evidence: what the rule asked about has cleared, or one of the signals it reads rests on a
    record (``known``: ids) that was not there when the task was made.
    """
    if not awaits_evidence(record, now):
        return record
    cleared = (
        episode is not None
        and episode.n == record.episode
        and episode.reason is Cleared.CLEARED
        and not episode.active
    )
    fresh = record.evidence is not None and not set(known) <= set(record.evidence)
    return replace(record, accepted_at=now) if cleared or fresh else record


def _answer(body: str | None) -> Answer | None:
    said = (body or "").replace(ANSWER_HINT, "")
    return next((answer for tag, answer in _TAGS if tag.search(said)), None)


def adopt(
    opportunity: str, tasks: Iterable[OurTask], now: datetime
) -> tuple[list[TaskRecord], list[Episode]]:
    """Rebuild what a lost state knew from the tasks themselves.

    The newest task's episode is the current one, and counting resumes at the highest number found,
    deleted and archived tasks included.
    """
    records = []
    newest: dict[str, TaskRecord] = {}
    for task in tasks:
        key = TaskKey.parse(task.key)
        if key is None or task.rule is None:
            continue
        blank = TaskRecord(task.key, task.rule, opportunity, key.episode, key.addressee)
        record = observe(blank, task, now)
        records.append(record)
        known = newest.get(task.rule)
        if known is None or record.episode > known.episode:
            newest[task.rule] = record
    return records, [_current(record, now) for record in newest.values()]


def _current(record: TaskRecord, now: datetime) -> Episode:
    begun = record.made_at or now
    return Episode(
        record.rule,
        record.opportunity,
        record.episode,
        EpisodeStatus.OPEN,
        since=begun,
        seen_at=begun,
        opened_at=begun,
    )


@dataclass(frozen=True, slots=True)
class CoolDowns:
    """How long a rule stays silent on an opportunity after its task ended."""

    done: timedelta = timedelta(days=14)
    not_useful: timedelta = timedelta(days=30)
    not_true: timedelta = timedelta(days=90)

    def until(self, record: TaskRecord) -> datetime | None:
        """Return when the rule may ask again; None while the task has not ended."""
        if record.ended_at is None:
            return None
        if record.answer is Answer.NOT_TRUE:
            return record.ended_at + self.not_true
        if record.answer in (Answer.NOT_USEFUL, Answer.DELETED):
            return record.ended_at + self.not_useful
        return record.ended_at + self.done
