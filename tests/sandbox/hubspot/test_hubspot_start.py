"""What ships for HubSpot, the seeded portal, and the demo's face."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from portal_kit import API, Client, Clock, make_portal

from crmrules_sandbox.hubspot.demo import start
from crmrules_sandbox.hubspot.schema import TYPES
from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.start import provision, seeded_portal, shipped_properties
from crmrules_sandbox.hubspot.values import fit

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PHASES = ["recognition", "evaluation", "concerns", "implementation", "development"]


def shipped(kind):
    return {each["name"]: each for each in shipped_properties()["properties"][kind]}


def values(one):
    return [option["value"] for option in one["options"]]


def test_the_flags_are_those_of_the_shipped_rules_without_the_private_ones():
    rules = [file.read_text(encoding="utf-8") for file in (ROOT / "rules").glob("*/*.yml")]
    flags = {
        flag
        for rule in rules
        if not re.search(r"^private: true$", rule, re.MULTILINE)
        for flag in re.findall(r"^  flag: (\w+)$", rule, re.MULTILINE)
    }
    assert len(flags) == 55
    assert set(values(shipped("deals")["crmrules_flags"])) == flags


def test_deals_and_tasks_get_the_properties_the_connector_writes():
    deals, tasks = shipped("deals"), shipped("tasks")
    assert {n: (e["type"], e["fieldType"]) for n, e in deals.items()} == {
        "crmrules_status": ("enumeration", "select"),
        "crmrules_flags": ("enumeration", "checkbox"),
        "crmrules_summary": ("string", "textarea"),
        "crmrules_buying_phase": ("enumeration", "select"),
        "crmrules_checked_at": ("datetime", "date"),
    }
    assert values(deals["crmrules_status"]) == ["ok", "attention", "critical"]
    assert values(deals["crmrules_buying_phase"]) == PHASES
    assert {n: (e["fieldType"], e["hasUniqueValue"]) for n, e in tasks.items()} == {
        "crmrules_key": ("text", True),
        "crmrules_rule": ("text", False),
        "crmrules_opportunity": ("text", False),
    }
    for each in (*deals.values(), *tasks.values()):
        assert each["description"].endswith("Written by crmrules; do not edit by hand.")
        assert len(each["label"]) <= 20  # fits a board card


def test_what_ships_can_be_created_through_the_api_as_it_stands():
    found = shipped_properties()
    with HubSpotServer(make_portal(Clock(), properties={})) as server:
        client = Client(server)
        for kind, group in found["groups"].items():
            path = f"/crm/properties/{API}/{kind}"
            assert client.post(f"{path}/groups", group).status_code == 201
            inputs = {"inputs": found["properties"][kind]}
            assert client.post(f"{path}/batch/create", inputs).status_code == 201
        client.http.close()
        created = server.portal
    provisioned = make_portal(Clock(), properties={})
    provision(provisioned)
    for kind in found["properties"]:
        assert created.definitions[kind] == provisioned.definitions[kind]
        assert created.groups[kind] == provisioned.groups[kind]


def seeded(**options):
    return seeded_portal(3, clock=Clock(), opportunities=12, **options)


def test_a_seeded_portal_is_provisioned_unless_asked_otherwise():
    portal, bare = seeded(), seeded(provisioned=False)
    assert len(portal.records("deals")) >= 12
    assert "crmrules_status" in portal.definitions["deals"]
    assert "crmrules_status" not in bare.definitions["deals"]


def test_the_same_seed_gives_the_same_portal():
    first, second = seeded(), seeded()
    assert first.records("deals") == second.records("deals")
    assert first.records("emails") == second.records("emails")


def test_every_seeded_value_could_have_been_written():
    """Options, numbers and moments of the seed are ones this portal would take from a client.

    Two are taken from the scenario as they are: sources are the same words in every sandbox, and
    CUSTOMER is an option an administrator would have added to the types of company.
    """
    portal, strange = seeded(), set()
    for kind in TYPES:
        for record in portal.records(kind):
            for name, versions in record.history.items():
                for version in versions:
                    try:
                        stored = fit(portal.definitions[kind][name], version.value)
                    except ValueError as error:
                        stored = error.args[0]
                    if stored != version.value:
                        strange.add((kind, name))
    assert strange <= {("deals", "hs_analytics_source"), ("companies", "type")}


@pytest.fixture
def demo():
    running = start(3, NOW, opportunities=12)
    yield running
    running.stop()


def test_the_demo_has_a_clock_a_rep_and_settings_that_reach_it(demo):
    assert set(demo.settings) == {"access_token", "base_url", "portal_id"}
    assert demo.settings == demo.settings
    headers = {"Authorization": f"Bearer {demo.settings['access_token']}"}
    with httpx.Client(
        base_url=demo.settings["base_url"], headers=headers, trust_env=False
    ) as session:
        told = session.get(f"/account-info/{API}/details").json()
    assert told["portalId"] == demo.settings["portal_id"]
    assert demo.calls == 1
    assert demo.now == NOW
    assert demo.advance(timedelta(hours=2)) == NOW + timedelta(hours=2)
    assert demo.our_tasks() == []
    assert isinstance(demo.rep_works(), list)


def test_our_tasks_are_told_in_words_of_no_crm(demo):
    deal = demo.portal.records("deals")[0]
    owner = next(each for each in demo.portal.owners if not each.archived)
    task = demo.portal.create(
        "tasks",
        {
            "hs_timestamp": "2026-03-05T15:00:00Z",
            "hs_task_subject": "Call",
            "hs_task_body": "Why",
            "hs_task_status": "NOT_STARTED",
            "hubspot_owner_id": owner.id,
            "crmrules_key": "k",
            "crmrules_opportunity": deal.id,
        },
    )
    expected = {
        "id": task,
        "key": "k",
        "owner": f"{owner.first_name} {owner.last_name}",
        "subject": "Call",
        "body": "Why",
        "due": "2026-03-05",
        "status": "NOT_STARTED",
        "opportunity": deal.id,
    }
    assert demo.our_tasks() == [expected]
    assert demo.opportunity_of(expected) == deal.id
