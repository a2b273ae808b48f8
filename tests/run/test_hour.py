"""``crmrules run`` through hours of trouble: no overlap, every due moment made or told."""

from __future__ import annotations

import sys
from datetime import timedelta
from random import Random

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


def figures(found: Hour) -> None:
    """Show with -s what an hour was like."""
    sys.stdout.write(f"{found}\n")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SalesforceWorld, HubSpotWorld], ids=lambda kind: kind.name)
def test_in_some_minutes_of_trouble_every_due_moment_is_made_or_told(hour, kind):
    found = hour(kind, 1, timedelta(minutes=12), 1)
    assert found.made()
    assert found.tried


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", [SalesforceWorld, HubSpotWorld], ids=lambda kind: kind.name)
def test_in_an_hour_of_trouble_every_due_moment_is_made_or_told(hour, kind, seed):
    figures(hour(kind, seed, timedelta(hours=1), 1))


@pytest.mark.torture
def test_in_days_of_trouble_every_due_moment_is_made_or_told(hour):
    figures(hour(SalesforceWorld, 1, timedelta(days=2), 15))
