"""Provisioning makes what is missing, keeps what is there, and writes nothing beside a conflict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from property_settings import PropertySettings, refused

from crmrules.errors import AccessError, ConnectorError, UncertainError
from crmrules_hubspot import definitions
from crmrules_hubspot.errors import MissingScopeError
from crmrules_hubspot.provision import Provisioner
from hubspot_contract import sdk

ROOT = Path(__file__).resolve().parents[2]
FILE = json.loads((ROOT / "deploy/hubspot/properties.json").read_text(encoding="utf-8"))
FLAGS = ["gone_dark", "no_power"]
NAMES = {
    "deals": ["status", "flags", "summary", "buying_phase", "checked_at"],
    "tasks": ["key", "rule", "opportunity"],
}
ALL = [(object_, f"crmrules_{name}") for object_, names in NAMES.items() for name in names]


def run(api, flags=FLAGS, **more):
    return Provisioner(api, flags, **more).apply()


def look(api, flags=FLAGS):
    return {(s.object, s.name): s for s in Provisioner(api, flags).steps()}


def provisioned(flags=FLAGS, **more):
    api = PropertySettings(**more)
    run(api, flags)
    api.written.clear()
    return api


# -- the file ---------------------------------------------------------------------------------
def test_the_file_defines_the_properties_of_the_contract():
    told = {
        (object_, one["name"]): (one["type"], one["fieldType"])
        for object_, defined in FILE["properties"].items()
        for one in defined
    }
    assert told == {
        ("deals", "crmrules_status"): ("enumeration", "select"),
        ("deals", "crmrules_flags"): ("enumeration", "checkbox"),
        ("deals", "crmrules_summary"): ("string", "textarea"),
        ("deals", "crmrules_buying_phase"): ("enumeration", "select"),
        ("deals", "crmrules_checked_at"): ("datetime", "date"),
        ("tasks", "crmrules_key"): ("string", "text"),
        ("tasks", "crmrules_rule"): ("string", "text"),
        ("tasks", "crmrules_opportunity"): ("string", "text"),
    }


def test_the_file_lists_the_words_of_the_contract():
    words = {
        one["name"]: [option["value"] for option in one["options"]]
        for one in FILE["properties"]["deals"]
        if "options" in one
    }
    assert words["crmrules_status"] == ["ok", "attention", "critical"]
    assert words["crmrules_buying_phase"] == [
        *("recognition", "evaluation", "concerns", "implementation", "development")
    ]


def test_the_file_has_an_option_for_the_flag_of_every_shipped_rule_that_is_not_private():
    from crmrules import rulebook

    rules = rulebook.load([rulebook.shipped()]).rules
    shipped = {rule.then.flag for rule in rules if not rule.private}  # theirs are never written
    [flags] = [d for d in FILE["properties"]["deals"] if d["name"] == "crmrules_flags"]
    assert {option["value"] for option in flags["options"]} == shipped


def test_only_the_key_is_unique():
    unique = [
        one["name"]
        for defined in FILE["properties"].values()
        for one in defined
        if one.get("hasUniqueValue")
    ]
    assert unique == ["crmrules_key"]


@pytest.mark.parametrize("object_", ["deals", "tasks"])
def test_the_file_is_in_the_shape_hubspot_takes(object_):
    path = f"/crm/properties/2026-09/{object_}"
    group, defined = FILE["groups"][object_], FILE["properties"][object_]
    assert sdk.contract().problems("POST", f"{path}/groups", [], group) == []
    assert sdk.contract().problems("POST", f"{path}/batch/create", [], {"inputs": defined}) == []
    assert {one["groupName"] for one in defined} == {group["name"]}
    assert all(one["description"] and one["label"] for one in defined)


def test_the_flags_are_those_of_the_rules_and_no_others():
    [flags] = [
        one
        for one in definitions.wanted(["my_own", "gone_dark"]).properties["deals"]
        if one["name"] == "crmrules_flags"
    ]
    assert [(option["value"], option["label"]) for option in flags["options"]] == [
        ("gone_dark", "Gone dark"),
        ("my_own", "My own"),
    ]


# -- an empty portal --------------------------------------------------------------------------
def test_looking_writes_nothing():
    api = PropertySettings()
    steps = Provisioner(api, FLAGS).steps()
    assert api.written == []
    assert [step.action for step in steps] == [
        *("create_group", *["create_property"] * 5),
        *("create_group", *["create_property"] * 3),
    ]


def test_everything_is_made_and_a_group_comes_before_its_properties():
    api = PropertySettings()
    it = Provisioner(api, FLAGS)
    steps = it.apply()
    assert sorted(api.written) == sorted(
        [("group", "deals", "crmrules"), ("group", "tasks", "crmrules")]
        + [("property", *name) for name in ALL]
    )
    assert {(s.object, s.name) for s in steps} == {(s.object, s.name) for s in it.made}
    assert api.options("crmrules_flags") == {"gone_dark": "Gone dark", "no_power": "No power"}
    assert api.found["tasks"]["crmrules_key"]["hasUniqueValue"] is True
    assert it.place == "HubSpot portal 4711 (SANDBOX)"


def test_a_second_run_writes_nothing():
    api = provisioned()
    steps = run(api)
    assert api.written == []
    assert {step.action for step in steps} == {"keep"}


@pytest.mark.parametrize(("object_", "name"), ALL, ids=" ".join)
def test_one_missing_property_is_made_again(object_, name):
    api = provisioned()
    del api.found[object_][name]
    run(api)
    assert api.written == [("property", object_, name)]


# -- a key that cannot be unique --------------------------------------------------------------
@pytest.mark.parametrize("unique", [False, None], ids=["refused", "left out in silence"])
def test_a_key_that_may_not_be_unique_is_made_plain_and_said(unique):
    api = PropertySettings(unique=unique)
    steps = {step.name: step for step in run(api)}
    assert api.found["tasks"]["crmrules_key"]["hasUniqueValue"] is False
    assert "query mode" in steps["crmrules_key"].detail
    assert "refused a unique key" in steps["crmrules_key"].remedy


def test_the_reason_for_a_plain_key_is_hubspots():
    steps = {step.name: step for step in run(PropertySettings(unique=False))}
    assert "unique properties are not supported for TASK" in steps["crmrules_key"].remedy


def test_a_plain_key_stays_and_is_said_again():
    api = provisioned(unique=False)
    step = look(api)["tasks", "crmrules_key"]
    assert step.action == "keep"
    assert "query mode" in step.detail
    assert "cannot be made unique later" in step.remedy


@pytest.mark.parametrize("status", [403, 404, 409])
def test_another_refusal_of_the_key_is_not_taken_for_that(status):
    api = provisioned()
    del api.found["tasks"]["crmrules_key"]
    asked = []

    def create(object_, inputs):
        asked.extend(inputs)
        raise refused(status, "no")

    api.create_properties = create
    with pytest.raises(ConnectorError, match="no"):
        run(api)
    assert [one["hasUniqueValue"] for one in asked] == [True]


# -- options ----------------------------------------------------------------------------------
def test_a_new_flag_is_added_and_everything_there_is_kept():
    api = provisioned()
    mine = {"label": "Ours", "value": "ours", "displayOrder": 7, "hidden": True}
    api.found["deals"]["crmrules_flags"]["options"].append(mine | {"description": "by hand"})
    api.found["deals"]["crmrules_flags"]["options"][0]["label"] = "Silent"
    steps = {step.name: step for step in run(api, [*FLAGS, "no_advance"])}
    assert api.written == [("options", "deals", "crmrules_flags")]
    assert steps["crmrules_flags"].detail == "no_advance (3 options there are kept)"
    found = api.found["deals"]["crmrules_flags"]["options"]
    assert {one["value"]: one["label"] for one in found} == {
        "no_power": "Silent",
        "gone_dark": "Gone dark",
        "ours": "Ours",
        "no_advance": "No advance",
    }
    [kept] = [one for one in found if one["value"] == "ours"]
    assert kept == mine | {"description": "by hand"}
    assert max(found, key=lambda one: one["displayOrder"])["value"] == "no_advance"


def test_an_option_that_no_rule_has_any_more_stays():
    api = provisioned()
    assert {step.action for step in run(api, ["gone_dark"])} == {"keep"}
    assert set(api.options("crmrules_flags")) == set(FLAGS)


@pytest.mark.parametrize("name", ["crmrules_status", "crmrules_buying_phase"])
def test_a_word_somebody_removed_comes_back(name):
    api = provisioned()
    removed = api.found["deals"][name]["options"].pop()
    run(api)
    assert api.options(name)[removed["value"]] == removed["label"]


def test_an_option_added_while_we_looked_is_kept():
    api = provisioned()
    it = Provisioner(api, [*FLAGS, "no_advance"])
    real = it._make

    def make(object_, steps):
        late = {"label": "Late", "value": "late", "displayOrder": 9, "hidden": False}
        api.found["deals"]["crmrules_flags"]["options"].append(late)
        it._make = real
        real(object_, steps)

    it._make = make
    it.apply()
    assert list(api.options("crmrules_flags")) == ["no_power", "gone_dark", "late", "no_advance"]


# -- conflicts --------------------------------------------------------------------------------
def change(**values):
    return lambda found: found.update(values)


CONFLICTS = {
    "a status that is a text": ("deals", "crmrules_status", change(type="string"), "not enumerat"),
    "flags of which one can be chosen": (
        *("deals", "crmrules_flags", change(fieldType="select"), "one value at a time"),
    ),
    "a phase of which several can be chosen": (
        *("deals", "crmrules_buying_phase", change(fieldType="checkbox"), "several values"),
    ),
    "a moment that is a day": (
        *("deals", "crmrules_checked_at", change(type="date"), "of type date, not datetime"),
    ),
    "a summary that is calculated": (
        *("deals", "crmrules_summary", change(calculated=True), "cannot be written"),
    ),
    "a key that may not be written": (
        *("tasks", "crmrules_key", change(modificationMetadata={"readOnlyValue": True})),
        "cannot be written",
    ),
    "a rule that is unique": (
        *("tasks", "crmrules_rule", change(hasUniqueValue=True), "once only"),
    ),
    "flags whose options belong to somebody": (
        *("deals", "crmrules_flags", change(options=[], externalOptions=True), "nobody may add"),
    ),
    "an archived summary": (
        *("deals", "crmrules_summary", change(archived=True), "keeps its name"),
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_conflict_stops_everything(name):
    object_, property_, spoil, reason = CONFLICTS[name]
    api = provisioned()
    spoil(api.found[object_][property_])
    del api.found["tasks"]["crmrules_opportunity"]
    steps = {step.name: step for step in run(api)}
    assert api.written == []
    assert steps[property_].action == "conflict"
    assert reason in steps[property_].detail
    assert steps[property_].remedy
    assert steps["crmrules_opportunity"].action == "create_property"


@pytest.mark.parametrize(
    "spoil",
    [
        change(label="Ampel"),
        change(groupName="dealinformation"),
        change(fieldType="radio"),
        change(description=""),
    ],
    ids=["label", "group", "radio", "description"],
)
def test_what_an_admin_may_change_is_left_alone(spoil):
    api = provisioned()
    spoil(api.found["deals"]["crmrules_status"])
    assert {step.action for step in run(api)} == {"keep"}
    assert api.written == []


# -- what goes wrong --------------------------------------------------------------------------
def test_another_portal_is_refused_before_anything_is_read():
    api = PropertySettings(portal=1)
    api.properties = api.groups = None
    with pytest.raises(AccessError, match="belongs to portal 1, the configuration pins 4711"):
        run(api, portal_id="4711")


def test_the_pinned_portal_is_provisioned():
    api = PropertySettings(portal=4711)
    run(api, portal_id="4711")
    assert api.written


def test_what_was_made_before_an_error_is_known():
    api = PropertySettings()
    api.broken["create_properties"] = MissingScopeError(("crm.schemas.deals.write",), "")
    it = Provisioner(api, FLAGS)
    with pytest.raises(MissingScopeError):
        it.apply()
    assert [(step.object, step.name) for step in it.made] == [("deals", "crmrules")]
    del api.broken["create_properties"]
    assert len(Provisioner(api, FLAGS).apply()) == 10


def test_an_answer_that_never_came_is_told_as_that():
    api = PropertySettings()
    api.broken["create_group"] = UncertainError("no answer", remedy="look")
    with pytest.raises(ConnectorError, match="may or may not have been made") as caught:
        run(api)
    assert "--dry-run" in caught.value.remedy


def test_what_is_taken_and_not_kept_is_an_error():
    api = PropertySettings()
    api.forgets.add("crmrules_rule")
    with pytest.raises(ConnectorError, match=r"reads back otherwise: tasks crmrules_rule"):
        run(api)


def test_an_option_that_got_lost_is_an_error():
    api = provisioned()
    api.found["deals"]["crmrules_status"]["options"].append({"value": "mine", "label": "Mine"})
    real = api.update_property

    def update(object_, name, body):
        real(object_, name, body)
        api.found["deals"]["crmrules_status"]["options"].pop()

    api.update_property = update
    with pytest.raises(ConnectorError, match=r"crmrules_status \(lost mine\)"):
        run(api, [*FLAGS, "no_advance"])
