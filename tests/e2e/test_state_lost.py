"""The state store is lost, or an old one comes back: nobody is asked a second time."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest
from crms import on_each, slow_on_hubspot
from world import CLOSED_LOST, CONCERNS, EARLY, RECOGNITION, World


@pytest.fixture
def asked(crm, tmp_path):
    """Tasks made, and nobody has touched them yet."""
    with crm(tmp_path / "world", opportunities=14) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        yield world


BINS = {"keeps keys": True, "frees keys": False}


def touch(world: World) -> None:
    """Complete one task, delete one, edit one, put one away, and leave the others untouched."""
    completed, deleted, edited, away = world.our_tasks()[:4]
    world.complete(completed)
    world.delete(deleted)
    world.edit(edited, subject="In my words")
    world.put_away(away)


def never_asks_again(world: World, before: dict, keys: list[str]) -> list[str]:
    """Hold the next runs to it; return the keys for which they meant to make a task."""
    meant: list[str] = []
    for step in (0, 13, 13, 24):
        world.advance(timedelta(hours=step))
        meant += [w["key"] for w in world.synced().writes if w["action"] == "create_task"]
        assert world.keys() == keys
    assert world.dump()["tasks"] == before["tasks"]
    episodes = [(r["opportunity"], r["rule"]) for r in world.our_tasks()]
    assert len(episodes) == len(set(episodes))
    return meant


@pytest.mark.fault("S4")
@on_each("the_bin", BINS, BINS, ["frees keys"])
def test_a_lost_state_asks_nobody_twice(asked, the_bin):
    asked.keys_in_the_bin(block=BINS[the_bin])
    touch(asked)
    before, keys = asked.dump(), asked.keys()
    asked.forget()
    meant = never_asks_again(asked, before, keys)
    [deleted] = [task["key"] for task in asked.our_tasks() if task["deleted"]]
    assert deleted not in meant
    assert "deleted" in asked.remembered(deleted)


@pytest.mark.fault("S4")
@pytest.mark.slow
def test_a_lost_state_knows_what_people_did_as_the_kept_one_does(asked):
    touch(asked)
    asked.synced()
    kept = asked.dump()
    asked.forget()
    asked.synced()
    asked.advance(timedelta(hours=13))
    asked.synced()
    assert asked.dump()["tasks"] == kept["tasks"]


@pytest.mark.fault("S5")
def test_an_old_backup_asks_nobody_twice(crm, tmp_path):
    with crm(tmp_path / "world", opportunities=14) as world:
        world.settle()
        backup = tmp_path / "backup.db"
        shutil.copy(world.state, backup)
        world.synced()
        world.advance(timedelta(hours=1))
        touch(world)
        before, keys = world.dump(), world.keys()
        world.forget()
        shutil.copy(backup, world.state)
        never_asks_again(world, before, keys)


@slow_on_hubspot
def test_after_a_lost_state_counting_goes_on_where_it_was(asked):
    """A finding that clears and comes back makes the next episode, not the first again."""
    task = asked.our_tasks()[0]
    opportunity = task["opportunity"]
    stage = asked.stages()[opportunity]
    asked.complete(task)
    asked.move(opportunity, CONCERNS if task["rule"] == EARLY else RECOGNITION)
    asked.synced()
    asked.forget()
    asked.synced()
    asked.move(opportunity, stage)
    asked.advance(timedelta(days=20))  # past the cool-down of a completed task
    asked.synced()
    asked.advance(timedelta(hours=13))
    asked.synced()
    mine = [
        each["key"]
        for each in asked.our_tasks()
        if (each["opportunity"], each["rule"]) == (opportunity, task["rule"])
    ]
    assert sorted(key.split(":")[1] for key in mine) == ["1", "2"]


@slow_on_hubspot
def test_a_lost_state_still_ends_what_is_no_longer_needed(asked):
    task = asked.our_tasks()[0]
    asked.forget()
    asked.synced()
    asked.move(task["opportunity"], CLOSED_LOST)
    asked.advance(timedelta(hours=1))
    asked.synced()
    assert asked.task(task["key"])["status"] == "completed"


def nothing_is_written(world: World, *, keys: list[str]) -> None:
    """Sync, and insist by plan, by what was sent and by what stands there that it wrote nothing."""
    before = world.dump()
    world.server.forget_calls()
    ran = world.synced()
    assert ran.writes == []
    writing = [
        c for c in world.server.calls if not re.fullmatch(world.reads, f"{c.method} {c.path}")
    ]
    assert writing == []
    assert world.dump() == before
    assert world.keys() == keys


MODES = {"unique key": True, "query mode": False}


def answer(world: World) -> None:
    """Complete one task, delete one, and edit one."""
    completed, deleted, edited = world.our_tasks()[:3]
    world.complete(completed)
    world.delete(deleted)
    world.edit(edited, subject="In my words")


ANSWERS = {"nobody has answered": lambda world: None, "people have answered": answer}


@pytest.mark.fault("S4")
@pytest.mark.parametrize("answers", ANSWERS)
@on_each("mode", MODES, ["unique key"], [])
def test_the_sync_after_a_lost_state_writes_nothing_that_is_there(crm, tmp_path, mode, answers):
    with crm(tmp_path, opportunities=14, unique_key=MODES[mode]) as world:
        world.settle()
        world.advance(timedelta(hours=11))  # made on another day than it was first seen
        world.synced()
        assert world.dump()["tasks"]
        world.advance(timedelta(hours=1))
        ANSWERS[answers](world)
        world.synced()
        world.advance(timedelta(hours=1))
        keys = world.keys()
        world.forget()
        nothing_is_written(world, keys=keys)
        world.advance()
        nothing_is_written(world, keys=keys)  # nor once everything it found has settled


@pytest.mark.slow
@pytest.mark.fault("S4")
def test_a_task_out_of_sight_is_not_made_again_but_its_flag_may_rest_until_it_is_found(asked):
    """The limit, on record: a task taken off its deal is found again only by its key."""
    away = asked.our_tasks()[0]
    asked.put_away(away)
    asked.synced()
    asked.advance(timedelta(hours=1))
    before, keys = asked.dump(), asked.keys()
    asked.forget()
    written = asked.synced().writes
    assert {(w["action"], w["opportunity"]) for w in written} <= {
        ("set_flags", away["opportunity"])
    }
    for _ in range(2):
        asked.advance()
        asked.synced()
    assert asked.keys() == keys
    after = asked.dump()
    assert after["tasks"] == before["tasks"]
    for opportunity, fields in after["fields"].items():
        assert fields["flags"] == before["fields"][opportunity]["flags"]


@slow_on_hubspot
def test_a_task_on_one_that_was_lost_is_known_again_when_it_is_reopened(asked):
    task = next(task for task in asked.our_tasks() if task["rule"] == EARLY)
    asked.move(task["opportunity"], CLOSED_LOST)
    asked.forget()
    asked.synced()  # in the same second: of a lost one, no task is read
    asked.advance(timedelta(hours=1))
    asked.move(task["opportunity"], CONCERNS)
    asked.advance(timedelta(hours=1))
    asked.synced()
    assert asked.task(task["key"])["status"] == "completed"
    assert "withdrawn" in asked.remembered(task["key"])
