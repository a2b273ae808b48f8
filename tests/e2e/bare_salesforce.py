"""A Salesforce org in which nothing of ours is yet, and everything that can be seen in it."""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from salesforce_world import SalesforceWorld

from crmrules.cli import admin
from crmrules_salesforce.http import Transport
from crmrules_salesforce.provision import connect
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org

REMOVALS = 4
"""Calls that remove something: tasks, fields, who has which permission set, permission sets."""
HISTORY = ("OpportunityHistory", "OpportunityFieldHistory")
STAMPS = ("SystemModstamp", "LastModifiedDate", "LastModifiedById", "LastActivityDate")


class BareSalesforce(SalesforceWorld):
    """An org nobody has provisioned."""

    unprovisioned = "not provisioned"
    refused = ("field",)

    def begin(self) -> SandboxServer:
        self.org = seeded_org(
            self.seed, clock=lambda: self.now, opportunities=self.opportunities, bare=True
        )
        return SandboxServer(self.org, tls=self.tls)

    def prepare(self) -> None:
        """Leave an administrator's token, and make nothing."""
        key = self.folder / "admin.key"
        key.write_text(self.server.token(self.org.metadata.administrator()))
        key.chmod(0o600)

    def settle(self) -> Any:
        """Sync once by itself: what other worlds hand on has our fields from the beginning."""
        self.synced()
        self.advance()
        return self

    def provision(self) -> Any:
        return self.as_admin("provision", "--assign")

    def unprovision(self, *options: str) -> Any:
        return self.as_admin("unprovision", "--yes", *options)

    def look(self) -> Any:
        return self.as_admin("unprovision", "--dry-run")

    def as_admin(self, command: str, *options: str) -> Any:
        """Run a command with the administrator's token, and insist that all went well."""
        ran = self.try_as_admin(command, *options)
        assert ran.code == 0, ran.err
        return ran

    def try_as_admin(self, command: str, *options: str) -> Any:
        """Run it without really sleeping, whatever is installed."""
        made = partial(connect, sleep=self.slept.append)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(admin, "_maker", lambda _: made)
            return self.cli(command, "--admin-token-file", str(self.folder / "admin.key"), *options)

    def whole(self) -> Any:
        """Copy the org, its setup too."""
        org, metadata = self.org, self.org.metadata
        fields = {name: dict(sobject.fields) for name, sobject in org.schema.items()}
        setup = (dict(metadata.components), set(metadata._made))
        return copy.deepcopy((self.snapshot(), setup)), fields

    def bring_back(self, kept: Any) -> None:
        """Take such a copy over."""
        (records, (components, made)), fields = copy.deepcopy(kept[0]), kept[1]
        org, metadata = self.org, self.org.metadata
        for name, wanted in fields.items():
            for gone in org.schema[name].fields.keys() - wanted.keys():
                org.set_field(name, gone, None)
            for back in wanted.keys() - org.schema[name].fields.keys():
                org.set_field(name, back, wanted[back])
        metadata._components, metadata._made = components, made
        metadata.jobs.clear()
        self.restore(records)

    @contextlib.contextmanager
    def killed_at(self, call: int, *, answered: bool) -> Iterator[None]:
        """Let the program be interrupted at its n-th call that removes something.

        ``answered``: the CRM has done it, and nobody has read the answer.
        """
        seen = itertools.count(1)
        once, exchange = Transport._once, Transport.exchange

        def stopped(removes: bool, work: Any) -> Any:
            if not removes or next(seen) != call:
                return work()
            if answered:
                work()
            raise KeyboardInterrupt

        def read(it: Any, client: Any, method: str, path: str, *rest: Any, **more: Any) -> Any:
            work = partial(once, it, client, method, path, *rest, **more)
            return stopped(method == "DELETE", work)

        def send(it: Any, method: str, path: str, **more: Any) -> Any:
            work = partial(exchange, it, method, path, **more)
            return stopped(path.endswith("deployRequest"), work)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Transport, "_once", read)
            patch.setattr(Transport, "exchange", send)
            yield

    def protect(self, *, on: bool = True) -> None:
        """Let a flow use one of our fields (or not)."""
        uses = {"Opportunity.CrmRules_Status__c": "Flow - Theirs"} if on else {}
        self.org.metadata.in_use = uses

    def everything(self) -> dict[str, Any]:
        """Return every value, field and component that can be seen."""
        found: dict[str, Any] = {}
        for name, sobject in self.org.schema.items():
            found[f"{name} fields"] = sorted(sobject.fields)
            for row in self.org.rows(name) if name not in HISTORY else ():
                if not row.get("IsDeleted"):
                    seen = {k: v for k, v in row.items() if k not in STAMPS and v is not None}
                    found[f"{name} {row['Id']}"] = seen
        for (kind, name), element in self.org.metadata.components.items():
            found[f"{kind} {name}"] = ET.tostring(element)
        return found
