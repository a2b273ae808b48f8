"""Whatever goes wrong on the line, the CRM ends as a clean run leaves it, and the code says so."""

from __future__ import annotations

import pytest
from world import World

from crmrules_sandbox.salesforce.faults import Fault

SIZE = 20
WRITE = "composite/sobjects"  # stands in the body of a composite that writes
PULL = "FROM(%20|\\+| )Opportunity(%20|\\+| )WHERE"  # of one that reads opportunities
DURING_PULL = {
    "401": (Fault("unauthorized", body=PULL), 3),
    "429 for a moment": (Fault("status", body=PULL, status=429, retry_after=7), 0),
    "503 for a moment": (Fault("status", body=PULL, status=503, retry_after=3), 0),
    "503 for longer": (Fault("status", body=PULL, status=503, times=9), 4),
    "503 asking for hours": (Fault("status", body=PULL, status=503, retry_after=9000), 4),
    "a page instead of JSON": (Fault("html", body=PULL, status=502), 0),
    "half an answer": (Fault("truncated_body", body=PULL), 0),
    "dropped before": (Fault("drop_before", body=PULL), 0),
    "dropped after": (Fault("drop_after", body=PULL), 0),
    "no quota left": (Fault("quota_exhausted", body=PULL), 6),
}
DURING_WRITE = {
    "401": (Fault("unauthorized", body=WRITE), (3,)),
    "429 for a moment": (Fault("status", body=WRITE, status=429, retry_after=7), (0,)),
    "503 for a moment": (Fault("status", body=WRITE, status=503, retry_after=3), (0,)),
    "500 after the commit": (Fault("status", body=WRITE, status=500, after=True), (0,)),
    "503 for longer": (Fault("status", body=WRITE, status=503, times=20), (4,)),
    "half an answer": (Fault("truncated_body", body=WRITE), (0,)),
    "dropped before the commit": (Fault("drop_before", body=WRITE), (0,)),
    "dropped after the commit": (Fault("drop_after", body=WRITE), (0,)),
    "dropped again and again": (Fault("drop_after", body=WRITE, times=20), (0, 4)),
    "no quota left": (Fault("quota_exhausted", body=WRITE), (4, 6)),
}


IN_THE_FAST_LOOP = {
    "401",
    "429 for a moment",
    "503 asking for hours",
    "half an answer",
    "dropped before",
    "dropped before the commit",
    "dropped after the commit",
    "no quota left",
}


def cases(names):
    """Return the cases, those marked slow that differ little from one of the fast loop."""
    return [
        name if name in IN_THE_FAST_LOOP else pytest.param(name, marks=pytest.mark.slow)
        for name in names
    ]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    with World(tmp_path_factory.mktemp("clean"), opportunities=SIZE) as world:
        world.settle()
        world.synced()
        return world.dump()


def mended(world: World) -> None:
    """Let the fault be over, and give a new token and a new day's quota."""
    world.server.faults.clear()
    world.server.api.used = 0
    world.token = world.server.token()
    world.configure()


@pytest.mark.parametrize("name", cases(DURING_PULL))
def test_a_fault_while_reading_costs_waiting_or_a_run_but_no_write(tmp_path, clean, name):
    fault, code = DURING_PULL[name]
    with World(tmp_path, opportunities=SIZE) as world:
        world.settle()
        before = world.dump()
        world.server.faults.add(fault)
        ran = world.sync("--full")
        assert len(world.server.faults.pending()) < 1 or fault.times > 1
        assert ran.code == code, ran.err
        if code:
            assert world.dump() == before
            assert "-> " in ran.err
            mended(world)
            world.synced()
        assert world.dump() == clean
        assert world.synced().writes == []


@pytest.mark.parametrize("name", cases(DURING_WRITE))
def test_a_fault_while_writing_is_cleared_up_by_this_run_or_the_next(tmp_path, clean, name):
    fault, codes = DURING_WRITE[name]
    with World(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.server.faults.add(fault)
        ran = world.sync()
        assert len(world.server.faults.pending()) < 1 or fault.times > 1
        assert ran.code in codes, (ran.code, ran.err, ran.out[-500:])
        if ran.code:
            mended(world)
            world.synced()
        assert world.one_task_per_key()
        assert world.dump() == clean
        assert world.synced().writes == []


def test_what_a_server_asks_to_wait_is_waited(tmp_path):
    with World(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.slept.clear()
        world.server.faults.add(Fault("status", body=PULL, status=503, retry_after=7))
        world.synced("--full")
        assert max(world.slept) >= 7


def test_a_token_that_ends_in_the_middle_is_renewed_where_we_can_sign_in(tmp_path, clean):
    with World(tmp_path, opportunities=SIZE) as world:
        key = tmp_path / "key.pem"
        key.write_text(world.server.auth.make_key())
        key.chmod(0o600)
        user = world.org.get("User", world.org.user_id)
        world.salesforce = {
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
        world.server.faults.add(Fault("unauthorized", body=PULL), Fault("unauthorized", body=WRITE))
        world.synced("--full")
        assert world.server.faults.pending() == []
        assert world.dump() == clean


def test_a_locked_record_is_left_for_the_next_run_and_the_others_are_written(tmp_path, clean):
    with World(tmp_path, opportunities=SIZE) as world:
        world.settle()
        locked = next(w["opportunity"] for w in world.plan().writes if w["action"] == "set_flags")
        world.org.lock_for_approval(locked)
        ran = world.sync()
        assert ran.code == 4
        assert [f["opportunity"] for f in ran.json["failed"]] == [locked]
        assert ran.json["failed"][0]["remedy"]
        world.org.unlock(locked)
        world.synced()
        assert world.dump() == clean


def test_a_second_run_at_the_same_time_ends_with_75_and_writes_nothing(tmp_path):
    from crmrules.state import Store

    with World(tmp_path, opportunities=SIZE) as world:
        world.settle()
        before = world.dump()
        with Store(f"sqlite:///{world.state}") as store:
            [organization] = store.organizations()
            with store.for_org(organization).lease("another run"):
                ran = world.sync()
        assert ran.code == 75
        assert "-> " in ran.err
        assert world.dump() == before
        world.synced()
