"""A rep's desk in HubSpot: what the rep of the scenario does, in a portal.

Know before changing: every change is made by the owner of the deal or task, as a person in the
browser would. Somebody who has left still owns deals, but can be made the owner of nothing new. Of
several contacts or quotes, the oldest contact and the newest quote count.

Does not do: decide anything (``crmrules_sandbox.scenario.rep``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crmrules_sandbox.hubspot.conversations import CONNECTED, html
from crmrules_sandbox.hubspot.pipelines import STAGE_IDS
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.hubspot.records import Owner
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.scenario.outline import LOST, WON
from crmrules_sandbox.scenario.rep import Chance, Task

_STAGES = {stage_id: word for word, stage_id in STAGE_IDS.items()}


@dataclass(frozen=True, slots=True)
class Desk:
    """See ``scenario.rep.Desk``."""

    portal: Portal

    def now(self) -> datetime:
        """Return the portal's time."""
        return self.portal.now()

    def tasks(self) -> list[Task]:
        """Return our open tasks."""
        return [
            self._task(record.id)
            for record in self.portal.records("tasks")
            if self._value("tasks", record.id, "crmrules_key")
            and self._value("tasks", record.id, "hs_task_status") != "COMPLETED"
        ]

    def complete(self, task: Task, words: str = "") -> None:
        """Close a task, with a paragraph added to its body."""
        values = {"hs_task_status": "COMPLETED"}
        if words:
            body = self._value("tasks", task.id, "hs_task_body")
            values["hs_task_body"] = body + html(words)
        self._change("tasks", task.id, values)

    def defer(self, task: Task) -> None:
        """Put a task off."""
        self._change("tasks", task.id, {"hs_task_status": "DEFERRED"})

    def wait(self, task: Task) -> None:
        """Say that somebody else has to move first."""
        self._change("tasks", task.id, {"hs_task_status": "WAITING"})

    def reword(self, task: Task, subject: str) -> None:
        """Give a task another subject."""
        self._change("tasks", task.id, {"hs_task_subject": subject})

    def delete(self, task: Task) -> None:
        """Put a task into the recycle bin."""
        self.portal.archive("tasks", task.id)

    def chance(self, about: str) -> Chance | None:
        """Return the deal, unless it is closed or gone."""
        if not self.portal.is_live("deals", about):
            return None
        stage = _STAGES.get(self._value("deals", about, "dealstage"), "")
        if stage in (WON, LOST):
            return None
        return Chance(about, self._value("deals", about, "dealname"), stage)

    def log_call(self, chance: Chance, text: str) -> None:
        """Log that the customer called just now."""
        values = {
            "hs_timestamp": stamp(self.now()),
            "hs_call_title": "Call",
            "hs_call_body": html(text),
            "hs_call_direction": "INBOUND",
            "hs_call_disposition": CONNECTED,
            "hs_call_duration": "600000",
            "hs_call_status": "COMPLETED",
        }
        self._add("calls", chance, values)

    def book(self, chance: Chance, subject: str, start: datetime) -> None:
        """Book a meeting of an hour."""
        values = {
            "hs_timestamp": stamp(start),
            "hs_meeting_title": subject,
            "hs_meeting_start_time": stamp(start),
            "hs_meeting_end_time": stamp(start + timedelta(hours=1)),
            "hs_meeting_outcome": "SCHEDULED",
        }
        self._add("meetings", chance, values)

    def move(self, chance: Chance, stage: str, next_step: str | None = None) -> None:
        """Put the deal into another stage."""
        step = {} if next_step is None else {"hs_next_step": next_step}
        self._change("deals", chance.id, {"dealstage": STAGE_IDS[stage]} | step)

    def pull_back(self, chance: Chance) -> bool:
        """Make the newest quote a draft again."""
        quotes = self.portal.linked("deals", chance.id, "quotes")
        if quotes:
            self._change("quotes", quotes[-1], {"hs_status": "DRAFT"})
        return bool(quotes)

    def _task(self, record_id: str) -> Task:
        linked = self.portal.linked("tasks", record_id, "deals")
        about = linked[0] if linked else self._value("tasks", record_id, "crmrules_opportunity")
        name = self._value("deals", about, "dealname") if self.portal.get("deals", about) else ""
        return Task(record_id, self._value("tasks", record_id, "hs_task_subject"), about, name)

    def _value(self, kind: str, record_id: str, name: str) -> str:
        return self.portal.value(kind, record_id, name) or ""

    def _owner(self, kind: str, record_id: str) -> Owner | None:
        return self.portal.owner(self._value(kind, record_id, "hubspot_owner_id"))

    def _change(self, kind: str, record_id: str, values: dict[str, str]) -> None:
        owner = self._owner(kind, record_id)
        self.portal.update(kind, record_id, values, owner.user_id if owner else None)

    def _add(self, kind: str, chance: Chance, values: dict[str, str]) -> None:
        owner = self._owner("deals", chance.id)
        if owner is not None and not owner.archived:
            values = values | {"hubspot_owner_id": owner.id}
        contacts = self.portal.linked("deals", chance.id, "contacts")[:1]
        links = [("deals", chance.id), *(("contacts", each) for each in contacts)]
        self.portal.create(kind, values, links, owner.user_id if owner else None)
