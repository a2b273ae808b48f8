"""A small Salesforce org for the machine: three opportunities, three people, and who did what."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from line import Line, RequestsLine, as_json

from crmrules import mapping
from crmrules_salesforce import connect
from crmrules_sandbox.salesforce.api import Api
from crmrules_sandbox.salesforce.auth import Auth
from crmrules_sandbox.salesforce.gateway import Gateway
from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.paging import Cursors
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema
from crmrules_sandbox.salesforce.start import shipped_fields
from crmrules_sandbox.salesforce.values import stamp
from crmrules_sandbox.wire.messages import Exchange, Reply

KEY_FIELD = "force-app/main/default/objects/Activity/fields/CrmRules_Key__c.field-meta.xml"
URL = "http://localhost:1"
COLUMNS = {
    "subject": "Subject",
    "body": "Description",
    "status": "Status",
    "due": "ActivityDate",
    "owner": "OwnerId",
}
STATUSES = {"completed": "Completed", "snoozed": "Deferred", "open": "Not Started"}
OPPORTUNITIES = 2


def _schema(*, unique: bool) -> Any:
    if unique:
        return load_deploy(shipped_fields(), standard_schema())
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "deploy"
        shutil.copytree(shipped_fields(), copy)
        file = copy / KEY_FIELD
        text = file.read_text()
        assert "<unique>true</unique>" in text
        file.write_text(text.replace("<unique>true</unique>", "<unique>false</unique>"))
        return load_deploy(copy, standard_schema())


class SalesforceDesk:
    """One org, put back to its start for every sequence."""

    name = "salesforce"
    bin_is_seen = True  # an incremental pull shows what was deleted

    def __init__(self, start: datetime, *, unique: bool) -> None:
        self.unique, self.start, self.now = unique, start, start
        self.org = Org(_schema(unique=unique), clock=lambda: self.now, daily_limit=10**9)
        self.robot = self.org.user_id
        self.people = [sfid("005", n) for n in (1, 2, 3)]
        self.opportunities = [sfid("006", n) for n in range(1, OPPORTUNITIES + 1)]
        self._fill()
        self.auth = Auth(self.org, token_life=None)
        self.auth.instance_url = URL
        self.api = Api(self.org, Cursors(2000, most_open=10))
        self.gate = Gateway(self.org, self.api, self.auth, sleep=lambda _: None)
        self.token = self.auth.issue()
        self._described: dict[bytes, Any] = {}
        self._remember_describes()
        self.line = Line(self.gate, self, lambda: self.now)
        self._kept = self._snapshot()

    def _fill(self) -> None:
        users = [
            {"Id": one, "Username": f"p{n}@x.example", "LastName": f"P{n}", "IsActive": True}
            for n, one in enumerate(self.people)
        ]
        accounts = [{"Id": sfid("001", n), "Name": f"A{n}"} for n in range(1, OPPORTUNITIES + 1)]
        chances = [
            {
                "Id": one,
                "Name": f"O{n}",
                "AccountId": sfid("001", n),
                "StageName": "Prospecting",
                "OwnerId": self.people[0],
                "CloseDate": "2027-12-31",
                "CreatedDate": stamp(self.start - timedelta(hours=20)),
                "Amount": 1000.0,
            }
            for n, one in enumerate(self.opportunities, 1)
        ]
        self.org.load({"User": users, "Account": accounts, "Opportunity": chances})

    def _remember_describes(self) -> None:
        """Describe each object once: that is most of what an in-process preflight costs."""
        made: dict[str, Any] = {}
        describe = self.api._describe

        def remembered(view: Any, request: Any, sobject: Any) -> Any:
            if sobject.name not in made:
                made[sobject.name] = describe(view, request, sobject)
            return made[sobject.name]

        self.api._describe = remembered

    def _snapshot(self) -> Any:
        store = self.org.store
        tables = {name: dict(rows) for name, rows in store.tables.items()}
        index = {name: dict(keys) for name, keys in store._index.items()}
        return tables, index, dict(store._numbers)

    def reset(self) -> None:
        store, (tables, index, numbers) = self.org.store, self._kept
        for name, rows in tables.items():
            store.tables[name].clear()
            store.tables[name].update(rows)
        store._index = {name: dict(keys) for name, keys in index.items()}
        store._numbers = dict(numbers)
        store.deletions.clear()
        self.org.row_locks.clear()
        self.api.used = 0
        self.now = self.start
        self.line.__init__(self.gate, self, lambda: self.now)

    def connector(self, now: Callable[[], datetime]) -> Any:
        section = {"auth": "token", "instance_url": URL, "access_token": self.token}
        section["daily_calls"] = 10**9
        made = connect(
            section,
            mapping=mapping.build({}, {}),
            now=now,
            sleep=lambda _: None,
            random=lambda: 0.0,
            wall=lambda: self.now,
        )
        local = RequestsLine(made._transport._adapter, self.line)
        made._transport._session.mount("https://", local)
        made._transport._session.mount("http://", local)
        return made

    # -- what the line asks -----------------------------------------------------------------------
    def records(self, exchange: Exchange) -> list[dict[str, Any]] | None:
        """Return the records of a call that writes; None: it only reads."""
        if b'composite/sobjects"' not in exchange.body:
            return None
        found = []
        for part in as_json(exchange)["compositeRequest"]:
            for record in part["body"]["records"]:
                kind = record["attributes"]["type"]
                action = "create" if part["method"] == "POST" else "change"
                about = record["id"] if action == "change" else record.get("WhatId")
                found.append(
                    {
                        "what": f"{action} {kind}",
                        "id": about,
                        "key": record.get("CrmRules_Key__c"),
                    }
                )
        return found

    def half(self, exchange: Exchange) -> Exchange | None:
        body = as_json(exchange)
        parts = []
        left = sum(len(p["body"]["records"]) for p in body["compositeRequest"]) // 2
        for part in body["compositeRequest"]:
            part["body"]["records"] = part["body"]["records"][:left]
            left -= len(part["body"]["records"])
            parts += [part] if part["body"]["records"] else []
        if not parts:
            return None
        return replace(exchange, body=json.dumps({**body, "compositeRequest": parts}).encode())

    def refusal(self, what: Any) -> Reply:
        status, code, message = {
            503: (503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
            500: (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
            "429": (429, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."),
            "quota": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        }[what]
        body = [{"errorCode": code, "message": message}]
        return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def refuse_some(self, records: list[dict[str, Any]]) -> None:
        if records and records[0]["id"]:
            self.org.lock_row(records[0]["id"], times=8)

    # -- what stands there ------------------------------------------------------------------------
    def tasks(self) -> list[dict[str, Any]]:
        """Return our tasks, in the bin too, oldest first."""
        return [
            {
                "id": row["Id"],
                "key": row["CrmRules_Key__c"],
                "rule": row.get("CrmRules_Rule__c"),
                "opportunity": row.get("WhatId"),
                "subject": row.get("Subject"),
                "body": row.get("Description"),
                "status": row.get("Status"),
                "closed": bool(row.get("IsClosed")),
                "due": row.get("ActivityDate"),
                "owner": row.get("OwnerId"),
                "deleted": bool(row.get("IsDeleted")),
                "by robot": row.get("LastModifiedById") == self.robot,
            }
            for row in self.org.store.tables["Task"].values()
            if row.get("CrmRules_Key__c")
        ]

    def exists(self, opportunity: str) -> bool:
        row = self.org.get("Opportunity", opportunity)
        return row is not None and not row.get("IsDeleted")

    def owner(self, opportunity: str) -> str:
        return str(self.org.get("Opportunity", opportunity)["OwnerId"])

    @property
    def organization(self) -> str:
        return str(self.org.organization["Id"])

    # -- what people do ---------------------------------------------------------------------------
    def move(self, opportunity: str, stage: str) -> None:
        person = self.owner(opportunity)
        self.org.update("Opportunity", opportunity, {"StageName": stage}, person)

    def give(self, opportunity: str, owner: str) -> None:
        person = self.owner(opportunity)
        self.org.update("Opportunity", opportunity, {"OwnerId": owner}, person)

    def drop(self, opportunity: str) -> None:
        self.org.delete(opportunity, self.owner(opportunity))

    def edit(self, task: dict[str, Any], **values: str) -> None:
        if "status" in values:
            values["status"] = STATUSES[values["status"]]
        columns = {COLUMNS[name]: value for name, value in values.items()}
        self.org.update("Task", task["id"], columns, self.people[2])

    def delete(self, task: dict[str, Any]) -> None:
        self.org.delete(task["id"], self.people[2])

    def purge(self, task: dict[str, Any]) -> None:
        self.org.hard_delete(task["id"])

    def keys_in_the_bin(self, *, block: bool) -> None:
        self.org.store.recycled_keys_block = block

    def calm(self) -> None:
        """Let the trouble be over."""
        self.org.row_locks.clear()
