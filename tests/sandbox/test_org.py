"""The org by itself: checks, derived fields, keys, rights, locks, deletion."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.salesforce.ids import is_sfid, sfid
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.schema import Field, standard_schema

KEY = Field(
    "CrmRules_Key__c",
    "string",
    "Key",
    length=80,
    unique=True,
    external_id=True,
    id_lookup=True,
    case_sensitive=True,
    custom=True,
)
FLAGS = Field(
    "CrmRules_Flags__c",
    "multipicklist",
    "Flags",
    length=4099,
    custom=True,
    picklist=("one", "two", "three"),
    restricted=True,
)


class Clock:
    def __init__(self):
        self.now = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, **step):
        self.now += timedelta(**step)


def schema():
    grown = standard_schema()
    for name, field in (("Task", KEY), ("Opportunity", FLAGS)):
        fields = MappingProxyType({**grown[name].fields, field.name: field})
        grown[name] = replace(grown[name], fields=fields)
    return grown


def make_org(**options):
    clock = options.pop("clock", None) or Clock()
    org = Org(schema(), clock=clock, **options)
    account = org.insert("Account", {"Name": "Acme"})
    opportunity = org.insert(
        "Opportunity",
        {
            "Name": "Big one",
            "AccountId": account,
            "StageName": "Prospecting",
            "CloseDate": "2026-06-30",
            "Amount": 1000,
        },
    )
    return org, clock, opportunity


def refusal(code, call, *args):
    with pytest.raises(ApiError) as caught:
        call(*args)
    assert caught.value.code == code
    return caught.value


def test_a_new_record_gets_a_checked_id_an_owner_and_five_stamps():
    org, _, opportunity = make_org()
    row = org.get("Opportunity", opportunity)
    assert is_sfid(opportunity)
    assert row["OwnerId"] == row["CreatedById"] == row["LastModifiedById"] == org.user_id
    assert {row[f"{name}"] for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")} == {
        "2026-03-02T09:00:00.000+0000"
    }


def test_an_update_moves_the_modification_stamps_and_names_who_did_it():
    org, clock, opportunity = make_org()
    rep = sfid("005", 5)
    org.load({"User": [{"Id": rep, "LastName": "Rep", "IsActive": True}]})
    clock.forward(hours=1)
    org.update("Opportunity", opportunity[:15], {"NextStep": " call "}, rep)
    row = org.get("Opportunity", opportunity)
    assert row["NextStep"] == "call"
    assert row["LastModifiedById"] == rep
    assert row["CreatedById"] == org.user_id
    assert row["LastModifiedDate"] == row["SystemModstamp"] == "2026-03-02T10:00:00.000+0000"
    assert row["CreatedDate"] == "2026-03-02T09:00:00.000+0000"


def test_a_task_is_closed_by_its_status_and_remembers_when():
    org, clock, opportunity = make_org()
    task = org.insert("Task", {"WhatId": opportunity, "ActivityDate": "2026-03-01"})
    assert org.get("Task", task)["Status"] == "Not Started"
    assert org.get("Task", task)["IsClosed"] is False
    clock.forward(days=1)
    org.update("Task", task, {"Status": "Completed"})
    row = org.get("Task", task)
    assert row["IsClosed"] is True
    assert row["CompletedDateTime"] == "2026-03-03T09:00:00.000+0000"
    parent = org.get("Opportunity", opportunity)
    assert parent["LastActivityDate"] == "2026-03-01"
    assert parent["SystemModstamp"] == "2026-03-03T09:00:00.000+0000"
    assert parent["LastModifiedDate"] == "2026-03-02T09:00:00.000+0000"
    org.update("Task", task, {"Status": "In Progress"})
    assert org.get("Task", task)["CompletedDateTime"] is None


def test_history_has_one_row_for_each_change_of_stage_amount_or_close_date():
    org, clock, opportunity = make_org()
    clock.forward(days=1)
    org.update("Opportunity", opportunity, {"StageName": "Closed Won", "Amount": 900})
    org.update("Opportunity", opportunity, {"NextStep": "party"})
    first, second = org.rows("OpportunityHistory")
    assert (first["StageName"], second["StageName"]) == ("Prospecting", "Closed Won")
    assert second["PrevAmount"] == 1000
    assert second["Amount"] == 900
    row = org.get("Opportunity", opportunity)
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (True, True, 100)
    assert row["LastStageChangeDate"] == "2026-03-03T09:00:00.000+0000"
    assert {r["Field"] for r in org.rows("OpportunityFieldHistory")} == {
        "StageName",
        "Amount",
        "NextStep",
    }


def test_a_unique_key_is_refused_with_the_short_id_and_only_in_the_same_case():
    org, _, _ = make_org()
    task = org.insert("Task", {"CrmRules_Key__c": "v1:a"})
    error = refusal("DUPLICATE_VALUE", org.insert, "Task", {"CrmRules_Key__c": "v1:a"})
    assert error.message == (
        f"duplicate value found: CrmRules_Key__c duplicates value on record with id: {task[:15]}"
    )
    org.insert("Task", {"CrmRules_Key__c": "V1:A"})
    assert len(org.rows("Task")) == 2


@pytest.mark.parametrize("blocks", [True, False])
def test_whether_a_recycled_record_keeps_its_key_can_be_chosen(blocks):
    org, _, _ = make_org(recycled_keys_block=blocks)
    task = org.insert("Task", {"CrmRules_Key__c": "k"})
    org.delete(task)
    if blocks:
        refusal("DUPLICATE_VALUE", org.insert, "Task", {"CrmRules_Key__c": "k"})
        org.hard_delete(task)
    org.insert("Task", {"CrmRules_Key__c": "k"})


def test_deletion_takes_the_children_along_and_a_second_one_is_refused():
    org, _, opportunity = make_org()
    task = org.insert("Task", {"WhatId": opportunity})
    org.delete(opportunity)
    assert org.get("Task", task)["IsDeleted"] is True
    assert all(row["IsDeleted"] for row in org.rows("OpportunityHistory"))
    refusal("ENTITY_IS_DELETED", org.delete, opportunity)
    refusal("ENTITY_IS_DELETED", org.update, "Opportunity", opportunity, {"Name": "x"})
    org.hard_delete(opportunity)
    assert org.get("Opportunity", opportunity) is None
    refusal("ENTITY_IS_DELETED", org.delete, opportunity)
    assert opportunity in {gone.record_id for gone in org.store.deletions}


def test_each_bad_value_is_refused_with_its_own_code():
    org, _, opportunity = make_org()
    refusal("STRING_TOO_LONG", org.insert, "Task", {"Subject": "x" * 256})
    error = refusal("REQUIRED_FIELD_MISSING", org.insert, "Account", {"Name": ""})
    assert error.message == "Required fields are missing: [Name]"
    assert error.fields == ["Name"]
    refusal("REQUIRED_FIELD_MISSING", org.update, "Opportunity", opportunity, {"Name": None})
    bad = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    refusal(bad, org.update, "Opportunity", opportunity, {"CrmRules_Flags__c": "one;four"})
    refusal("INVALID_FIELD", org.insert, "Task", {"Foo": 1})
    refusal("INVALID_FIELD_FOR_INSERT_UPDATE", org.insert, "Task", {"IsClosed": True})
    refusal("INVALID_FIELD_FOR_INSERT_UPDATE", org.insert, "Task", {"Id": sfid("00T", 1)})
    refusal("JSON_PARSER_ERROR", org.insert, "Task", {"ActivityDate": "soon"})
    refusal("MALFORMED_ID", org.insert, "Task", {"WhatId": org.user_id})
    refusal("INVALID_CROSS_REFERENCE_KEY", org.insert, "Task", {"WhatId": sfid("006", 77)})
    refusal("INVALID_TYPE", org.insert, "Nothing__c", {})
    refusal("INSUFFICIENT_ACCESS_OR_READONLY", org.insert, "OpportunityHistory", {})
    assert len(org.rows("Task")) == 0


def test_values_come_back_in_the_form_the_api_stores():
    org, _, opportunity = make_org()
    org.update("Opportunity", opportunity, {"CrmRules_Flags__c": "two;one", "Amount": "12.346"})
    org.update("Opportunity", opportunity, {"NextStep": "  "})
    row = org.get("Opportunity", opportunity)
    assert row["CrmRules_Flags__c"] == "one;two"
    assert row["Amount"] == 12.35
    assert row["NextStep"] is None


def test_an_inactive_owner_is_refused_but_an_old_one_may_stay():
    org, _, opportunity = make_org()
    gone = sfid("005", 6)
    org.load({"User": [{"Id": gone, "LastName": "Gone", "IsActive": False}]})
    error = refusal("INACTIVE_OWNER_OR_USER", org.insert, "Task", {"OwnerId": gone})
    assert f"[{gone[:15]}] as owner of task" in error.message
    org.load({"Opportunity": [{**org.get("Opportunity", opportunity), "OwnerId": gone}]})
    org.update("Opportunity", opportunity, {"NextStep": "x", "OwnerId": gone})


def test_hidden_fields_do_not_exist_and_read_only_ones_are_refused():
    org, _, opportunity = make_org()
    before = org.metadata_changed_at
    org.clock.forward(minutes=1)
    org.hide("Opportunity", "CrmRules_Flags__c")
    org.make_read_only("Task", "CrmRules_Key__c")
    assert "CrmRules_Flags__c" not in org.visible("Opportunity")
    assert org.metadata_changed_at > before
    refusal("INVALID_FIELD", org.update, "Opportunity", opportunity, {"CrmRules_Flags__c": "one"})
    code = "INVALID_FIELD_FOR_INSERT_UPDATE"
    refusal(code, org.insert, "Task", {"CrmRules_Key__c": "k"})
    rep = sfid("005", 9)
    org.load({"User": [{"Id": rep, "LastName": "Rep", "IsActive": True}]})
    org.insert("Task", {"CrmRules_Key__c": "k"}, rep)
    org.deny("Contact", "read")
    assert org.sobject("Contact") is None
    org.deny("Task", "create")
    refusal("INSUFFICIENT_ACCESS_OR_READONLY", org.insert, "Task", {})


def test_a_row_lock_fails_the_next_writes_and_then_lets_go():
    org, _, opportunity = make_org()
    org.lock_row(opportunity, times=2)
    error = refusal("UNABLE_TO_LOCK_ROW", org.update, "Opportunity", opportunity, {})
    assert opportunity in error.message
    refusal("UNABLE_TO_LOCK_ROW", org.insert, "Task", {"WhatId": opportunity})
    org.update("Opportunity", opportunity, {})
    org.lock_for_approval(opportunity)
    refusal("ENTITY_IS_LOCKED", org.update, "Opportunity", opportunity, {})
    org.insert("Task", {"WhatId": opportunity})
    org.unlock(opportunity)
    org.update("Opportunity", opportunity, {})


def test_a_feature_that_is_off_leaves_its_objects_and_seeded_rows_out():
    org, _, opportunity = make_org(features=["field_history"])
    assert org.sobject("Quote") is None
    org.load({"Quote": [{"Name": "Q", "OpportunityId": opportunity}]})
    assert org.sobject("OpportunityFieldHistory") is not None
    with pytest.raises(ValueError, match="Nonsense"):
        org.load({"Account": [{"Nonsense": 1}]})


def test_a_late_commit_appears_with_old_stamps():
    org, clock, _ = make_org()
    at = clock.now - timedelta(minutes=7)
    org.commit_late("Task", {"Subject": "late"}, at)
    (row,) = org.rows("Task")
    assert row["SystemModstamp"] == "2026-03-02T08:53:00.000+0000"


def test_many_threads_inserting_one_key_make_one_task():
    org, _, _ = make_org()
    made, refused = [], []

    def insert():
        try:
            made.append(org.insert("Task", {"CrmRules_Key__c": "same"}))
        except ApiError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=insert) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert refused == ["DUPLICATE_VALUE"] * 7


def test_a_rolled_back_block_leaves_rows_keys_and_deletions_as_they_were():
    org, _, opportunity = make_org()
    task = org.insert("Task", {"CrmRules_Key__c": "k", "WhatId": opportunity})
    before = {name: dict(table) for name, table in org.store.tables.items()}
    with org.lock, org.store.atomic() as undo:
        org.delete(opportunity)
        org.update("Task", org.insert("Task", {"CrmRules_Key__c": "new"}), {"Subject": "x"})
        undo()
    assert org.store.tables == before
    assert org.store.deletions == []
    org.insert("Task", {"CrmRules_Key__c": "new"})
    error = refusal("DUPLICATE_VALUE", org.insert, "Task", {"CrmRules_Key__c": "k"})
    assert task[:15] in error.message
