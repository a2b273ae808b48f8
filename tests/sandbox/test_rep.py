"""A rep works the tasks between two runs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import cache

from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.rep import OURS, Rep
from crmrules_sandbox.salesforce.seed import seed_records

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@cache
def org():
    return seed_records(1, NOW)


def desk(count=20):
    """A tiny org in memory: our open tasks, and the opportunities of the seed they hang on."""
    chosen = [row for row in org()["Opportunity"] if not row["IsClosed"]][:count]
    tasks = [
        {"Id": sfid("00T", n), "Subject": f"Ask {n}", "Description": None, "WhatId": row["Id"]}
        | {"Status": "Not Started", "OwnerId": row["OwnerId"]}
        for n, row in enumerate(chosen)
    ]
    done = []

    def query(text):
        if text == OURS:
            return [dict(task) for task in tasks]
        one = text.split("'")[1]
        name = text.split("FROM ")[1].split()[0]
        key = "Id" if name == "Opportunity" else "OpportunityId"
        return [row for row in org()[name] if row[key] == one]

    return query, done


def shift(seed=5, **more):
    query, done = desk()
    rep = Rep(
        query,
        lambda *call: done.append(("update", *call)),
        seed=seed,
        now=lambda: NOW,
        create=lambda *call: done.append(("create", *call)) or "new",
        delete=lambda *call: done.append(("delete", *call)),
    )
    return rep.work(), done


def test_a_rep_does_the_same_work_on_the_same_day_and_says_what():
    said, done = shift()
    assert (said, done) == shift()
    assert len(said) == len(done)
    text = "\n".join(said)
    for phrase in ("completed", "deferred", "waiting", "#not-true", "reworded", "logged a reply"):
        assert phrase in text
    assert "booked a meeting" in text
    assert "moved " in text
    statuses = Counter(call[3].get("Status") for call in done if call[:2] == ("update", "Task"))
    assert statuses["Deferred"] == statuses["Waiting on someone else"] == 1
    assert sum("#not-true" in str(call) for call in done) == 1
    assert sum(call[0] == "delete" for call in done) <= 1


def test_a_rep_without_leave_to_create_or_delete_only_updates():
    query, done = desk()
    Rep(query, lambda *call: done.append(call), seed=5, now=lambda: NOW).work()
    assert done
    assert {call[0] for call in done} <= {"Task", "Opportunity", "Quote"}
