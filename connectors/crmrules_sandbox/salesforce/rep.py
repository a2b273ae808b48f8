"""A rep who works the tasks crmrules made, and goes on selling, between two runs.

Know before changing: the rep sees the org only through the two callables (and, where given, two
more for making and deleting records), works oldest id first and draws from a seed, so the same org
gives the same day's work. Records of other people's making are never deleted.

Does not do: judge whether a task was right, or touch our fields.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce.ledger import stamp
from crmrules_sandbox.scenario.outline import PROPOSAL, STAGES

Query = Callable[[str], list[dict[str, Any]]]
Update = Callable[[str, str, Mapping[str, Any]], None]
Create = Callable[[str, Mapping[str, Any]], str]
Delete = Callable[[str, str], None]

OURS = (
    "SELECT Id, Subject, Description, Status, WhatId, OwnerId FROM Task"
    " WHERE CrmRules_Key__c != null AND IsClosed = false ORDER BY Id"
)
"""The tasks the rep works on: ours, and not closed."""


class Rep:
    """Answers our tasks and moves opportunities, the same way for the same seed and org.

    ``create`` and ``delete`` are optional: without them the rep makes no replies or meetings and
    deletes nothing, and says so in no line.
    """

    def __init__(
        self,
        query: Query,
        update: Update,
        *,
        seed: int = 0,
        now: Callable[[], datetime] | None = None,
        create: Create | None = None,
        delete: Delete | None = None,
    ) -> None:
        self._query, self._update = query, update
        self._create, self._delete = create, delete
        self._rng = random.Random(f"rep {seed}")
        self._now = now or _wall_clock
        self._said: list[str] = []

    def work(self) -> list[str]:
        """Do one stretch of work and return what was done, one readable line per record."""
        self._said = []
        tasks = self._query(OURS)
        self._rng.shuffle(tasks)
        answered = self._answer(tasks)
        self._sell(tasks, answered)
        return self._said

    def _answer(self, tasks: list[dict[str, Any]]) -> set[str]:
        """Answer about two thirds of the tasks; return opportunities where one was completed."""
        special = [self._not_true, self._edit, self._remove, self._defer, self._wait]
        done: set[str] = set()
        for place, task in enumerate(tasks):
            if place < len(special):
                special[place](task)
            elif self._rng.random() < 0.6:
                self._update("Task", task["Id"], {"Status": "Completed"})
                self._say("completed", task)
                if task["WhatId"]:
                    done.add(task["WhatId"])
        return done

    def _say(self, what: str, task: Mapping[str, Any]) -> None:
        self._said.append(f'{what} "{task["Subject"]}"')

    def _not_true(self, task: Mapping[str, Any]) -> None:
        text = f"{task['Description'] or ''}\n#not-true we spoke last week, outside the CRM".strip()
        self._update("Task", task["Id"], {"Description": text, "Status": "Completed"})
        self._say("answered #not-true on", task)

    def _edit(self, task: Mapping[str, Any]) -> None:
        self._update("Task", task["Id"], {"Subject": f"Thursday: {task['Subject']}"[:255]})
        self._say("reworded the subject of", task)

    def _remove(self, task: Mapping[str, Any]) -> None:
        if self._delete is not None and self._rng.random() < 0.5:
            self._delete("Task", task["Id"])
            self._say("deleted", task)

    def _defer(self, task: Mapping[str, Any]) -> None:
        self._update("Task", task["Id"], {"Status": "Deferred"})
        self._say("deferred", task)

    def _wait(self, task: Mapping[str, Any]) -> None:
        self._update("Task", task["Id"], {"Status": "Waiting on someone else"})
        self._say("is waiting on someone else for", task)

    def _sell(self, tasks: list[dict[str, Any]], answered: set[str]) -> None:
        """Act on the opportunities whose task was completed, each in another way."""
        order = [task["WhatId"] for task in tasks if task["WhatId"] in answered]
        acts = (self._reply, self._book, self._move, self._withdraw)
        for place, record in enumerate(dict.fromkeys(order)):
            if place >= 3 * len(acts):
                break
            found = self._query(
                _of("Id, Name, StageName, OwnerId, IsClosed", "Opportunity", "Id", record)
            )
            if found and not found[0]["IsClosed"]:
                acts[place % len(acts)](found[0])

    def _contact(self, opportunity: Mapping[str, Any]) -> str | None:
        found = self._query(
            _of("Id, ContactId", "OpportunityContactRole", "OpportunityId", opportunity["Id"])
        )
        return found[0]["ContactId"] if found else None

    def _reply(self, opportunity: Mapping[str, Any]) -> None:
        """Log a call in which the customer answered."""
        if self._create is None:
            return
        today = self._now().astimezone(UTC)
        self._create(
            "Task",
            {
                "Subject": "Call",
                "TaskSubtype": "Call",
                "CallType": "Inbound",
                "CallDisposition": "Connected",
                "CallDurationInSeconds": 600,
                "Status": "Completed",
                "ActivityDate": today.date().isoformat(),
                "WhatId": opportunity["Id"],
                "WhoId": self._contact(opportunity),
                "OwnerId": opportunity["OwnerId"],
                "Description": "Called back: wants to settle two open points first.",
            },
        )
        self._said.append(f"logged a reply on {opportunity['Name']}")

    def _book(self, opportunity: Mapping[str, Any]) -> None:
        """Book a meeting in four days."""
        if self._create is None:
            return
        start = self._now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        start += timedelta(days=4)
        self._create(
            "Event",
            {
                "Subject": "Working session",
                "StartDateTime": stamp(start),
                "EndDateTime": stamp(start + timedelta(hours=1)),
                "ActivityDateTime": stamp(start),
                "DurationInMinutes": 60,
                "WhatId": opportunity["Id"],
                "WhoId": self._contact(opportunity),
                "OwnerId": opportunity["OwnerId"],
            },
        )
        self._said.append(f"booked a meeting on {opportunity['Name']}")

    def _move(self, opportunity: Mapping[str, Any]) -> None:
        """Move the opportunity one stage on, short of closing it."""
        stage = opportunity["StageName"]
        if stage not in STAGES[:-1]:
            return
        following = STAGES[STAGES.index(stage) + 1]
        fields = {"StageName": following, "NextStep": "Customer confirms the agreed actions"}
        self._update("Opportunity", opportunity["Id"], fields)
        self._said.append(f"moved {opportunity['Name']} from {stage} to {following}")

    def _withdraw(self, opportunity: Mapping[str, Any]) -> None:
        """Pull the newest quote back; without a quote, or quotes at all, pull the stage back."""
        quotes = self._quotes(opportunity["Id"])
        if quotes:
            self._update("Quote", quotes[-1]["Id"], {"Status": "Draft"})
            self._said.append(f"pulled a quote back on {opportunity['Name']}")
        elif opportunity["StageName"] == PROPOSAL:
            self._update("Opportunity", opportunity["Id"], {"StageName": STAGES[2]})
            self._said.append(f"went back to {STAGES[2]} on {opportunity['Name']}")

    def _quotes(self, opportunity: str) -> list[dict[str, Any]]:
        try:
            return self._query(_of("Id, CreatedDate", "Quote", "OpportunityId", opportunity))
        except Exception as problem:
            if getattr(problem, "error_code", "") == "INVALID_TYPE":
                return []  # an org without quotes
            raise


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _of(fields: str, sobject: str, key: str, record: str) -> str:
    """Return SOQL for the records under one id, in id order (ids grow with age)."""
    return " ".join(
        ("SELECT", fields, "FROM", sobject, "WHERE", f"{key} = '{record}'", "ORDER BY Id")
    )
