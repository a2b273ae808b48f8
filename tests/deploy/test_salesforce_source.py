"""The Salesforce source we ship: valid metadata, the fields of the contract, no right too many."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from metadata_wsdl import NS, etree, problem

from crmrules import rulebook
from crmrules_salesforce.tables import TABLES
from crmrules_sandbox.salesforce.schema import custom_field, load_deploy, standard_schema

SOURCE = Path(__file__).resolve().parents[2] / "deploy" / "salesforce"
MAIN = SOURCE / "force-app" / "main" / "default"
FILES = sorted(SOURCE.rglob("*-meta.xml"))

FIELDS = {
    ("Opportunity", "CrmRules_Status__c"): "picklist",
    ("Opportunity", "CrmRules_Flags__c"): "multipicklist",
    ("Opportunity", "CrmRules_Summary__c"): "textarea",
    ("Opportunity", "CrmRules_Buying_Phase__c"): "picklist",
    ("Opportunity", "CrmRules_Checked_At__c"): "datetime",
    ("Activity", "CrmRules_Key__c"): "string",
    ("Activity", "CrmRules_Rule__c"): "string",
    ("OpportunityContactRole", "CrmRules_Focus__c"): "picklist",
}
FLAGS = {rule.then.flag for rule in rulebook.load([rulebook.shipped()]).rules if not rule.private}


def root(path: Path):
    return etree.parse(str(path)).getroot()


def texts(node, path):
    return [found.text for found in node.iterfind(path, NS)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_valid_under_the_published_metadata_schema(path):
    assert problem(path.read_bytes()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<unique>true</unique>", b"<unique>perhaps</unique>"),
        (b"<type>Text</type>", b"<type>Txt</type>"),
        (b"<label>", b"<lable/><label>"),
        (b"</CustomField>", b""),
    ],
)
def test_a_broken_file_is_caught(old, new):
    xml = (MAIN / "objects/Activity/fields/CrmRules_Key__c.field-meta.xml").read_bytes()
    assert old in xml
    assert problem(xml.replace(old, new)) is not None


def test_there_are_files_to_check_and_the_project_names_their_folders():
    project = json.loads((SOURCE / "sfdx-project.json").read_text(encoding="utf-8"))
    folders = [SOURCE / entry["path"] for entry in project["packageDirectories"]]
    assert all(folder.is_dir() for folder in folders)
    assert sorted(path for folder in folders for path in folder.rglob("*-meta.xml")) == FILES
    base = [path for path in FILES if SOURCE / "force-app" in path.parents]
    assert len(base) == len(FIELDS) + 1


def test_the_fields_are_those_of_the_contract():
    found = {
        (path.parent.parent.name, path.name.removesuffix(".field-meta.xml")): custom_field(path)
        for path in FILES
        if path.name.endswith(".field-meta.xml")
    }
    assert {key: field.type for key, field in found.items()} == FIELDS
    assert all(field.name == name for (_, name), field in found.items())
    key = found["Activity", "CrmRules_Key__c"]
    assert (key.length, key.unique, key.external_id, key.case_sensitive) == (80, True, True, True)
    flags = found["Opportunity", "CrmRules_Flags__c"]
    assert sorted(flags.picklist) == sorted(FLAGS)
    assert not flags.restricted
    assert found["Opportunity", "CrmRules_Status__c"].picklist == ("ok", "attention", "critical")
    assert found["OpportunityContactRole", "CrmRules_Focus__c"].picklist == (
        *("receptivity", "dissatisfaction", "power"),
    )
    phases = ("recognition", "evaluation", "concerns", "implementation", "development")
    assert found["Opportunity", "CrmRules_Buying_Phase__c"].picklist == phases


def test_every_field_tells_an_admin_what_it_is_for():
    for path in FILES:
        if path.name.endswith(".field-meta.xml"):
            assert texts(root(path), "m:description"), path.name
            assert texts(root(path), "m:inlineHelpText"), path.name


def permission_set(name="force-app/main/default/permissionsets/CrmRules_Integration"):
    return root(SOURCE / f"{name}.permissionset-meta.xml")


def granted_fields(node):
    return {
        entry.findtext("m:field", None, NS): entry.findtext("m:editable", None, NS) == "true"
        for entry in node.iterfind("m:fieldPermissions", NS)
    }


def test_our_activity_fields_are_granted_on_tasks_and_events_never_on_activity():
    granted = granted_fields(permission_set())
    for name in ("CrmRules_Key__c", "CrmRules_Rule__c"):
        assert granted[f"Task.{name}"] is True
        assert f"Event.{name}" in granted
    assert not [field for field in granted if field.startswith("Activity.")]


@pytest.mark.fault("X8", on="salesforce")
def test_only_our_fields_and_what_a_task_needs_may_be_edited():
    editable = {field for field, edit in granted_fields(permission_set()).items() if edit}
    ours = {f"Opportunity.{name}" for owner, name in FIELDS if owner == "Opportunity"}
    tasks = {f"Task.{name}" for owner, name in FIELDS if owner == "Activity"}
    assert editable == ours | tasks | {"Task.WhatId", "Task.WhoId", "Task.Description"}


def test_every_granted_field_exists_and_can_be_granted():
    schema = load_deploy(SOURCE, standard_schema())
    sets = (permission_set(), permission_set("quotes/main/default/permissionsets/CrmRules_Quotes"))
    for node in sets:
        for name in granted_fields(node):
            owner, _, field = name.partition(".")
            assert schema[owner].fields[field].permissionable, name


def fields_read(schema):
    """Return the grantable fields on the way of every path the connector reads."""
    found = set()
    for table in TABLES.values():
        for path in table.fields:
            sobject = schema[table.object]
            *parents, last = path.split(".")
            for name in parents:
                links = [f for f in sobject.fields.values() if f.relationship_name == name]
                if not links:
                    break  # an org may lack it, as the sandbox lacks record types
                found |= {f"{sobject.name}.{f.name}" for f in links if f.permissionable}
                sobject = schema[links[0].reference_to[0]]
            else:
                field = sobject.fields[last]
                found |= {f"{sobject.name}.{last}"} if field.permissionable else set()
    return found


@pytest.mark.fault("X8", on="salesforce")
def test_exactly_what_the_connector_reads_is_granted():
    sets = (permission_set(), permission_set("quotes/main/default/permissionsets/CrmRules_Quotes"))
    granted = {name for node in sets for name in granted_fields(node)}
    read = fields_read(load_deploy(SOURCE, standard_schema()))
    shared_with_tasks = {"Event.CrmRules_Key__c", "Event.CrmRules_Rule__c"}
    assert granted - shared_with_tasks == read


@pytest.mark.fault("X8", on="salesforce")
def test_object_rights_are_read_only_but_for_the_opportunity():
    rights = {}
    for entry in permission_set().iterfind("m:objectPermissions", NS):
        values = {etree.QName(child).localname: child.text for child in entry}
        rights[values.pop("object")] = {right for right, value in values.items() if value == "true"}
    assert rights == {
        "Opportunity": {"allowRead", "allowEdit", "viewAllRecords"},
        "Account": {"allowRead"},
        "Contact": {"allowRead"},
        "Product2": {"allowRead"},
    }
    assert texts(permission_set(), "m:userPermissions/m:name") == ["ActivitiesAccess", "EditTask"]


def test_the_readme_explains_every_object_right_and_field():
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", readme))
    node = permission_set()
    assert set(texts(node, "m:objectPermissions/m:object")) <= words
    assert set(texts(node, "m:userPermissions/m:name")) <= words
    for _, name in FIELDS:
        assert name in words, name
