"""Promises that only HubSpot makes, or that are kept there in a way of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hubspot_world import HubSpotWorld
from test_guards import refused
from world import CONCERNS, EARLY

SIZE = 14


def some(cases, *fast: str):
    """Return all cases, those slow that are not named."""
    return [each if each in fast else pytest.param(each, marks=pytest.mark.slow) for each in cases]


@pytest.fixture
def world(tmp_path):
    with HubSpotWorld(tmp_path / "world", opportunities=SIZE) as world:
        yield world.settle()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    with HubSpotWorld(tmp_path_factory.mktemp("clean"), opportunities=SIZE) as world:
        world.settle()
        world.synced()
        return world.dump()


@pytest.fixture
def asked(world):
    world.synced()
    world.advance(timedelta(hours=1))
    return world


# -- refusals -------------------------------------------------------------------------------------
NEEDED = {
    "crm.objects.deals.read": "the opportunities themselves",
    "crm.objects.contacts.read": "our own tasks",
    "crm.objects.owners.read": "whom to ask",
    "crm.objects.deals.write": "status, flags and summary on the opportunity",
    "crm.objects.contacts.write": "tasks",
}


@pytest.mark.parametrize("scope", some(NEEDED, "crm.objects.contacts.write"))
def test_a_missing_scope_is_named_with_what_needs_it(world, scope):
    world.portal.revoke(scope)
    refused(world, 3, scope, NEEDED[scope])
    world.portal.grant(scope)
    world.synced()


def test_without_the_scope_of_quotes_the_run_goes_on_and_says_what_it_does_not_know(world):
    world.portal.revoke("crm.objects.quotes.read")
    ran = world.sync("--full")
    assert ran.code == 0, ran.err
    [problem] = [p for p in ran.json["problems"] if "crm.objects.quotes.read" in p["what"]]
    assert "quotes" in problem["what"]
    assert problem["remedy"]


@pytest.mark.fault("H8")
def test_a_stage_that_the_portal_does_not_have_is_named(world):
    world.phases = lambda: {"default": {"77": "evaluation"}}
    world.configure()
    refused(world, 2, "stage '77'", "[phases]")


@pytest.mark.fault("H8")
@pytest.mark.slow
def test_a_pipeline_that_the_portal_does_not_have_is_named(world):
    world.phases = lambda: {"nowhere": {"77": "evaluation"}}
    world.configure()
    refused(world, 2, "pipeline 'nowhere'", "[phases]")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("deals", "crmrules_summary"),
        pytest.param("tasks", "crmrules_key", marks=pytest.mark.slow),
    ],
)
def test_a_property_of_another_type_is_somebody_elses_and_stops_the_run(world, kind, name):
    world.portal.redefine(kind, name, type="number", fieldType="number")
    refused(world, 3, name, "of type number", "provision")


@pytest.mark.fault("H8")
def test_a_flag_that_the_property_has_no_option_for_stops_the_run(world):
    flags = world.portal.definitions["deals"]["crmrules_flags"]
    left = [option for option in flags["options"] if option["value"] != "e2e_early"]
    world.portal.redefine("deals", "crmrules_flags", options=left)
    refused(world, 3, "e2e_early")


# -- people ---------------------------------------------------------------------------------------
@pytest.mark.fault("H10")
@pytest.mark.slow
def test_a_task_of_somebody_who_left_is_held_back_where_nobody_stands_in(world):
    planned = next(w for w in world.plan().writes if w["action"] == "create_task")
    world.leave(planned["owner"])
    findings = world.synced("--full").json["findings"]
    about = [f for f in findings if f["opportunity"] == planned["opportunity"]]
    assert [f["held_back"] for f in about] == ["no_owner"]
    assert [task for task in world.our_tasks() if task["key"] == planned["key"]] == []


def test_a_task_that_a_person_took_off_the_deal_is_neither_changed_nor_made_again(asked):
    task = next(task for task in asked.our_tasks() if task["rule"] == EARLY)
    asked.put_away(task)
    before, keys = asked.dump()["tasks"], asked.keys()
    for hours in (1, 24, 24):
        asked.advance(timedelta(hours=hours))
        asked.synced()
    assert asked.keys() == keys
    assert asked.dump()["tasks"] == before


def test_our_own_writes_are_no_news_to_the_next_run(asked):
    """Every write moves the record's stamp, so the next search finds what we wrote ourselves."""
    stamps = {deal.id: deal.updated for deal in asked.portal.records("deals")}
    assert asked.synced().writes == []
    assert {deal.id: deal.updated for deal in asked.portal.records("deals")} == stamps


