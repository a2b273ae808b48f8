"""Definitions, pipelines, owners, the account, scopes, paths and methods."""

from __future__ import annotations

import pytest
from portal_kit import API, KEY

from crmrules_sandbox.hubspot.api import ROUTES
from crmrules_sandbox.hubspot.schema import TYPES

STATUS = {
    "name": "crmrules_status",
    "label": "Status",
    "groupName": "dealinformation",
    "type": "enumeration",
    "fieldType": "select",
    "options": [{"label": "OK", "value": "ok"}, {"label": "Bad", "value": "bad"}],
}


def path(kind="deals", rest=""):
    return f"/crm/properties/{API}/{kind}{rest}"


def test_definitions_say_what_may_be_read_and_written(client):
    listed = client.get(path()).json()["results"]
    found = {each["name"]: each for each in listed}
    closed = found["hs_is_closed"]
    assert (closed["type"], closed["fieldType"]) == ("bool", "booleancheckbox")
    assert closed["calculated"] is True
    assert closed["modificationMetadata"]["readOnlyValue"] is True
    assert found["amount"]["modificationMetadata"]["readOnlyValue"] is False
    assert [o["value"] for o in found["dealstage"]["options"]][:2] == ["1001", "1002"]
    assert [o["value"] for o in found["pipeline"]["options"]] == ["default", "renewals"]
    assert found["hubspot_owner_id"]["externalOptions"] is True
    assert client.get(path(rest="/amount")).json() == found["amount"]
    assert client.get(path(rest="/colour")).status_code == 404


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_has_definitions_that_agree_with_their_types(client, kind):
    listed = client.get(path(kind)).json()["results"]
    names = [each["name"] for each in listed]
    assert len(set(names)) == len(names)
    assert {"hs_object_id", "hs_lastmodifieddate", "hubspot_owner_id"} <= set(names)
    types = {"bool", "date", "datetime", "enumeration", "number", "string"}
    assert {each["type"] for each in listed} <= types
    assert all(each["options"] for each in listed if each["type"] == "bool")
    groups = {each["name"] for each in client.get(path(kind, "/groups")).json()["results"]}
    stages = {each["groupName"] for each in listed} - groups
    assert stages <= {"deal_stages"}


def test_a_property_is_defined_used_changed_and_archived(client, portal, deal):
    made = client.post(path(), STATUS)
    assert made.status_code == 201
    assert made.json()["modificationMetadata"]["archivable"] is True
    assert [o["displayOrder"] for o in made.json()["options"]] == [0, 1]
    assert client.update("deals", deal, crmrules_status="bad").status_code == 200
    longer = [*STATUS["options"], {"label": "Worse", "value": "worse"}]
    assert client.update("deals", deal, crmrules_status="worse").status_code == 400
    changed = client.http.patch(path(rest="/crmrules_status"), json={"options": longer})
    assert changed.status_code == 200
    assert client.update("deals", deal, crmrules_status="worse").status_code == 200
    assert client.http.delete(path(rest="/crmrules_status")).status_code == 204
    assert client.update("deals", deal, crmrules_status="ok").status_code == 400
    assert client.get(path(rest="/crmrules_status")).status_code == 404
    archived = client.get(path(), archived="true").json()["results"]
    assert [each["name"] for each in archived] == ["crmrules_status"]


def test_a_property_that_exists_is_a_conflict(client):
    client.post(path(), STATUS)
    again = client.post(path(), STATUS)
    assert (again.status_code, again.json()["category"]) == (409, "CONFLICT")
    client.http.delete(path(rest="/crmrules_status"))
    assert client.post(path(), STATUS).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Status"},
        {"groupName": "nowhere"},
        {"type": "colour"},
        {"fieldType": "number"},
        {"options": []},
        {"options": [{"label": "A", "value": "a"}] * 2},
        {"hasUniqueValue": True},
    ],
)
def test_a_definition_that_cannot_be_is_refused(client, change):
    assert client.post(path(), {**STATUS, **change}).status_code == 400
    assert client.get(path(rest="/crmrules_status")).status_code == 404


def test_standard_definitions_cannot_be_changed_or_archived(client):
    assert client.http.patch(path(rest="/amount"), json={"label": "X"}).status_code == 400
    assert client.http.delete(path(rest="/amount")).status_code == 400


def test_uniqueness_is_for_good_and_on_tasks_only_where_the_portal_has_it(client, portal):
    key = {**KEY, "name": "another_key"}
    changed = client.http.patch(path("tasks", "/crmrules_key"), json={"hasUniqueValue": False})
    assert changed.status_code == 400
    portal.quirks.unique_on_tasks = False
    assert client.post(path("tasks"), key).status_code == 400
    portal.quirks.unique_on_tasks = True
    assert client.post(path("tasks"), key).status_code == 201


