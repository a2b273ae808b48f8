"""Volumes for load tests: exact, repeatable, denser towards now."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from crmrules_sandbox.salesforce.ledger import parse
from crmrules_sandbox.salesforce.seed import bulk_records

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BULK = {"opportunities": 90, "roles": 181, "tasks": 400, "events": 77, "history": 300}


def grouped(rows, key):
    groups = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def days(row, key):
    return (NOW - parse(row[key])).total_seconds() / 86400


def test_bulk_makes_exactly_the_counts_asked_for_and_the_same_ones_again():
    rows = bulk_records(4, NOW, **BULK, line_items=55)
    assert rows == bulk_records(4, NOW, **BULK, line_items=55)
    names = ("Opportunity", "OpportunityContactRole", "Task", "Event", "OpportunityHistory")
    assert [len(rows[name]) for name in names] == list(BULK.values())
    assert len(rows["OpportunityLineItem"]) == 55
    history = grouped(rows["OpportunityHistory"], "OpportunityId")
    pairs = [(row["OpportunityId"], row["ContactId"]) for row in rows["OpportunityContactRole"]]
    assert len(set(pairs)) == len(pairs)
    for row in rows["Opportunity"]:
        assert history[row["Id"]][-1]["StageName"] == row["StageName"]
        assert history[row["Id"]][-1]["Amount"] == row["Amount"]
        assert parse(row["SystemModstamp"]) <= NOW


def test_bulk_is_denser_towards_now():
    rows = bulk_records(4, NOW, **(BULK | {"opportunities": 300, "roles": 0}), line_items=0)
    recent = sum(days(row, "CreatedDate") < 350 for row in rows["Opportunity"])
    assert recent > 195


def test_bulk_refuses_fewer_history_rows_than_opportunities():
    with pytest.raises(ValueError, match="at least as many history rows"):
        bulk_records(1, NOW, **(BULK | {"history": 89}), line_items=0)
