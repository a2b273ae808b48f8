"""The HubSpot half of the tests' world: a portal, provisioned as a user would, and its words.

Every request is held against HubSpot's contract (``hubspot_contract.watch``); here it is made sure
that none was sent past it.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, ClassVar

from world import CLOSED_LOST, OURS, ROOT, Ran, World

from crmrules_hubspot.connector import HubSpotConnector
from crmrules_sandbox.hubspot import writes
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.pipelines import STAGE_IDS, STAGE_PHASES
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.hubspot.records import Contents, Link, Record
from crmrules_sandbox.hubspot.schema import TYPES
from crmrules_sandbox.hubspot.seed import seeded_contents
from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.values import stamp
from hubspot_contract import watch

PATHS = {
    "pull": "/deals/(search|batch/read)",
    "write": "/tasks/batch/create",  # the call that must never be repeated
    "update": "/deals/batch/update",
}
PROPERTIES = {
    "subject": "hs_task_subject",
    "body": "hs_task_body",
    "status": "hs_task_status",
    "due": "hs_timestamp",
}
FIELDS = {"flags": ("deals", "crmrules_flags"), "key": ("tasks", "crmrules_key")}
STAGES = {stage: name for name, stage in STAGE_IDS.items()}
_PROVISION = "crmrules provision"
_fresh: dict[Any, Contents] = {}
_provisioned: dict[Any, Any] = {}


@dataclass
class HubSpotWorld(World):
    """A seeded portal behind a server."""

    name = "hubspot"
    connector = HubSpotConnector
    told: ClassVar = {
        "token": ("does not accept the token", "access_token_file"),
        "another organization": ("portal", "portal_id", "999"),
        "certificate": ("certificate", "ca_bundle"),
        "address": ("cannot reach", "base_url"),
        "production": ("production", "allow_production"),
        "opportunities": ("crm.objects.deals.read", "scope", "the opportunities themselves"),
        "flags read-only": ("crmrules_flags is read-only", _PROVISION),
        "key read-only": ("crmrules_key is of type string, or read-only", _PROVISION),
        "flags hidden": ("crmrules_flags", "do not exist", _PROVISION),
        "key hidden": ("crmrules_key does not exist", _PROVISION),
        "key not unique": ("crmrules_key is not unique",),
        "make it unique": ("refuses unique task properties",),
    }
    reads = (
        r"GET /account-info/.*/details|GET /crm/(owners|pipelines|properties)/.*"
        r"|GET /crm/objects/.*|POST /crm/objects/.*/(search|batch/read)"
        r"|POST /crm/associations/.*/batch/read"
    )
    quiet_calls = 30
    uncounted_calls = 0
    writing_calls = 5  # may we write tasks? deals? any in the bin? then a batch of either

    def begin(self) -> HubSpotServer:
        which = (self.seed, self.now, self.opportunities)
        if which not in _fresh:
            _fresh[which] = seeded_contents(*which)
        seeded = _fresh[which]
        records = [copied(record) for record in seeded.records]
        self.portal = Portal(replace(seeded, records=records), clock=lambda: self.now)
        self.portal.quirks.unique_on_tasks = self.unique_key
        return HubSpotServer(self.portal, tls=self.tls)

    def prepare(self) -> None:
        """Let ``crmrules provision`` make our properties, once for the same rules."""
        same = (repr(self.rules), self.unique_key)
        if same not in _provisioned:
            key = self.folder / "admin.key"
            key.write_text(self.server.token())
            key.chmod(0o600)
            ran = self.cli("provision", "--admin-token-file", str(key))
            assert ran.code == 0, ran.err
            key.unlink()
            _provisioned[same] = (self.portal.definitions, self.portal.groups)
        definitions, groups = _provisioned[same]
        self.portal.definitions = {kind: dict(definitions[kind]) for kind in TYPES}
        self.portal.groups = {kind: dict(groups[kind]) for kind in TYPES}
        for kind, name in FIELDS.values():
            if definitions[kind][name]["hasUniqueValue"]:
                self.portal.store.make_unique(kind, name)
        assert definitions["tasks"]["crmrules_key"]["hasUniqueValue"] is self.unique_key
        self.server.forget_calls()

    def section(self) -> dict[str, Any]:
        return {
            "base_url": self.server.url,
            "access_token": self.token,
            "portal_id": self.portal.portal_id,
            "ca_bundle": self.server.ca_file,
        }

    def phases(self) -> dict[str, dict[str, str]]:
        return {"default": dict(STAGE_PHASES)}

    def cli(self, command: str, *options: str) -> Ran:
        """Run a command, and insist that each of its requests was checked."""
        checked: Any = watch.every_call_checked(lambda: len(self.server.calls))
        with checked if self.reachable else contextlib.nullcontext():
            return super().cli(command, *options)

    def snapshot(self) -> Any:
        """Copy the records; what ends a history is appended, and all else is never changed."""
        store = self.portal.store
        links = {
            node: {kind: dict(targets) for kind, targets in found.items()}
            for node, found in store._links.items()
        }
        keys = {
            where: {key: [*ids] for key, ids in held.items()} for where, held in store._keys.items()
        }
        tables = {
            kind: {one: copied(record) for one, record in table.items()}
            for kind, table in store.tables.items()
        }
        return tables, links, keys, dict(store._highest)

    def restore(self, kept: Any) -> None:
        """Take a copy over; it stays as it is for the next to ask for it."""
        store = self.portal.store
        store.tables, store._links, store._keys, store._highest = kept
        store.tables, store._links, store._keys, store._highest = self.snapshot()

    # -- what stands there ------------------------------------------------------------------------
    def our_tasks(self, *, deleted: bool = True) -> list[dict[str, Any]]:
        tasks = [*self.portal.records("tasks")]
        tasks += self.portal.records("tasks", archived=True) if deleted else []
        ours = [self._told(task) for task in tasks if task.history.get("crmrules_key")]
        return sorted(ours, key=lambda task: int(task["id"]))

    def _told(self, task: Record) -> dict[str, Any]:
        def value(name: str) -> str | None:
            return self.portal.value("tasks", task.id, name)

        deals = [*self.portal.store.linked("tasks", task.id, "deals")]
        assert len(deals) <= 1
        due = datetime.fromisoformat(value("hs_timestamp") or "")
        return {
            "id": task.id,
            "key": value("crmrules_key"),
            "rule": value("crmrules_rule"),
            "opportunity": value("crmrules_opportunity"),
            "linked": bool(deals),
            "subject": value("hs_task_subject"),
            "body": as_text(value("hs_task_body") or ""),
            "status": (value("hs_task_status") or "").replace("_", " ").lower(),
            "due": due.astimezone(self.portal.zone).date().isoformat(),
            "owner": value("hubspot_owner_id"),
            "deleted": task.archived_at is not None,
        }

    def fields(self) -> dict[str, dict[str, Any]]:
        deals = [*self.portal.records("deals"), *self.portal.records("deals", archived=True)]
        return {deal.id: self._fields(deal.id) for deal in deals}

    def _fields(self, deal: str) -> dict[str, Any]:
        found = {
            name: self.portal.value("deals", deal, f"crmrules_{name}") or None for name in OURS
        }
        flags, checked = found["flags"], found["checked_at"]
        return found | {
            "flags": sorted(flags.split(";")) if flags else [],
            "checked_at": f"{checked[:19]}Z" if checked else None,
        }

    def stages(self) -> dict[str, str]:
        deals = self.portal.records("deals")
        told = ((deal.id, self.portal.value("deals", deal.id, "dealstage")) for deal in deals)
        return {one: STAGES[stage or ""] for one, stage in told}

    def owner_of(self, opportunity: str) -> str:
        return self.portal.value("deals", opportunity, "hubspot_owner_id") or ""

    def owners(self) -> list[str]:
        return [owner.id for owner in self.portal.owners if not owner.archived]

    def address(self, owner: str) -> str:
        return next(str(one.email) for one in self.portal.owners if one.id == owner)

    # -- what people do ---------------------------------------------------------------------------
    def _person(self, owner: str) -> int | None:
        found = self.portal.owner(owner)
        return None if found is None else found.user_id

    def move(self, opportunity: str, stage: str) -> None:
        values = {"dealstage": STAGE_IDS[stage]}
        if stage == CLOSED_LOST:
            values["closedate"] = stamp(self.now)  # HubSpot sets it where a deal is closed
        owner = self.owner_of(opportunity)
        self.portal.update("deals", opportunity, values, self._person(owner))

    def reassign(self, opportunity: str, owner: str) -> None:
        before = self.owner_of(opportunity)
        values = {"hubspot_owner_id": owner}
        self.portal.update("deals", opportunity, values, self._person(before))

    def edit(self, task: dict[str, Any], **values: str) -> None:
        if "status" in values:
            values["status"] = values["status"].upper().replace(" ", "_")
        if "body" in values:
            lines = values["body"].splitlines()
            values["body"] = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
        if "due" in values:
            values["due"] = self._morning(values["due"])
        named = {PROPERTIES[name]: value for name, value in values.items()}
        self.portal.update("tasks", task["id"], named, self._person(task["owner"]))

    def _morning(self, day: str) -> str:
        return stamp(datetime.combine(date.fromisoformat(day), time(9), self.portal.zone))

    def delete(self, task: dict[str, Any]) -> None:
        self.portal.archive("tasks", task["id"])

    def put_away(self, task: dict[str, Any]) -> None:
        """Take a task off its deal."""
        self.portal.unlink("tasks", task["id"], "deals", task["opportunity"])

    def delete_opportunity(self, opportunity: str) -> None:
        self.portal.archive("deals", opportunity)

    def leave(self, owner: str) -> None:
        owners = self.portal.owners
        owners[:] = [replace(o, archived=True) if o.id == owner else o for o in owners]

    def late(self, write: dict[str, Any]) -> None:
        texts = {
            "hs_task_subject": write["fields"]["subject"],
            "hs_task_body": write["fields"]["body"].replace("\n", "<br>"),
            "hs_task_status": "NOT_STARTED",
            "hs_timestamp": self._morning(write["fields"]["due"]),
            "hubspot_owner_id": write["owner"],
            "crmrules_key": write["key"],
            "crmrules_rule": write["rule"],
            "crmrules_opportunity": write["opportunity"],
        }
        made = writes.make(self.portal, "tasks", texts, self.portal.app)
        self.portal.link_as_told(Link("tasks", made.id, "deals", write["opportunity"]))

    # -- what goes wrong --------------------------------------------------------------------------
    def keys_in_the_bin(self, *, block: bool) -> None:
        self.portal.quirks.archived_keys_block = block

    def lock(self, opportunity: str) -> None:
        """Let a rule of the portal ask for a property that is empty."""
        self.portal.require("deals", "closed_lost_reason", [opportunity])

    def unlock(self, opportunity: str) -> None:
        self.portal.required.clear()

    def fault(self, kind: str, on: str = "write", **more: Any) -> Fault:
        if kind == "no right":
            return Fault("missing_scopes", path=PATHS[on], scopes=("crm.objects.contacts.write",))
        kind = {"no calls left": "daily_exhausted"}.get(kind, kind)
        return Fault(kind, path=PATHS[on], **more)

    def new_day(self) -> None:
        self.server.gateway.meter.used = 0

    def point_to(self, url: str) -> None:
        self.access = {"base_url": url}

    def pin_another(self) -> None:
        self.access = {"portal_id": 999}

    def make_production(self) -> None:
        self.portal.account_type = "STANDARD"

    def hide_opportunities(self) -> None:
        self.portal.revoke("crm.objects.deals.read")

    def make_read_only(self, name: str) -> None:
        kind, property_ = FIELDS[name]
        self._kept = self.portal.definitions[kind][property_]
        meta = {**self._kept["modificationMetadata"], "readOnlyValue": True}
        self.portal.redefine(kind, property_, modificationMetadata=meta)

    def hide(self, name: str) -> None:
        self.portal.undefine(*FIELDS[name])

    def show(self, name: str) -> None:
        self.portal.define(FIELDS[name][0], self._kept)

    def environment(self) -> dict[str, str]:
        self._log = self.folder / "contract.log"
        found = watch.environment(self._log)
        places = [str(ROOT / "src"), str(ROOT / "connectors"), found["PYTHONPATH"]]
        return found | {"PYTHONPATH": os.pathsep.join(places)}

    def process_ended(self) -> None:
        """Take over what the process wrote down about its requests."""
        before = watch.SESSION.checked
        watch.SESSION.read(self._log)
        assert watch.SESSION.checked > before
        self._log.unlink()


def copied(record: Record) -> Record:
    """Return a record that may be changed without changing the other."""
    return replace(record, history={name: [*told] for name, told in record.history.items()})


def as_text(body: str) -> str:
    """Return the text of rich text as our tasks and the people of these tests write it."""
    lines = re.sub(r"<br>|</p><p>", "\n", body)
    return html.unescape(re.sub(r"</?p>", "", lines))
