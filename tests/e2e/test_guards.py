"""What stops a run before its first write: the code, the sentence, the remedy, and no secret."""

from __future__ import annotations

import socket

import pytest
from crms import slow_on_hubspot
from world import World

from crmrules.connector import Problem
from crmrules_sandbox.wire.tls import make_certificates

SIZE = 14


@pytest.fixture
def world(crm, tmp_path):
    with crm(tmp_path / "world", opportunities=SIZE) as world:
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


@pytest.mark.fault("R6")
@slow_on_hubspot
def test_more_writes_than_the_ceiling_stop_the_run(world):
    world.guard = {"max_writes": 3}
    world.configure()
    refused(world, 6, "the limit is 3", "--max-writes")
    state = world.tables()
    assert state["outbox"] == [row for row in state["outbox"] if "create_task" not in row]
    number = len([w for w in world.plan().writes if w["action"] == "create_task"])
    assert world.sync("--max-writes", str(number + SIZE)).code == 0
    assert len(world.keys()) == number


@slow_on_hubspot
def test_a_right_found_missing_at_the_last_moment_stops_the_run_with_nothing_committed(
    world, monkeypatch
):
    missing = Problem("may not write tasks", "Grant the right.", level="error")
    monkeypatch.setattr(world.connector, "may_write", lambda _: (missing,))
    refused(world, 3, "may not write tasks", "Grant the right.")
    assert [row for row in world.tables()["outbox"] if "create_task" in row] == []
    monkeypatch.undo()
    assert world.synced().writes


@slow_on_hubspot
def test_a_run_without_writes_never_asks_whether_it_may_write(world, monkeypatch):
    world.synced()
    asked = []
    monkeypatch.setattr(world.connector, "may_write", lambda _: asked.append(1) or ())
    assert world.synced().writes == []
    assert asked == []


@pytest.mark.fault("R6")
@slow_on_hubspot
def test_too_many_flagged_opportunities_stop_the_run(world):
    world.guard = {"max_share_flagged": 0.1}
    world.configure()
    refused(world, 6, "10%", "max_share_flagged")


@slow_on_hubspot
def test_the_first_fill_is_confirmed_once(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE, guard={"max_writes": 3}) as world:
        refused(world, 6, "--initial")
        assert world.sync("--initial").code == 0
        filled = [one for one in world.fields().values() if one["status"]]
        assert len(filled) > 3
        assert world.sync().code == 0


def test_a_wrong_token_is_told(world):
    real = world.token
    world.token = "00D000000000001!a-token-nobody-gave"
    world.configure()
    refused(world, 3, *world.told["token"])
    world.token = real
    world.configure()
    world.synced()


def test_another_organization_than_the_pinned_one_is_refused(world):
    world.pin_another()
    world.configure()
    refused(world, 3, *world.told["another organization"])


@pytest.mark.fault("X5")
@slow_on_hubspot
def test_an_untrusted_certificate_is_told(crm, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    ca, _ = make_certificates(other)
    with crm(tmp_path / "world", opportunities=SIZE, tls=True) as world:
        world.settle()
        world.access = {"ca_bundle": str(ca)}
        world.reachable = False
        world.configure()
        refused(world, 3, *world.told["certificate"])


@slow_on_hubspot
def test_a_file_of_certificates_that_is_not_there_is_told(world):
    world.access = {"ca_bundle": "nowhere.pem"}
    world.reachable = False
    world.configure()
    refused(world, 2, "ca_bundle")


@pytest.mark.fault("N1")
@slow_on_hubspot
def test_a_host_out_of_reach_is_told(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.point_to(f"http://localhost:{port}")
    world.reachable = False
    world.configure()
    refused(world, 4, *world.told["address"])


def test_a_production_org_that_nobody_confirmed_is_refused(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.make_production()
        refused(world, 3, *world.told["production"])
        assert world.plan().code == 0  # looking is allowed
        world.access = {"allow_production": True}
        world.configure()
        world.synced()


@slow_on_hubspot
def test_hidden_opportunities_are_refused(world):
    world.hide_opportunities()
    refused(world, 3, *world.told["opportunities"])


OURS = ("flags", "key")


@pytest.mark.fault("H7")
@slow_on_hubspot
@pytest.mark.parametrize("name", OURS)
def test_a_field_of_ours_that_may_not_be_written_stops_the_run(world, name):
    world.make_read_only(name)
    refused(world, 3, *world.told[f"{name} read-only"])
    assert world.plan().code == 0  # looking is allowed
    world.show(name)
    world.synced()


@pytest.mark.fault("H7")
@pytest.mark.parametrize("name", OURS)
def test_a_field_of_ours_that_cannot_even_be_seen_stops_the_run(world, name):
    world.hide(name)
    refused(world, 3, *world.told[f"{name} hidden"])


def test_a_permission_taken_away_between_look_and_write_is_told_with_3(world):
    """All that could be asked beforehand said yes, the write is told no."""
    world.strike("no right")
    ran = world.sync()
    assert ran.code == 3, (ran.err, ran.out[-300:])
    assert world.keys() == []


@pytest.mark.fault("X4")
def test_no_token_leaves_a_run_that_went_well(world):
    holds_no_secret(world, world.synced("-v", "-v"), world.plan("-v", "-v"))
