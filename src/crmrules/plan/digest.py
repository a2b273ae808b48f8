"""One digest per owner and ISO week: what does not deserve a task of its own (decisions, 11).

P3 findings, each told once in an episode, and tagged lines that could not be read, to those who
wrote them. A digest is no answerable task: it is made and followed no further. Private rules stay
out of it.

What an older digest told is known from its record alone: after a lost state one repeat is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from crmrules.connector import CreateTask, TaskFields
from crmrules.findings import TaskRecord, TaskStatus
from crmrules.findings.calendar import Calendar
from crmrules.findings.keys import digest_key
from crmrules.model import Opportunity
from crmrules.plan.types import PlannedWrite, Policy
from crmrules.plan.who import Staff
from crmrules.texts import safe

RULE = "digest"  # what stands on such a task as its rule
LINES = 10  # of each kind; the others wait for the next week


@dataclass(slots=True)
class _Page:
    """What one person is to be told, and when that person works."""

    calendar: Calendar
    points: list[tuple[str, str]] = field(default_factory=list)  # key and text, in rank order
    unread: dict[str, set[str]] = field(default_factory=dict)  # suggestion -> names
    lines: int = 0


class Digest:
    """Collects what is to be told, and makes the tasks that tell it.

    ``past``: the records of earlier digests.
    """

    def __init__(self, now: datetime, policy: Policy, past: Iterable[TaskRecord] = ()) -> None:
        self._now, self._policy = now, policy
        self._past = {record.key: record for record in past}
        made = [r for r in self._past.values() if r.status is not TaskStatus.WANTED]
        self._told = {key for record in made for key in record.evidence or ()}
        self._last: dict[str | None, datetime] = {}
        for record in made:
            known = self._last.get(record.owner)
            if record.made_at is not None and (known is None or known < record.made_at):
                self._last[record.owner] = record.made_at
        self._pages: dict[str, _Page] = {}

    def knows(self, write: PlannedWrite) -> bool:
        """Return whether a finding's point was told before."""
        return isinstance(write.write, CreateTask) and write.write.key in self._told

    def tell(self, write: PlannedWrite, calendar: Calendar, about: str | None) -> None:
        """Add a finding that gets no task of its own; ask for it in rank order.

        ``about``: the opportunity's name. A digest hangs on none, so its lines have to say it.
        """
        if not isinstance(write.write, CreateTask) or write.owner is None or write.private:
            return
        task = write.write.task
        question = next((line for line in task.body.splitlines() if line), "")
        page = self._pages.setdefault(write.owner, _Page(calendar))
        where = f"{safe(about)}: " if about else ""
        page.points.append((write.write.key, f"{where}{task.subject}. {question}"))

    def read(self, opportunity: Opportunity) -> None:
        """Note the tagged lines that nobody could read, for those who wrote them."""
        if not opportunity.unread:
            return
        staff = Staff.around(opportunity, self._policy)
        for piece in opportunity.unread:
            author = piece.author
            if author is None or author not in staff.users or not staff.active(author):
                continue
            last = self._last.get(author)
            if last is not None and piece.known_at <= last:
                continue
            page = self._pages.setdefault(author, _Page(staff.calendar(author)))
            page.lines += 1
            where = safe(opportunity.name or opportunity.id)
            page.unread.setdefault(safe(piece.suggestion), set()).add(where)

    def make(self) -> Iterator[tuple[PlannedWrite | None, TaskRecord]]:
        """Yield the digests of this week that were not made yet, each with its record.

        None: it waits for its reader's working hours.
        """
        for owner, page in sorted(self._pages.items()):
            calendar = page.calendar
            key = digest_key(owner, calendar.day(self._now))
            before = self._past.get(key)
            if before is not None and before.status is not TaskStatus.WANTED:
                continue
            points = page.points[:LINES]
            if not points and not page.unread:
                continue
            since = before.made_at if before is not None and before.made_at else self._now
            told = tuple(sorted(point for point, _ in points))
            record = TaskRecord(key, RULE, "", 0, owner=owner, made_at=since, evidence=told)
            task = TaskFields(
                subject="This week: smaller points on your opportunities",
                body=_body([text for _, text in points], page),
                due=calendar.after(calendar.day(self._now), 5),
                owner=owner,
                opportunity=None,
                rule=RULE,
            )
            write = PlannedWrite("create_task", CreateTask(key, task), "", RULE, owner)
            yield (None if calendar.postpones(self._now, since) else write), record


def _body(points: list[str], page: _Page) -> str:
    lines = [f"- {point}" for point in points]
    if page.unread:
        lines += ["", f"{page.lines} tagged line(s) of yours could not be read:"]
        for suggestion, names in sorted(page.unread.items())[:LINES]:
            where = ", ".join(sorted(names)[:3])
            lines.append(f"- {where}: {suggestion}")
    return "\n".join(lines).strip()
