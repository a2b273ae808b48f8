"""How much each rule asked: findings that opened and tasks that were made by week, and answers.

It only counts; what an answer means is ``findings.feedback``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from crmrules.findings import EpisodeStatus
from crmrules.state.schema import episode, task

WEEKS: Final = 12


@dataclass(slots=True)
class Volume:
    """One rule. Weeks count back from the last run: 0 is the seven days up to it."""

    opened: Counter[int] = field(default_factory=Counter)  # week -> findings that opened
    made: Counter[int] = field(default_factory=Counter)  # week -> owners' tasks that were made
    answers: Counter[str] = field(default_factory=Counter)  # of all tasks kept: answer -> tasks
    open_now: int = 0


def volumes(connection: Connection, org: str, now: datetime) -> dict[str, Volume]:
    """Return the volume of every rule that ever found something."""
    found: dict[str, Volume] = {}

    def of(rule: str) -> Volume:
        return found.setdefault(rule, Volume())

    opened = select(episode.c.rule, episode.c.opened_at).where(
        episode.c.org == org, episode.c.opened_at.is_not(None)
    )
    for rule, at in connection.execute(opened):
        _count(of(rule).opened, at, now)
    made = select(task.c.rule, task.c.made_at).where(
        task.c.org == org, task.c.addressee == "o", task.c.made_at.is_not(None)
    )
    for rule, at in connection.execute(made):
        _count(of(rule).made, at, now)
    answered = (
        select(task.c.rule, task.c.answer, func.count())
        .where(task.c.org == org, task.c.addressee == "o", task.c.answer.is_not(None))
        .group_by(task.c.rule, task.c.answer)
    )
    for rule, answer, times in connection.execute(answered):
        of(rule).answers[answer] += times
    running = (
        select(episode.c.rule, func.count())
        .where(episode.c.org == org, episode.c.status == str(EpisodeStatus.OPEN))
        .group_by(episode.c.rule)
    )
    for rule, times in connection.execute(running):
        of(rule).open_now = times
    return found


def _count(weeks: Counter[int], at: datetime, now: datetime) -> None:
    week = (now - at).days // 7
    if at <= now and week < WEEKS:
        weeks[week] += 1
