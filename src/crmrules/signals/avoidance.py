"""Signals of avoidance: meetings that fall through, and things the customer does not send.

Know before changing: a meeting fell through where somebody recorded that; who called it off is not
known. Without a recorded outcome it is undecided, and no count is told over it. What the customer
owes is late only where a day was agreed: by a note, or as a task that waits for them.

It names no motive.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from crmrules.model import Activity, ActivityKind, Owed
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import NO_ACTIVITY, UNDECIDED, days_ago, decided, records
from crmrules.signals.needs import readable

LATE = timedelta(days=7)
_EVENTS = "Event; the held field of the mapping, or a subject that starts with Canceled or No show"
_MEETINGS = "meetings: hs_meeting_outcome"
_OWED = "#owed tags or mapped fields"


def _may_have_fallen_through(view: View, after: datetime) -> list[Activity] | Unknown:
    """Return meetings with the customer after a moment, booked ones included."""
    if view.opportunity.activities is None:
        return NO_ACTIVITY
    return [
        one
        for one in view.opportunity.activities
        if one.kind is ActivityKind.MEETING
        and one.at > after
        and one.with_customer is not False
        and not one.on_account
    ]


def _undecided(view: View, meeting: Activity) -> bool:
    if meeting.held is None:
        return meeting.at <= view.now
    return meeting.held is False and meeting.with_customer is None


def _fell_through(meeting: Activity) -> bool:
    return meeting.held is False and meeting.with_customer is True


@signal(
    unit="meetings",
    unknown="activities cannot be read, or nobody recorded what became of a meeting",
    salesforce=_EVENTS,
    hubspot=_MEETINGS,
)
def meetings_fallen_through_in_30_days(view: View) -> Reading[int]:
    """Meetings of the last 30 days or still ahead that were called off, moved or missed."""
    found = _may_have_fallen_through(view, days_ago(view, 30))
    if isinstance(found, Unknown):
        return found
    if any(_undecided(view, one) for one in found):
        return UNDECIDED
    fell = [one for one in found if _fell_through(one)]
    return Known(len(fell), records(fell))


@signal(
    unit="meetings",
    unknown="activities cannot be read, or nobody recorded what became of a meeting",
    salesforce=_EVENTS,
    hubspot=_MEETINGS,
)
def meetings_held_in_30_days(view: View) -> Reading[int]:
    """Meetings held with the customer in the last 30 days."""
    held = decided(view, days_ago(view, 30), kind=ActivityKind.MEETING)
    return held if isinstance(held, Unknown) else Known(len(held), records(held))


@signal(
    unit="meetings",
    unknown="activities cannot be read, a meeting is undecided, or does not say who took part",
    salesforce=f"{_EVENTS}; WhoId",
    hubspot=f"{_MEETINGS}; linked contacts",
)
def meetings_since_one_fell_through(view: View) -> Reading[int]:
    """Meetings held with the same person since one last fell through; 0 where none did."""
    found = _may_have_fallen_through(view, view.opportunity.created_at)
    if isinstance(found, Unknown):
        return found
    last = max(filter(_fell_through, found), key=lambda one: one.at, default=None)
    since = view.opportunity.created_at if last is None else last.at
    if any(one.at > since and _undecided(view, one) for one in found):
        return UNDECIDED
    if last is None:
        return Known(0)
    held = decided(view, last.at, kind=ActivityKind.MEETING)
    if isinstance(held, Unknown):
        return held
    wanted = frozenset(last.people or ())
    if wanted and any(not one.people for one in held):
        return Unknown("a meeting does not say who took part")
    again = [one for one in held if not wanted or wanted & frozenset(one.people or ())]
    return Known(len(again), records(again))


class _Item(NamedTuple):
    """One thing the customer owes: the notes about it since it was last received."""

    notes: tuple[Owed, ...]

    @property
    def times(self) -> int:
        return len({note.known_at for note in self.notes})


def _owed(view: View) -> list[_Item]:
    """Return what is owed; a note that it was received ends it, another one begins it anew."""
    items: dict[str, list[Owed]] = {}
    for note in sorted(view.opportunity.owed, key=lambda note: note.known_at):
        asked = items.setdefault(" ".join(note.text.casefold().split()), [])
        if note.received:
            asked.clear()
        else:
            asked.append(note)
    return [_Item(tuple(asked)) for asked in items.values() if asked]


@signal(
    unit="things",
    unknown="activities cannot be read, or a task does not say whether it waits",
    salesforce=f"Task.Status in the waiting statuses, Task.ActivityDate; {_OWED}",
    hubspot=f"tasks: hs_task_status WAITING, hs_timestamp; {_OWED}",
)
def things_owed_7_days_late(view: View) -> Reading[int]:
    """Things the customer was to send or do by a day that passed more than 7 days ago."""
    if view.opportunity.activities is None:
        return NO_ACTIVITY
    limit = view.now.date() - LATE
    tasks = [
        one
        for one in view.opportunity.activities
        if not one.on_account and (one.due is None or one.due < limit)
    ]
    if any(one.kind is ActivityKind.TASK and one.waiting is None for one in tasks):
        return Unknown("a task does not say whether it waits for the customer")
    waiting = [one for one in tasks if one.waiting and one.due is not None]
    dues = ([note for note in item.notes if note.due is not None][-1:] for item in _owed(view))
    late = [note for due in dues for note in due if note.due is not None and note.due < limit]
    return Known(len(waiting) + len(late), records((*waiting, *late)))


@signal(
    unit="times",
    unknown="none is recorded and notes cannot be read",
    salesforce=_OWED,
    hubspot=_OWED,
)
def times_asked_without_reply(view: View) -> Reading[int]:
    """How often the same thing was noted as owed by the customer and not received; the most."""
    if not readable(view, view.opportunity.owed):
        return Unknown("notes cannot be read")
    most = max(_owed(view), key=lambda item: item.times, default=_Item(()))
    return Known(most.times, records(most.notes))
