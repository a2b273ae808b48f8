"""A small portal, a clock that can be moved, and a plain client of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.hubspot.records import Contents, Owner, Pipeline, Stage

NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
API = "2026-09"
KEY = {
    "name": "crmrules_key",
    "label": "Key",
    "groupName": "taskinformation",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
}
SALES = Pipeline(
    "default",
    "Sales",
    0,
    (
        Stage("1001", "First talk", 0, closed=False, probability="0.2"),
        Stage("1002", "Offer", 1, closed=False, probability="0.6"),
        Stage("1003", "Won", 2, closed=True, probability="1.0"),
        Stage("1004", "Lost", 3, closed=True, probability="0.0"),
    ),
)
RENEWALS = Pipeline("renewals", "Renewals", 1, (Stage("2001", "Offer", 0, False, "0.9"),))
OWNERS = [
    Owner("51", 9001, "ann@example.com", "Ann", "Ash"),
    Owner("52", 9002, "bob@example.com", "Bob", "Bay"),
    Owner("53", 9003, "cem@example.com", "Cem", "Coy", archived=True),
]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now

    def advance(self, **step):
        self.now += timedelta(**step)


def make_portal(clock, **options):
    options.setdefault("properties", {"tasks": [KEY]})
    contents = Contents([], [], OWNERS, [SALES, RENEWALS], 4242, time_zone="Europe/Berlin")
    return Portal(contents, clock=clock, **options)


class Client:
    """A plain HTTP client of a server; every call returns an ``httpx`` response."""

    def __init__(self, server, token=None):
        self.server = server
        self.http = httpx.Client(
            base_url=server.url,
            headers={"Authorization": f"Bearer {token or server.token()}"},
            trust_env=False,
            timeout=10,
        )

    def get(self, path, **query):
        return self.http.get(path, params=query)

    def post(self, path, body):
        return self.http.post(path, json=body)

    def objects(self, kind, action, *inputs, query="", **more):
        path = f"/crm/objects/{API}/{kind}/batch/{action}{query}"
        return self.post(path, {"inputs": [*inputs], **more})

    def read(self, kind, *ids, query="", **more):
        return self.objects(kind, "read", *({"id": each} for each in ids), query=query, **more)

    def create(self, kind, *properties):
        return self.objects(kind, "create", *({"properties": each} for each in properties))

    def update(self, kind, record_id, **properties):
        return self.objects(kind, "update", {"id": record_id, "properties": properties})

    def search(self, kind, *filters, **more):
        groups = [{"filters": [*filters]}] if filters else []
        body = {"filterGroups": groups, "limit": 200, **more}
        return self.post(f"/crm/objects/{API}/{kind}/search", body)

    def links(self, start, end, *ids):
        path = f"/crm/associations/{API}/{start}/{end}/batch/read"
        return self.post(path, {"inputs": [{"id": each} for each in ids]})

    def admin(self, method, path, body=None):
        return self.http.request(method, f"/__sandbox__/{path}", json=body)


def where(name, operator, value=None, high=None):
    told = {"propertyName": name, "operator": operator}
    if isinstance(value, list):
        return {**told, "values": value}
    if value is not None:
        told["value"] = value
    return told if high is None else {**told, "highValue": high}


def ids(answer):
    return [each["id"] for each in answer.json()["results"]]


def codes(answer):
    """The codes of the errors of a refused request."""
    return [each["code"] for each in answer.json()["errors"]]
