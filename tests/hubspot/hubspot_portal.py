"""A sandbox portal with a handful of deals, a connector on it, and a store of what it yields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from crmrules.connector import Batch, Child, CreateTask, Head, Row, TaskFields
from crmrules.mapping import Mapping as OrgMapping
from crmrules_hubspot import connect
from crmrules_hubspot import transport as transport_module
from crmrules_sandbox.hubspot.pipelines import STAGE_IDS, STAGE_PHASES, pipelines
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.hubspot.records import Contents, Owner
from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.start import provision, seeded_portal
from crmrules_sandbox.scenario.outline import LOST, WON
from crmrules_sandbox.wire.messages import Exchange
from hubspot_contract import watch

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
OPEN_STAGES = [one for name, one in STAGE_IDS.items() if name not in (WON, LOST)]
OPEN, WON_STAGE, LOST_STAGE = OPEN_STAGES[0], STAGE_IDS[WON], STAGE_IDS[LOST]
OWNERS = [
    Owner("51", 7, "rita@ours.example", "Rita", "Rep"),
    Owner("52", 8, "al@ours.example", "Al", "Account"),
    Owner("53", 9, "gone@ours.example", "Gus", "Gone", archived=True),
]
RITA, AL = 7, 8  # users behind the owners
PORTAL_ID = 4711
KEY = "cr1:4711:1:abc"


class Clock:
    """A clock that moves when told, and while somebody sleeps by it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)


def empty_portal(clock: Clock, **options: Any) -> Portal:
    contents = Contents([], [], OWNERS, pipelines(), PORTAL_ID, time_zone="Europe/Berlin")
    portal = Portal(contents, clock=clock, **options)
    provision(portal)
    return portal


class Book:
    """What people do in a portal, in a word each. Everything returns the id of what it made."""

    def __init__(self, portal: Portal, clock: Clock) -> None:
        self.portal, self.clock = portal, clock

    def company(self, name: str) -> str:
        return self.portal.create("companies", {"name": name}, user_id=RITA)

    def contact(self, first: str, **more: str) -> str:
        values = {"firstname": first, "lastname": "Ortiz"} | more
        return self.portal.create("contacts", values, user_id=RITA)

    def deal(
        self,
        name: str,
        *,
        company: str | None = None,
        contacts: Iterable[str] = (),
        stage: str = OPEN,
        closed: date | None = None,
    ) -> str:
        values = {"dealname": name, "pipeline": "default", "dealstage": OPEN, "amount": "1000"}
        one = self.portal.create("deals", values | {"hubspot_owner_id": "51"}, user_id=RITA)
        if company is not None:
            self.portal.link("deals", one, "companies", company, primary=True)
        for contact in contacts:
            self.portal.link("deals", one, "contacts", contact)
        if stage != OPEN:
            self.close(one, stage, closed)
        return one

    def close(self, deal: str, stage: str, day: date | None = None) -> None:
        stamp = f"{day or self.clock.now.date()}T12:00:00.000Z"
        self.portal.update("deals", deal, {"dealstage": stage, "closedate": stamp}, user_id=RITA)

    def log(self, kind: str, *about: tuple[str, str], text: str = "We talked.", **more: str) -> str:
        """Log an activity about these records."""
        bodies = {
            "calls": "hs_call_body",
            "meetings": "hs_meeting_body",
            "emails": "hs_email_text",
            "notes": "hs_note_body",
            "tasks": "hs_task_body",
        }
        at = self.clock.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        values = {"hs_timestamp": at, bodies[kind]: text} | more
        return self.portal.create(kind, values, about, user_id=RITA)

    def line(self, *about: tuple[str, str], name: str = "Seats", **more: str) -> str:
        values = {"name": name, "price": "10", "quantity": "5"} | more
        return self.portal.create("line_items", values, about, user_id=RITA)

    def quote(self, deal: str, lines: int = 1) -> str:
        one = self.portal.create(
            "quotes", {"hs_title": "Offer", "hs_status": "DRAFT"}, [("deals", deal)], user_id=RITA
        )
        for _ in range(lines):
            self.line(("quotes", one))
        return one


