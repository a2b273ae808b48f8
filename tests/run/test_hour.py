"""``crmrules run`` through hours of trouble: no overlap, every due moment made or told."""

from __future__ import annotations

import time
from datetime import timedelta
from random import Random

import figures
import pytest
from hour import Hour
from hubspot_world import HubSpotWorld
from salesforce_world import SalesforceWorld

from crmrules.state import database, journal


@pytest.fixture
def hour(tmp_path, monkeypatch):
    """Return what lives hours of a schedule on a CRM."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)  # another one writes: it is not waited for
    monkeypatch.setattr(journal, "_PATIENCE", 50)

    def live(kind, seed: int, length: timedelta, every: int) -> Hour:
        sections = {
            "schedule": {"cron": f"*/{every} * * * *" if every > 1 else "* * * * *"},
            "observe": {"listen": "", "textfile": "m.prom"},
        }
        with kind(tmp_path / "world", opportunities=10) as world:
            world.synced()
            world.sections = sections
            world.configure()
            found = Hour(world, Random(seed), every)
            found.live(length)
            found.check()
            return found

    return live


SHOWN = 11
"""The seed whose hour stands in docs/torture.md."""


def noted(name: str, found: Hour, began: float) -> None:
    """Put the figures of an hour into the page, where that is wanted."""
    told = {
        what: ", ".join(f"{k} {n}" for k, n in value.items()) if isinstance(value, dict) else value
        for what, value in found.check().items()
    }
    figures.note(name, told, seconds=time.perf_counter() - began)


@pytest.mark.slow
@pytest.mark.fault("P3")
@pytest.mark.parametrize("kind", [SalesforceWorld, HubSpotWorld], ids=lambda kind: kind.name)
def test_in_some_minutes_of_trouble_every_due_moment_is_made_or_told(hour, kind):
    found = hour(kind, 1, timedelta(minutes=12), 1)
    assert found.made()
    assert found.tried


@pytest.mark.torture
@pytest.mark.fault("P3")
@pytest.mark.parametrize("seed", [SHOWN, 1, 2, 3, 4])
@pytest.mark.parametrize("kind", [SalesforceWorld, HubSpotWorld], ids=lambda kind: kind.name)
def test_in_an_hour_of_trouble_every_due_moment_is_made_or_told(hour, kind, seed):
    began = time.perf_counter()
    found = hour(kind, seed, timedelta(hours=1), 1)
    if seed == SHOWN:
        noted(f"hour {kind.name}", found, began)


@pytest.mark.torture
def test_in_days_of_trouble_every_due_moment_is_made_or_told(hour):
    began = time.perf_counter()
    noted("days salesforce", hour(SalesforceWorld, 1, timedelta(days=2), 15), began)