def test_an_object_has_ten_unique_properties_at_most(client):
    key = {**KEY, "groupName": "dealinformation"}
    for number in range(10):
        assert client.post(path(), {**key, "name": f"key_{number}"}).status_code == 201
    assert client.post(path(), {**key, "name": "key_10"}).status_code == 400


def test_a_batch_defines_what_it_can_and_tells_the_rest(client):
    body = {"inputs": [STATUS, {**STATUS, "name": "amount"}]}
    answer = client.post(path(rest="/batch/create"), body)
    assert answer.status_code == 207
    assert [each["name"] for each in answer.json()["results"]] == ["crmrules_status"]
    assert answer.json()["errors"][0]["context"]["name"] == ["amount"]
    asked = {"inputs": [{"name": "crmrules_status"}, {"name": "colour"}], "archived": False}
    read = client.post(path(rest="/batch/read"), asked)
    assert read.status_code == 207
    assert read.json()["results"][0]["label"] == "Status"
    fine = client.post(path(rest="/batch/create"), {"inputs": [{**STATUS, "name": "s2"}]})
    assert fine.status_code == 201


def test_groups_are_added_once_and_listed(client):
    body = {"name": "crmrules", "label": "Rules", "displayOrder": -1}
    assert client.post(path(rest="/groups"), body).status_code == 201
    assert client.post(path(rest="/groups"), body).status_code == 409
    assert client.get(path(rest="/groups/crmrules")).json()["label"] == "Rules"
    assert client.get(path(rest="/groups/x")).status_code == 404
    assert client.post(path(), {**STATUS, "groupName": "crmrules"}).status_code == 201


def test_a_definition_can_turn_out_to_be_of_another_type(client, portal):
    portal.redefine("tasks", "crmrules_key", type="number", fieldType="number")
    assert client.get(path("tasks", "/crmrules_key")).json()["type"] == "number"
    portal.undefine("tasks", "crmrules_key")
    assert client.get(path("tasks", "/crmrules_key")).status_code == 404
    lookup = client.read("tasks", "k", idProperty="crmrules_key")
    assert lookup.status_code == 400  # nothing by that name is unique any more


def test_pipelines_tell_stages_in_order_with_metadata_as_text(client):
    [sales, _] = client.get(f"/crm/pipelines/{API}/deals").json()["results"]
    assert [stage["id"] for stage in sales["stages"]] == ["1001", "1002", "1003", "1004"]
    assert sales["stages"][2]["metadata"] == {"isClosed": "true", "probability": "1.0"}
    assert client.get(f"/crm/pipelines/{API}/deals/default").json() == sales
    assert client.get(f"/crm/pipelines/{API}/deals/x").status_code == 404


def test_owners_come_in_pages_and_archived_ones_apart(client):
    path = f"/crm/owners/{API}"
    first = client.get(path, limit=1).json()
    assert first["results"][0]["userId"] == 9001
    second = client.get(path, limit=1, after=first["paging"]["next"]["after"]).json()
    assert [each["email"] for each in second["results"]] == ["bob@example.com"]
    assert "paging" not in second
    [gone] = client.get(path, archived="true").json()["results"]
    assert gone["userIdIncludingInactive"] == 9003
    assert "userId" not in gone
    assert client.get(f"{path}/51").json()["firstName"] == "Ann"
    assert client.get(f"{path}/9002", idProperty="userId").json()["id"] == "52"
    assert client.get(f"{path}/53").status_code == 404
    assert client.get(path, email="bob@example.com").json()["results"][0]["id"] == "52"
    assert client.get(path, limit=501).status_code == 400


def test_the_account_says_who_it_is_and_what_is_used(client):
    told = client.get(f"/account-info/{API}/details").json()
    assert (told["portalId"], told["accountType"]) == (4242, "SANDBOX")
    assert told["utcOffset"] == "+01:00"
    assert told["utcOffsetMilliseconds"] == 3_600_000
    [usage] = client.get(f"/account-info/{API}/api-usage/daily/private-apps").json()["results"]
    assert (usage["currentUsage"], usage["usageLimit"]) == (2, 625_000)
    assert usage["resetsAt"] == "2026-03-02T23:00:00.000Z"


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_two_dated_versions_answer_the_same(client, deal, version):
    answer = client.get(f"/crm/objects/{version}/deals/{deal}")
    assert answer.json()["id"] == deal


