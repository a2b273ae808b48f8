"""Without a unique key in the CRM, the promise holds inside the settle window, and we say so."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from crms import on_each, slow_on_hubspot
from world import World

from crmrules import sync
from crmrules.cli.wire import make
from crmrules.errors import CrmRulesError
from crmrules.settings import load
from crmrules.state import Store


@pytest.fixture
def world(crm, tmp_path):
    with crm(tmp_path, opportunities=14, unique_key=False) as world:
        yield world.settle()


def preflight(world: World):
    settings, base = load(world.config)
    made = make(settings, base, now=world.now)
    try:
        return made.connector.check()
    finally:
        made.close()


def run(world: World) -> int:
    """Sync with the store's clock at the world's time too: what is young is told by it."""
    settings, base = load(world.config)
    made = make(settings, base, now=world.now)
    made.store.close()
    store = Store(f"sqlite:///{world.state}", clock=lambda: world.now)
    made.connector._transport._sleep = world.slept.append
    with contextlib.closing(replace(made, store=store)) as timed:
        try:
            return sync.sync(timed.job(now=world.now)).exit_code
        except CrmRulesError as error:
            return error.exit_code


def test_a_key_that_is_not_unique_is_no_guarantee_and_is_told_so(world):
    found = preflight(world)
    assert found.capabilities.tasks
    assert not found.capabilities.unique_key
    [word], [remedy] = world.told["key not unique"], world.told["make it unique"]
    [problem] = [p for p in found.problems if word in p.what]
    assert remedy in problem.remedy
    assert problem.level == "warning"


@slow_on_hubspot
def test_the_shipped_key_is_unique(crm, tmp_path):
    with crm(tmp_path, opportunities=10) as world:
        assert preflight(world).capabilities.unique_key


LOST = {
    "dropped": {"kind": "drop_after"},
    "cut": {"kind": "truncated_body"},
    "replaced by a page": {"kind": "html", "status": 200, "after": True},
    "replaced by an error": {"kind": "status", "status": 500, "after": True},
}


@pytest.mark.fault("N3")
@on_each("how", LOST, ["dropped"], ["dropped"])
def test_an_answer_that_got_lost_makes_no_second_task(world, how):
    planned = sorted(w["key"] for w in world.plan().writes if w["action"] == "create_task")
    world.strike(**LOST[how])
    run(world)
    for minutes in (0, 5, 20, 60):
        world.advance(timedelta(minutes=minutes))
        run(world)
        assert world.one_task_per_key()
    assert world.keys() == planned


@pytest.mark.fault("N2", "N4")
def test_a_create_that_never_arrived_is_sent_again_only_when_it_has_settled(world):
    planned = sorted(w["key"] for w in world.plan().writes if w["action"] == "create_task")
    world.strike("drop_before")
    assert run(world) == 4
    assert world.keys() == []
    world.advance(timedelta(minutes=10))
    run(world)
    assert world.keys() == []  # it may still arrive
    world.advance(timedelta(minutes=10))
    assert run(world) == 0
    assert world.keys() == planned


@pytest.mark.fault("N4")
@slow_on_hubspot
def test_a_create_that_arrives_late_but_inside_the_window_is_found(world):
    planned = [w for w in world.plan().writes if w["action"] == "create_task"]
    world.strike("drop_before")
    run(world)
    world.advance(timedelta(minutes=9))
    for write in planned:
        world.late(write)
    world.advance(timedelta(minutes=1))
    for minutes in (0, 20):
        world.advance(timedelta(minutes=minutes))
        assert run(world) == 0
    assert world.keys() == sorted(write["key"] for write in planned)


@pytest.mark.fault("N4")
@slow_on_hubspot
def test_beyond_the_window_a_second_task_is_possible_and_the_unique_key_is_what_prevents_it(world):
    """The limit of query mode, on record: a write that arrives after the window doubles."""
    first = next(w for w in world.plan().writes if w["action"] == "create_task")
    world.strike("drop_before")
    run(world)
    world.advance(timedelta(minutes=20))
    run(world)
    world.late(first)
    assert world.keys().count(first["key"]) == 2


@pytest.mark.fault("N4")
@slow_on_hubspot
def test_the_settle_window_goes_by_the_real_clock_not_by_as_of(world):
    """A run told to judge by another moment must not take a young create for a settled one."""
    world.strike("drop_before")
    assert world.sync().code == 4  # sent now, by the real clock
    world.advance(timedelta(days=400))  # judged by a far later moment, seconds afterwards
    world.sync()
    assert [task for task in world.our_tasks() if ":1:" in task["key"]] == []


@slow_on_hubspot
def test_a_run_that_leaves_the_writes_of_an_earlier_one_unsettled_says_so_with_4(world):
    world.strike("drop_before")
    assert run(world) == 4
    world.advance(timedelta(minutes=10))
    assert run(world) == 4  # it had nothing to send, and is not done
    world.advance(timedelta(minutes=10))
    assert run(world) == 0
