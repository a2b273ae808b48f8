"""A small HubSpot portal for the machine: three deals, three owners, and who did what."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from line import HttpxLine, Line, as_json

from crmrules import mapping
from crmrules_hubspot import connect
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.gateway import Gateway
from crmrules_sandbox.hubspot.pipelines import PIPELINE, STAGE_IDS, STAGE_PHASES, pipelines
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.hubspot.records import Contents, Owner, Record, Version
from crmrules_sandbox.hubspot.start import shipped_properties
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.wire.messages import Exchange, Reply

PROPERTIES = {
    "subject": "hs_task_subject",
    "body": "hs_task_body",
    "status": "hs_task_status",
    "due": "hs_timestamp",
    "owner": "hubspot_owner_id",
}
STATUSES = {"completed": "COMPLETED", "snoozed": "DEFERRED", "open": "NOT_STARTED"}
STAGES = {number: name for name, number in STAGE_IDS.items()}
OPPORTUNITIES = 2


class HubSpotDesk:
    """One portal, put back to its start for every sequence."""

    name = "hubspot"
    bin_is_seen = False  # only a full pull, or a look at the key, shows what was deleted

    def __init__(self, start: datetime, *, unique: bool, flags: tuple[str, ...] = ()) -> None:
        self.unique, self.start, self.now = unique, start, start
        self.people = [str(61_004_000 + n) for n in range(3)]
        self.opportunities = [str(500 + n) for n in range(OPPORTUNITIES)]
        owners = [
            Owner(one, 7_205_000 + n, f"p{n}@x.example", "P", str(n))
            for n, one in enumerate(self.people)
        ]
        contents = Contents(self._deals(), [], owners, pipelines(), 48_120_377)
        self.portal = Portal(contents, clock=lambda: self.now, daily_limit=10**9)
        self.portal.quirks.unique_on_tasks = unique
        self._provision(flags)
        self.gate = Gateway(self.portal, sleep=lambda _: None)
        self.token = self.gate.issue()
        self.line = Line(self.gate, self, lambda: self.now)
        self._deals_at_start = self._deals()

    def _provision(self, flags: tuple[str, ...]) -> None:
        shipped = shipped_properties()
        for kind, group in shipped["groups"].items():
            self.portal.add_group(kind, group)
        for kind, listed in shipped["properties"].items():
            for each in listed:
                made = dict(each)
                if made["name"] == "crmrules_key":
                    made["hasUniqueValue"] = self.unique
                if made["name"] == "crmrules_flags":
                    made["options"] = [
                        {"label": f, "value": f, "displayOrder": n, "hidden": False}
                        for n, f in enumerate(flags)
                    ]
                self.portal.define(kind, made)

    def _deals(self) -> list[Record]:
        at = self.start - timedelta(hours=20)
        values = {
            "dealstage": STAGE_IDS["Prospecting"],
            "pipeline": PIPELINE,
            "hubspot_owner_id": self.people[0],
            "amount": "1000",
            "closedate": "2027-12-31T12:00:00.000Z",
        }
        return [
            Record(
                "deals",
                one,
                at,
                at,
                {
                    name: [Version(value, at, "CRM_UI", "userId:7205000", 7_205_000)]
                    for name, value in {**values, "dealname": f"O{n}"}.items()
                },
            )
            for n, one in enumerate(self.opportunities, 1)
        ]

    def reset(self) -> None:
        portal, store = self.portal, self.portal.store
        self.now = self.start
        for table in store.tables.values():
            table.clear()
        store._keys, store._links, store._highest = {}, {}, {}
        store.merged.clear()
        store.revision += 1
        portal.load(self._deals())
        self.gate.meter.used = 0
        self.gate.faults.clear()
        self.gate.calls.clear()
        self.line.__init__(self.gate, self, lambda: self.now)

    def connector(self, now: Callable[[], datetime]) -> Any:
        section = {
            "access_token": self.token,
            "base_url": "http://localhost:1",
            "daily_calls": 10**9,
        }
        phases = {"default": dict(STAGE_PHASES)}
        made = connect(
            section,
            mapping=mapping.build(phases, {}),
            now=now,
            sleep=lambda _: None,
            random=lambda: 0.0,
            clock=self.seconds,
        )
        made._transport._client.close()
        made._transport._client = HttpxLine(self.line, self.token)
        return made

    def seconds(self) -> float:
        """Return the seconds by which calls are paced."""
        return self.now.timestamp()

    # -- what the line asks -----------------------------------------------------------------------
    def records(self, exchange: Exchange) -> list[dict[str, Any]] | None:
        """Return the records of a call that writes; None: it only reads."""
        path = exchange.path
        if not path.endswith(("/batch/create", "/batch/update")):
            return None
        inputs = as_json(exchange)["inputs"]
        if not inputs:
            return None
        kind = {"tasks": "Task", "deals": "Opportunity"}[path.split("/")[-3]]
        action = path.rpartition("/")[2].replace("update", "change")
        return [
            {
                "what": f"{action} {kind}",
                "id": each.get("id") or each["properties"].get("crmrules_opportunity"),
                "key": each["properties"].get("crmrules_key"),
                "trace": each.get("objectWriteTraceId"),
            }
            for each in inputs
        ]

    def half(self, exchange: Exchange) -> Exchange | None:
        body = as_json(exchange)
        kept = body["inputs"][: len(body["inputs"]) // 2]
        if not kept:
            return None
        return replace(exchange, body=json.dumps({**body, "inputs": kept}).encode())

    def refusal(self, what: Any) -> Reply:
        if what in ("429", "quota"):
            policy = {"429": "TEN_SECONDLY_ROLLING", "quota": "DAILY"}[what]
            body = {
                "status": "error",
                "message": "You have reached your limit.",
                "errorType": "RATE_LIMIT",
                "policyName": policy,
            }
            return Reply(429, json.dumps(body).encode(), {"Content-Type": "application/json"})
        body = {"status": "error", "message": "internal error", "category": "SERVER_ERROR"}
        return Reply(what, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def refuse_some(self, records: list[dict[str, Any]]) -> None:
        one = records[0]
        self.gate.faults.add(Fault("partial", ids=(str(one["trace"] or one["id"]),)))

    # -- what stands there ------------------------------------------------------------------------
    def tasks(self) -> list[dict[str, Any]]:
        """Return our tasks, in the bin too, oldest first."""
        found = []
        for record in self.portal.store.tables["tasks"].values():
            told = {name: versions[-1].value for name, versions in record.history.items()}
            if not told.get("crmrules_key"):
                continue
            found.append(
                {
                    "id": record.id,
                    "key": told["crmrules_key"],
                    "rule": told.get("crmrules_rule"),
                    "opportunity": told.get("crmrules_opportunity"),
                    "subject": told.get("hs_task_subject"),
                    "body": told.get("hs_task_body"),
                    "status": told.get("hs_task_status"),
                    "closed": told.get("hs_task_status") == "COMPLETED",
                    "due": told.get("hs_timestamp"),
                    "owner": told.get("hubspot_owner_id"),
                    "deleted": record.archived_at is not None,
                }
            )
        return found

    def exists(self, opportunity: str) -> bool:
        return self.portal.is_live("deals", opportunity)

    def owner(self, opportunity: str) -> str:
        return self.portal.value("deals", opportunity, "hubspot_owner_id") or ""

    @property
    def organization(self) -> str:
        return str(self.portal.portal_id)

    # -- what people do ---------------------------------------------------------------------------
    def move(self, opportunity: str, stage: str) -> None:
        values = {"dealstage": STAGE_IDS[stage]}
        if stage == "Closed Lost":
            values["closedate"] = stamp(self.now)
        self.portal.update("deals", opportunity, values, 7_205_000)

    def give(self, opportunity: str, owner: str) -> None:
        self.portal.update("deals", opportunity, {"hubspot_owner_id": owner}, 7_205_000)

    def drop(self, opportunity: str) -> None:
        self.portal.archive("deals", opportunity)

    def edit(self, task: dict[str, Any], **values: str) -> None:
        if "status" in values:
            values["status"] = STATUSES[values["status"]]
        if "body" in values:
            values["body"] = f"<p>{html.escape(values['body'])}</p>"
        if "due" in values:
            morning = datetime.combine(date.fromisoformat(values["due"]), time(9), self.portal.zone)
            values["due"] = stamp(morning)
        named = {PROPERTIES[name]: value for name, value in values.items()}
        self.portal.update("tasks", task["id"], named, 7_205_002)

    def delete(self, task: dict[str, Any]) -> None:
        self.portal.archive("tasks", task["id"])

    def purge(self, task: dict[str, Any]) -> None:
        self.portal.purge("tasks", task["id"])

    def keys_in_the_bin(self, *, block: bool) -> None:
        self.portal.quirks.archived_keys_block = block

    def calm(self) -> None:
        """Let the trouble be over."""
        self.gate.faults.clear()
