"""Search: operators, sorts, limits, the cap, and an index that lags behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from portal_kit import NOW, ids, where

from crmrules_sandbox.hubspot.faults import Fault


@pytest.fixture
def deals(portal, clock):
    """Five deals, an hour apart: A 1, B 2, C 10, D without amount, E closed."""
    made = {}
    for name, amount in (("A", "1"), ("B", "2"), ("C", "10"), ("D", None), ("E", "3")):
        values = {"dealname": f"{name} harbour-deal", "pipeline": "default", "dealstage": "1001"}
        if amount is not None:
            values["amount"] = amount
        if name == "E":
            values["dealstage"] = "1003"
        made[name] = portal.create("deals", values)
        clock.advance(hours=1)
    return made


def names(answer):
    return "".join(each["properties"]["dealname"][0] for each in answer.json()["results"])


MS = {hour: str(int((NOW + timedelta(hours=hour)).timestamp() * 1000)) for hour in range(6)}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (where("amount", "EQ", "10"), "C"),
        (where("amount", "EQ", "10.0"), "C"),
        (where("amount", "NEQ", "10"), "ABDE"),
        (where("amount", "LT", "3"), "AB"),
        (where("amount", "LTE", "3"), "ABE"),
        (where("amount", "GT", "2"), "CE"),
        (where("amount", "GTE", "2"), "BCE"),
        (where("amount", "BETWEEN", "2", "3"), "BE"),
        (where("amount", "IN", ["1", "10"]), "AC"),
        (where("amount", "NOT_IN", ["1", "10"]), "BDE"),
        (where("amount", "HAS_PROPERTY"), "ABCE"),
        (where("amount", "NOT_HAS_PROPERTY"), "D"),
        (where("dealname", "CONTAINS_TOKEN", "HARBOUR"), "ABCDE"),
        (where("dealname", "CONTAINS_TOKEN", "harb*"), "ABCDE"),
        (where("dealname", "CONTAINS_TOKEN", "harb"), ""),
        (where("dealname", "NOT_CONTAINS_TOKEN", "b"), "ACDE"),
        (where("dealname", "EQ", "a HARBOUR-deal"), "A"),
        (where("hs_is_closed", "EQ", "false"), "ABCD"),
        (where("dealstage", "IN", ["1003", "1004"]), "E"),
        (where("createdate", "GTE", MS[3]), "DE"),
        (where("createdate", "GT", MS[3]), "E"),
        (where("createdate", "LT", "2026-03-02T10:00:00Z"), "A"),
        (where("createdate", "BETWEEN", MS[1], MS[2]), "BC"),
    ],
)
def test_each_operator_finds_by_the_type_of_the_property(client, deals, told, found):
    assert names(client.search("deals", told)) == found


def test_groups_are_or_and_filters_within_one_are_and(client, deals):
    groups = [
        {"filters": [where("amount", "GT", "1"), where("amount", "LT", "3")]},
        {"filters": [where("amount", "NOT_HAS_PROPERTY")]},
    ]
    assert names(client.search("deals", filterGroups=groups)) == "BD"


def test_a_choice_of_several_is_found_by_each(client, portal):
    made = portal.create("contacts", {"email": "a@example.com", "hs_buying_role": "CHAMPION;OTHER"})
    found = client.search("contacts", where("hs_buying_role", "EQ", "OTHER"))
    assert ids(found) == [made]


def test_one_sort_orders_and_records_without_a_value_come_first(client, deals):
    up = [{"propertyName": "amount", "direction": "ASCENDING"}]
    down = [{"propertyName": "amount", "direction": "DESCENDING"}]
    assert names(client.search("deals", sorts=up)) == "DABEC"
    assert names(client.search("deals", sorts=down)) == "CEBAD"
    assert client.search("deals", sorts=up + down).status_code == 400
    assert client.search("deals", sorts=[{"propertyName": "colour"}]).status_code == 400


def test_ids_sort_and_compare_as_numbers_or_by_a_switch_as_text(client, portal):
    contents = {number: portal.create("companies", {"name": number}) for number in ("x", "y")}
    portal.purge("companies", contents["x"])
    record = portal.get("companies", contents["y"])
    for number in ("9", "80"):
        portal.load([type(record)("companies", number, NOW, NOW, {})])
    by_id = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    above = where("hs_object_id", "GT", "80")
    assert ids(client.search("companies", sorts=by_id)) == ["9", "80", record.id]
    assert ids(client.search("companies", above)) == [record.id]
    portal.quirks.text_sorted_ids = True
    assert ids(client.search("companies", sorts=by_id)) == ["80", "9", record.id]
    assert ids(client.search("companies", above)) == ["9", record.id]


def test_words_are_looked_for_in_names(client, deals):
    assert names(client.search("deals", query="c harb")) == "C"


def test_associations_filter_by_the_other_record(client, portal, deals):
    contact = portal.create("contacts", {"email": "a@example.com"})
    portal.link("deals", deals["B"], "contacts", contact)
    found = client.search("deals", where("associations.contact", "EQ", contact))
    assert names(found) == "B"


def test_pages_follow_by_offset_and_total_is_of_all(client, deals):
    first = client.search("deals", limit=2).json()
    assert first["total"] == 5
    assert first["paging"] == {"next": {"after": "2"}}
    second = client.search("deals", limit=2, after="2").json()
    last = client.search("deals", limit=2, after=second["paging"]["next"]["after"])
    assert names(last) == "E"
    assert "paging" not in last.json()


@pytest.mark.parametrize("limit", [0, 201, "10"])
def test_a_page_has_one_to_two_hundred(client, limit):
    assert client.search("deals", limit=limit).status_code == 400


def test_ten_is_the_page_where_none_is_asked_for(client, portal):
    for number in range(11):
        portal.create("companies", {"name": str(number)})
    answer = client.post("/crm/objects/2026-09/companies/search", {})
    assert len(ids(answer)) == 10


def test_past_ten_thousand_a_search_is_refused(client, portal):
    assert client.search("deals", after="9800").status_code == 200
    answer = client.search("deals", after="9801")
    assert answer.status_code == 400
    assert "10000" in answer.json()["message"]
    portal.quirks.search_cap = 3
    assert client.search("deals", limit=3).status_code == 200
    assert client.search("deals", limit=2, after="2").status_code == 400


def test_a_page_up_to_the_cap_still_says_there_is_more(client, portal, deals):
    portal.quirks.search_cap = 4
    answer = client.search("deals", limit=4).json()
    assert answer["total"] == 5
    after = answer["paging"]["next"]["after"]
    assert client.search("deals", limit=4, after=after).status_code == 400


def test_more_records_than_the_cap_may_share_one_millisecond(client, portal):
    """A client can then get past only by walking the ids, of which none is lost."""
    portal.quirks.search_cap = 4
    made = [portal.create("notes", {"hs_timestamp": "2026-03-02"}) for _ in range(7)]
    stamp = where("hs_lastmodifieddate", "EQ", "2026-03-02T09:00:00.000Z")
    assert client.search("notes", stamp, limit=4).json()["total"] == 7
    by_id, found = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}], []
    while True:
        after = where("hs_object_id", "GT", found[-1] if found else "0")
        page = ids(client.search("notes", stamp, after, limit=4, sorts=by_id))
        if not page:
            break
        found += page
    assert found == made


def test_filters_are_limited_in_groups_in_each_and_altogether(client):
    one = where("amount", "HAS_PROPERTY")

    def status(*sizes):
        groups = [{"filters": [one] * size} for size in sizes]
        return client.search("deals", filterGroups=groups).status_code

    assert status(1, 1, 1, 1, 1) == 200
    assert status(1, 1, 1, 1, 1, 1) == 400
    assert status(6) == 200
    assert status(7) == 400
    assert status(6, 6, 6) == 200
    assert status(6, 6, 6, 1) == 400


def test_a_search_is_three_thousand_characters_at_most(client):
    long = where("dealname", "IN", ["x" * 100] * 25)
    assert client.search("deals", long).status_code == 200
    assert client.search("deals", where("dealname", "IN", ["x" * 100] * 30)).status_code == 400


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (where("colour", "EQ", "red"), "colour"),
        (where("amount", "LIKE", "1"), "LIKE"),
        (where("amount", "EQ"), "requires value"),
        (where("amount", "IN", []), "requires values"),
        (where("amount", "BETWEEN", "1"), "highValue"),
        (where("amount", "GT", "many"), "many"),
        (where("createdate", "GT", "soon"), "soon"),
        ({"value": "x"}, "propertyName"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(client, told, text):
    answer = client.search("deals", told)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert text in answer.json()["message"]


def test_a_date_at_the_beginning_of_time_fails_as_it_does_for_real(client):
    assert client.search("deals", where("createdate", "GT", "0")).status_code == 500


def test_the_index_shows_each_record_as_it_was(client, portal, clock, deals):
    portal.index_lag = timedelta(minutes=10)
    clock.advance(hours=1)
    portal.update("deals", deals["A"], {"amount": "100"})
    young = portal.create("deals", {"dealname": "Young"})
    assert names(client.search("deals", where("amount", "EQ", "1"))) == "A"
    assert names(client.search("deals", where("amount", "EQ", "100"))) == ""
    [stale] = client.search("deals", where("amount", "EQ", "1")).json()["results"]
    assert stale["properties"]["amount"] == "1"
    assert stale["updatedAt"] == "2026-03-02T09:00:00.000Z"
    assert young not in ids(client.search("deals"))
    assert client.read("deals", young).status_code == 200  # the primary store has it
    clock.advance(minutes=10)
    assert names(client.search("deals", where("amount", "EQ", "100"))) == "A"
    assert young in ids(client.search("deals"))


def test_one_record_may_lag_more_than_the_others(client, portal, clock, deals):
    clock.advance(hours=1)
    portal.update("deals", deals["A"], {"amount": "100"})
    portal.update("deals", deals["B"], {"amount": "100"})
    portal.index_lags["deals", deals["A"]] = timedelta(hours=1)
    assert names(client.search("deals", where("amount", "EQ", "100"))) == "B"


def test_an_archived_record_lags_too_counted_and_not_shown(client, portal, clock, deals):
    portal.index_lag = timedelta(minutes=10)
    clock.advance(hours=1)
    portal.archive("deals", deals["A"])
    lagging = client.search("deals")
    assert lagging.json()["total"] == 5
    assert names(lagging) == "BCDE"
    clock.advance(minutes=11)
    assert client.search("deals").json()["total"] == 4


def test_merged_records_are_found_under_the_new_id_only(client, portal, deals):
    merged = portal.merge("deals", deals["A"], deals["B"])
    found = ids(client.search("deals"))
    assert merged in found
    assert not {deals["A"], deals["B"]} & set(found)


def test_merged_records_leave_the_index_as_late_as_archived_ones(client, portal, clock, deals):
    portal.index_lag = timedelta(minutes=10)
    clock.advance(hours=1)
    merged = portal.merge("deals", deals["A"], deals["B"])
    lagging = client.search("deals")
    assert lagging.json()["total"] == 6
    assert not {deals["A"], deals["B"]} & set(ids(lagging))
    clock.advance(minutes=11)
    assert client.search("deals").json()["total"] == 4
    assert merged in ids(client.search("deals"))


def test_search_answers_neither_associations_nor_history(client, portal, deals):
    company = portal.create("companies", {"name": "C"})
    portal.link("deals", deals["A"], "companies", company)
    [first, *_] = client.search(
        "deals", propertiesWithHistory=["amount"], associations=["companies"]
    ).json()["results"]
    assert not {"associations", "propertiesWithHistory"} & set(first)


@pytest.mark.parametrize("keep", [0, 1])
def test_a_short_page_has_a_next_one_and_loses_nothing(client, server, deals, keep):
    server.faults.add(Fault("short_page", nth=2, keep=keep))
    found, after = "", "0"
    for _ in range(4):
        answer = client.search("deals", limit=2, after=after)
        found += names(answer)
        after = answer.json().get("paging", {"next": {"after": None}})["next"]["after"]
        if after is None:
            break
    assert found == "ABCDE"
    assert after is None


def test_a_search_begun_anew_knows_nothing_of_an_old_short_page(client, server, deals):
    server.faults.add(Fault("short_page", keep=1))
    assert names(client.search("deals", limit=2)) == "A"
    assert names(client.search("deals", limit=2)) == "AB"
    assert names(client.search("deals", limit=2, after="2")) == "CD"


def test_every_change_is_in_the_next_search(client, portal, deals):
    """The records of a search are kept between its pages, and only until something changes."""

    def found():
        return names(client.search("deals", where("amount", "GT", "1")))

    assert found() == found() == "BCE"
    portal.update("deals", deals["A"], {"amount": "9"})
    assert found() == "ABCE"
    portal.archive("deals", deals["B"])
    assert found() == "ACE"
    portal.restore("deals", deals["B"])
    portal.purge("deals", deals["C"])
    assert found() == "ABE"
    portal.create("deals", {"dealname": "F", "amount": "5"})
    assert found() == "ABEF"
    portal.redefine("deals", "amount", type="string")
    assert client.search("deals", where("amount", "GT", "3")).json()["total"] == 2
    contact = portal.create("contacts", {"email": "a@example.com"})
    linked = where("num_associated_contacts", "EQ", "1")
    assert client.search("deals", linked).json()["total"] == 0
    portal.link("deals", deals["A"], "contacts", contact)
    assert client.search("deals", linked).json()["total"] == 1
    portal.unlink("deals", deals["A"], "contacts", contact)
    assert client.search("deals", linked).json()["total"] == 0


def test_what_changes_with_time_alone_is_found_anew(client, portal, clock, deals):
    portal.create("meetings", {"hs_timestamp": "2026-03-09"}, [("deals", deals["A"])])
    ahead = where("notes_next_activity_date", "HAS_PROPERTY")
    assert names(client.search("deals", ahead)) == "A"
    clock.advance(days=9)
    assert names(client.search("deals", ahead)) == ""


def test_a_shuffled_page_comes_the_other_way_round(client, server, deals):
    server.faults.add(Fault("shuffled"))
    assert names(client.search("deals")) == "EDCBA"
    assert names(client.search("deals")) == "ABCDE"


def test_an_early_result_lies_just_before_the_lower_bound(client, server, deals):
    just_after = str(int(MS[3]) + 1)
    for told in (where("createdate", "GTE", just_after),
                 where("createdate", "BETWEEN", just_after, MS[5])):  # fmt: skip
        server.faults.add(Fault("early"))
        assert names(client.search("deals", told)) == "DE"
        assert names(client.search("deals", told)) == "E"


def test_a_stale_index_is_a_fault_as_well(client, server, deals, clock):
    server.faults.add(Fault("stale_index", seconds=2.5 * 3600))
    assert names(client.search("deals")) == "ABC"
    assert names(client.search("deals")) == "ABCDE"
