"""Promises that only Salesforce makes, or that are kept there in a way of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from salesforce_world import SalesforceWorld

SIZE = 14


@pytest.fixture
def world(tmp_path):
    with SalesforceWorld(tmp_path / "world", opportunities=SIZE) as world:
        yield world.settle()


@pytest.mark.fault("H1")
def test_a_token_that_ends_in_the_middle_is_renewed_where_we_can_sign_in(tmp_path):
    """HubSpot's keys do not end, and nobody can sign in for a new one."""
    with SalesforceWorld(tmp_path / "clean", opportunities=SIZE) as undisturbed:
        undisturbed.settle()
        undisturbed.synced()
        clean = undisturbed.dump()
    with SalesforceWorld(tmp_path, opportunities=SIZE) as world:
        key = tmp_path / "key.pem"
        key.write_text(world.server.auth.make_key())
        key.chmod(0o600)
        user = world.org.get("User", world.org.user_id)
        world.access = {
            "auth": "jwt",
            "token_url": world.server.url,
            "audience": "https://test.salesforce.com",
            "client_id": world.server.auth.consumer_key,
            "username": user["Username"],
            "private_key_file": "key.pem",
            "access_token": "",
        }
        world.configure()
        world.settle()
        world.strike("unauthorized", on="pull")
        world.strike("unauthorized")
        world.synced("--full")
        assert world.server.faults.pending() == []
        assert world.dump() == clean


def test_a_user_who_may_not_make_tasks_is_told_so_with_3(world):
    """Salesforce says so of each record; HubSpot is asked beforehand."""
    world.org.deny("Task", "create")
    ran = world.sync()
    assert ran.code == 3
    assert world.keys() == []
    refusals = [f for f in ran.json["failed"] if f["action"] == "create_task"]
    assert refusals
    assert all(f["error"] and f["remedy"] for f in refusals)
    world.org.allow("Task", "create")
    world.synced()
    assert len(world.keys()) == len(refusals)


@pytest.mark.fault("H10")
def test_a_task_for_somebody_who_left_goes_to_their_manager_where_nobody_stands_in(tmp_path):
    """HubSpot knows no managers."""
    with SalesforceWorld(tmp_path, opportunities=14) as world:
        world.settle()
        planned = next(w for w in world.plan().writes if w["action"] == "create_task")
        left = planned["owner"]
        world.leave(left)
        world.advance(timedelta(minutes=30))
        world.synced("--full")
        owner = world.task(planned["key"])["owner"]
        assert owner == world.org.get("User", left)["ManagerId"]
        assert owner in world.owners()
