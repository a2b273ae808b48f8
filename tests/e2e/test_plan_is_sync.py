"""A plan lists exactly what the next sync writes, and changes nothing while it looks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from crms import slow_on_hubspot
from world import CLOSED_LOST, CONCERNS, EARLY, RECOGNITION, SETTLED, World

from crmrules import rulebook

BOOKKEEPING = ("lease", "meta")
SEEDS = [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(7, marks=pytest.mark.slow)]


def overlay(mode: str = "") -> str:
    """Return an overlay with every shipped rule in this mode, or as recommended."""
    rules = rulebook.load([rulebook.shipped()]).rules
    return "".join(f"{rule.id}: {{mode: {mode or rule.recommended}}}\n" for rule in rules)


@pytest.fixture(params=SEEDS)
def promoted(request, crm, tmp_path):
    """A shipped pack after a first look in shadow, thirteen hours later, promoted."""
    with crm(tmp_path, seed=request.param, rules=None, overlay=overlay("shadow")) as world:
        first = world.synced()
        assert first.writes == []
        world.advance(SETTLED)
        world.overlay = overlay()
        world.configure()
        yield world


def stands(world: World, write: dict) -> bool:
    """Tell whether what a write says is what the CRM shows."""
    fields = write["fields"]
    if write["action"] == "create_task":
        made = {name: write[name] for name in ("key", "rule", "opportunity", "owner")}
        made |= {name: fields[name] for name in ("subject", "body", "due")}
        linked = write["opportunity"] is not None  # a digest hangs on none
        made |= {"status": "not started", "linked": linked, "deleted": False}
        task = world.task(write["key"])
        return {name: task[name] for name in made} == made
    shown = world.fields()[write["opportunity"]]
    wanted = fields | ({"flags": sorted(fields["flags"])} if "flags" in fields else {})
    return all(shown[name] == value for name, value in wanted.items())


def test_the_next_sync_writes_item_by_item_what_the_plan_listed(promoted):
    before = promoted.dump()
    planned = promoted.plan()
    assert planned.code == 0
    assert promoted.dump() == before
    synced = promoted.synced()
    assert {w["action"] for w in planned.writes} >= {"create_task", "set_flags"}
    assert synced.writes == planned.writes
    assert synced.json["findings"] == planned.json["findings"]
    assert synced.json["done"] == len(planned.writes)
    assert [write for write in planned.writes if not stands(promoted, write)] == []
    made = sorted(w["key"] for w in planned.writes if w["action"] == "create_task")
    assert promoted.keys() == made


@slow_on_hubspot
def test_an_immediate_further_sync_writes_nothing(promoted):
    promoted.synced()
    after = promoted.dump()
    for _ in range(2):
        assert promoted.synced().writes == []
    assert promoted.plan("--detailed-exitcode").code == 0
    assert promoted.synced("--full").writes == []
    assert promoted.dump() == after


@slow_on_hubspot
def test_a_plan_tells_of_pending_writes_by_its_exit_code(crm, tmp_path):
    with crm(tmp_path, opportunities=20) as world:
        world.settle()
        assert world.plan("--detailed-exitcode").code == 10


@slow_on_hubspot
def test_a_plan_leaves_state_and_crm_as_they_were(promoted):
    state, crm = promoted.tables(*BOOKKEEPING), promoted.dump()
    promoted.server.forget_calls()
    promoted.plan()
    promoted.plan("--full")
    assert promoted.tables(*BOOKKEEPING) == state
    assert promoted.dump() == crm
    made = {f"{call.method} {call.path}" for call in promoted.server.calls}
    assert [call for call in made if not re.fullmatch(promoted.reads, call)] == []


@slow_on_hubspot
def test_once_settled_is_what_a_sync_without_settle_time_writes(crm, tmp_path):
    with crm(tmp_path) as world:
        world.synced()
        world.advance(timedelta(hours=2))  # nothing has settled
        planned = world.plan()
        assert [w for w in planned.writes if w["action"] == "create_task"] == []
        world.tasks = {"settle_hours": 0}
        world.configure()
        synced = world.synced()
        assert {w["action"] for w in synced.writes} == {"create_task", "set_flags"}
        assert by_name(planned.json["once_settled"]) == by_name(synced.writes)


@slow_on_hubspot
def test_once_settled_goes_beyond_the_next_sync_where_some_have_settled(crm, tmp_path):
    with crm(tmp_path) as world:
        world.synced()
        world.advance(timedelta(hours=13))
        world.move(world.one_in(RECOGNITION), CONCERNS)
        planned = world.plan()
        world.tasks = {"settle_hours": 0}
        world.configure()
        synced = world.synced()
        assert by_name(planned.json["once_settled"]) == by_name(synced.writes)
        assert by_name(planned.writes) != by_name(synced.writes)


@slow_on_hubspot
def test_once_settled_lists_what_ends_and_moves_as_well(crm, tmp_path):
    with crm(tmp_path, opportunities=20) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        cleared, moved = [task for task in world.our_tasks() if task["rule"] == EARLY][:2]
        world.move(cleared["opportunity"], CLOSED_LOST)
        world.reassign(moved["opportunity"], world.somebody_else(moved["owner"]))
        planned = world.plan()
        assert {"cancel_task", "update_task"} <= {w["action"] for w in planned.writes}
        world.tasks = {"settle_hours": 0}
        world.configure()
        assert by_name(planned.json["once_settled"]) == by_name(world.synced().writes)


@slow_on_hubspot
def test_a_plan_after_people_worked_is_still_the_next_sync(promoted):
    promoted.synced()
    promoted.advance(timedelta(hours=26))
    tasks = [task for task in promoted.our_tasks() if task["linked"]]  # no digest
    for place, task in enumerate(tasks):
        if place % 3 == 0:
            promoted.complete(task)
        elif place % 3 == 1:
            promoted.move(task["opportunity"], CLOSED_LOST)
    planned = promoted.plan()
    synced = promoted.synced()
    assert planned.writes
    assert synced.writes == planned.writes
    assert promoted.synced().writes == []


def by_name(writes: list[dict]) -> list[dict]:
    return sorted(writes, key=lambda w: (w["action"], w["opportunity"] or "", w["key"] or ""))
