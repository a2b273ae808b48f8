"""What a person did in the CRM wins over what we would write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import EARLY, World


@pytest.fixture
def asked(tmp_path):
    with World(tmp_path / "world", opportunities=14) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        yield world


def an_early_task(world: World) -> dict:
    return next(row for row in world.our_tasks() if row["CrmRules_Rule__c"] == EARLY)


def clear(world: World, task: dict) -> None:
    """Move the opportunity to a stage in which the rule is quiet."""
    opportunity = task["WhatId"]
    world.org.update(
        "Opportunity",
        opportunity,
        {"StageName": "Negotiation/Review"},
        world.owner_of(opportunity),
    )


def about(task: dict, writes: list[dict]) -> list[dict]:
    return [write for write in writes if write["key"] == task["CrmRules_Key__c"]]


def syncs(world: World) -> list[dict]:
    """Sync at once and after two more days; return all writes."""
    writes = list(world.synced().writes)
    for _ in range(2):
        world.advance(timedelta(hours=24))
        writes += world.synced().writes
    return writes


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "Completed"},
        {"Subject": "My own words"},
        pytest.param({"Description": "I called them."}, marks=pytest.mark.slow),
        pytest.param({"ActivityDate": "2026-12-24"}, marks=pytest.mark.slow),
        pytest.param({"Status": "In Progress"}, marks=pytest.mark.slow),
    ],
    ids=["completed", "subject", "body", "due", "status"],
)
def test_what_a_person_changed_is_never_written_again(asked, change):
    task = an_early_task(asked)
    asked.org.update("Task", task["Id"], change, task["OwnerId"])
    asked.advance(timedelta(hours=1))
    before = asked.task(task["CrmRules_Key__c"])
    clear(asked, task)
    assert about(task, syncs(asked)) == []
    assert asked.task(task["CrmRules_Key__c"]) == before


def test_a_deleted_task_is_not_made_again(asked):
    task = an_early_task(asked)
    asked.org.delete(task["Id"], task["OwnerId"])
    asked.advance(timedelta(hours=1))
    assert about(task, syncs(asked)) == []
    rule, opportunity = task["CrmRules_Rule__c"], task["WhatId"]
    alive = [
        row
        for row in asked.our_tasks(deleted=False)
        if (row["CrmRules_Rule__c"], row["WhatId"]) == (rule, opportunity)
    ]
    assert alive == []


def test_a_finding_that_cleared_completes_its_untouched_task_and_says_why(asked):
    task = an_early_task(asked)
    clear(asked, task)
    writes = about(task, syncs(asked))
    assert [write["action"] for write in writes] == ["complete_task"]
    now = asked.task(task["CrmRules_Key__c"])
    assert now["Status"] == "Completed"
    first, _, rest = now["Description"].partition("\n")
    assert first.startswith("No longer needed: ")
    assert rest == task["Description"]


def test_a_closed_opportunity_cancels_its_untouched_tasks(asked):
    task = an_early_task(asked)
    opportunity = task["WhatId"]
    asked.org.update(
        "Opportunity", opportunity, {"StageName": "Closed Lost"}, asked.owner_of(opportunity)
    )
    writes = about(task, syncs(asked))
    assert [write["action"] for write in writes] == ["cancel_task"]
    now = asked.task(task["CrmRules_Key__c"])
    assert now["Status"] == "Completed"
    assert now["Description"].startswith("No longer needed: ")


def test_our_own_cancelling_is_no_answer(asked):
    """A finding that comes back after we withdrew its task may ask again after the cool-down."""
    task = an_early_task(asked)
    clear(asked, task)
    asked.synced()
    answers = [row for row in asked.tables()["task"] if task["CrmRules_Key__c"] in row]
    assert "withdrawn" in answers[0]
    assert "done" not in answers[0]
    asked.advance(timedelta(hours=24))
    asked.synced()
    answers = [row for row in asked.tables()["task"] if task["CrmRules_Key__c"] in row]
    assert "withdrawn" in answers[0]
    assert "done" not in answers[0]


def another_owner(world: World, *owners: str) -> str:
    return next(
        row["Id"]
        for row in world.org.rows("User")
        if row.get("IsActive") and row["Id"] not in (*owners, world.org.user_id)
    )


def test_an_untouched_task_moves_with_its_opportunity(asked):
    task = an_early_task(asked)
    new = another_owner(asked, task["OwnerId"])
    asked.org.update("Opportunity", task["WhatId"], {"OwnerId": new}, task["OwnerId"])
    writes = about(task, syncs(asked))
    assert [write["action"] for write in writes] == ["update_task"]
    assert asked.task(task["CrmRules_Key__c"])["OwnerId"] == new


def test_an_edited_task_stays_with_whom_it_is(asked):
    task = an_early_task(asked)
    asked.org.update("Task", task["Id"], {"Subject": "Mine"}, task["OwnerId"])
    new = another_owner(asked, task["OwnerId"])
    asked.org.update("Opportunity", task["WhatId"], {"OwnerId": new}, task["OwnerId"])
    assert about(task, syncs(asked)) == []
    assert asked.task(task["CrmRules_Key__c"])["OwnerId"] == task["OwnerId"]


def test_a_task_for_somebody_who_left_goes_to_somebody_who_is_there(tmp_path):
    with World(tmp_path, opportunities=14) as world:
        world.settle()
        planned = next(w for w in world.plan().writes if w["action"] == "create_task")
        left = planned["owner"]
        world.org.load({"User": [{**world.org.get("User", left), "IsActive": False}]})
        world.advance(timedelta(minutes=30))
        world.synced("--full")
        owner = world.task(planned["key"])["OwnerId"]
        assert owner != left
        assert world.org.get("User", owner)["IsActive"]


def test_a_deleted_opportunity_is_written_no_more(asked):
    task = an_early_task(asked)
    asked.org.delete(task["WhatId"], task["OwnerId"])
    asked.advance(timedelta(hours=1))
    writes = syncs(asked)
    assert [write for write in writes if write["opportunity"] == task["WhatId"]] == []


def test_not_true_takes_the_flag_away_and_the_rest_stays(asked):
    task = an_early_task(asked)
    text = f"{task['Description']}\n#not-true we know who decides"
    asked.org.update("Task", task["Id"], {"Description": text}, task["OwnerId"])
    syncs(asked)
    row = asked.org.get("Opportunity", task["WhatId"])
    assert not row.get("CrmRules_Flags__c")
    assert row["CrmRules_Status__c"] == "ok"