@pytest.mark.parametrize(
    "gone", ["/crm/v3/objects/deals", "/crm/objects/v3/deals", "/crm/objects/2025-01/deals",
             "/crm/objects/2026-09", "/nowhere"]
)  # fmt: skip
def test_any_other_version_or_path_is_not_found(client, gone):
    answer = client.get(gone)
    assert answer.status_code == 404
    assert answer.json()["status"] == "error"


def test_a_known_path_with_another_method_is_not_allowed(client):
    assert client.http.put(f"/crm/objects/{API}/deals").status_code == 405
    assert client.get(f"/crm/objects/{API}/deals/search").status_code == 404  # a record's path
    assert client.http.patch(f"/crm/objects/{API}/deals/search", json={}).status_code != 405


READS = {
    "deals": "crm.objects.deals.read", "companies": "crm.objects.companies.read",
    "contacts": "crm.objects.contacts.read", "quotes": "crm.objects.quotes.read",
    "line_items": "crm.objects.line_items.read", "emails": "sales-email-read",
    "calls": "crm.objects.contacts.read", "tasks": "crm.objects.contacts.read",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "scope"), READS.items())
def test_reading_needs_the_scope_of_the_type_and_says_which(client, portal, kind, scope):
    assert client.read(kind, "1").status_code == 207
    portal.revoke(scope)
    for answer in (client.read(kind, "1"), client.search(kind), client.get(
        f"/crm/objects/{API}/{kind}")):  # fmt: skip
        assert answer.status_code == 403
        body = answer.json()
        assert body["category"] == "MISSING_SCOPES"
        assert body["errors"][0]["context"]["requiredGranularScopes"] == [scope]
    portal.grant(scope)
    assert client.read(kind, "1").status_code == 207


def test_tasks_are_written_with_the_contacts_scope_and_deals_with_their_own(client, portal, deal):
    portal.revoke("crm.objects.deals.write")
    assert client.update("deals", deal, amount="1").status_code == 403
    assert client.create("tasks", {"hs_timestamp": "2026-03-05"}).status_code == 201
    portal.grant("crm.objects.deals.write")
    portal.revoke("crm.objects.contacts.write")
    assert client.update("deals", deal, amount="1").status_code == 200
    assert client.create("tasks", {"hs_timestamp": "2026-03-05"}).status_code == 403


def test_owners_schemas_and_links_have_scopes_too(client, portal, deal):
    portal.revoke("crm.objects.owners.read", "crm.objects.quotes.read", "crm.schemas.quotes.read",
                  "crm.schemas.deals.write")  # fmt: skip
    assert client.get(f"/crm/owners/{API}").status_code == 403
    assert client.links("deals", "quotes", deal).status_code == 403
    assert client.links("deals", "contacts", deal).status_code == 207
    assert client.get(path("quotes")).status_code == 403
    assert client.post(path(), STATUS).status_code == 403
    assert client.post(path("tasks"), {**KEY, "name": "k2"}).status_code == 201
    assert client.get(f"/account-info/{API}/details").status_code == 200


def test_the_right_to_write_either_end_is_enough_for_an_association(client, portal, deal):
    contact = portal.create("contacts", {"email": "a@example.com"})
    body = {"inputs": [{"from": {"id": deal}, "to": {"id": contact}}]}
    url = f"/crm/associations/{API}/deals/contacts/batch/associate/default"
    portal.revoke("crm.objects.deals.write")
    assert client.post(url, body).status_code == 200
    portal.revoke("crm.objects.contacts.write")
    assert client.post(url, body).status_code == 403
    portal.grant("crm.objects.deals.write")
    assert client.post(url, body).status_code == 200


def test_scopes_are_checked_before_the_body_is_looked_at(client, portal):
    portal.revoke("crm.objects.deals.read")
    url = f"/crm/objects/{API}/deals/batch/read"
    headers = {"Content-Type": "application/json"}
    assert client.http.post(url, content=b"{", headers=headers).status_code == 403
    portal.grant("crm.objects.deals.read")
    assert client.http.post(url, content=b"{", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"inputs": {}}', "application/json", 400),
        (b'{"inputs": ["1"]}', "application/json", 400),
        (b'{"inputs": [{}]}', "application/json", 400),
        (b'{"inputs": [{"id": "1"}]}', "text/plain", 415),
        (b'{"inputs": [{"id": "1"}]}', "application/json; charset=utf-8", 207),
    ],
)
def test_a_body_must_be_the_json_asked_for(client, body, kind, status):
    url = f"/crm/objects/{API}/deals/batch/read"
    answer = client.http.post(url, content=body, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_no_route_answers_twice():
    told = [(route.method, route.pieces) for route in ROUTES]
    assert len(set(told)) == len(told)
