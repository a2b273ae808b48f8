"""The paperwork ratio: edits of records against contacts with customers, week by week.

The book's first lesson is that strategy must become actions in the account, not paperwork. So this
is told to managers and never made a task: a task about paperwork is paperwork.

An *edit* is one save by one of our people that changed stage, amount, close date, next step,
forecast or owner of an opportunity; ours do not count. A *contact* is a two-way activity: a meeting
that took place, a call that was answered, a mail from the customer. Where nobody recorded whether
the customer took part it is neither, and told apart. No person is named here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from crmrules.model import Opportunity
from crmrules.report.words import KINDS
from crmrules.state.lookback import monday

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Week:
    """One week. ``unsure``: conversations of which nobody knows whether they were any."""

    start: date
    edits: int
    contacts: int
    unsure: int

    @property
    def ratio(self) -> float | None:
        """Edits for each contact; None where there was no contact."""
        return self.edits / self.contacts if self.contacts else None


def weeks(now: datetime) -> list[date]:
    """Return the Mondays of the weeks that are shown, the one that is not over last."""
    last = monday(now)
    return [last - timedelta(weeks=back) for back in reversed(range(WEEKS))]


@dataclass(slots=True)
class Paperwork:
    """Counts opportunity by opportunity; what several share counts once."""

    edits: Counter[date] = field(default_factory=Counter)
    contacts: Counter[date] = field(default_factory=Counter)
    unsure: Counter[date] = field(default_factory=Counter)
    tracked: int = 0  # opportunities of which the CRM keeps a history
    _seen: set[int] = field(default_factory=set)

    def add(self, one: Opportunity, now: datetime, since: datetime) -> None:
        """Count what was done on one opportunity since a moment."""
        self.tracked += bool(one.tracked)
        saves = {
            (change.known_at, change.by)
            for change in one.changes or ()
            if since <= change.known_at <= now
        }
        self.edits.update(monday(at) for at, _ in saves)
        for activity in one.activities or ():
            if activity.kind not in KINDS or not since <= activity.at <= now:
                continue
            mark = hash(activity.record)  # one on the account comes with each of its opportunities
            if mark in self._seen:
                continue
            self._seen.add(mark)
            took_part = activity.two_way(now)
            if took_part is not False:
                (self.contacts if took_part else self.unsure)[monday(activity.at)] += 1

    def rows(self, shown: Iterable[date]) -> list[Week]:
        """Return the weeks, oldest first."""
        return [Week(w, self.edits[w], self.contacts[w], self.unsure[w]) for w in shown]
