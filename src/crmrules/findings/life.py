"""From the first time a rule fires on an opportunity to the time it clears: one episode.

    (none) --fires--> pending --fires, settle_hours later--> open --quiet--> ended --fires--> ...
                      pending --quiet--> (none)              open --unknown--> open

Episodes are counted when they begin; one that never settled gives its number back, so a number that
was seen in a task key is never used again. An evaluation that is not later than the last one moves
nothing, so judging the past leaves the present alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crmrules.rule import Rule, Severity, Verdict


class EpisodeStatus(StrEnum):
    """Where an episode stands."""

    PENDING = "pending"
    OPEN = "open"
    ENDED = "ended"


class Cleared(StrEnum):
    """Why an episode ended."""

    CLEARED = "cleared"  # the rule's own clearing condition, or its condition no longer holds
    CLOSED = "closed"  # the opportunity was won or lost and left the rule's phases
    EXPIRED = "expired"  # only time can clear this rule, and it has passed
    GONE = "gone"  # the CRM no longer has the opportunity


@dataclass(frozen=True, slots=True)
class Episode:
    """The n-th time a rule is true for an opportunity; ``since`` is when it first fired."""

    rule: str
    opportunity: str
    n: int
    status: EpisodeStatus
    since: datetime
    seen_at: datetime  # last evaluation, whatever it said
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    reason: Cleared | None = None

    @property
    def active(self) -> bool:
        """Whether the rule is firing, settled or not."""
        return self.status is not EpisodeStatus.ENDED


def advance(
    episode: Episode | None,
    rule: Rule,
    opportunity: str,
    verdict: Verdict,
    now: datetime,
    *,
    settle: timedelta,
    closed: bool = False,
) -> Episode | None:
    """Return the episode after one more evaluation; None: there is none (any more)."""
    if episode is None or episode.status is EpisodeStatus.ENDED:
        fires = verdict is Verdict.FIRES and (episode is None or now > episode.seen_at)
        return _begun(episode, rule, opportunity, now, settle) if fires else episode
    if now < episode.seen_at:
        return episode
    seen = replace(episode, seen_at=now)
    if _expired(seen, rule, now):
        return _ended(seen, now, Cleared.EXPIRED)
    if verdict is Verdict.QUIET:
        return _ended(seen, now, Cleared.CLOSED if closed else Cleared.CLEARED)
    if verdict is Verdict.FIRES and seen.status is EpisodeStatus.PENDING:
        return _settled(seen, rule, now, settle)
    return seen


def _begun(
    last: Episode | None, rule: Rule, opportunity: str, now: datetime, settle: timedelta
) -> Episode:
    n = 1 if last is None else last.n + 1
    begun = Episode(rule.id, opportunity, n, EpisodeStatus.PENDING, since=now, seen_at=now)
    return _settled(begun, rule, now, settle)


def _settled(episode: Episode, rule: Rule, now: datetime, settle: timedelta) -> Episode:
    at_once = rule.severity is Severity.P1 and rule.dated_event
    if at_once or now - episode.since >= settle:
        return replace(episode, status=EpisodeStatus.OPEN, opened_at=now)
    return episode


def _expired(episode: Episode, rule: Rule, now: datetime) -> bool:
    days = rule.expires_in_days
    return days is not None and now - episode.since >= timedelta(days=days)


def _ended(episode: Episode, now: datetime, reason: Cleared) -> Episode | None:
    if episode.status is EpisodeStatus.PENDING:
        if episode.n == 1:
            return None
        # Give the number back, and remember that this many episodes there were.
        return replace(
            episode, n=episode.n - 1, status=EpisodeStatus.ENDED, ended_at=now, reason=reason
        )
    return replace(episode, status=EpisodeStatus.ENDED, ended_at=now, reason=reason)


def gone(episode: Episode, now: datetime) -> Episode | None:
    """Return the episode after the CRM has lost the opportunity."""
    return _ended(replace(episode, seen_at=now), now, Cleared.GONE) if episode.active else episode
