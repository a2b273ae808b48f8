"""What the machine has found, each as a test of its own."""

from __future__ import annotations

import pytest
from hunt import PLANTS
from once_machine import DAY, HOURS
from runs import Process


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_a_task_is_cancelled_though_a_full_pull_is_the_first_to_see_the_loss(world, name):
    """Of a lost opportunity a full pull reads no tasks: an open one passed for deleted."""
    one = world(name)
    one.run(Process("here"))
    assert [task["closed"] for task in one.desk.tasks()] == [False, False]
    for place in range(len(one.opportunities)):
        one.do_move(place, 3)
    one.tick(8 * DAY)  # the weekly full pull is due
    one.run(Process("here"))
    assert [task["closed"] for task in one.desk.tasks()] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_an_edited_task_on_a_lost_opportunity_is_not_taken_for_deleted(world, name):
    one = world(name)
    one.run(Process("here"))
    one.do_rep(0, "edit")
    for place in range(len(one.opportunities)):
        one.do_move(place, 3)
    for step in (8 * DAY, HOURS):
        one.tick(step)
        one.run(Process("here"))
    rows = one.plant.raw().execute("SELECT status FROM task WHERE edited = 1").fetchall()
    assert rows == [("open",)]


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_judging_by_a_moment_before_an_opportunity_was_made_ends_nothing_of_it(world, name):
    """It is not there at that moment; that passed for "the CRM no longer has it"."""
    one = world(name)
    one.run(Process("here"))
    made = sorted(task["key"] for task in one.desk.tasks())
    one.run(Process("here"), -3 * DAY)
    for _ in range(3):
        one.tick(20 * DAY)
        one.run(Process("here"))
    assert sorted(task["key"] for task in one.desk.tasks()) == made


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_nobody_is_asked_twice_where_the_finding_returns_before_its_task_could_be_closed(
    world, name
):
    """Killed between the decision to close a task and the closing; then there was a new episode."""
    one = world(name)
    one.run(Process("here"))
    one.do_move(0, 3)
    process = Process("here", "decided")
    process.act = process.die
    one.tick(HOURS)
    one.run(process)
    one.do_move(0, 0)
    for step in (HOURS, HOURS, 20 * DAY):
        one.tick(step)
        one.run(Process("here"))
    mine = [task for task in one.desk.tasks() if task["opportunity"] == one.opportunities[0]]
    assert [task["closed"] for task in mine] == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PLANTS if name.endswith("unique")])
def test_a_create_that_arrives_after_its_opportunity_was_lost_is_cancelled_within_a_week(
    world, name
):
    """Nobody reads the tasks of what is lost, so nobody saw that it had come after all."""
    one = world(name)
    one.arm(["late"] * 60, [])
    one.run(Process("here"))
    one.disarm()
    for place in range(len(one.opportunities)):
        one.do_move(place, 3)
    one.tick(HOURS)
    one.run(Process("here"))
    assert one.desk.tasks() == []
    one.line.deliver()
    assert [task["closed"] for task in one.desk.tasks()] == [False, False]
    one.tick(8 * DAY)
    one.run(Process("here"))
    assert [task["closed"] for task in one.desk.tasks()] == [True, True]
    assert all("the opportunity was closed" in task["body"] for task in one.desk.tasks())


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_a_task_ends_with_its_finding_though_the_state_was_lost_and_begun_again_by_the_past(
    world, name
):
    """By the past its episode was pending; as such it was forgotten, and its task stayed open."""
    one = world(name)
    one.run(Process("here"))
    [key] = [t["key"] for t in one.desk.tasks() if t["opportunity"] == one.opportunities[0]]
    one.plant.lose()
    one.life = {}
    one.run(Process("here"), -2 * HOURS)
    one.do_move(0, 2)
    for _ in range(2):
        one.tick(HOURS)
        one.run(Process("here"))
    assert [task["closed"] for task in one.desk.tasks() if task["key"] == key] == [True]