class Small:
    """A portal of seven deals, made over half a year, and the ids of what is in it."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.clock = clock
        clock.now = NOW - timedelta(days=150)
        self.portal = empty_portal(clock, **options)
        self.book = book = Book(self.portal, clock)
        self.acme, self.bolt = book.company("Acme"), book.company("Bolt")
        self.people = [book.contact(name) for name in ("Jo", "Kim", "Lou", "Max")]
        jo, kim, lou, _ = self.people
        self.first = book.deal("Acme - one", company=self.acme, contacts=(jo, kim))
        self.second = book.deal("Bolt - two", company=self.bolt, contacts=(lou,))
        self.third = book.deal("Loner - three", contacts=(jo,))
        clock.advance(days=30)
        self.won = book.deal("Acme - won", company=self.acme, stage=WON_STAGE, contacts=(jo,))
        self.lost = book.deal("Bolt - lost", company=self.bolt, stage=LOST_STAGE)
        self.old = book.deal(
            "Bolt - old", company=self.bolt, stage=WON_STAGE, closed=date(2025, 3, 1)
        )
        self.ancient = book.deal("Ancient", stage=LOST_STAGE, closed=date(2020, 3, 1))
        self.call = book.log(
            "calls", ("deals", self.first), ("companies", self.acme), ("contacts", jo)
        )
        self.shared = book.log("meetings", ("deals", self.first), ("deals", self.second))
        self.mail = book.log("emails", ("deals", self.second), ("contacts", lou))
        self.note = book.log("notes", ("deals", self.first))
        self.todo = book.log("tasks", ("deals", self.first), hs_task_subject="Send it")
        self.on_company = book.log("calls", ("companies", self.acme), text="How is it going?")
        self.line = book.line(("deals", self.first))
        self.quote = book.quote(self.first, lines=2)
        clock.advance(days=120)


class InProcess(httpx.BaseTransport):
    """Hands requests to a portal without a socket between, as a thousand calls cost time."""

    def __init__(self, gateway: Any) -> None:
        self.gateway = gateway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers.pop("accept-encoding", None)
        target = request.url.raw_path.decode("ascii")
        reply = self.gateway.answer(Exchange(request.method, target, headers, request.read()))
        if reply.send != "all":
            raise httpx.RemoteProtocolError("the server disconnected", request=request)
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body)


def org_mapping(**more: Any) -> OrgMapping:
    phases = {
        "default": {k: None if v == "none" else v for k, v in STAGE_PHASES.items()},
    }
    return OrgMapping(**({"phases": phases} | more))


@contextmanager
def serving(portal: Portal, **options: Any) -> Iterator[HubSpotServer]:
    with HubSpotServer(portal, **options) as server:
        yield server


@contextmanager
def connected(
    server: HubSpotServer,
    clock: Clock,
    *,
    mapping: OrgMapping | None = None,
    inside: bool = False,
    **settings: Any,
) -> Iterator[Any]:
    """A connector on a server; ``inside``: without a socket between."""
    base = {"base_url": server.url, "access_token": server.token(), "ca_bundle": server.ca_file}
    real = transport_module.http_transport
    if inside:
        transport_module.http_transport = lambda *_, **__: watch.ContractTransport(
            InProcess(server.gateway)
        )
    try:
        connector = connect(
            base | settings,
            mapping=mapping or org_mapping(),
            now=clock,
            sleep=clock.sleep,
            random=lambda: 0.5,
            clock=clock.seconds,
        )
    finally:
        transport_module.http_transport = real
    try:
        yield connector
    finally:
        connector.close()


class Kept:
    """The rows that earlier pulls left, kept as the mirror of the state store keeps them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self._marks: dict[str, str] = {}
        self.problems: list[Any] = []

    def marks(self) -> Mapping[str, str]:
        return self._marks

    def heads(self) -> Iterator[Head]:
        for (kind, one), row in sorted(self.rows.items()):
            if kind == "deal":
                yield Head(one, row.account, row.closed_on, row.won)

    def children(self, parents: Sequence[str]) -> Iterator[Child]:
        wanted = set(parents)
        for (kind, one), row in [*self.rows.items()]:
            if row.parent in wanted:
                yield Child(row.parent, kind, one, row.stamp)

    def pull(self, connector: Any, *, full: bool = False) -> list[Row]:
        """Take over a pull as it comes; return the rows it yielded, those that are gone too.

        One that fails leaves nothing, as in the store's transaction.
        """
        before = dict(self.rows)
        try:
            return self._take(connector.pull(None if full or not self._marks else self))
        except BaseException:
            self.rows = before
            raise

    def _take(self, batches: Iterable[Batch]) -> list[Row]:
        seen: set[tuple[str, str]] = set()
        yielded: list[Row] = []
        self.problems = []
        for batch in batches:
            self.problems += batch.problems
            yielded += batch.rows
            for row in {(row.kind, row.id): row for row in batch.rows}.values():
                key = row.kind, row.id
                if row.gone:
                    self.rows.pop(key, None)
                else:
                    self.rows[key] = row
                    seen.add(key)
            for key in [*self.rows]:
                if key[0] in batch.complete and key not in seen:
                    del self.rows[key]
            self._marks |= batch.marks
        return yielded

    def of(self, deal: str) -> list[Row]:
        """Everything the store hands over for one deal."""
        own = self.rows.get(("deal", deal))
        if own is None:
            return []
        found = [row for row in self.rows.values() if row.parent == deal]
        if own.account is not None:
            found += [row for row in self.rows.values() if row.parent == own.account]
            found += [
                row
                for (kind, one), row in self.rows.items()
                if kind == "deal" and row.account == own.account and one != deal
            ]
        return found

    def ids(self, kind: str) -> set[str]:
        return {one for name, one in self.rows if name == kind}


def pulled(connector: Any, *, full: bool = True) -> Kept:
    kept = Kept()
    kept.pull(connector, full=full)
    return kept


def opportunity(connector: Any, kept: Kept, deal: str) -> Any:
    return connector.normalize(deal, kept.of(deal))


def new_task(deal: str, key: str = KEY, **more: Any) -> CreateTask:
    values = {
        "subject": "Ask who decides",
        "body": "Nobody knows yet.",
        "due": date(2026, 11, 30),
        "owner": "51",
        "opportunity": deal,
        "rule": "entry-no-path-to-power",
    }
    return CreateTask(key, TaskFields(**(values | more)))


def ours(portal: Portal, key: str = KEY, *, archived: bool = False) -> list[str]:
    """The ids of the tasks with a key."""
    return [
        record.id
        for record in portal.records("tasks", archived=archived)
        if portal.value("tasks", record.id, "crmrules_key") == key
    ]


__all__ = [
    "AL",
    "KEY",
    "LOST_STAGE",
    "NOW",
    "OPEN",
    "OPEN_STAGES",
    "PORTAL_ID",
    "RITA",
    "WON_STAGE",
    "Book",
    "Clock",
    "Kept",
    "Small",
    "connected",
    "empty_portal",
    "new_task",
    "opportunity",
    "org_mapping",
    "ours",
    "pulled",
    "seeded_portal",
    "serving",
]
