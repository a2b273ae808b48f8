"""The state store is lost, or an old one comes back: nobody is asked a second time."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from world import World


@pytest.fixture
def asked(tmp_path):
    """Tasks made: one completed, one deleted, one edited, one archived, the others untouched."""
    with World(tmp_path / "world", opportunities=14) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        yield world


def touch(world: World) -> None:
    completed, deleted, edited, archived = world.our_tasks()[:4]
    world.org.update("Task", completed["Id"], {"Status": "Completed"}, completed["OwnerId"])
    world.org.delete(deleted["Id"], deleted["OwnerId"])
    world.org.update("Task", edited["Id"], {"Subject": "In my words"}, edited["OwnerId"])
    world.org.update("Task", archived["Id"], {"Status": "Completed"}, archived["OwnerId"])
    world.org.archive(archived["Id"])


def never_asks_again(world: World, before: dict, keys: list[str]) -> None:
    for step in (0, 13, 13, 24):
        world.advance(timedelta(hours=step))
        world.synced()
        assert world.keys() == keys
    assert world.dump()["tasks"] == before["tasks"]
    episodes = [(r["WhatId"], r["CrmRules_Rule__c"]) for r in world.our_tasks()]
    assert len(episodes) == len(set(episodes))


def test_a_lost_state_asks_nobody_twice(asked):
    touch(asked)
    before, keys = asked.dump(), asked.keys()
    asked.forget()
    never_asks_again(asked, before, keys)


def test_a_task_in_the_bin_is_remembered_even_where_the_bin_frees_its_key(asked):
    asked.org.store.recycled_keys_block = False  # what Salesforce does is not documented
    touch(asked)
    before, keys = asked.dump(), asked.keys()
    asked.forget()
    never_asks_again(asked, before, keys)


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


def test_an_old_backup_asks_nobody_twice(tmp_path):
    with World(tmp_path / "world", opportunities=14) as world:
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


def test_after_a_lost_state_counting_goes_on_where_it_was(asked):
    """A finding that clears and comes back makes the next episode, not the first again."""
    task = asked.our_tasks()[0]
    stage = asked.org.get("Opportunity", task["WhatId"])["StageName"]
    owner = asked.owner_of(task["WhatId"])
    asked.org.update("Task", task["Id"], {"Status": "Completed"}, task["OwnerId"])
    away = "Negotiation/Review" if task["CrmRules_Rule__c"] == "e2e-early" else "Needs Analysis"
    asked.org.update("Opportunity", task["WhatId"], {"StageName": away}, owner)
    asked.synced()
    asked.forget()
    asked.synced()
    asked.org.update("Opportunity", task["WhatId"], {"StageName": stage}, owner)
    asked.advance(timedelta(days=20))  # past the cool-down of a completed task
    asked.synced()
    asked.advance(timedelta(hours=13))
    asked.synced()
    mine = [
        row["CrmRules_Key__c"]
        for row in asked.our_tasks()
        if (row["WhatId"], row["CrmRules_Rule__c"]) == (task["WhatId"], task["CrmRules_Rule__c"])
    ]
    assert sorted(key.split(":")[1] for key in mine) == ["1", "2"]


def test_a_lost_state_still_ends_what_is_no_longer_needed(asked):
    task = asked.our_tasks()[0]
    asked.forget()
    asked.synced()
    asked.org.update(
        "Opportunity",
        task["WhatId"],
        {"StageName": "Closed Lost"},
        asked.owner_of(task["WhatId"]),
    )
    asked.advance(timedelta(hours=1))
    asked.synced()
    assert asked.task(task["CrmRules_Key__c"])["Status"] == "Completed"
