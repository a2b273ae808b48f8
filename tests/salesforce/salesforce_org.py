"""A small sandbox org and a connector on it, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crmrules.connector import CreateTask, TaskFields
from crmrules.mapping import Mapping as OrgMapping
from crmrules_salesforce import connect
from crmrules_sandbox.salesforce.bulk import bulk_records
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org, shipped_fields

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Clock:
    """A clock that moves when told, and while somebody sleeps by it."""

    def __init__(self, now=NOW):
        self.now = now
        self.slept: list[float] = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def small_org(clock: Callable[[], datetime], opportunities: int = 12) -> Org:
    return seeded_org(7, clock=clock, opportunities=opportunities)


def bulk_org(clock: Callable[[], datetime], scale: int, **more: int) -> Org:
    org = Org(load_deploy(shipped_fields(), standard_schema()), clock=clock)
    counts = {"opportunities": 10, "roles": 20, "tasks": 60, "events": 20, "history": 40}
    counts |= {"line_items": 15}
    counts = {name: number * scale for name, number in counts.items()} | more
    org.load(bulk_records(1, clock(), **counts))
    return org


@contextmanager
def serving(org: Org, **options: Any) -> Iterator[SandboxServer]:
    with SandboxServer(org, **options) as server:
        yield server


@contextmanager
def connected(server: SandboxServer, clock: Clock, **settings: Any) -> Iterator[Any]:
    base = {
        "auth": "token",
        "instance_url": server.url,
        "access_token": server.token(),
        "ca_bundle": server.ca_file,
    }
    connector = connect(
        base | settings,
        mapping=OrgMapping(),
        now=clock,
        sleep=clock.sleep,
        random=lambda: 0.5,
    )
    try:
        yield connector
    finally:
        connector.close()


def by_jwt(server: SandboxServer, folder: Any, **settings: Any) -> Mapping[str, Any]:
    path = folder / "key.pem"
    path.write_text(server.auth.make_key())
    path.chmod(0o600)
    user = server.org.get("User", server.org.user_id)
    return {
        "auth": "jwt",
        "token_url": server.url,
        "audience": "https://test.salesforce.com",
        "client_id": server.auth.consumer_key,
        "username": user["Username"],
        "private_key_file": str(path),
        "access_token": "",
    } | settings


class Marks:
    """A store of which nothing is asked but its watermarks."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        self._marks = marks

    def marks(self) -> Mapping[str, str]:
        return self._marks


def read(connector: Any, marks: Mapping[str, str] | None = None) -> tuple[list[Any], dict, set]:
    rows, new, complete = [], {}, set()
    for batch in connector.pull(None if marks is None else Marks(marks)):
        rows.extend(batch.rows)
        new.update(batch.marks)
        complete |= batch.complete
    return rows, new, complete


def an_open_opportunity(org: Org) -> Mapping[str, Any]:
    users = {row["Id"]: row for row in org.rows("User")}
    return next(
        row
        for row in org.rows("Opportunity")
        if not row["IsClosed"] and not row["IsDeleted"] and users[row["OwnerId"]]["IsActive"]
    )


def new_task(org: Org, key: str = "cr1:1:o:abc", **more: Any) -> CreateTask:
    opportunity = an_open_opportunity(org)
    values = {
        "subject": "Ask who decides",
        "body": "Nobody knows yet.",
        "due": date(2026, 11, 30),
        "owner": opportunity["OwnerId"],
        "opportunity": opportunity["Id"],
        "rule": "entry-no-path-to-power",
    }
    return CreateTask(key, TaskFields(**(values | more)))


def ours(org: Org, key: str) -> list[Mapping[str, Any]]:
    return [row for row in org.rows("Task") if row.get("CrmRules_Key__c") == key]
