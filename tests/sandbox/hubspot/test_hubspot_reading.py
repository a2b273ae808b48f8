"""Reading records: batches, single ones, lists, history, archived and merged ones."""

from __future__ import annotations

import pytest
from portal_kit import API, NOW, ids

from crmrules_sandbox.hubspot.records import Record, Version

STAMP = "2026-03-02T09:00:00.000Z"


def test_a_batch_reads_what_is_asked_and_always_stamps_and_id(client, deal):
    [record] = client.read("deals", deal, properties=["dealname", "closedate"]).json()["results"]
    assert record == {
        "id": deal,
        "properties": {
            "closedate": None,
            "createdate": STAMP,
            "dealname": "Harbour",
            "hs_lastmodifieddate": STAMP,
            "hs_object_id": deal,
        },
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "archived": False,
    }


def test_nothing_asked_for_gives_the_defaults_of_the_type(client, portal, deal):
    [record] = client.read("deals", deal).json()["results"]
    assert {"amount", "closedate", "dealname", "dealstage", "pipeline"} < set(record["properties"])
    contact = portal.create("contacts", {"email": "a@example.com"})
    [found] = client.read("contacts", contact).json()["results"]
    assert "lastmodifieddate" in found["properties"]
    assert "hs_lastmodifieddate" not in found["properties"]


def test_a_property_nobody_defined_is_left_out_without_a_word(client, deal):
    answer = client.read("deals", deal, properties=["dealname", "colour"])
    assert answer.status_code == 200
    assert "colour" not in answer.json()["results"][0]["properties"]


def test_history_comes_newest_first_with_who_and_when(client, portal, clock, deal):
    clock.advance(hours=1)
    client.update("deals", deal, dealstage="1002")
    clock.advance(hours=1)
    portal.update("deals", deal, {"dealstage": "1003"})
    answer = client.read("deals", deal, propertiesWithHistory=["dealstage", "closedate"])
    [record] = answer.json()["results"]
    assert record["propertiesWithHistory"]["closedate"] == []
    newest, middle, oldest = record["propertiesWithHistory"]["dealstage"]
    assert [each["value"] for each in (newest, middle, oldest)] == ["1003", "1002", "1001"]
    assert oldest == {
        "value": "1001",
        "timestamp": STAMP,
        "sourceType": "CRM_UI",
        "sourceId": "userId:9001",
        "updatedByUserId": 9001,
    }
    assert middle["sourceType"] == "INTEGRATION"
    assert middle["sourceId"] == str(portal.app_id)
    assert "updatedByUserId" not in middle
    assert "sourceId" not in newest  # the system's own doing
    assert newest["timestamp"] == "2026-03-02T11:00:00.000Z"
    assert record["properties"]["dealstage"] == "1003"
    portal.quirks.empty_history = False
    answer = client.read("deals", deal, propertiesWithHistory=["dealstage", "closedate"])
    assert set(answer.json()["results"][0]["propertiesWithHistory"]) == {"dealstage"}


@pytest.mark.parametrize(("history", "most"), [([], 100), (["dealstage"], 50)])
def test_a_batch_has_a_limit_and_a_lower_one_with_history(client, history, most):
    fits = client.read("deals", *map(str, range(most)), propertiesWithHistory=history)
    assert fits.status_code == 207
    beyond = client.read("deals", *map(str, range(most + 1)), propertiesWithHistory=history)
    assert beyond.status_code == 400
    assert str(most) in beyond.json()["message"]


def test_no_input_is_refused(client):
    assert client.read("deals").status_code == 400


def test_missing_ids_are_told_in_a_207_beside_what_was_found(client, deal):
    answer = client.read("deals", deal, "77", "78")
    assert answer.status_code == 207
    body = answer.json()
    assert ids(answer) == [deal]
    assert body["numErrors"] == 1
    [error] = body["errors"]
    assert error["category"] == "OBJECT_NOT_FOUND"
    assert error["context"] == {"ids": ["77", "78"]}


def test_by_a_switch_missing_ids_are_just_left_out(client, portal, deal):
    portal.quirks.report_missing = False
    answer = client.read("deals", deal, "77")
    assert answer.status_code == 200
    assert "errors" not in answer.json()


def test_results_come_in_another_order_than_asked_and_once_each(client, portal, deal):
    other = portal.create("deals", {"dealname": "B"})
    assert ids(client.read("deals", deal, other, deal)) == [other, deal]


