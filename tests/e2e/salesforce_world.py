"""The Salesforce half of the tests' world: an org, its fields and its words."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from world import OURS, ROOT, World

from crmrules_salesforce.connector import SalesforceConnector
from crmrules_sandbox.salesforce.faults import Fault
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org, shipped_fields

KEY_FIELD = "force-app/main/default/objects/Activity/fields/CrmRules_Key__c.field-meta.xml"
WRITE = "composite/sobjects"  # stands in the body of a composite that writes
PULL = "FROM(%20|\\+| )Opportunity(%20|\\+| )WHERE"  # of one that reads opportunities
COLUMNS = {
    "subject": "Subject",
    "body": "Description",
    "status": "Status",
    "due": "ActivityDate",
}
FIELDS = {"flags": ("Opportunity", "CrmRules_Flags__c"), "key": ("Task", "CrmRules_Key__c")}


def not_unique(folder: Path) -> Path:
    """Return a copy of the shipped fields in which the key is a plain text field."""
    shutil.copytree(shipped_fields(), folder)
    file = folder / KEY_FIELD
    text = file.read_text()
    assert "<unique>true</unique>" in text
    file.write_text(text.replace("<unique>true</unique>", "<unique>false</unique>"))
    return folder


@dataclass
class SalesforceWorld(World):
    """A seeded org behind a server."""

    name = "salesforce"
    connector = SalesforceConnector
    told: ClassVar = {
        "token": ("access token",),
        "another organization": ("organization", "00D000000000999"),
        "certificate": ("certificate", "ca_bundle"),
        "address": ("cannot reach", "instance_url"),
        "production": ("production", "allow_production"),
        "opportunities": ("opportunity", "permission"),
        "flags read-only": ("CrmRules_Flags__c", "permission set"),
        "key read-only": ("CrmRules_Key__c", "permission set"),
        "flags hidden": ("CrmRules_Flags__c", "permission set"),
        "key hidden": ("CrmRules_Key__c", "permission set"),
        "key not unique": ("CrmRules_Key__c",),
        "make it unique": ("Unique",),
    }
    reads = r"GET .*/(userinfo|query|queryAll)|POST .*/composite"
    quiet_calls = 4
    uncounted_calls = 1  # userinfo
    writing_calls = 1

    def begin(self) -> SandboxServer:
        deploy = None if self.unique_key else not_unique(self.folder / "deploy")
        self.org = seeded_org(
            self.seed, clock=lambda: self.now, opportunities=self.opportunities, deploy=deploy
        )
        return SandboxServer(self.org, tls=self.tls)

    def prepare(self) -> None:
        """Do nothing: the fields were deployed with the org."""

    def section(self) -> dict[str, Any]:
        return {
            "auth": "token",
            "instance_url": self.server.url,
            "access_token": self.token,
            "ca_bundle": self.server.ca_file,
        }

    def snapshot(self) -> Any:
        """Copy the tables; rows are never changed in place."""
        store = self.org.store
        tables = {name: dict(rows) for name, rows in store.tables.items()}
        return tables, {name: dict(keys) for name, keys in store._index.items()}, store._numbers

    def restore(self, kept: Any) -> None:
        tables, index, numbers = kept
        store = self.org.store
        store.tables = {name: dict(rows) for name, rows in tables.items()}
        store._index = {name: dict(keys) for name, keys in index.items()}
        store._numbers = dict(numbers)

    # -- what stands there ------------------------------------------------------------------------
    def our_tasks(self, *, deleted: bool = True) -> list[dict[str, Any]]:
        rows = [row for row in self.org.rows("Task") if row.get("CrmRules_Key__c")]
        return [_told(row) for row in rows if deleted or not row.get("IsDeleted")]

    def fields(self) -> dict[str, dict[str, Any]]:
        found = {}
        for row in self.org.rows("Opportunity"):
            status, flags, summary, phase, checked = (
                row.get(f"CrmRules_{name}__c")
                for name in ("Status", "Flags", "Summary", "Buying_Phase", "Checked_At")
            )
            found[row["Id"]] = dict(
                zip(
                    OURS,
                    (
                        status,
                        sorted(flags.split(";")) if flags else [],
                        summary,
                        phase,
                        f"{checked[:19]}Z" if checked else None,
                    ),
                    strict=True,
                )
            )
        return found

    def stages(self) -> dict[str, str]:
        rows = self.org.rows("Opportunity")
        return {row["Id"]: row["StageName"] for row in rows if not row.get("IsDeleted")}

    def owner_of(self, opportunity: str) -> str:
        row = self.org.get("Opportunity", opportunity)
        assert row is not None
        return str(row["OwnerId"])

    def owners(self) -> list[str]:
        users = self.org.rows("User")
        robot = self.org.user_id
        return [row["Id"] for row in users if row.get("IsActive") and row["Id"] != robot]

    def address(self, owner: str) -> str:
        return str((self.org.get("User", owner) or {})["Email"])

    def _users(self, **values: Any) -> None:
        rows = [row | values for row in self.org.rows("User") if row["Id"] in self.owners()]
        self.org.load({"User": rows})

    def work_in(self, zone: str) -> None:
        self._users(TimeZoneSidKey=zone)

    def manage(self, boss: str) -> None:
        self._users(ManagerId=boss)
        self.org.load({"User": [{**(self.org.get("User", boss) or {}), "ManagerId": None}]})

    # -- what people do ---------------------------------------------------------------------------
    def move(self, opportunity: str, stage: str) -> None:
        owner = self.owner_of(opportunity)
        self.org.update("Opportunity", opportunity, {"StageName": stage}, owner)

    def reassign(self, opportunity: str, owner: str) -> None:
        before = self.owner_of(opportunity)
        self.org.update("Opportunity", opportunity, {"OwnerId": owner}, before)

    def edit(self, task: dict[str, Any], **values: str) -> None:
        if "status" in values:
            values["status"] = values["status"].title()
        columns = {COLUMNS[name]: value for name, value in values.items()}
        self.org.update("Task", task["id"], columns, task["owner"])

    def delete(self, task: dict[str, Any]) -> None:
        self.org.delete(task["id"], task["owner"])

    def put_away(self, task: dict[str, Any]) -> None:
        """Complete a task, and let the org archive it, which it does to old ones."""
        self.complete(task)
        self.org.archive(task["id"])

    def delete_opportunity(self, opportunity: str) -> None:
        self.org.delete(opportunity, self.owner_of(opportunity))

    def leave(self, owner: str) -> None:
        self.org.load({"User": [{**(self.org.get("User", owner) or {}), "IsActive": False}]})

    def late(self, write: dict[str, Any]) -> None:
        values = {
            "Subject": write["fields"]["subject"],
            "Description": write["fields"]["body"],
            "ActivityDate": write["fields"]["due"],
            "OwnerId": write["owner"],
            "WhatId": write["opportunity"],
            "CrmRules_Key__c": write["key"],
            "CrmRules_Rule__c": write["rule"],
        }
        self.org.insert("Task", values)

    # -- what goes wrong --------------------------------------------------------------------------
    def keys_in_the_bin(self, *, block: bool) -> None:
        self.org.store.recycled_keys_block = block  # what Salesforce does is not documented

    def lock(self, opportunity: str) -> None:
        self.org.lock_for_approval(opportunity)

    def unlock(self, opportunity: str) -> None:
        self.org.unlock(opportunity)

    def fault(self, kind: str, on: str = "write", **more: Any) -> Fault:
        kind, more = _KINDS.get(kind, (kind, {}))[0], {**_KINDS.get(kind, ("", {}))[1], **more}
        return Fault(kind, body={"pull": PULL, "write": WRITE}[on], **more)

    def new_day(self) -> None:
        self.server.api.used = 0

    def point_to(self, url: str) -> None:
        self.access = {"instance_url": url}

    def pin_another(self) -> None:
        self.access = {"organization_id": "00D000000000999AAA"}

    def make_production(self) -> None:
        organization = dict(self.org.organization) | {"IsSandbox": False}
        self.org.load({"Organization": [organization]})

    def hide_opportunities(self) -> None:
        self.org.deny("Opportunity", "read")

    def make_read_only(self, name: str) -> None:
        self.org.make_read_only(*FIELDS[name])

    def hide(self, name: str) -> None:
        self.org.hide(*FIELDS[name])

    def show(self, name: str) -> None:
        self.org.show(*FIELDS[name])

    def environment(self) -> dict[str, str]:
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "connectors")])
        return os.environ | {"PYTHONPATH": paths}

    def process_ended(self) -> None:
        """Do nothing."""


_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "no calls left": ("quota_exhausted", {}),
    "no right": (
        "status",
        {"status": 403, "code": "INSUFFICIENT_ACCESS", "message": "no rights"},
    ),
}


def _told(row: Any) -> dict[str, Any]:
    return {
        "id": row["Id"],
        "key": row["CrmRules_Key__c"],
        "rule": row.get("CrmRules_Rule__c"),
        "opportunity": row.get("WhatId"),
        "linked": bool(row.get("WhatId")),
        "subject": row.get("Subject"),
        "body": row.get("Description"),
        "status": str(row.get("Status")).lower(),
        "due": row.get("ActivityDate"),
        "owner": row.get("OwnerId"),
        "deleted": bool(row.get("IsDeleted")),
    }
