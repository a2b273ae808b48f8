"""A rep's desk in Salesforce: what the rep of the scenario does, as queries and writes.

Know before changing: the desk sees the org only through the callables, and leaves to them in whose
name a change is made; but what is new belongs to the manager where the owner has left. Of several
contacts or quotes, the oldest contact and the newest quote count (ids grow with age).

Does not do: decide anything (``crmrules_sandbox.scenario.rep``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce.ledger import stamp
from crmrules_sandbox.scenario.rep import Chance, Task

Query = Callable[[str], list[dict[str, Any]]]
Update = Callable[[str, str, Mapping[str, Any]], None]
Create = Callable[[str, Mapping[str, Any]], str]
Delete = Callable[[str, str], None]

OURS = (
    "SELECT Id, Subject, WhatId, What.Name FROM Task"
    " WHERE CrmRules_Key__c != null AND IsClosed = false ORDER BY Id"
)
"""The tasks the rep works on: ours, and not closed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """See ``scenario.rep.Desk``; ``clock`` is the org's time."""

    query: Query
    update: Update
    create: Create
    remove: Delete
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        """Return the org's time."""
        return self.clock()

    def tasks(self) -> list[Task]:
        """Return our open tasks."""
        return [
            Task(row["Id"], row["Subject"], row["WhatId"], (row["What"] or {}).get("Name") or "")
            for row in self.query(OURS)
        ]

    def complete(self, task: Task, words: str = "") -> None:
        """Close a task, with a line added to its description."""
        fields = {"Status": "Completed"}
        if words:
            row = self.query(_of("Id, Description", "Task", "Id", task.id))[0]
            fields["Description"] = f"{row['Description'] or ''}\n{words}".strip()
        self.update("Task", task.id, fields)

    def defer(self, task: Task) -> None:
        """Put a task off."""
        self.update("Task", task.id, {"Status": "Deferred"})

    def wait(self, task: Task) -> None:
        """Say that somebody else has to move first."""
        self.update("Task", task.id, {"Status": "Waiting on someone else"})

    def reword(self, task: Task, subject: str) -> None:
        """Give a task another subject."""
        self.update("Task", task.id, {"Subject": subject})

    def delete(self, task: Task) -> None:
        """Delete a task."""
        self.remove("Task", task.id)

    def chance(self, about: str) -> Chance | None:
        """Return the opportunity, unless it is closed."""
        found = self.query(_of("Id, Name, StageName, IsClosed", "Opportunity", "Id", about))
        if not found or found[0]["IsClosed"]:
            return None
        return Chance(about, found[0]["Name"], found[0]["StageName"])

    def log_call(self, chance: Chance, text: str) -> None:
        """Log that the customer called just now."""
        fields = {
            "Subject": "Call",
            "TaskSubtype": "Call",
            "CallType": "Inbound",
            "CallDisposition": "Connected",
            "CallDurationInSeconds": 600,
            "Status": "Completed",
            "ActivityDate": self.now().astimezone(UTC).date().isoformat(),
            "Description": text,
        }
        self.create("Task", fields | self._about(chance))

    def book(self, chance: Chance, subject: str, start: datetime) -> None:
        """Book a meeting of an hour."""
        fields = {
            "Subject": subject,
            "StartDateTime": stamp(start),
            "EndDateTime": stamp(start + timedelta(hours=1)),
            "ActivityDateTime": stamp(start),
            "DurationInMinutes": 60,
        }
        self.create("Event", fields | self._about(chance))

    def move(self, chance: Chance, stage: str, next_step: str | None = None) -> None:
        """Put the opportunity into another stage."""
        step = {} if next_step is None else {"NextStep": next_step}
        self.update("Opportunity", chance.id, {"StageName": stage} | step)

    def pull_back(self, chance: Chance) -> bool:
        """Make the newest quote a draft again."""
        quotes = self._quotes(chance.id)
        if quotes:
            self.update("Quote", quotes[-1]["Id"], {"Status": "Draft"})
        return bool(quotes)

    def _about(self, chance: Chance) -> dict[str, Any]:
        """Return whom and what an activity is about, and whose it is."""
        roles = self.query(
            _of("Id, ContactId", "OpportunityContactRole", "OpportunityId", chance.id)
        )
        fields = "Id, OwnerId, Owner.IsActive, Owner.ManagerId"
        row = self.query(_of(fields, "Opportunity", "Id", chance.id))[0]
        owner = row["OwnerId"] if row["Owner"]["IsActive"] else row["Owner"]["ManagerId"]
        who = roles[0]["ContactId"] if roles else None
        return {"WhatId": chance.id, "WhoId": who, "OwnerId": owner}

    def _quotes(self, opportunity: str) -> list[dict[str, Any]]:
        try:
            return self.query(_of("Id, CreatedDate", "Quote", "OpportunityId", opportunity))
        except Exception as problem:
            if getattr(problem, "error_code", "") == "INVALID_TYPE":
                return []  # an org without quotes
            raise


def _of(fields: str, sobject: str, key: str, record: str) -> str:
    """Return SOQL for the records under one id, in id order."""
    return " ".join(
        ("SELECT", fields, "FROM", sobject, "WHERE", f"{key} = '{record}'", "ORDER BY Id")
    )
