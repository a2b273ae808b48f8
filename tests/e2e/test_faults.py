"""Whatever goes wrong on the line, the CRM ends as a clean run leaves it, and the code says so."""

from __future__ import annotations

import pytest
from crms import on_each, slow_on_hubspot

SIZE = 14
DURING_PULL = {
    "401": ({"kind": "unauthorized"}, 3),
    "429 for a moment": ({"kind": "status", "status": 429, "retry_after": 7}, 0),
    "503 for a moment": ({"kind": "status", "status": 503, "retry_after": 3}, 0),
    "503 for longer": ({"kind": "status", "status": 503, "times": 9}, 4),
    "503 asking for hours": ({"kind": "status", "status": 503, "retry_after": 9000}, 4),
    "a page instead of JSON": ({"kind": "html", "status": 502}, 0),
    "half an answer": ({"kind": "truncated_body"}, 0),
    "dropped before": ({"kind": "drop_before"}, 0),
    "dropped after": ({"kind": "drop_after"}, 0),
    "no calls left": ({"kind": "no calls left"}, 6),
}
DURING_WRITE = {
    "401": ({"kind": "unauthorized"}, (3,)),
    "429 for a moment": ({"kind": "status", "status": 429, "retry_after": 7}, (0,)),
    "503 for a moment": ({"kind": "status", "status": 503, "retry_after": 3}, (0,)),
    "500 after the commit": ({"kind": "status", "status": 500, "after": True}, (0,)),
    "503 for longer": ({"kind": "status", "status": 503, "times": 20}, (4,)),
    "half an answer": ({"kind": "truncated_body"}, (0,)),
    "dropped before the commit": ({"kind": "drop_before"}, (0,)),
    "dropped after the commit": ({"kind": "drop_after"}, (0,)),
    "dropped again and again": ({"kind": "drop_after", "times": 20}, (0, 4)),
    "no calls left": ({"kind": "no calls left"}, (4, 6)),
}


FAST = {
    "401",
    "429 for a moment",
    "503 asking for hours",
    "half an answer",
    "dropped before",
    "dropped before the commit",
    "dropped after the commit",
    "no calls left",
}
READ_FAST_ON_HUBSPOT = {"half an answer", "no calls left"}
WRITTEN_FAST_ON_HUBSPOT = {
    "401",
    "half an answer",
    "dropped before the commit",
    "dropped after the commit",
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory, crm):
    with crm(tmp_path_factory.mktemp("clean"), opportunities=SIZE) as world:
        world.settle()
        world.synced()
        return world.dump()


@pytest.mark.fault("H1", "H2", "H3", "H4", "N2", "N3", "N5")
@on_each("name", DURING_PULL, FAST, READ_FAST_ON_HUBSPOT)
def test_a_fault_while_reading_costs_waiting_or_a_run_but_no_write(crm, tmp_path, clean, name):
    fault, code = DURING_PULL[name]
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        before = world.dump()
        world.strike(**fault, on="pull")
        ran = world.sync("--full")
        assert len(world.server.faults.pending()) < 1 or "times" in fault
        assert ran.code == code, ran.err
        if code:
            assert world.dump() == before
            assert "-> " in ran.err
            world.mend()
            world.synced()
        assert world.dump() == clean
        assert world.synced().writes == []


@pytest.mark.fault("H1", "H2", "H4", "N2", "N3")
@on_each("name", DURING_WRITE, FAST, WRITTEN_FAST_ON_HUBSPOT)
def test_a_fault_while_writing_is_cleared_up_by_this_run_or_the_next(crm, tmp_path, clean, name):
    fault, codes = DURING_WRITE[name]
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.strike(**fault)
        ran = world.sync()
        assert len(world.server.faults.pending()) < 1 or "times" in fault
        assert ran.code in codes, (ran.code, ran.err, ran.out[-500:])
        if ran.code:
            world.mend()
            world.synced()
        assert world.one_task_per_key()
        assert world.dump() == clean
        assert world.synced().writes == []


@pytest.mark.fault("H3")
@slow_on_hubspot
def test_what_a_server_asks_to_wait_is_waited(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.slept.clear()
        world.strike("status", on="pull", status=503, retry_after=7)
        world.synced("--full")
        assert max(world.slept) >= 7


@pytest.mark.fault("H11")
def test_a_locked_record_is_left_for_the_next_run_and_the_others_are_written(crm, tmp_path, clean):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        flags = [w for w in world.plan().writes if w["action"] == "set_flags"]
        locked = flags[len(flags) // 2]["opportunity"]  # not the first of its batch
        world.lock(locked)
        ran = world.sync()
        assert ran.code == 4
        assert [f["opportunity"] for f in ran.json["failed"]] == [locked]
        assert ran.json["failed"][0]["remedy"]
        world.unlock(locked)
        world.synced()
        assert world.dump() == clean


@pytest.mark.fault("P1")
@slow_on_hubspot
def test_a_second_run_at_the_same_time_ends_with_75_and_writes_nothing(crm, tmp_path):
    from crmrules.state import Store

    with crm(tmp_path, opportunities=SIZE) as world:
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