def test_a_unique_property_finds_and_any_other_is_refused(client, portal):
    task = portal.create("tasks", {"hs_timestamp": "2026-03-05", "crmrules_key": "Ab"})
    found = client.read("tasks", "ab", idProperty="crmrules_key", properties=["crmrules_key"])
    assert ids(found) == [task]
    refused = client.read("tasks", "x", idProperty="hs_task_subject")
    assert refused.status_code == 400
    assert "non-unique 0-27 property hs_task_subject" in refused.json()["message"]


def test_archived_records_are_found_only_when_asked_for(client, portal, clock, deal):
    portal.archive("deals", deal)
    assert client.read("deals", deal).json()["numErrors"] == 1
    [record] = client.read("deals", deal, query="?archived=true").json()["results"]
    assert record["archived"] is True
    assert record["archivedAt"] == STAMP
    assert client.get(f"/crm/objects/{API}/deals/{deal}").status_code == 404
    assert client.get(f"/crm/objects/{API}/deals/{deal}", archived="true").status_code == 200
    clock.advance(hours=1)
    portal.restore("deals", deal)
    [restored] = client.read("deals", deal).json()["results"]
    assert restored["updatedAt"] == "2026-03-02T10:00:00.000Z"
    assert "archivedAt" not in restored


def test_a_purged_record_is_nowhere(client, portal, deal):
    portal.purge("deals", deal)
    assert client.read("deals", deal).json()["results"] == []
    assert client.read("deals", deal, query="?archived=true").json()["results"] == []
    assert client.get(f"/crm/objects/{API}/deals/{deal}").status_code == 404


def test_old_ids_of_merged_records_lead_to_the_new_one_in_single_reads_only(client, portal, deal):
    loser = portal.create("deals", {"dealname": "Loser", "hs_next_step": "call"})
    company = portal.create("companies", {"name": "C"})
    portal.link("deals", loser, "companies", company)
    merged = portal.merge("deals", deal, loser)
    for old in (deal, loser):
        found = client.get(
            f"/crm/objects/{API}/deals/{old}",
            properties="dealname,hs_next_step,hs_merged_object_ids",
        ).json()
        assert found["id"] == merged
        assert found["properties"]["dealname"] == "Harbour"
        assert found["properties"]["hs_next_step"] == "call"
        assert found["properties"]["hs_merged_object_ids"] == f"{deal};{loser}"
        for archived in ("", "?archived=true"):
            assert client.read("deals", old, query=archived).json()["results"] == []
    assert portal.linked("deals", merged, "companies") == [company]
    assert portal.linked("deals", loser, "companies") == []
    portal.quirks.merges_in_batch = True
    assert ids(client.read("deals", loser)) == [merged]


def test_a_list_has_every_live_record_a_page_at_a_time(client, portal):
    made = [portal.create("companies", {"name": f"C{number}"}) for number in range(5)]
    portal.archive("companies", made[1])
    path, query, found = f"/crm/objects/{API}/companies", {"limit": 2}, []
    while True:
        answer = client.get(path, **query)
        found += ids(answer)
        if "paging" not in answer.json():
            break
        assert len(ids(answer)) == 2
        query["after"] = answer.json()["paging"]["next"]["after"]
    assert found == [made[0], *made[2:]]
    assert ids(client.get(path, archived="true")) == [made[1]]


def test_a_list_shows_associations_and_has_a_lower_limit_with_history(client, portal, deal):
    company = portal.create("companies", {"name": "C"})
    portal.link("deals", deal, "companies", company, primary=True)
    path = f"/crm/objects/{API}/deals"
    [record] = client.get(path, associations="companies,contacts").json()["results"]
    assert record["associations"] == {
        "companies": {
            "results": [
                {"id": company, "type": "deal_to_company"},
                {"id": company, "type": "primary"},
            ]
        }
    }
    assert client.get(path, limit=101).status_code == 400
    assert client.get(path, limit=51, propertiesWithHistory="amount").status_code == 400
    assert client.get(path, limit=50, propertiesWithHistory="amount").status_code == 200


def test_a_single_record_is_found_by_a_unique_property(client, portal):
    contact = portal.create("contacts", {"email": "Ann@Example.com"})
    path = f"/crm/objects/{API}/contacts/ann@example.com"
    assert client.get(path, idProperty="email").json()["id"] == contact
    assert client.get(path).status_code == 404
    assert client.get(path, idProperty="firstname").status_code == 400


