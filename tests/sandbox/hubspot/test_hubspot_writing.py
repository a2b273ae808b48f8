"""Writing records: batches with and without trace ids, values that do not fit, side effects."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from portal_kit import API, Client, codes, ids

DUE = {"hs_timestamp": "2026-03-05T16:00:00Z"}


def to_deal(deal, type_id=216, category="HUBSPOT_DEFINED"):
    return {
        "to": {"id": deal},
        "types": [{"associationCategory": category, "associationTypeId": type_id}],
    }


def task(key, deal=None, trace=None, **more):
    made = {"properties": {**DUE, "crmrules_key": key, **more}}
    if deal is not None:
        made["associations"] = [to_deal(deal)]
    return made if trace is None else {**made, "objectWriteTraceId": trace}


def keys(portal):
    return [portal.value("tasks", each.id, "crmrules_key") for each in portal.records("tasks")]


def test_a_batch_creates_and_associates_in_one_step(client, portal, deal):
    answer = client.objects("tasks", "create", task("k1", deal, "t1"), task("k2", deal, "t2"))
    assert answer.status_code == 201
    results = {each["objectWriteTraceId"]: each for each in answer.json()["results"]}
    assert results["t1"]["properties"]["crmrules_key"] == "k1"
    assert results["t1"]["properties"]["hs_timestamp"] == "2026-03-05T16:00:00.000Z"
    assert results["t1"]["properties"]["hs_object_source"] == "INTEGRATION"
    made = {each["id"] for each in results.values()}
    assert set(portal.linked("deals", deal, "tasks")) == made


def test_without_trace_ids_one_bad_input_refuses_the_batch_and_stores_nothing(client, portal):
    answer = client.objects("tasks", "create", task("k1"), {"properties": {"hs_task_subject": "x"}})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "Error creating TASK. Some required properties were not set."
    )
    assert answer.json()["context"] == {"properties": ["hs_timestamp"]}
    assert portal.records("tasks") == []


@pytest.mark.parametrize("traces", [("t", "t"), ("t", None)])
def test_trace_ids_must_be_unique_to_count(client, portal, traces):
    good, bad = task("k1", trace=traces[0]), task("k1", trace=traces[1])
    assert client.objects("tasks", "create", good, bad).status_code == 400
    assert portal.records("tasks") == []


def test_with_trace_ids_each_input_stands_alone(client, portal, deal):
    portal.create("tasks", {**DUE, "crmrules_key": "taken"})
    answer = client.objects(
        "tasks", "create", task("new", deal, "a"), task("TAKEN", deal, "b"), task("new", deal, "c")
    )
    assert answer.status_code == 207
    body = answer.json()
    assert body["numErrors"] == 2
    assert [each["context"]["objectWriteTraceId"] for each in body["errors"]] == [["b"], ["c"]]
    assert {each["errors"][0]["code"] for each in body["errors"]} == {"CONFLICTING_UNIQUE_VALUE"}
    assert sorted(keys(portal)) == ["new", "taken"]


def test_a_create_whose_association_is_impossible_creates_nothing(client, portal, deal):
    wrong_type = {**task("k"), "associations": [to_deal(deal, 215)]}
    nobody = task("k", "5")
    wrong_category = {**task("k"), "associations": [to_deal(deal, 216, "USER_DEFINED")]}
    for bad in (wrong_type, nobody, wrong_category):
        assert client.objects("tasks", "create", bad).status_code == 400
    assert portal.records("tasks") == []


def test_a_batch_writes_a_hundred_at_most(client):
    assert client.create("notes", *([DUE] * 100)).status_code == 201
    assert client.create("notes", *([DUE] * 101)).status_code == 400


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"colour": "red"}, "PROPERTY_DOESNT_EXIST"),
        ({"amount": "a lot"}, "INVALID_DOUBLE"),
        ({"amount": "lots"}, "INVALID_LONG"),
        ({"closedate": "soon"}, "INVALID_LONG"),
        ({"dealtype": "gift"}, "INVALID_OPTION"),
        ({"dealstage": "9"}, "INVALID_OPTION"),
        ({"pipeline": "9"}, "INVALID_OPTION"),
        ({"pipeline": "renewals"}, "INVALID_OPTION"),  # the stage is of another pipeline
        ({"hs_is_closed": "true"}, "READ_ONLY_VALUE"),
        ({"hs_object_id": "5"}, "READ_ONLY_VALUE"),
        ({"hs_createdate": "2026-01-01"}, "READ_ONLY_VALUE"),
        ({"hubspot_owner_id": "99"}, "INVALID_OWNER_ID"),
        ({"hubspot_owner_id": "53"}, "INACTIVE_OWNER_OR_USER"),
    ],
)
def test_a_value_that_does_not_fit_is_named(client, portal, deal, values, code):
    answer = client.update("deals", deal, **values)
    assert answer.status_code == 400
    body = answer.json()
    assert body["category"] == "VALIDATION_ERROR"
    assert codes(answer) == [code]
    [name] = values
    assert body["errors"][0]["context"]["propertyName"][0] in (name, "dealstage")
    prefix, _, listed = body["message"].partition(": ")
    assert prefix == "Property values were not valid"
    assert json.loads(listed)[0]["error"] == code
    assert portal.value("deals", deal, "amount") == "12.5"


def test_all_values_that_do_not_fit_are_named_at_once(client, deal):
    answer = client.update("deals", deal, colour="red", amount="lots", dealname="fine")
    assert codes(answer) == ["PROPERTY_DOESNT_EXIST", "INVALID_LONG"]


def test_null_is_refused_and_clears_nothing(client, portal, deal):
    answer = client.update("deals", deal, amount=None)
    assert answer.status_code == 400
    assert "amount=null" in answer.json()["message"]
    assert portal.value("deals", deal, "amount") == "12.5"
    assert client.update("deals", deal, amount="").status_code == 200
    assert portal.value("deals", deal, "amount") == ""


def test_values_are_stored_as_reads_give_them(client, portal, deal):
    portal.define(
        "deals",
        {"name": "day", "label": "D", "groupName": "g", "type": "date", "fieldType": "date"},
    )
    client.update("deals", deal, closedate="1772442000123", day="2026-03-02", amount=7)
    assert portal.value("deals", deal, "closedate") == "2026-03-02T09:00:00.123Z"
    assert portal.value("deals", deal, "day") == "2026-03-02"
    assert portal.value("deals", deal, "amount") == "7"
    assert codes(client.update("deals", deal, day="2026-03-02T09:00:00Z")) == ["INVALID_DATE"]


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("2026-03-02T09:00:00.123987Z", "2026-03-02T09:00:00.123Z"),
        ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02", "2026-03-02T00:00:00.000Z"),
        ("-1", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_moments_are_stored_in_utc_and_whole_milliseconds(client, portal, deal, told, stored):
    assert client.update("deals", deal, closedate=told).status_code == 200
    assert portal.value("deals", deal, "closedate") == stored


def test_several_choices_are_joined_by_semicolons_and_each_must_exist(client, portal):
    contact = portal.create("contacts", {"email": "a@example.com"})
    good = client.update("contacts", contact, hs_buying_role="CHAMPION;;DECISION_MAKER")
    assert good.json()["results"][0]["properties"]["hs_buying_role"] == "CHAMPION;DECISION_MAKER"
    assert codes(client.update("contacts", contact, hs_buying_role="CHAMPION;BOSS")) == [
        "INVALID_OPTION"
    ]


def test_a_write_moves_the_stamp_and_keeps_unchanged_values_out_of_history(
    client, portal, clock, deal
):
    clock.advance(minutes=5)
    client.update("deals", deal, amount="12.5")
    assert len(portal.get("deals", deal).history["amount"]) == 1
    assert portal.value("deals", deal, "hs_lastmodifieddate") == "2026-03-02T09:05:00.000Z"
    clock.advance(minutes=5)
    client.update("deals", deal)
    assert portal.value("deals", deal, "hs_lastmodifieddate") == "2026-03-02T09:05:00.000Z"


def test_an_update_of_unknown_ids_tells_them_and_changes_the_others(client, portal, deal):
    answer = client.objects(
        "deals",
        "update",
        {"id": deal, "properties": {"dealname": "New"}},
        {"id": "77", "properties": {"dealname": "X"}},
    )
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["ids"] == ["77"]
    assert portal.value("deals", deal, "dealname") == "New"


def test_an_update_by_record_id_must_not_name_an_id_property(client, deal):
    answer = client.objects(
        "deals", "update", {"id": deal, "idProperty": "hs_object_id", "properties": {}}
    )
    assert answer.status_code == 400
    assert "non-unique 0-3 property hs_object_id" in answer.json()["message"]


def test_a_required_property_refuses_writes_that_leave_it_empty(client, portal, deal):
    other = portal.create("deals", {"dealname": "Other"})
    portal.require("deals", "hs_next_step", [deal])
    refused = client.update("deals", deal, dealname="New")
    assert refused.status_code == 400
    assert codes(refused) == ["REQUIRED_FIELD"]
    assert client.update("deals", other, dealname="New").status_code == 200
    batch = [{"id": each, "properties": {"amount": "1"}} for each in (deal, other)]
    assert client.objects("deals", "update", *batch).status_code == 400
    assert portal.value("deals", other, "amount") is None
    traced = [{**each, "objectWriteTraceId": each["id"]} for each in batch]
    answer = client.objects("deals", "update", *traced)
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["objectWriteTraceId"] == [deal]
    assert portal.value("deals", other, "amount") == "1"
    filled = client.update("deals", deal, hs_next_step="call", dealname="New")
    assert filled.status_code == 200
    portal.update("deals", deal, {"hs_next_step": ""})  # people are not held to it here


def test_an_upsert_creates_once_and_changes_afterwards(client, portal):
    each = {
        "id": "k1",
        "idProperty": "crmrules_key",
        "properties": {**DUE, "hs_task_subject": "Call"},
    }
    first = client.objects("tasks", "upsert", each)
    assert first.status_code == 200
    assert first.json()["results"][0]["new"] is True
    again = {**each, "properties": {"hs_task_subject": "Write"}}
    second = client.objects("tasks", "upsert", again).json()["results"][0]
    assert second["new"] is False
    assert keys(portal) == ["k1"]
    assert portal.value("tasks", second["id"], "hs_task_subject") == "Write"
    without = {"id": "k2", "properties": DUE}
    assert client.objects("tasks", "upsert", without).status_code == 400
    plain = {**each, "idProperty": "hs_task_subject"}
    assert client.objects("tasks", "upsert", plain).status_code == 400


def test_of_many_creates_of_one_key_at_once_one_succeeds(server, portal):
    clients = [Client(server) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: each.objects("tasks", "create", task("k")), clients))
    for each in clients:
        each.http.close()
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7
    assert keys(portal) == ["k"]


def test_an_archived_key_is_free_or_by_a_switch_still_taken(client, portal):
    first = portal.create("tasks", {**DUE, "crmrules_key": "k"})
    portal.archive("tasks", first)
    portal.quirks.archived_keys_block = True
    assert client.objects("tasks", "create", task("k")).status_code == 400
    portal.quirks.archived_keys_block = False
    assert client.objects("tasks", "create", task("k")).status_code == 201


def test_a_record_may_be_told_its_own_key_again(client, portal):
    made = portal.create("tasks", {**DUE, "crmrules_key": "k"})
    assert client.update("tasks", made, crmrules_key="K").status_code == 200
    assert client.update("tasks", made, crmrules_key="K").status_code == 200


def test_a_changed_key_frees_the_old_one(client, portal):
    first = portal.create("tasks", {**DUE, "crmrules_key": "old"})
    client.update("tasks", first, crmrules_key="new")
    assert client.objects("tasks", "create", task("new")).status_code == 400
    assert client.objects("tasks", "create", task("old")).status_code == 201


def test_completing_a_task_stamps_it_and_reopening_clears_the_stamp(client, portal, clock):
    made = portal.create("tasks", {**DUE, "hs_task_status": "NOT_STARTED"})
    clock.advance(hours=2)
    client.update("tasks", made, hs_task_status="COMPLETED")
    assert portal.value("tasks", made, "hs_task_completion_date") == "2026-03-02T11:00:00.000Z"
    assert portal.value("tasks", made, "hs_task_is_completed") == "1"
    client.update("tasks", made, hs_task_status="WAITING")
    assert portal.value("tasks", made, "hs_task_completion_date") == ""
    assert codes(client.update("tasks", made, hs_task_status="DONE")) == ["INVALID_OPTION"]
    for status in ("IN_PROGRESS", "DEFERRED"):
        assert client.update("tasks", made, hs_task_status=status).status_code == 200


def test_every_activity_needs_its_timestamp(client):
    for kind, name in (("calls", "CALL"), ("meetings", "MEETING"), ("emails", "EMAIL"),
                       ("notes", "NOTE")):  # fmt: skip
        answer = client.create(kind, {})
        assert answer.json()["message"].startswith(f"Error creating {name}. ")
    assert client.create("deals", {}).status_code == 201


def test_single_records_are_created_changed_and_archived(client, portal, deal):
    path = f"/crm/objects/{API}/tasks"
    made = client.post(path, task("k", deal))
    assert made.status_code == 201
    task_id = made.json()["id"]
    assert made.headers["Location"].endswith(f"/tasks/{task_id}")
    assert portal.linked("tasks", task_id, "deals") == [deal]
    changed = client.http.patch(
        f"{path}/{task_id}", json={"properties": {"hs_task_subject": "New"}}
    )
    assert changed.json()["properties"]["hs_task_subject"] == "New"
    assert client.http.patch(f"{path}/5", json={"properties": {}}).status_code == 404
    assert client.http.delete(f"{path}/{task_id}").status_code == 204
    assert client.http.delete(f"{path}/{task_id}").status_code == 204
    assert portal.records("tasks") == []
    assert [each.id for each in portal.records("tasks", archived=True)] == [task_id]


def test_a_batch_archives_and_passes_over_unknown_ids(client, portal, deal):
    answer = client.objects("deals", "archive", {"id": deal}, {"id": "77"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert portal.records("deals") == []


def test_a_contact_whose_email_is_taken_is_a_conflict_that_names_the_holder(client, portal):
    held = portal.create("contacts", {"email": "a@example.com"})
    body = {"properties": {"email": "A@example.com"}}
    answer = client.post(f"/crm/objects/{API}/contacts", body)
    assert answer.status_code == 409
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {held}"
    assert answer.json()["category"] == "CONFLICT"


def test_merging_answers_the_new_record(client, portal, deal):
    other = portal.create("deals", {"dealname": "Other"})
    path = f"/crm/objects/{API}/deals/merge"
    answer = client.post(path, {"primaryObjectId": deal, "objectIdToMerge": other})
    assert answer.status_code == 200
    assert answer.json()["id"] not in (deal, other)
    assert [each.id for each in portal.records("deals")] == [answer.json()["id"]]
    again = client.post(path, {"primaryObjectId": deal, "objectIdToMerge": other})
    assert again.status_code == 404
    itself = client.post(path, {"primaryObjectId": deal, "objectIdToMerge": deal})
    assert itself.status_code == 400


def test_ids_of_different_types_collide(client, portal, deal):
    answer = client.objects("tasks", "create", task("k", deal))
    assert ids(answer) == [deal]


def test_people_write_as_people_and_may_fill_what_the_app_may_not(portal, deal):
    portal.update("deals", deal, {"hs_analytics_source": "OFFLINE"}, user_id=9002)
    version = portal.get("deals", deal).history["hs_analytics_source"][-1]
    assert (version.source_type, version.source_id, version.user_id) == (
        "CRM_UI",
        "userId:9002",
        9002,
    )
