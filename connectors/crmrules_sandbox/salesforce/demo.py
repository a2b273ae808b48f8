"""The sandbox as the demo uses it: a CRM with a clock one can move and a rep who works in it.

Know before changing: ``start`` is what the entry point ``crmrules.sandboxes`` names; the command
line knows nothing of this package but that function and what it returns. The rep acts as the owner
of the record, never as the integration user: what people change must look like people.

Does not do: pull, judge or write anything; that is what the demo shows.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from crmrules_sandbox.salesforce.rep import Desk
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.soql import answer
from crmrules_sandbox.salesforce.start import seeded_org
from crmrules_sandbox.scenario.demo import Demo
from crmrules_sandbox.scenario.rep import Rep


class DemoCrm(Demo):
    """A seeded sandbox Salesforce. ``standing``: its clock stands still until ``advance``.

    ``bare``: nobody has provisioned it yet.
    """

    server: SandboxServer

    def __init__(
        self,
        seed: int,
        now: datetime,
        *,
        opportunities: int,
        port: int,
        standing: bool,
        scenario: Path | None = None,
        bare: bool = False,
    ) -> None:
        super().__init__(
            seed, now, opportunities=opportunities, standing=standing, scenario=scenario
        )
        self.org = seeded_org(seed, clock=self.clock, scenario=self.told, bare=bare)
        self.server = SandboxServer(self.org, port)
        desk = Desk(self._query, self._update, self._create, self._delete, self.clock)
        self.rep = Rep(desk, seed=seed)

    @property
    def settings(self) -> dict[str, Any]:
        """Return the ``[salesforce]`` section that reaches this CRM."""
        return {
            "auth": "token",
            "instance_url": self.server.url,
            "access_token": self.server.token(),
            "ca_bundle": self.server.ca_file,
        }

    def admin_token(self) -> str:
        """Return the token of an administrator, who is not the user that syncs."""
        return self.server.token(self.org.metadata.administrator())

    @property
    def phases(self) -> dict[str, dict[str, str]]:
        """Return the ``[phases]`` that its stages need: none: its stages are Salesforce's own."""
        return {}

    def our_tasks(self) -> list[dict[str, Any]]:
        """Return the tasks that carry our key, newest last, in words that are no CRM's own."""
        found = self._query(
            "SELECT Id, CrmRules_Key__c, Subject, Description, Status, ActivityDate, WhatId,"
            " Owner.Name FROM Task WHERE CrmRules_Key__c != null ORDER BY CreatedDate, Id"
        )
        return [
            {
                "id": row["Id"],
                "key": row["CrmRules_Key__c"],
                "owner": row["Owner"]["Name"],
                "subject": row["Subject"],
                "body": row["Description"] or "",
                "due": row["ActivityDate"],
                "status": row["Status"],
                "opportunity": row["WhatId"],
            }
            for row in found
        ]

    def _query(self, text: str) -> list[dict[str, Any]]:
        return answer(text, self.org.view(), now=self.now).records

    def _update(self, sobject: str, record: str, fields: Any) -> None:
        self.org.update(sobject, record, fields, self._owner(sobject, record))

    def _create(self, sobject: str, fields: Any) -> str:
        owner = fields.get("OwnerId") or self._owner("Opportunity", str(fields.get("WhatId")))
        return str(self.org.insert(sobject, fields, owner))

    def _delete(self, _: str, record: str) -> None:
        self.org.delete(record)

    def _owner(self, sobject: str, record: str) -> str | None:
        row = self.org.get(sobject, record)
        return None if row is None else row.get("OwnerId")


def start(
    seed: int,
    now: datetime,
    *,
    opportunities: int = 220,
    port: int = 0,
    standing: bool = True,
    scenario: Path | None = None,
    bare: bool = False,
) -> DemoCrm:
    """Return a running sandbox, seeded for that moment, or as a scenario file tells it."""
    return DemoCrm(
        seed,
        now,
        opportunities=opportunities,
        port=port,
        standing=standing,
        scenario=scenario,
        bare=bare,
    )
