"""What a run on HubSpot costs, against the formula of hubspot.md (6) and against our floor."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from crmrules.cli.wire import make
from crmrules.settings import parse
from crmrules.sync import plan, sync
from crmrules_sandbox.hubspot.pipelines import STAGE_PHASES
from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.start import seeded_portal

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
TYPES = 9  # of records around an opportunity
FIXED = 14  # account, pipelines, owners, labels, properties
IDLE = 30


class Portal:
    """A seeded portal, a state store, and the time in both."""

    def __init__(self, folder, count) -> None:
        self.now = START
        self.portal = seeded_portal(1, clock=lambda: self.now, opportunities=count)
        self.server = HubSpotServer(self.portal)
        self.folder = folder

    def run(self, what, **options):
        raw = {
            "connector": "hubspot",
            "hubspot": {"access_token": self.server.token(), "base_url": self.server.url},
            "phases": {"default": dict(STAGE_PHASES)},
            "state": {"url": f"sqlite:///{self.folder}/state.db"},
        }
        made = make(parse(raw, where="calls"), self.folder, now=self.now)
        made.connector._transport._sleep = lambda _: None
        self.server.forget_calls()
        try:
            return what(made.job(now=self.now), **options)
        finally:
            made.close()

    def formula(self, rows) -> int:
        """Return the calls of a full sync by hubspot.md section 6, for what was read."""
        opportunities = rows["deal"]
        others = sum(
            rows[kind]
            for kind in ("contact", "company", "call", "meeting", "email", "note", "task")
        ) + sum(rows[kind] for kind in ("quote", "line_item", "quote_line"))
        return (
            math.ceil(opportunities / 200)
            + math.ceil(opportunities / 50)
            + TYPES * math.ceil(opportunities / 1000)
            + math.ceil(others / 100)
            + FIXED
        )


@pytest.fixture(
    params=[220, pytest.param(1000, marks=pytest.mark.slow)], ids=lambda count: f"{count}"
)
def portal(request, tmp_path):
    found = Portal(tmp_path, request.param)
    with found.server:
        yield found


def kinds(portal) -> dict[str, int]:
    """Return how many different records of each kind the store holds."""
    import sqlite3

    with sqlite3.connect(portal.folder / "state.db") as connection:
        counted = connection.execute("SELECT kind, COUNT(DISTINCT id) FROM record GROUP BY kind")
        found = dict(counted.fetchall())
    connection.close()
    return {"note": 0, "task": 0, **found}


@pytest.mark.slow
def test_a_full_sync_costs_at_most_a_tenth_more_than_the_formula_and_than_the_floor(portal):
    report = portal.run(sync)
    calls = portal.server.counted
    assert report.usage.calls == calls
    assert calls <= 1.1 * portal.formula(kinds(portal))
    assert calls <= 1.1 * report.usage.floor
    assert report.usage.floor <= calls


@pytest.mark.slow
def test_an_idle_incremental_run_costs_at_most_thirty_calls(portal):
    portal.run(sync)
    portal.now += timedelta(hours=3)
    report = portal.run(plan)
    assert sum(report.writes.values()) == 0
    assert portal.server.counted == report.usage.calls
    assert report.usage.floor <= portal.server.counted <= IDLE
