"""Associations: types and labels, both directions, pages, and what has none."""

from __future__ import annotations

import pytest
from portal_kit import API

from crmrules_sandbox.hubspot.kinds import PLAIN, PRIMARY
from crmrules_sandbox.hubspot.records import Link


@pytest.fixture
def contact(portal):
    return portal.create("contacts", {"email": "a@example.com"})


def path(start, end, action):
    return f"/crm/associations/{API}/{start}/{end}/{action}"


def targets(answer):
    return {
        each["from"]["id"]: [to["toObjectId"] for to in each["to"]]
        for each in answer.json()["results"]
    }


def test_an_association_is_seen_from_both_ends_each_with_its_own_type(
    client, portal, deal, contact
):
    portal.load([], [Link("deals", deal, "contacts", contact, ("Decision Maker",))])
    [there] = client.links("deals", "contacts", deal).json()["results"]
    [back] = client.links("contacts", "deals", contact).json()["results"]
    plain = {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
    assert there["to"][0]["toObjectId"] == contact
    assert there["to"][0]["associationTypes"][0] == plain
    label = there["to"][0]["associationTypes"][1]
    assert (label["category"], label["label"]) == ("USER_DEFINED", "Decision Maker")
    assert back["to"][0]["associationTypes"][0]["typeId"] == 4
    other = back["to"][0]["associationTypes"][1]
    assert other["label"] == "Decision Maker"
    assert other["typeId"] != label["typeId"]


def test_the_primary_company_has_its_type_beside_the_plain_one(client, portal, deal):
    main, other = (portal.create("companies", {"name": name}) for name in "MO")
    portal.link("deals", deal, "companies", main, primary=True)
    portal.link("deals", deal, "companies", other)
    [found] = client.links("deals", "companies", deal).json()["results"]
    types = {to["toObjectId"]: [t["typeId"] for t in to["associationTypes"]] for to in found["to"]}
    assert types == {main: [341, 5], other: [341]}


def test_making_an_association_again_takes_nothing_from_it(client, portal, deal):
    company = portal.create("companies", {"name": "M"})
    portal.link("deals", deal, "companies", company, labels=("Reseller",), primary=True)
    body = {"inputs": [{"from": {"id": deal}, "to": {"id": company}}]}
    client.post(path("deals", "companies", "batch/associate/default"), body)
    [found] = client.links("deals", "companies", deal).json()["results"]
    labels = [each["label"] for each in found["to"][0]["associationTypes"]]
    assert labels == [None, "Primary", "Reseller"]


def test_an_id_without_associations_is_an_error_of_a_207(client, portal, deal, contact):
    portal.link("deals", deal, "contacts", contact)
    answer = client.links("deals", "contacts", deal, "77")
    assert answer.status_code == 207
    assert targets(answer) == {deal: [contact]}
    [error] = answer.json()["errors"]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == "No contact is associated with deal 77."
    assert error["context"]["fromObjectId"] == ["77"]
    assert (error["errors"], error["links"]) == ([], {})
    portal.quirks.report_no_associations = False
    silent = client.links("deals", "contacts", deal, "77")
    assert silent.status_code == 200
    assert "errors" not in silent.json()


def test_a_thousand_ids_can_be_read_at_once_and_no_more(client):
    assert client.links("deals", "contacts", *map(str, range(1000))).status_code == 207
    assert client.links("deals", "contacts", *map(str, range(1001))).status_code == 400


def test_ids_are_numbers_by_a_switch(client, portal, deal, contact):
    portal.link("deals", deal, "contacts", contact)
    portal.quirks.integer_association_ids = True
    assert targets(client.links("deals", "contacts", deal)) == {int(deal): [int(contact)]}


def test_many_associations_of_one_record_come_in_pages_of_its_own(client, portal, deal):
    made = [portal.create("notes", {"hs_timestamp": "2026-03-02"}) for _ in range(5)]
    for each in made:
        portal.link("deals", deal, "notes", each)
    portal.quirks.association_page = 2
    found, asked = [], {"id": deal}
    while asked:
        [result] = client.post(path("deals", "notes", "batch/read"), {"inputs": [asked]}).json()[
            "results"
        ]
        assert len(result["to"]) <= 2
        found += [to["toObjectId"] for to in result["to"]]
        after = result.get("paging", {}).get("next", {}).get("after")
        asked = {"id": deal, "after": after} if after else None
    assert found == made


def test_five_hundred_and_one_associations_need_a_second_page(client, portal, deal):
    for _ in range(501):
        note = portal.create("notes", {"hs_timestamp": "2026-03-02"})
        portal.link("deals", deal, "notes", note)
    [result] = client.links("deals", "notes", deal).json()["results"]
    assert len(result["to"]) == 500
    assert result["paging"]["next"]["after"] == note


def test_archived_records_are_not_associated_until_they_are_restored(client, portal, deal, contact):
    portal.link("deals", deal, "contacts", contact)
    for kind, record_id in (("contacts", contact), ("deals", deal)):
        portal.archive(kind, record_id)
        assert targets(client.links("deals", "contacts", deal)) == {}
        portal.restore(kind, record_id)
        assert targets(client.links("deals", "contacts", deal)) == {deal: [contact]}


def test_one_records_associations_can_be_read_by_themselves(client, portal, deal, contact):
    portal.link("deals", deal, "contacts", contact)
    other = portal.create("contacts", {"email": "b@example.com"})
    portal.link("deals", deal, "contacts", other)
    single = f"/crm/objects/{API}/deals/{deal}/associations/contacts"
    first = client.get(single, limit=1).json()
    assert [to["toObjectId"] for to in first["results"]] == [contact]
    after = first["paging"]["next"]["after"]
    assert client.get(single, after=after).json()["results"][0]["toObjectId"] == other
    assert client.get(single, limit=501).status_code == 400


def test_associations_are_made_with_types_and_labels_add_up(client, portal, deal, contact):
    label = portal.kinds.label_id("deals", "contacts", "Champion")

    def make(*types):
        told = [{"associationCategory": c, "associationTypeId": number} for c, number in types]
        each = {"from": {"id": deal}, "to": {"id": contact}, "types": told}
        return client.post(path("deals", "contacts", "batch/create"), {"inputs": [each]})

    assert make(("HUBSPOT_DEFINED", 3)).status_code == 201
    labelled = make(("USER_DEFINED", label))
    assert labelled.json()["results"][0]["labels"] == ["Champion"]
    [found] = client.links("deals", "contacts", deal).json()["results"]
    assert [t["label"] for t in found["to"][0]["associationTypes"]] == [None, "Champion"]
    assert make(("HUBSPOT_DEFINED", 4)).status_code == 400
    assert make(("USER_DEFINED", 3)).status_code == 400
    assert make().status_code == 400


def test_a_company_is_made_the_primary_one_by_its_type(client, portal, deal):
    company = portal.create("companies", {"name": "M"})
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    each = {"from": {"id": deal}, "to": {"id": company}, "types": types}
    client.post(path("deals", "companies", "batch/create"), {"inputs": [each]})
    [found] = client.links("deals", "companies", deal).json()["results"]
    assert [each["typeId"] for each in found["to"][0]["associationTypes"]] == [341, 5]


def test_an_association_to_nobody_is_refused_and_makes_nothing(client, portal, deal, contact):
    plain = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    pairs = [(deal, contact), (deal, "77")]
    inputs = [{"from": {"id": a}, "to": {"id": b}, "types": plain} for a, b in pairs]
    answer = client.post(path("deals", "contacts", "batch/create"), {"inputs": inputs})
    assert answer.status_code == 400
    assert portal.linked("deals", deal, "contacts") == []


def test_the_default_association_can_be_made_again_without_harm(client, portal, deal, contact):
    body = {"inputs": [{"from": {"id": contact}, "to": {"id": deal}}]}
    for _ in range(2):
        answer = client.post(path("contacts", "deals", "batch/associate/default"), body)
        assert answer.status_code == 200
    specs = [each["associationSpec"]["associationTypeId"] for each in answer.json()["results"]]
    assert sorted(specs) == [3, 4]
    assert portal.linked("deals", deal, "contacts") == [contact]
    nobody = {"inputs": [{"from": {"id": "77"}, "to": {"id": deal}}]}
    lost = client.post(path("contacts", "deals", "batch/associate/default"), nobody)
    assert lost.status_code == 207
    assert lost.json()["results"] == []


def test_associations_are_taken_away(client, portal, deal, contact):
    portal.link("deals", deal, "contacts", contact)
    body = {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}, {"id": "77"}]}]}
    answer = client.post(path("deals", "contacts", "batch/archive"), body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert portal.linked("contacts", contact, "deals") == []


def test_labels_list_every_type_of_a_pair(client, portal):
    portal.kinds.label_id("deals", "companies", "Reseller")
    found = client.get(path("deals", "companies", "labels")).json()["results"]
    assert found[:2] == [
        {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None},
        {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"},
    ]
    assert (found[2]["category"], found[2]["label"]) == ("USER_DEFINED", "Reseller")
    back = client.get(path("companies", "deals", "labels")).json()["results"]
    assert [each["label"] for each in back] == [None, "Primary", "Reseller"]
    assert [each["typeId"] for each in back[:2]] == [342, 6]


def test_the_ids_of_types_are_those_hubspot_publishes():
    known = {
        ("deals", "contacts"): 3, ("contacts", "deals"): 4, ("deals", "companies"): 341,
        ("companies", "deals"): 342, ("contacts", "companies"): 279, ("deals", "line_items"): 19,
        ("deals", "quotes"): 63, ("quotes", "line_items"): 67, ("deals", "calls"): 205,
        ("deals", "emails"): 209, ("deals", "meetings"): 211, ("deals", "notes"): 213,
        ("deals", "tasks"): 215, ("tasks", "deals"): 216, ("tasks", "contacts"): 204,
        ("tasks", "companies"): 192, ("notes", "deals"): 214, ("calls", "deals"): 206,
        ("meetings", "deals"): 212, ("emails", "deals"): 210,
    }  # fmt: skip
    assert {pair: PLAIN[pair] for pair in known} == known
    assert PRIMARY["deals", "companies"] == 5
    assert PRIMARY["companies", "deals"] == 6
    assert PRIMARY["contacts", "companies"] == 1
    assert all((end, start) in PLAIN for start, end in PLAIN)
    ids = [*PLAIN.values(), *PRIMARY.values()]
    assert len(set(ids)) == len(ids)
