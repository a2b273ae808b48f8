"""The CRM says no: to the pace, the day, one record, a field, a version."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import orjson
import pytest
from crms import slow_on_hubspot
from kit import SIZE, Gate, at_the_write, converges, told


@pytest.fixture(scope="module")
def clean(tmp_path_factory, crm):
    with crm(tmp_path_factory.mktemp("clean"), opportunities=SIZE) as world:
        world.settle()
        world.synced()
        return world.dump()


@pytest.fixture
def world(crm, tmp_path):
    with crm(tmp_path / "world", opportunities=SIZE) as world:
        yield world.settle()


def calls(gate) -> list:
    return [event for event in gate.events if not isinstance(event, float)]


def everywhere(world, kind, **more):
    """Arm a fault for every call of the API, whatever it is about."""
    world.server.faults.add(type(world.fault("status"))(kind, **more))


# -- H2: the day's calls -----------------------------------------------------------------------
@pytest.mark.fault("H2")
@slow_on_hubspot
@pytest.mark.parametrize("on", ["pull", "write"])
def test_after_the_first_refusal_of_the_day_there_is_at_most_one_more_call(world, on, clean):
    gate = Gate(world)
    world.strike("no calls left", on=on)
    told_or_failed = world.sync()
    assert told_or_failed.code in (4, 6)
    refused = [n for n, (*_, status) in enumerate(calls(gate)) if status in (403, 429)]
    assert refused
    assert len(calls(gate)) - refused[0] <= 2
    world.mend()
    world.slept = []
    converges(world, clean)


@pytest.mark.fault("H2")
@slow_on_hubspot
def test_a_share_of_the_day_is_left_to_others(world, clean):
    """What others have used counts, whatever our own ceiling says."""
    meter = world.server.api if world.name == "salesforce" else world.server.gateway.meter
    getattr(meter, "used_today", int)()  # the day has begun
    limit = (world.org if world.name == "salesforce" else world.portal).daily_limit
    before = world.dump()
    gate = Gate(world)
    meter.used = int(limit * 0.95)
    ran = world.sync()
    told(ran, 6)
    assert "daily_reserve" in ran.err
    assert len(calls(gate)) <= 2
    assert world.dump() == before
    meter.used = int(limit * 0.75)
    world.slept = []
    converges(world, clean)


# -- H3: the pace ------------------------------------------------------------------------------
@pytest.mark.fault("H3")
@slow_on_hubspot
@pytest.mark.parametrize("on", ["pull", "write"])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_no_call_is_made_inside_the_time_that_was_asked_for(world, on, form, clean):
    asked = 90
    after = asked
    if form == "date":
        after = format_datetime(world.now + timedelta(seconds=asked), usegmt=True)
    gate = Gate(world)
    world.strike("status", on=on, status=429, retry_after=after)
    world.synced("--full")
    [refused] = [n for n, e in enumerate(gate.events) if not isinstance(e, float) and e[2] == 429]
    waited = 0.0
    for event in gate.events[refused + 1 :]:
        if not isinstance(event, float):
            break
        waited += event
    assert waited >= min(asked, 60 if on == "write" and world.name == "salesforce" else asked)
    world.slept = []
    assert world.dump() == clean


# -- H5: answers out of order ------------------------------------------------------------------
@pytest.mark.fault("H5")
def test_answers_out_of_order_reach_the_records_they_speak_of(world, clean):
    def backwards(_, body):
        if isinstance(body, dict):
            for name in ("results", "errors", "compositeResponse"):
                if isinstance(body.get(name), list):
                    body = {**body, name: body[name][::-1]}
        return body

    Gate(world).change(backwards)
    world.synced()
    assert world.dump() == clean
    tasks = world.our_tasks()
    assert len(tasks) > 2
    for task in tasks:
        assert task["id"] in world.remembered(task["key"])


# -- H6: locked rows ---------------------------------------------------------------------------
@pytest.mark.fault("H6", on="salesforce")
@pytest.mark.parametrize("crm", ["salesforce"], indirect=True, scope="session")
def test_a_locked_row_is_tried_three_times_more_in_small_collections_and_others_are_written(
    world, clean
):
    flags = [w for w in world.plan().writes if w["action"] == "set_flags"]
    locked = flags[len(flags) // 2]["opportunity"]
    world.org.lock_row(locked, 99)
    sent: list[list[dict]] = []

    def note(exchange, body):
        if exchange.method == "POST" and b"composite/sobjects" in exchange.body:
            parts = orjson.loads(exchange.body)["compositeRequest"]
            sent.append([record for part in parts for record in part["body"]["records"]])
            sizes.append([len(part["body"]["records"]) for part in parts])
        return body

    sizes: list[list[int]] = []
    Gate(world).change(note)
    ran = world.sync()
    assert ran.code == 4
    assert {f["opportunity"] for f in ran.json["failed"]} == {locked}
    assert all(f["retry"] and f["remedy"] for f in ran.json["failed"])
    about = [[r.get("WhatId") or r.get("id") for r in records] for records in sent]
    first, again = about[0], about[1:]
    assert len(first) > 5
    assert len(again) == 3
    assert all(set(records) == {locked} for records in again)
    assert all(size <= 10 for one in sizes[1:] for size in one)
    world.org.unlock(locked)
    world.slept = []
    converges(world, clean)


# -- H7, H8: fields and words ------------------------------------------------------------------
def add(world, text: str) -> None:
    world.config.write_text(world.config.read_text() + text)


@pytest.mark.fault("H7")
@slow_on_hubspot
def test_a_field_that_is_gone_is_one_notice_and_everything_else_goes_on(world, clean):
    name = "Gone_Field__c" if world.name == "salesforce" else "gone_field"
    add(
        world,
        f'\n[mapping.fields]\n"Opportunity.{name}" = "need"\n"Account.{name}" = "strategic"\n',
    )
    ran = world.synced()
    told_of = [p for p in ran.json["problems"] if name in p["what"]]
    assert [p["level"] for p in told_of] == ["warning"] * len(told_of)
    assert 1 <= len(told_of) <= 2  # one for each object
    assert all(p["remedy"] for p in told_of)
    assert world.dump() == clean


@pytest.mark.fault("H7", on="salesforce")
@pytest.mark.parametrize("crm", ["salesforce"], indirect=True, scope="session")
def test_a_field_hidden_in_the_middle_of_a_run_ends_it_and_the_next_run_knows(world, clean):
    before = world.dump()
    world.strike("status", on="pull", status=400, code="INVALID_FIELD", message="No such column")
    ran = world.sync()
    told(ran, 4)
    assert "permission set" in ran.err
    assert world.dump() == before
    converges(world, clean)


@pytest.mark.fault("H8", on="salesforce")
@pytest.mark.parametrize("crm", ["salesforce"], indirect=True, scope="session")
def test_a_mapped_stage_that_is_gone_and_one_without_a_phase_are_named_once(world):
    stays, goes, *others = [dict(row) for row in world.org.rows("OpportunityStage")]
    known = stays["ApiName"]
    add(world, f'\n[phases.default]\n"Signed Off" = "concerns"\n"{known}" = "recognition"\n')
    renamed = {**goes, "ApiName": "Brand New", "MasterLabel": "Brand New"}
    world.org.load({"OpportunityStage": [stays, renamed, *others]})
    ran = world.plan()
    told_of = {p["what"] for p in ran.json["problems"]}
    assert {w for w in told_of if "Signed Off" in w and "does not have" in w}
    assert {w for w in told_of if "Brand New" in w and "no buying phase" in w}
    assert not [w for w in told_of if f"'{known}'" in w]
    assert all(p["level"] == "warning" for p in ran.json["problems"])


# -- H9, H10, H11: one record ------------------------------------------------------------------
@pytest.mark.fault("H9")
@slow_on_hubspot
def test_an_opportunity_deleted_before_its_write_is_moot_and_not_tried_again(world, monkeypatch):
    planned = world.plan().writes
    gone = next(w["opportunity"] for w in planned if w["action"] == "create_task")
    at_the_write(world, monkeypatch, lambda: world.delete_opportunity(gone))
    ran = world.synced()
    assert ran.json["failed"] == []
    assert gone not in {task["opportunity"] for task in world.our_tasks(deleted=False)}
    others = {
        w["key"] for w in planned if w["action"] == "create_task" and w["opportunity"] != gone
    }
    assert {task["key"] for task in world.our_tasks(deleted=False)} == others
    assert world.synced().writes == []
    assert gone not in {task["opportunity"] for task in world.our_tasks(deleted=False)}


@pytest.mark.fault("H10", "H11")
@slow_on_hubspot
def test_an_owner_who_leaves_before_the_write_costs_one_try_and_somebody_else_is_asked(
    world, monkeypatch
):
    planned = [w for w in world.plan().writes if w["action"] == "create_task"]
    leaves = planned[0]["owner"]
    theirs = {w["key"] for w in planned if w["owner"] == leaves}
    world.tasks = {"fallback_owner": world.somebody_else(leaves)}
    world.configure()
    at_the_write(world, monkeypatch, lambda: world.leave(leaves))
    ran = world.sync()
    assert ran.code == 4, ran.err
    assert len(ran.json["failed"]) == len(theirs)
    assert all("owner" in f["error"].lower() and f["remedy"] for f in ran.json["failed"])
    assert set(world.keys()) == {w["key"] for w in planned} - theirs
    world.synced()
    assert world.one_task_per_key()
    assert theirs <= set(world.keys())
    assert all(world.task(key)["owner"] != leaves for key in theirs)


@pytest.mark.fault("H11")
@slow_on_hubspot
def test_a_refused_record_keeps_the_crms_words_and_costs_the_others_nothing(world, clean):
    """It is tried again by every run, and is written as soon as it is let in."""
    flags = [w for w in world.plan().writes if w["action"] == "set_flags"]
    refused = flags[len(flags) // 2]["opportunity"]
    words = "Budget must be approved first"
    if world.name == "salesforce":
        from crmrules_sandbox.salesforce import collection
        from crmrules_sandbox.salesforce.failure import ApiError

        real = collection._update

        def update(view, record):
            if record.get("id") == refused:
                raise ApiError(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", words, [])
            return real(view, record)

        def let_in():
            collection._update = real

        collection._update = update
    else:
        words = "closed_lost_reason"
        world.lock(refused)

        def let_in():
            world.unlock(refused)

    try:
        for _ in range(2):
            ran = world.sync()
            assert ran.code == 4, ran.err
            [failure] = [f for f in ran.json["failed"] if f["action"] == "set_flags"]
            assert failure["opportunity"] == refused
            assert words in failure["error"] + failure["remedy"]
            assert "rule" in failure["remedy"]
    finally:
        let_in()
    converges(world, clean)


# -- H13: the version --------------------------------------------------------------------------
@pytest.mark.fault("H13")
@slow_on_hubspot
def test_a_retired_version_is_told_with_the_key_to_set(world):
    before = world.dump()
    everywhere(world, "status", status=410, code="UNSUPPORTED_API_VERSION", message="x", times=9)
    ran = world.sync()
    told(ran, 2)
    assert "api_version" in ran.err
    assert world.dump() == before
