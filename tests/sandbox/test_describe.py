"""The sandbox's describes against recorded ones, key by key and flag by flag."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crmrules_sandbox.salesforce.describe import describe, describe_global
from crmrules_sandbox.salesforce.schema import (
    FEATURES,
    load_deploy,
    standard_schema,
    without_features,
)

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "salesforce"
RECORDED = ("Opportunity", "OpportunityContactRole", "Event", "Account", "Contact", "Case")
FLAGS = (
    *("type", "label", "length", "precision", "scale", "digits", "soapType", "relationshipName"),
    *("createable", "updateable", "nillable", "filterable", "sortable", "defaultedOnCreate"),
    *("unique", "externalId", "caseSensitive", "idLookup", "calculated", "custom", "defaultValue"),
    *("restrictedPicklist", "permissionable", "polymorphicForeignKey", "namePointing", "nameField"),
)
# Flags that follow from something the table does not record, by field.
EXCEPTIONS = {
    ("Event", "ShowAs", "defaultValue"),  # an org setting: Busy
    ("Event", "GroupEventType", "defaultValue"),
    ("Case", "Status", "defaultValue"),
    ("Case", "Priority", "defaultValue"),
    ("Event", "ActivityDate", "aggregatable"),  # the one filterable date that is not
    ("Case", "CaseNumber", "groupable"),  # an auto-number
}


def recorded(shared_data: Path, name: str) -> dict:
    folder = shared_data / "salesforce_recorded" / "cumulusci" / "describe"
    return json.loads((folder / f"{name}_describe.json").read_text(encoding="utf-8"))


def described(name: str) -> dict:
    sobject = standard_schema()[name]
    return describe(sobject, frozenset(sobject.fields))


def by_name(body: dict) -> dict[str, dict]:
    return {field["name"]: field for field in body["fields"]}


@pytest.mark.parametrize("name", sorted(standard_schema()))
def test_a_describe_has_the_keys_of_the_recorded_opportunity(shared_data, name):
    real, ours = recorded(shared_data, "Opportunity"), described(name)
    assert set(ours) == set(real)
    for field in ours["fields"]:
        assert set(field) == set(real["fields"][0]), field["name"]
    for relation in ours["childRelationships"]:
        assert set(relation) == set(real["childRelationships"][0])
    for info in ours["recordTypeInfos"]:
        assert set(info) == set(real["recordTypeInfos"][0])
    picklist = by_name(real)["StageName"]["picklistValues"][0]
    for field in ours["fields"]:
        for value in field["picklistValues"]:
            assert set(value) == set(picklist)


@pytest.mark.parametrize("name", RECORDED)
def test_a_described_field_has_the_flags_of_the_recorded_one(shared_data, name):
    real, ours = by_name(recorded(shared_data, name)), by_name(described(name))
    both = set(real) & set(ours)
    assert len(both) >= 11
    wrong = [
        (field, flag, ours[field][flag], real[field][flag])
        for field in sorted(both)
        for flag in (*FLAGS, "groupable", "aggregatable")
        if ours[field][flag] != real[field][flag] and (name, field, flag) not in EXCEPTIONS
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["Opportunity", "OpportunityContactRole", "Event"])
def test_every_field_of_a_recorded_object_is_there(shared_data, name):
    real = {f["name"] for f in recorded(shared_data, name)["fields"] if not f["custom"]}
    assert real <= set(by_name(described(name)))


@pytest.mark.parametrize("name", RECORDED)
def test_object_flags_agree_with_the_recorded_ones(shared_data, name):
    real, ours = recorded(shared_data, name), described(name)
    keys = ("keyPrefix", "label", "labelPlural", "createable", "updateable", "deletable")
    more = ("queryable", "undeletable", "replicateable", "retrieveable", "searchable", "mergeable")
    assert {k: ours[k] for k in keys + more} == {k: real[k] for k in keys + more}


def test_task_fields_have_the_flags_of_the_documentation_and_no_recording_exists(shared_data):
    path = shared_data / "salesforce_recorded" / "task_fields_from_docs_v67.json"
    ours = by_name(described("Task"))
    for field in json.loads(path.read_text(encoding="utf-8"))["fields"]:
        for flag in ("type", "createable", "updateable", "filterable", "nillable", "sortable"):
            assert ours[field["name"]][flag] == field[flag], (field["name"], flag)
        assert ours[field["name"]]["defaultedOnCreate"] == field["defaultedOnCreate"]


def test_a_global_describe_entry_has_the_recorded_keys(shared_data):
    real = recorded(shared_data, "Global")
    ours = describe_global(standard_schema().values())
    assert set(ours) == set(real)
    for entry in ours["sobjects"]:
        assert set(entry) == set(real["sobjects"][0])


def test_a_hidden_field_is_absent_and_a_read_only_one_is_not_updateable():
    sobject = standard_schema()["Opportunity"]
    visible = frozenset(sobject.fields) - {"Amount"}
    fields = by_name(describe(sobject, visible, editable_fields=visible - {"NextStep"}))
    assert "Amount" not in fields
    assert not fields["NextStep"]["updateable"]
    assert fields["Type"]["updateable"]


def test_the_shipped_fields_become_fields_of_tasks_events_and_opportunities():
    schema = load_deploy(DEPLOY, standard_schema())
    for name in ("Task", "Event"):
        key = by_name(describe(schema[name], schema[name].fields))["CrmRules_Key__c"]
        assert (key["type"], key["length"]) == ("string", 80)
        assert key["unique"]
        assert key["externalId"]
        assert key["caseSensitive"]
        assert key["idLookup"]
        assert key["custom"]
    flags = by_name(describe(schema["Opportunity"], schema["Opportunity"].fields))
    assert flags["CrmRules_Flags__c"]["type"] == "multipicklist"
    assert not flags["CrmRules_Flags__c"]["restrictedPicklist"]
    assert not flags["CrmRules_Summary__c"]["filterable"]


def test_a_folder_without_fields_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no custom field found"):
        load_deploy(tmp_path, standard_schema())


def test_a_custom_field_described_here_agrees_with_a_recorded_one_of_its_type(shared_data):
    schema = load_deploy(DEPLOY, standard_schema())
    ours = by_name(describe(schema["Opportunity"], schema["Opportunity"].fields))
    real = by_name(recorded(shared_data, "Account_PersonAccount"))
    pairs = {
        "CrmRules_Flags__c": "npo02__SYSTEM_CUSTOM_NAMING__c",
        "CrmRules_Summary__c": "npsp__Matching_Gift_Comments__c",
        "CrmRules_Status__c": "CustomerPriority__c",
    }
    flags = ("type", "filterable", "sortable", "groupable", "aggregatable", "soapType")
    for our, their in pairs.items():
        for flag in (*flags, "nillable", "createable", "permissionable", "custom"):
            assert ours[our][flag] == real[their][flag], (our, flag)


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_an_org_without_a_feature_knows_nothing_that_leads_to_it(feature):
    schema = without_features(standard_schema(), [feature])
    for gone in FEATURES[feature]:
        assert gone not in schema
        for sobject in schema.values():
            assert all(child != gone for child, _ in sobject.children.values())
            assert all(gone not in f.reference_to for f in sobject.fields.values())
    if feature == "multi_currency":
        assert not any("CurrencyIsoCode" in s.fields for s in schema.values())


def test_every_child_relationship_leads_to_a_reference_back():
    schema = standard_schema()
    for sobject in schema.values():
        for child, key in sobject.children.values():
            assert sobject.name in schema[child].fields[key].reference_to, (sobject.name, child)
