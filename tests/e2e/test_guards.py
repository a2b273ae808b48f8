"""What stops a run before its first write: the code, the sentence, the remedy, and no secret."""

from __future__ import annotations

import socket

import pytest
from world import World

from crmrules.connector import Problem
from crmrules_salesforce.connector import SalesforceConnector
from crmrules_sandbox.salesforce.faults import Fault
from crmrules_sandbox.wire.tls import make_certificates

SIZE = 20


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "world", opportunities=SIZE) as world:
        yield world.settle()


def refused(world: World, code: int, *words: str) -> None:
    """Sync, and hold it to: this code, these words, a remedy, no write, no token anywhere."""
    before = world.dump()
    ran = world.sync()
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert "-> " in ran.err
    assert [word for word in words if word.lower() not in ran.err.lower()] == []
    assert world.dump() == before
    holds_no_secret(world, ran)


def holds_no_secret(world: World, *runs) -> None:
    for ran in runs:
        assert world.token not in ran.out + ran.err
    for file in world.folder.glob("state.db*"):
        assert world.token.encode() not in file.read_bytes()


def test_more_writes_than_the_ceiling_stop_the_run(world):
    world.guard = {"max_writes": 3}
    world.configure()
    refused(world, 6, "the limit is 3", "--max-writes")
    state = world.tables()
    assert state["outbox"] == [row for row in state["outbox"] if "create_task" not in row]
    number = len([w for w in world.plan().writes if w["action"] == "create_task"])
    assert world.sync("--max-writes", str(number + SIZE)).code == 0
    assert len(world.keys()) == number


def test_a_right_found_missing_at_the_last_moment_stops_the_run_with_nothing_committed(
    world, monkeypatch
):
    missing = Problem("may not write tasks", "Grant the right.", level="error")
    monkeypatch.setattr(SalesforceConnector, "may_write", lambda _: (missing,))
    refused(world, 3, "may not write tasks", "Grant the right.")
    assert [row for row in world.tables()["outbox"] if "create_task" in row] == []
    monkeypatch.undo()
    assert world.synced().writes


def test_a_run_without_writes_never_asks_whether_it_may_write(world, monkeypatch):
    world.synced()
    asked = []
    monkeypatch.setattr(SalesforceConnector, "may_write", lambda _: asked.append(1) or ())
    assert world.synced().writes == []
    assert asked == []


def test_too_many_flagged_opportunities_stop_the_run(world):
    world.guard = {"max_share_flagged": 0.1}
    world.configure()
    refused(world, 6, "10%", "max_share_flagged")


def test_the_first_fill_is_confirmed_once(tmp_path):
    with World(tmp_path, opportunities=SIZE, guard={"max_writes": 3}) as world:
        refused(world, 6, "--initial")
        assert world.sync("--initial").code == 0
        filled = [v for v in world.dump()["fields"].values() if any(v)]
        assert len(filled) > 3
        assert world.sync().code == 0


def test_a_wrong_token_is_told(world):
    real = world.token
    world.token = "00D000000000001!a-token-nobody-gave"
    world.configure()
    refused(world, 3, "access token")
    world.token = real
    world.configure()
    world.synced()


def test_another_organization_than_the_pinned_one_is_refused(world):
    world.salesforce = {"organization_id": "00D000000000999AAA"}
    world.configure()
    refused(world, 3, "organization", "00D000000000999")


def test_an_untrusted_certificate_is_told(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    ca, _ = make_certificates(other)
    with World(tmp_path / "world", opportunities=SIZE, tls=True) as world:
        world.settle()
        world.salesforce = {"ca_bundle": str(ca)}
        world.configure()
        refused(world, 3, "certificate", "ca_bundle")


def test_a_file_of_certificates_that_is_not_there_is_told(world):
    world.salesforce = {"ca_bundle": "nowhere.pem"}
    world.configure()
    refused(world, 2, "ca_bundle")


def test_a_host_out_of_reach_is_told(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.salesforce = {"instance_url": f"http://localhost:{port}"}
    world.configure()
    refused(world, 4, "cannot reach", "instance_url")


def test_a_production_org_that_nobody_confirmed_is_refused(tmp_path):
    with World(tmp_path, opportunities=SIZE) as world:
        organization = dict(world.org.organization) | {"IsSandbox": False}
        world.org.load({"Organization": [organization]})
        refused(world, 3, "production", "allow_production")
        assert world.plan().code == 0  # looking is allowed
        world.salesforce = {"allow_production": True}
        world.configure()
        world.synced()


def test_hidden_opportunities_are_refused(world):
    world.org.deny("Opportunity", "read")
    refused(world, 3, "opportunity", "permission")


OURS = [("Opportunity", "CrmRules_Flags__c"), ("Task", "CrmRules_Key__c")]


@pytest.mark.parametrize(("sobject", "name"), OURS)
def test_a_field_of_ours_that_may_not_be_written_stops_the_run(world, sobject, name):
    world.org.make_read_only(sobject, name)
    refused(world, 3, name, "permission set")
    assert world.plan().code == 0  # looking is allowed
    world.org.show(sobject, name)
    world.synced()


@pytest.mark.parametrize(("sobject", "name"), OURS)
def test_a_field_of_ours_that_cannot_even_be_seen_stops_the_run(world, sobject, name):
    world.org.hide(sobject, name)
    refused(world, 3, name, "permission set")


def test_a_permission_taken_away_between_look_and_write_is_told_with_3(world):
    """The describe said yes, the record says no."""
    world.server.faults.add(
        Fault(
            "status",
            body="composite/sobjects",
            status=403,
            code="INSUFFICIENT_ACCESS",
            message="no rights",
        )
    )
    ran = world.sync()
    assert ran.code == 3, (ran.err, ran.out[-300:])
    assert world.keys() == []


def test_a_user_who_may_not_make_tasks_is_told_so_with_3(world):
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


def test_no_token_leaves_a_run_that_went_well(world):
    holds_no_secret(world, world.synced("-v", "-v"), world.plan("-v", "-v"))
