"""A plan lists exactly what the next sync writes, and changes nothing while it looks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import EARLY, SETTLED, World

from crmrules import rulebook

BOOKKEEPING = ("lease", "meta")
SEEDS = [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(7, marks=pytest.mark.slow)]


def overlay(mode: str = "") -> str:
    """Return an overlay with every shipped rule in this mode, or as recommended."""
    rules = rulebook.load([rulebook.shipped()]).rules
    return "".join(f"{rule.id}: {{mode: {mode or rule.recommended}}}\n" for rule in rules)


@pytest.fixture(params=SEEDS)
def promoted(request, tmp_path):
    """A shipped pack after a first look in shadow, thirteen hours later, promoted."""
    with World(tmp_path, seed=request.param, rules=None, overlay=overlay("shadow")) as world:
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
        task = world.task(write["key"])
        return [
            task["Subject"],
            task["Description"],
            task["ActivityDate"],
            task["OwnerId"],
            task["WhatId"],
            task["CrmRules_Rule__c"],
            task["Status"],
        ] == [
            fields["subject"],
            fields["body"],
            fields["due"],
            write["owner"],
            write["opportunity"],
            write["rule"],
            "Not Started",
        ]
    row = world.org.get("Opportunity", write["opportunity"])
    shown = {
        "status": row.get("CrmRules_Status__c"),
        "summary": row.get("CrmRules_Summary__c"),
        "buying_phase": row.get("CrmRules_Buying_Phase__c"),
        "flags": sorted(filter(None, (row.get("CrmRules_Flags__c") or "").split(";"))),
        "checked_at": (row.get("CrmRules_Checked_At__c") or "")[:19] + "Z",
    }
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


def test_an_immediate_further_sync_writes_nothing(promoted):
    promoted.synced()
    after = promoted.dump()
    for _ in range(2):
        assert promoted.synced().writes == []
    assert promoted.plan("--detailed-exitcode").code == 0
    assert promoted.synced("--full").writes == []
    assert promoted.dump() == after


def test_a_plan_tells_of_pending_writes_by_its_exit_code(tmp_path):
    with World(tmp_path, opportunities=20) as world:
        world.settle()
        assert world.plan("--detailed-exitcode").code == 10


def test_a_plan_leaves_state_and_crm_as_they_were(promoted):
    state, crm = promoted.tables(*BOOKKEEPING), promoted.dump()
    promoted.server.forget_calls()
    promoted.plan()
    promoted.plan("--full")
    assert promoted.tables(*BOOKKEEPING) == state
    assert promoted.dump() == crm
    assert {call.path.rpartition("/")[2] for call in promoted.server.calls} <= {
        "composite",
        "userinfo",
        "query",
        "queryAll",
    }


def test_once_settled_is_what_a_sync_without_settle_time_writes(tmp_path):
    with World(tmp_path) as world:
        world.synced()
        world.advance(timedelta(hours=2))  # nothing has settled
        planned = world.plan()
        assert [w for w in planned.writes if w["action"] == "create_task"] == []
        world.tasks = {"settle_hours": 0}
        world.configure()
        synced = world.synced()
        assert {w["action"] for w in synced.writes} == {"create_task", "set_flags"}
        assert by_name(planned.json["once_settled"]) == by_name(synced.writes)


def test_once_settled_goes_beyond_the_next_sync_where_some_have_settled(tmp_path):
    with World(tmp_path) as world:
        world.synced()
        world.advance(timedelta(hours=13))
        opportunity = next(
            row["Id"]
            for row in world.org.rows("Opportunity")
            if not row["IsClosed"] and row["StageName"] == "Needs Analysis"
        )
        world.org.update("Opportunity", opportunity, {"StageName": "Negotiation/Review"})
        planned = world.plan()
        world.tasks = {"settle_hours": 0}
        world.configure()
        synced = world.synced()
        assert by_name(planned.json["once_settled"]) == by_name(synced.writes)
        assert by_name(planned.writes) != by_name(synced.writes)


def test_once_settled_lists_what_ends_and_moves_as_well(tmp_path):
    with World(tmp_path, opportunities=20) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        cleared, moved = [row for row in world.our_tasks() if row["CrmRules_Rule__c"] == EARLY][:2]
        stage = {"StageName": "Closed Lost"}
        world.org.update("Opportunity", cleared["WhatId"], stage, cleared["OwnerId"])
        new = next(
            row["Id"]
            for row in world.org.rows("User")
            if row["IsActive"] and row["Id"] not in (moved["OwnerId"], world.org.user_id)
        )
        world.org.update("Opportunity", moved["WhatId"], {"OwnerId": new}, moved["OwnerId"])
        planned = world.plan()
        assert {"cancel_task", "update_task"} <= {w["action"] for w in planned.writes}
        world.tasks = {"settle_hours": 0}
        world.configure()
        assert by_name(planned.json["once_settled"]) == by_name(world.synced().writes)


def test_a_plan_after_people_worked_is_still_the_next_sync(promoted):
    promoted.synced()
    promoted.advance(timedelta(hours=26))
    for place, row in enumerate(promoted.our_tasks()):
        owner = row["OwnerId"]
        if place % 3 == 0:
            promoted.org.update("Task", row["Id"], {"Status": "Completed"}, owner)
        elif place % 3 == 1:
            promoted.org.update("Opportunity", row["WhatId"], {"StageName": "Closed Lost"}, owner)
    planned = promoted.plan()
    synced = promoted.synced()
    assert planned.writes
    assert synced.writes == planned.writes
    assert promoted.synced().writes == []


def by_name(writes: list[dict]) -> list[dict]:
    return sorted(writes, key=lambda w: (w["action"], w["opportunity"], w["key"] or ""))
