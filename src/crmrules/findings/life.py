"""From the first time a rule fires on an opportunity to the time it clears: one episode.

``NEXT`` is the whole machine: state, what is seen, state. ``docs/life.md`` shows it.

Episodes are counted when they begin; one that never settled gives its number back, so a number that
was seen in a task key is never used again. An evaluation that is not later than the last one moves
nothing, so judging the past leaves the present alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crmrules.rule import Rule, Severity, Verdict


class EpisodeStatus(StrEnum):
    """Where an episode stands."""

    PENDING = "pending"
    OPEN = "open"
    ENDED = "ended"


class Event(StrEnum):
    """What an evaluation shows, as far as an episode is concerned."""

    FIRES = "fires"  # and has not settled yet
    SETTLES = "settles"  # fires, and has done so for settle_hours; or at once (P1 on a dated event)
    UNKNOWN = "unknown"  # what it needs is not known; an open episode stays open
    QUIET = "quiet"  # by its clearing condition, or because its condition no longer holds
    CLOSES = "closes"  # quiet because the opportunity was won or lost
    EXPIRES = "expires"  # only time can clear this rule, and it has passed
    GOES = "goes"  # the CRM no longer has the opportunity
    STOPS = "stops"  # its rule is switched off, or no longer there


_PENDING, _OPEN, _ENDED = EpisodeStatus
_BEGINS = {Event.FIRES: _PENDING, Event.SETTLES: _OPEN}
_ENDS = (Event.QUIET, Event.CLOSES, Event.EXPIRES, Event.GOES, Event.STOPS)
_STAYS_AWAY = (Event.UNKNOWN, *_ENDS)
NEXT: Mapping[EpisodeStatus | None, Mapping[Event, EpisodeStatus | None]] = {
    None: _BEGINS | dict.fromkeys(_STAYS_AWAY),
    _PENDING: _BEGINS | {Event.UNKNOWN: _PENDING} | dict.fromkeys(_ENDS),
    _OPEN: dict.fromkeys((Event.FIRES, Event.SETTLES, Event.UNKNOWN), _OPEN)
    | dict.fromkeys(_ENDS, _ENDED),
    _ENDED: _BEGINS | dict.fromkeys(_STAYS_AWAY, _ENDED),
}
"""From a state, by what is seen, to a state; None: there is no episode, or it gave its number back.
What begins after an end is the next episode.
"""


class Cleared(StrEnum):
    """Why an episode ended."""

    CLEARED = "cleared"  # the rule's own clearing condition, or its condition no longer holds
    CLOSED = "closed"  # the opportunity was won or lost and left the rule's phases
    EXPIRED = "expired"  # only time can clear this rule, and it has passed
    GONE = "gone"  # the CRM no longer has the opportunity
    STOPPED = "stopped"  # its rule was switched off, or taken away


_REASON = {
    Event.QUIET: Cleared.CLEARED,
    Event.CLOSES: Cleared.CLOSED,
    Event.EXPIRES: Cleared.EXPIRED,
    Event.GOES: Cleared.GONE,
    Event.STOPS: Cleared.STOPPED,
}


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
    if episode is not None and (
        now < episode.seen_at or (now == episode.seen_at and _over(episode))
    ):
        return episode
    since = now if episode is None or _over(episode) else episode.since
    event = _event(rule, verdict, now - since, settle, closed=closed, begun=since != now)
    if episode is None or _over(episode):
        return _begun(episode, rule.id, opportunity, now, event)
    return _moved(replace(episode, seen_at=now), event, now)


def gone(episode: Episode, now: datetime) -> Episode | None:
    """Return the episode after the CRM has lost the opportunity."""
    return _moved(replace(episode, seen_at=now), Event.GOES, now) if episode.active else episode


def stopped(episode: Episode, now: datetime) -> Episode | None:
    """Return the episode after its rule was switched off; judged by the past, it stays as it is."""
    if not episode.active or now <= episode.seen_at:
        return episode
    return _moved(replace(episode, seen_at=now), Event.STOPS, now)


def _over(episode: Episode) -> bool:
    return episode.status is EpisodeStatus.ENDED


def _event(
    rule: Rule, verdict: Verdict, age: timedelta, settle: timedelta, *, closed: bool, begun: bool
) -> Event:
    """Return what an evaluation shows of an episode that has lasted so long."""
    days = rule.expires_in_days
    if begun and days is not None and age >= timedelta(days=days):
        return Event.EXPIRES
    if verdict is Verdict.QUIET:
        return Event.CLOSES if closed else Event.QUIET
    if verdict is Verdict.UNKNOWN:
        return Event.UNKNOWN
    at_once = rule.severity is Severity.P1 and rule.dated_event
    return Event.SETTLES if at_once or age >= settle else Event.FIRES


def _begun(
    last: Episode | None, rule: str, opportunity: str, now: datetime, event: Event
) -> Episode | None:
    """Return the next episode, or the last one where none begins."""
    status = NEXT[None if last is None else last.status][event]
    if status not in (EpisodeStatus.PENDING, EpisodeStatus.OPEN):
        return last
    n = 1 if last is None else last.n + 1
    opened = now if status is EpisodeStatus.OPEN else None
    return Episode(rule, opportunity, n, status, since=now, seen_at=now, opened_at=opened)


def _moved(episode: Episode, event: Event, now: datetime) -> Episode | None:
    """Return a going episode after what was seen; None: it gave its number back."""
    status = NEXT[episode.status][event]
    if status is episode.status:
        return episode
    if status is EpisodeStatus.OPEN:
        return replace(episode, status=status, opened_at=now)
    ended = replace(episode, status=EpisodeStatus.ENDED, ended_at=now, reason=_REASON[event])
    if status is EpisodeStatus.ENDED:
        return ended
    # It never settled: give the number back, and remember how many episodes there were.
    return replace(ended, n=episode.n - 1) if episode.n > 1 else None
