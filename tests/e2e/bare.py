"""A CRM in which nothing of ours is yet, everything a person or an API query sees in it, and us.

``Bare`` begins where an administrator does. ``everything`` is an oracle of its own: it reads the
sandbox's store, never through a connector. Left out: history, the bin, and system stamps.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import bare_salesforce
import pytest
from hubspot_world import HubSpotWorld

from crmrules.cli import admin
from crmrules_hubspot.transport import Transport
from crmrules_sandbox.hubspot.reading import shown
from crmrules_sandbox.hubspot.schema import TYPES

REMOVALS = {"hubspot": 11, "salesforce": bare_salesforce.REMOVALS}
"""Calls that remove something. HubSpot: one for the tasks, eight properties, two groups."""
STAMPS = ("hs_lastmodifieddate", "lastmodifieddate")


class BareHubSpot(HubSpotWorld):
    """A portal nobody has provisioned."""

    unprovisioned = "not provisioned"
    refused = ("field", "group")

    def prepare(self) -> None:
        """Leave an administrator's token, and make nothing."""
        key = self.folder / "admin.key"
        key.write_text(self.server.token())
        key.chmod(0o600)

    def provision(self) -> Any:
        return self.as_admin("provision")

    def unprovision(self, *options: str) -> Any:
        return self.as_admin("unprovision", "--yes", *options)

    def look(self) -> Any:
        return self.cli("unprovision", "--dry-run")

    def as_admin(self, command: str, *options: str) -> Any:
        """Run a command with the administrator's token, and insist that all went well."""
        ran = self.try_as_admin(command, *options)
        assert ran.code == 0, ran.err
        return ran

    def try_as_admin(self, command: str, *options: str) -> Any:
        """Run it without really sleeping."""
        real = admin._maker

        def maker(connector: str) -> Any:
            return partial(real(connector), sleep=self.slept.append)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(admin, "_maker", maker)
            return self.cli(command, "--admin-token-file", str(self.folder / "admin.key"), *options)

    def whole(self) -> Any:
        """Copy the portal, its property settings too."""
        portal = self.portal
        settings = copy.deepcopy((portal.definitions, portal.groups))
        return self.snapshot(), settings, copy.deepcopy(portal.store.unique)

    def bring_back(self, kept: Any) -> None:
        """Take such a copy over."""
        records, settings, unique = copy.deepcopy(kept)
        self.restore(records)
        self.portal.definitions, self.portal.groups = settings
        self.portal.store.unique = unique

    @contextlib.contextmanager
    def killed_at(self, call: int, *, answered: bool) -> Iterator[None]:
        """Let the program be interrupted at its n-th call that removes something.

        ``answered``: the CRM has done it, and nobody has read the answer.
        """
        real, seen = Transport._once, itertools.count(1)

        def once(transport: Any, method: str, path: str, *rest: Any) -> Any:
            removes = method == "DELETE" or path.endswith("/batch/archive")
            if not removes or next(seen) != call:
                return real(transport, method, path, *rest)
            if answered:
                real(transport, method, path, *rest)
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Transport, "_once", once)
            yield

    def protect(self, *, on: bool = True) -> None:
        """Let a view or a workflow use one of our properties (or not)."""
        rights = self.portal.definitions["deals"]["crmrules_status"]["modificationMetadata"]
        rights["archivable"] = not on

    def everything(self) -> dict[str, Any]:
        """Return every value, link, definition and group that can be seen."""
        portal = self.portal
        found: dict[str, Any] = {"pipelines": repr(portal.pipelines), "groups": portal.groups}
        for kind in TYPES:
            defined = {n: d for n, d in portal.definitions[kind].items() if not d["archived"]}
            found[f"{kind} defined"] = defined
            for record in portal.records(kind):
                values = shown(portal, record, sorted(defined))["properties"]
                links = {to: sorted(portal.live_links(kind, record.id, to)) for to in TYPES}
                seen = {n: v for n, v in values.items() if n not in STAMPS}
                found[f"{kind} {record.id}"] = (seen, {t: ids for t, ids in links.items() if ids})
        return found


BARE = {"hubspot": BareHubSpot, "salesforce": bare_salesforce.BareSalesforce}
