"""HubSpot records as the rows of our store: keys that cannot collide, and where each belongs.

Know before changing: ids of different objects overlap, so a row under an opportunity is named
``<opportunity>/<id>`` and an account ``company/<id>``. One contact or call may be about several
opportunities; it is then a row under each, because an opportunity is judged by its rows alone. The
bodies are what ``opportunity.normalize`` reads.

It sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from crmrules.connector import Row
from crmrules_hubspot.api import Link, Record
from crmrules_hubspot.kinds import KEY, PRIMARY_COMPANY, QUOTE_LINE, ROLE
from crmrules_hubspot.portal import Stage
from crmrules_hubspot.properties import HISTORY
from crmrules_hubspot.scan import as_milliseconds

DELETED = "deleted"  # the stamp of a task of ours that somebody deleted


def account_key(company: str) -> str:
    """Return the key of an account."""
    return f"company/{company}"


def company_of(account: str) -> str:
    """Return the company's id of an account's key."""
    return account.removeprefix("company/")


def primary(links: Iterable[Link]) -> str | None:
    """Return the primary company; where none is marked, the only one there is."""
    found = list(links)
    marked = [link.id for link in found if PRIMARY_COMPANY in link.types]
    if marked:
        return marked[0]
    return found[0].id if len(found) == 1 else None


def outcome(record: Record, stages: Mapping[str, Stage]) -> tuple[bool, bool | None]:
    """Return whether an opportunity is closed, and won (None while open).

    The stage says so; one that no pipeline has any more leaves HubSpot's own calculated answer.
    """
    properties = record["properties"]
    stage = stages.get(str(properties.get("dealstage") or ""))
    if stage is not None:
        return stage.closed, stage.won if stage.closed else None
    closed = str(properties.get("hs_is_closed")).lower() == "true"
    return closed, str(properties.get("hs_is_closed_won")).lower() == "true" if closed else None


def closed_on(record: Record) -> date | None:
    """Return the day of the close date; None where there is none."""
    stamp = as_milliseconds(record["properties"].get("closedate"))
    return None if stamp is None else datetime.fromtimestamp(stamp / 1000, UTC).date()


def deal(record: Record, company: str | None, stages: Mapping[str, Stage]) -> Row:
    """Return an opportunity as its row."""
    one = str(record["id"])
    closed, won = outcome(record, stages)
    return Row(
        "deal",
        one,
        one,
        str(record.get("updatedAt") or ""),
        {**_body(record), "history": _history(record, HISTORY["deal"])},
        None if company is None else account_key(company),
        closed_on(record) if closed else None,
        won,
    )


def company(record: Record) -> Row:
    """Return an account as its row."""
    key = account_key(str(record["id"]))
    return Row("company", key, key, str(record.get("updatedAt") or ""), _body(record), key)


def role(opportunity: str, link: Link) -> Row:
    """Return the association of a contact; its labels are its stamp, so a change of them shows."""
    body = {"contact": link.id, "labels": list(link.labels)}
    return Row(ROLE, f"{opportunity}/{link.id}", opportunity, labels_stamp(link), body)


def labels_stamp(link: Link) -> str:
    """Return what changes when the labels of an association do."""
    return "labels: " + "; ".join(link.labels)


def around(kind: str, parent: str, record: Record, people: Iterable[str] | None = None) -> Row:
    """Return a record about an opportunity or an account as its row under it.

    ``people``: the contacts who took part; None: not asked.
    """
    body: dict[str, Any] = _body(record)
    if people is not None:
        body["contacts"] = sorted(people)
    if kind == "task" and record["properties"].get(KEY) and "propertiesWithHistory" in record:
        body["history"] = _history(record, HISTORY["task"])
    stamp = str(record.get("updatedAt") or "")
    if record.get("archived"):
        body["archived"] = True
        stamp = DELETED
    account = parent if parent.startswith("company/") else None
    return Row(kind, f"{parent}/{record['id']}", parent, stamp, body, account)


def quote_line_key(opportunity: str, quote: str, line: str) -> str:
    """Return the key of a line of a quote; a quote may move to another opportunity."""
    return f"{opportunity}/{quote}/{line}"


def quote_line(opportunity: str, quote: str, record: Record) -> Row:
    """Return a line of a quote as its row under the opportunity."""
    body = {**_body(record), "quote": quote}
    key = quote_line_key(opportunity, quote, str(record["id"]))
    return Row(QUOTE_LINE, key, opportunity, str(record.get("updatedAt") or ""), body)


def gone(kind: str, id_: str, parent: str) -> Row:
    """Return the news that a row is no longer there."""
    return Row(kind, id_, parent, "", {}, gone=True)


def _history(record: Record, asked: Iterable[str]) -> dict[str, Any]:
    """Return the history of every property asked for.

    HubSpot leaves out one that was never set: its history is empty, not unknown.
    """
    return {**{name: [] for name in asked}, **(record.get("propertiesWithHistory") or {})}


def _body(record: Record) -> dict[str, Any]:
    names = ("createdAt", "updatedAt")
    return {
        "id": str(record["id"]),
        "properties": dict(record["properties"]),
        **{name: record[name] for name in names if name in record},
    }
