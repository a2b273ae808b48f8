"""Facts that no seed tells: called-off meetings, waiting tasks, drafts, forecasts, contracts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from crmrules_sandbox.hubspot import render as hubspot
from crmrules_sandbox.hubspot.start import seeded_portal
from crmrules_sandbox.salesforce import render as salesforce
from crmrules_sandbox.salesforce.start import seeded_org
from crmrules_sandbox.scenario import dump, load, seeded
from crmrules_sandbox.scenario.model import Conversation, Line, Quote

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ENDS = date(2027, 3, 31)


def told(**more):
    """Return a scenario whose one opportunity is open and has these values."""
    scenario = seeded(1, NOW, 40)
    one = next(one for one in scenario.opportunities if one.outcome == "open" and one.roles)
    one = replace(one, id="opportunity-1", conversations=(), quotes=(), **more)
    companies = tuple(each for each in scenario.companies if each.id == one.company)
    people = tuple(each for each in scenario.people if each.company == one.company)
    return replace(scenario, companies=companies, people=people, opportunities=(one,))


def met(name, days, **more):
    """Return a meeting that many days ago."""
    at = NOW - timedelta(days=days)
    booked = at - timedelta(days=9)
    return Conversation(name, "meeting", at, booked, subject="Working session", **more)


def both(scenario, name):
    """Return what stands for one thing: the row of Salesforce, the values of HubSpot."""
    org = seeded_org(0, clock=lambda: NOW, scenario=scenario)
    row = salesforce.ids(scenario)[name][0]
    found = next(each for kind in org.schema for each in org.rows(kind) if each["Id"] == row)
    portal = seeded_portal(0, clock=lambda: NOW, scenario=scenario)
    kind, one = hubspot.ids(scenario)[name]
    return found, lambda prop: portal.value(kind, one, prop)


@pytest.mark.parametrize(
    ("fate", "subject", "outcome"),
    [
        (None, "Working session", "COMPLETED"),
        ("cancelled", "Canceled: Working session", "CANCELED"),
        ("missed", "No show: Working session", "NO_SHOW"),
        ("moved", "Canceled: Working session", "RESCHEDULED"),
    ],
)
def test_a_meeting_that_fell_through_says_so_as_far_as_the_crm_has_a_word(fate, subject, outcome):
    scenario = told()
    one = replace(scenario.opportunities[0], conversations=(met("talk", 5, fate=fate, body="x"),))
    row, value = both(replace(scenario, opportunities=(one,)), "talk")
    assert row["Subject"] == subject
    assert value("hs_meeting_outcome") == outcome


def test_a_meeting_called_off_ahead_of_its_day_is_no_longer_scheduled():
    scenario = told()
    talk = met("talk", -3, fate="cancelled")
    one = replace(scenario.opportunities[0], conversations=(talk,))
    row, value = both(replace(scenario, opportunities=(one,)), "talk")
    assert row["Subject"] == "Canceled: Working session"
    assert value("hs_meeting_outcome") == "CANCELED"


@pytest.mark.parametrize("waiting", [True, False])
def test_a_task_waits_for_the_customer_or_is_done(waiting):
    scenario = told()
    due = NOW - timedelta(days=12)
    made = due - timedelta(days=6)
    talk = Conversation("talk", "task", due, made, subject="Send us the data", waiting=waiting)
    one = replace(scenario.opportunities[0], conversations=(talk,))
    scenario = replace(scenario, opportunities=(one,))
    row, value = both(scenario, "talk")
    assert row["Status"] == ("Waiting on someone else" if waiting else "Completed")
    assert row["IsClosed"] is not waiting
    assert row["ActivityDate"] == due.date().isoformat()
    assert value("hs_task_status") == ("WAITING" if waiting else "COMPLETED")
    assert value("hs_timestamp").startswith(due.date().isoformat())
    opportunity, _ = both(scenario, "opportunity-1")
    assert opportunity["HasOpenActivity"] is waiting
    assert opportunity["HasOverdueTask"] is waiting


@pytest.mark.parametrize("draft", [True, False])
def test_a_quote_may_be_a_draft_and_may_name_its_last_day(draft):
    scenario = told()
    line = Line(scenario.products[0].id, 100.0, 2.0)
    quote = Quote("quote", NOW - timedelta(days=3), (line,), draft=draft, until=date(2026, 12, 1))
    one = replace(scenario.opportunities[0], quotes=(quote,))
    row, value = both(replace(scenario, opportunities=(one,)), "quote")
    assert row["Status"] == ("Draft" if draft else "Presented")
    assert row["ExpirationDate"] == "2026-12-01"
    assert value("hs_status") == ("DRAFT" if draft else "APPROVAL_NOT_NEEDED")
    assert value("hs_expiration_date").startswith("2026-12-01")


@pytest.mark.parametrize(
    ("chosen", "category", "value"),
    [
        ("omitted", "Omitted", "OMIT"),
        ("pipeline", "Pipeline", "PIPELINE"),
        ("best case", "Best Case", "BEST_CASE"),
        ("commit", "Commit", "COMMIT"),
    ],
)
def test_somebody_may_choose_the_forecast(chosen, category, value):
    row, of = both(told(forecast=chosen), "opportunity-1")
    assert row["ForecastCategoryName"] == category
    assert of("hs_manual_forecast_category") == value


def test_the_end_of_a_contract_is_in_a_field_that_is_there_only_where_it_is_filled():
    filled = told(contract_end=ENDS)
    row, value = both(filled, "opportunity-1")
    assert row["Contract_End__c"] == "2027-03-31"
    assert value("contract_end") == "2027-03-31"
    empty = told()
    org = seeded_org(0, clock=lambda: NOW, scenario=empty)
    assert "Contract_End__c" not in org.schema["Opportunity"].fields
    portal = seeded_portal(0, clock=lambda: NOW, scenario=empty)
    assert "contract_end" not in portal.definitions["deals"]


def test_all_of_it_goes_through_a_scenario_file(tmp_path):
    scenario = told(forecast="commit", contract_end=ENDS)
    line = Line(scenario.products[0].id, 100.0, 2.0)
    one = replace(
        scenario.opportunities[0],
        conversations=(
            met("talk", 5, fate="missed"),
            Conversation("task", "task", NOW, NOW, subject="Send us the data", waiting=True),
        ),
        quotes=(Quote("quote", NOW, (line,), draft=True, until=ENDS),),
    )
    scenario = replace(scenario, opportunities=(one,))
    dump(scenario, tmp_path / "scenario.json")
    assert load(tmp_path / "scenario.json") == scenario
