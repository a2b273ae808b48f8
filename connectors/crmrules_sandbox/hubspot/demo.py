"""The sandbox as the demo uses it: a CRM with a clock one can move and a rep who works in it.

Know before changing: ``start`` is what the entry point ``crmrules.sandboxes`` names; the command
line knows nothing of this package but that function and what it returns. The rep acts as the owner
of the record, never as the app: what people change must look like people.

Does not do: pull, judge or write anything; that is what the demo shows.
"""

from __future__ import annotations

from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

from crmrules_sandbox.hubspot.pipelines import STAGE_PHASES
from crmrules_sandbox.hubspot.records import Record
from crmrules_sandbox.hubspot.rep import Desk
from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.start import seeded_portal
from crmrules_sandbox.scenario.demo import Demo
from crmrules_sandbox.scenario.rep import Rep


class DemoCrm(Demo):
    """A seeded sandbox HubSpot. ``standing``: its clock stands still until ``advance``.

    ``bare``: nobody has provisioned it yet.
    """

    server: HubSpotServer

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
        self.portal = seeded_portal(
            seed, clock=self.clock, scenario=self.told, provisioned=not bare
        )
        self.server = HubSpotServer(self.portal, port)
        self._token = self.server.token()
        self.rep = Rep(Desk(self.portal), seed=seed)

    @property
    def settings(self) -> dict[str, Any]:
        """Return the ``[hubspot]`` section that reaches this CRM."""
        return {
            "access_token": self._token,
            "base_url": self.server.url,
            "portal_id": self.portal.portal_id,
        }

    def admin_token(self) -> str:
        """Return the token of an administrator, who is not the app that syncs."""
        return self.server.token()

    @property
    def phases(self) -> dict[str, dict[str, str]]:
        """Return the ``[phases]`` that its stages need: what an admin would write."""
        return {"default": dict(STAGE_PHASES)}

    def our_tasks(self) -> list[dict[str, Any]]:
        """Return the tasks that carry our key, newest last, in words that are no CRM's own."""
        tasks = self.portal.records("tasks")
        ours = [task for task in tasks if self._value(task, "crmrules_key")]
        return [self._told(task) for task in sorted(ours, key=lambda t: (t.created, int(t.id)))]

    def _told(self, task: Record) -> dict[str, Any]:
        owner = self.portal.owner(self._value(task, "hubspot_owner_id"))
        linked = self.portal.linked("tasks", task.id, "deals")
        return {
            "id": task.id,
            "key": self._value(task, "crmrules_key"),
            "owner": "" if owner is None else f"{owner.first_name} {owner.last_name}",
            "subject": self._value(task, "hs_task_subject"),
            "body": unescape(self._value(task, "hs_task_body").replace("<br>", "\n")),
            "due": self._value(task, "hs_timestamp")[:10],
            "status": self._value(task, "hs_task_status"),
            "opportunity": linked[0] if linked else self._value(task, "crmrules_opportunity"),
        }

    def _value(self, task: Record, name: str) -> str:
        return self.portal.value("tasks", task.id, name) or ""


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