# -- deals that are merged ------------------------------------------------------------------------
@pytest.mark.fault("H9")
def test_merged_opportunities_are_judged_as_the_one_they_are_now_and_nobody_is_asked_twice(asked):
    first, second = [task for task in asked.our_tasks() if task["rule"] == EARLY][:2]
    merged = {first["opportunity"], second["opportunity"]}
    winner = asked.portal.merge("deals", first["opportunity"], second["opportunity"])
    keys = asked.keys()
    for hours in (1, 24, 24):
        asked.advance(timedelta(hours=hours))
        judged = {finding["opportunity"] for finding in asked.synced().json["findings"]}
        assert winner in judged
        assert not judged & merged
        assert asked.keys() == keys


# -- faults of single calls -----------------------------------------------------------------------
UPDATES = {
    "500 after the commit": {"kind": "status", "status": 500, "after": True},
    "dropped after the commit": {"kind": "drop_after"},
    "half an answer": {"kind": "truncated_body"},
    "the account is being moved": {"kind": "migrating", "retry_after": 3},
}


@pytest.mark.parametrize("how", some(UPDATES, "dropped after the commit"))
def test_an_update_whose_answer_got_lost_is_just_made_again(world, clean, how):
    world.strike(**UPDATES[how], on="update")
    world.synced()
    assert world.server.faults.pending() == []
    assert world.dump() == clean


@pytest.mark.fault("H5")
def test_a_batch_of_creates_that_is_answered_in_part_makes_the_rest_in_the_next_run(world, clean):
    keys = [w["key"] for w in world.plan().writes if w["action"] == "create_task"]
    world.strike("partial", ids=tuple(keys[:2]))
    world.sync()
    assert world.one_task_per_key()
    world.synced()
    assert world.dump() == clean


@pytest.mark.fault("H11")
@pytest.mark.slow
def test_one_record_that_a_rule_of_the_portal_refuses_leaves_the_others_of_its_batch_alone(
    world, clean
):
    writes = world.plan().writes
    refused_one = [w["opportunity"] for w in writes if w["action"] == "set_flags"][-1]
    world.lock(refused_one)
    ran = world.sync()
    assert [f["opportunity"] for f in ran.json["failed"]] == [refused_one]
    assert "closed_lost_reason" in ran.json["failed"][0]["error"]
    fields = world.fields()
    told = {w["opportunity"] for w in writes if w["action"] == "set_flags"} - {refused_one}
    assert all(fields[one] == clean["fields"][one] for one in told)


# -- search that lags -----------------------------------------------------------------------------
LOST = ("drop_after", "truncated_body")


@pytest.mark.parametrize("how", some(LOST, "drop_after"))
def test_without_a_unique_key_a_lost_create_is_found_by_the_deal_while_search_lags_an_hour(
    tmp_path, how
):
    with HubSpotWorld(tmp_path, opportunities=SIZE, unique_key=False) as world:
        world.settle()
        planned = sorted(w["key"] for w in world.plan().writes if w["action"] == "create_task")
        world.portal.index_lag = timedelta(hours=1)
        world.strike(how)
        ran = world.sync()
        assert ran.code == 0, ran.err  # found at once, nothing is left for later
        assert world.keys() == planned
        for minutes in (1, 20, 60):
            world.advance(timedelta(minutes=minutes))
            assert [w for w in world.synced().writes if w["action"] == "create_task"] == []
        assert world.keys() == planned


def test_a_task_that_search_shows_too_late_as_edited_is_not_overwritten(asked):
    """The deal's index is up to date, the task's is not."""
    for _ in range(2):  # our tasks are known as nobody has touched them, and are no news any more
        asked.synced()
        asked.advance(timedelta(hours=3))
    task, deleted = [task for task in asked.our_tasks() if task["rule"] == EARLY][:2]
    for one in (task, deleted):
        asked.portal.index_lags["tasks", one["id"]] = timedelta(hours=1)
        asked.move(one["opportunity"], CONCERNS)
    asked.edit(task, body="I have asked them. They decide in May.")
    asked.delete(deleted)
    before = [asked.task(task["key"]), asked.task(deleted["key"])]
    for minutes in (1, 20, 60, 24 * 60):
        asked.advance(timedelta(minutes=minutes))
        asked.synced()
        assert [asked.task(task["key"]), asked.task(deleted["key"])] == before


@pytest.mark.slow
def test_what_people_did_counts_while_search_lags_an_hour(asked):
    """Completed, and still to be found as open by a search."""
    asked.synced()  # our tasks are known as nobody has touched them
    asked.portal.index_lag = timedelta(hours=1)
    done, edited = [task for task in asked.our_tasks() if task["rule"] == EARLY][:2]
    asked.complete(done)
    asked.edit(edited, subject="In my words")
    before, keys = asked.dump()["tasks"], asked.keys()
    for minutes in (0, 5, 30, 30):
        asked.advance(timedelta(minutes=minutes))
        asked.synced()
        assert asked.dump()["tasks"] == before
    assert "completed" in asked.remembered(done["key"])  # seen though the index showed it late
    assert asked.keys() == keys