def test_repeated_and_comma_separated_names_both_make_a_list(client, deal):
    both = f"/crm/objects/{API}/deals/{deal}?properties=amount&properties=dealname,dealstage"
    assert {"amount", "dealname", "dealstage"} < set(client.get(both).json()["properties"])


def test_closed_and_won_come_from_the_stage_and_move_no_stamp(client, portal, clock, deal):
    names = ["hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_deal_stage_probability"]

    def told():
        [record] = client.read("deals", deal, properties=names).json()["results"]
        return [record["properties"][name] for name in names]

    assert told() == ["false", "false", "false", "0.2"]
    portal.update("deals", deal, {"dealstage": "1003"})
    assert told() == ["true", "true", "false", "1.0"]
    portal.update("deals", deal, {"dealstage": "1004"})
    assert told() == ["true", "false", "true", "0.0"]
    clock.advance(days=1)
    contact = portal.create("contacts", {"email": "a@example.com"})
    portal.link("deals", deal, "contacts", contact)
    assert portal.value("deals", deal, "num_associated_contacts") == "1"
    assert portal.value("deals", deal, "hs_lastmodifieddate") == STAMP


def test_times_in_a_stage_come_from_its_history(portal, clock, deal):
    clock.advance(days=2)
    portal.update("deals", deal, {"dealstage": "1002"})
    clock.advance(days=1)
    portal.update("deals", deal, {"dealstage": "1001"})

    def value(name):
        return portal.value("deals", deal, name)

    assert value("hs_v2_date_entered_1001") == "2026-03-05T09:00:00.000Z"
    assert value("hs_v2_date_exited_1001") == "2026-03-04T09:00:00.000Z"
    assert value("hs_v2_latest_time_in_1001") is None  # it is in that stage
    assert value("hs_v2_cumulative_time_in_1001") == str(2 * 86_400_000)
    assert value("hs_v2_latest_time_in_1002") == str(86_400_000)
    assert value("hs_v2_date_entered_1003") is None
    assert value("hs_v2_date_entered_current_stage") == "2026-03-05T09:00:00.000Z"


def test_activities_tell_when_a_deal_was_and_will_be_touched(portal, deal):
    for kind, when in (
        ("calls", "2026-02-20"),
        ("emails", "2026-02-25"),
        ("meetings", "2026-03-09"),
    ):
        portal.create(kind, {"hs_timestamp": when}, [("deals", deal)])
    assert portal.value("deals", deal, "notes_last_contacted") == "2026-02-25T00:00:00.000Z"
    assert portal.value("deals", deal, "notes_next_activity_date") == "2026-03-09T00:00:00.000Z"


def test_switches_give_dates_as_milliseconds_or_without_a_fraction(client, portal, deal):
    def created():
        [record] = client.read("deals", deal).json()["results"]
        return record["properties"]["createdate"], record["properties"]["amount"]

    assert created() == (STAMP, "12.5")
    portal.quirks.short_dates = True
    assert created() == ("2026-03-02T09:00:00Z", "12.5")
    portal.quirks.epoch_dates = True
    assert created() == (str(int(NOW.timestamp() * 1000)), "12.5")


def test_a_cleared_property_reads_null_or_by_a_switch_empty(client, portal, deal):
    client.update("deals", deal, amount="")

    def amount():
        [record] = client.read("deals", deal, properties=["amount"]).json()["results"]
        return record["properties"]["amount"]

    assert amount() is None
    portal.quirks.cleared_is_null = False
    assert amount() == ""


def test_an_archived_definition_is_unknown_to_reads(client, portal, deal):
    portal.redefine("deals", "hs_next_step", archived=True)
    [record] = client.read("deals", deal, properties=["hs_next_step"]).json()["results"]
    assert "hs_next_step" not in record["properties"]


def test_types_are_known_by_plural_singular_and_number(client, deal):
    for name in ("deals", "deal", "0-3", "DEAL"):
        assert ids(client.read(name, deal)) == [deal]
    refused = client.read("rockets", deal)
    assert refused.status_code == 400
    assert "Unable to infer object type" in refused.json()["message"]


def test_what_is_loaded_must_be_defined(portal):
    strange = Record("deals", "5", NOW, NOW, {"colour": [Version("red", NOW)]})
    with pytest.raises(ValueError, match="deals have no property colour"):
        portal.load([strange])
