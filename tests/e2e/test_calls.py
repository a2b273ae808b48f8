"""How many calls a run costs, by the server's own count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from crms import slow_on_hubspot


@pytest.fixture
def quiet(crm, tmp_path):
    with crm(tmp_path, opportunities=30) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        world.server.forget_calls()
        yield world


def test_a_quiet_incremental_sync_costs_few_calls(quiet):
    ran = quiet.synced()
    assert ran.writes == []
    assert 0 < quiet.server.counted <= quiet.quiet_calls


def test_our_own_count_is_never_below_the_servers(quiet):
    ran = quiet.synced()
    counted = quiet.server.counted
    assert counted <= ran.json["api_calls"] <= counted + quiet.uncounted_calls


def test_plan_tells_calls_and_the_least_that_could_have_done(quiet):
    planned = quiet.plan("--full").json
    assert planned["api_calls"] >= planned["api_floor"] >= 1
    assert planned["api_calls"] <= 1.05 * planned["api_floor"] + 3


@slow_on_hubspot
def test_all_writes_of_a_small_organization_ride_together(crm, tmp_path):
    with crm(tmp_path, opportunities=30) as world:
        world.settle()
        planned = world.plan().json["api_calls"]
        assert world.synced().json["api_calls"] == planned + world.writing_calls


@slow_on_hubspot
def test_our_own_ceiling_of_calls_stops_a_run_with_6(quiet):
    quiet.access = {"daily_calls": 2}
    quiet.configure()
    before = quiet.dump()
    ran = quiet.sync()
    assert ran.code == 6
    assert "daily_calls" in ran.err
    assert quiet.dump() == before
