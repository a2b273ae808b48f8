"""The same scenario as a HubSpot portal: complete, consistent, and equal to what Salesforce has."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import pytest

from crmrules_sandbox.hubspot.conversations import html
from crmrules_sandbox.hubspot.pipelines import STAGE_IDS, STAGE_PHASES
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.hubspot.render import ids, render
from crmrules_sandbox.hubspot.seed import seeded_contents
from crmrules_sandbox.salesforce import render as salesforce
from crmrules_sandbox.salesforce.ledger import parse
from crmrules_sandbox.scenario import seeded
from crmrules_sandbox.scenario.model import Conversation

pytestmark = pytest.mark.slow  # about the sandbox alone; all others lean on it

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 7)))


@cache
def told(seed=1):
    return seeded(seed, NOW)


@cache
def contents(seed=1):
    return render(told(seed))


@cache
def rows(seed=1):
    return salesforce.render(told(seed))


@cache
def records(seed=1):
    return {(each.type, each.id): each for each in contents(seed).records}


@cache
def names(seed=1):
    """HubSpot type and id, and Salesforce id -> scenario id."""
    known = {place: name for name, place in ids(told(seed)).items()}
    known |= {one: name for name, many in salesforce.ids(told(seed)).items() for one in many}
    return known


@cache
def links(seed=1):
    """(from, to type) -> scenario ids (or record ids) at the other end, with the link."""
    found = defaultdict(list)
    for link in contents(seed).links:
        start, end = (link.from_type, link.from_id), (link.to_type, link.to_id)
        found[start, link.to_type].append((names(seed).get(end, end), link))
    return found


def of(kind, seed=1):
    return [each for each in contents(seed).records if each.type == kind]


def value(record, name):
    versions = record.history.get(name)
    return versions[-1].value if versions else None


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_object_comes_as_often_as_salesforce_has_it(seed):
    there = Counter(each.type for each in contents(seed).records)
    tasks = Counter(row["TaskSubtype"] for row in rows(seed)["Task"])
    assert there == {
        "deals": len(rows(seed)["Opportunity"]),
        "companies": len(rows(seed)["Account"]),
        "contacts": len(rows(seed)["Contact"]),
        "meetings": len(rows(seed)["Event"]),
        "emails": tasks["Email"],
        "calls": tasks["Call"],
        "notes": tasks["Task"],
        "quotes": len(rows(seed)["Quote"]),
        "line_items": len(rows(seed)["QuoteLineItem"]) + len(rows(seed)["OpportunityLineItem"]),
    }
    assert len(contents(seed).owners) == len(rows(seed)["User"]) - 1  # the integration user
    assert sum(owner.archived for owner in contents(seed).owners) == 1


def test_ids_are_digits_unique_per_type_and_shared_between_types():
    assert len(records()) == len(contents().records)
    assert all(each.id.isdigit() and 10 <= len(each.id) <= 11 for each in contents().records)
    deals, companies = ({each.id for each in of(kind)} for kind in ("deals", "companies"))
    assert deals & companies
    assert {len(one) for one in deals} == {10, 11}
    owners = contents().owners
    assert len({owner.id for owner in owners}) == len({owner.user_id for owner in owners}) == 11


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_in_a_scenario_stands_for_one_record_and_the_same_in_both(seed):
    there = {owner.id for owner in contents(seed).owners}
    hubspot = ids(told(seed))
    assert set(hubspot) == set(salesforce.ids(told(seed)))
    assert len(set(hubspot.values())) == len(hubspot)
    for kind, one in hubspot.values():
        assert kind == "products" or (
            one in there if kind == "owners" else (kind, one) in records(seed)
        )
    lines = {(each.type, each.id) for each in of("line_items", seed)}
    assert set(records(seed)) - set(hubspot.values()) == lines


@pytest.mark.parametrize("seed", SEEDS)
def test_every_links_ends_exist_and_no_link_comes_twice(seed):
    seen = set()
    for link in contents(seed).links:
        ends = (link.from_type, link.from_id), (link.to_type, link.to_id)
        assert set(ends) <= set(records(seed))
        assert frozenset(ends) not in seen
        seen.add(frozenset(ends))


@pytest.mark.parametrize("seed", SEEDS)
def test_histories_are_ordered_begin_with_the_record_and_end_with_its_last_change(seed):
    for record in contents(seed).records:
        assert record.history
        moments = [each.at for versions in record.history.values() for each in versions]
        assert min(moments) == record.created
        assert max(moments) == record.updated <= NOW
        for versions in record.history.values():
            assert versions
            for before, after in pairwise(versions):
                assert before.at < after.at
                assert before.value != after.value
        for each in (each for versions in record.history.values() for each in versions):
            assert (each.source_id == f"userId:{each.user_id}") == (each.source_type == "CRM_UI")
            assert each.at.microsecond % 1000 == 0
        made = value(record, "createdate") or value(record, "hs_createdate")
        assert moment(made) == record.created


def test_the_same_scenario_gives_the_same_contents():
    assert render(told()) == seeded_contents(1, NOW)
    assert seeded_contents(1, NOW, 12) != seeded_contents(2, NOW, 12)


FIELDS = {"dealstage": "StageName", "amount": "Amount", "closedate": "CloseDate"}


def as_hubspot(field, held):
    if field == "StageName":
        return STAGE_IDS[held]
    if field == "Amount":
        return "" if held is None else f"{held:.10g}"
    return f"{held}T00:00:00.000Z"


@pytest.mark.parametrize("seed", SEEDS)
def test_stage_amount_and_close_date_moved_when_they_moved_in_salesforce(seed):
    history = defaultdict(list)
    for row in rows(seed)["OpportunityHistory"]:
        history[names(seed)[row["OpportunityId"]]].append(row)
    for deal in of("deals", seed):
        told_rows = history[names(seed)["deals", deal.id]]
        for name, field in FIELDS.items():
            expected, last = [], ""
            for row in told_rows:
                held = as_hubspot(field, row[field])
                if held != last:
                    expected.append((parse(row["CreatedDate"]), held))
                last = held
            assert [(each.at, each.value) for each in deal.history.get(name, ())] == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_next_steps_were_written_when_they_were_in_salesforce(seed):
    steps = defaultdict(list)
    for row in rows(seed)["OpportunityFieldHistory"]:
        steps[names(seed)[row["OpportunityId"]]].append(
            (parse(row["CreatedDate"]), row["NewValue"])
        )
    for deal in of("deals", seed):
        versions = deal.history.get("hs_next_step", ())
        assert [(each.at, each.value) for each in versions] == steps[names(seed)["deals", deal.id]]


def test_stages_mean_what_they_mean_in_salesforce():
    used, unused = contents().pipelines
    stages = {row["MasterLabel"]: row for row in rows()["OpportunityStage"]}
    assert [stage.label for stage in used.stages] == list(stages)
    for stage in used.stages:
        row = stages[stage.label]
        assert stage.closed == row["IsClosed"]
        assert float(stage.probability) * 100 == pytest.approx(row["DefaultProbability"])
        assert stage.id.isdigit()
    assert {stage.id for stage in used.stages} == set(STAGE_PHASES)
    assert {stage.label for stage in unused.stages} & set(stages)
    assert not {stage.id for stage in unused.stages} & set(STAGE_PHASES)
    assert {value(deal, "pipeline") for deal in of("deals")} == {"default"}
    by_label = {stage.label: STAGE_PHASES[stage.id] for stage in used.stages}
    assert (by_label["Closed Won"], by_label["Closed Lost"]) == ("implementation", "none")


@pytest.mark.parametrize("seed", SEEDS)
def test_only_people_with_a_role_row_hang_on_the_deal_and_carry_its_word(seed):
    roles = Counter(
        (names(seed)[row["OpportunityId"]], names(seed)[row["ContactId"]], row["Role"])
        for row in rows(seed)["OpportunityContactRole"]
    )
    hung = Counter()
    for deal in of("deals", seed):
        for person, link in links(seed)[("deals", deal.id), "contacts"]:
            hung[names(seed)["deals", deal.id], person, (link.labels or (None,))[0]] += 1
            assert len(link.labels) <= 1
    assert hung == roles
    for contact in of("contacts", seed):
        ((company, _),) = links(seed)[("contacts", contact.id), "companies"]
        (row,) = by_name("Contact", seed)[names(seed)["contacts", contact.id]]
        assert names(seed)[row["AccountId"]] == company
        bounced = value(contact, "hs_email_hard_bounce_reason_enum") is not None
        assert bounced == row["IsEmailBounced"]
        assert (value(contact, "email"), value(contact, "jobtitle")) == (row["Email"], row["Title"])


@cache
def by_name(table, seed=1):
    found = defaultdict(list)
    for row in rows(seed)[table]:
        found[names(seed)[row["Id"]]].append(row)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_companies_and_deals_are_those_of_salesforce(seed):
    for company in of("companies", seed):
        (row,) = by_name("Account", seed)[names(seed)["companies", company.id]]
        employees = row["NumberOfEmployees"]
        assert value(company, "numberofemployees") == (
            None if employees is None else str(employees)
        )
        assert (value(company, "type") == "CUSTOMER") == (row["Type"] == "Customer - Direct")
        parent = value(company, "hs_parent_company_id")
        assert (parent and names(seed)["companies", parent]) == (
            row["ParentId"] and names(seed)[row["ParentId"]]
        )
        assert (
            names(seed)["owners", value(company, "hubspot_owner_id")] == names(seed)[row["OwnerId"]]
        )
    for deal in of("deals", seed):
        (row,) = by_name("Opportunity", seed)[names(seed)["deals", deal.id]]
        ((company, link),) = links(seed)[("deals", deal.id), "companies"]
        assert link.primary
        assert company == names(seed)[row["AccountId"]]
        assert value(deal, "dealname") == row["Name"]
        assert names(seed)["owners", value(deal, "hubspot_owner_id")] == names(seed)[row["OwnerId"]]
        assert (value(deal, "dealtype") == "newbusiness") == (row["Type"] == "New Customer")
        assert value(deal, "hs_analytics_source") == row["LeadSource"]


def about(kind, record, seed):
    start = (kind, record.id)
    people = [person for person, _ in links(seed)[start, "contacts"]]
    deals = [one for one, _ in links(seed)[start, "deals"]]
    companies = [one for one, _ in links(seed)[start, "companies"]]
    return people, deals + companies


@pytest.mark.parametrize("seed", SEEDS)
def test_meetings_are_those_of_salesforce(seed):
    attendees = defaultdict(list)
    for row in rows(seed)["EventRelation"]:
        if not row["IsWhat"]:
            attendees[row["EventId"]].append(names(seed)[row["RelationId"]])
    for record in of("meetings", seed):
        (row,) = by_name("Event", seed)[names(seed)["meetings", record.id]]
        start = moment(value(record, "hs_meeting_start_time"))
        assert value(record, "hs_timestamp") == value(record, "hs_meeting_start_time")
        assert start == parse(row["StartDateTime"])
        assert moment(value(record, "hs_meeting_end_time")) == parse(row["EndDateTime"])
        assert record.created == parse(row["CreatedDate"])
        assert record.updated == parse(row["LastModifiedDate"])
        assert value(record, "hs_meeting_title") == row["Subject"]
        assert value(record, "hs_meeting_outcome") == ("COMPLETED" if start <= NOW else "SCHEDULED")
        body = row["Description"]
        assert value(record, "hs_meeting_body") == (body and html(body))
        assert about("meetings", record, seed) == (
            attendees[row["Id"]],
            [names(seed)[row["WhatId"]]],
        )


DIRECTIONS = {"INBOUND": "Inbound", "OUTBOUND": "Outbound"}
OUTCOMES = {
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_calls_and_notes_are_those_of_salesforce(seed):
    for record in of("calls", seed) + of("notes", seed):
        (row,) = by_name("Task", seed)[names(seed)[record.type, record.id]]
        assert record.created == parse(row["CreatedDate"])
        assert moment(value(record, "hs_timestamp")).date().isoformat() == row["ActivityDate"]
        people, what = about(record.type, record, seed)
        assert people == ([names(seed)[row["WhoId"]]] if row["WhoId"] else [])
        assert what == [names(seed)[row["WhatId"]]]
        body = value(record, "hs_call_body" if record.type == "calls" else "hs_note_body")
        assert body == (row["Description"] and html(row["Description"]))
        if record.type == "calls":
            assert DIRECTIONS[value(record, "hs_call_direction")] == row["CallType"]
            assert OUTCOMES[value(record, "hs_call_disposition")] == row["CallDisposition"]
            assert int(value(record, "hs_call_duration")) == row["CallDurationInSeconds"] * 1000


@pytest.mark.parametrize("seed", SEEDS)
def test_mails_have_the_direction_salesforce_knows_and_none_where_nobody_knows(seed):
    undirected = 0
    for record in of("emails", seed):
        name = names(seed)["emails", record.id]
        (task,), mails = by_name("Task", seed)[name], by_name("EmailMessage", seed)[name]
        assert (value(record, "hs_email_direction") is None) == (not mails)
        undirected += not mails
        assert record.created == parse((mails or [task])[0]["CreatedDate"])
        assert f"Email: {value(record, 'hs_email_subject')}" == task["Subject"]
        assert value(record, "hs_email_text") == task["Description"]
        assert about("emails", record, seed)[1] == [names(seed)[task["WhatId"]]]
        for mail in mails:
            incoming = value(record, "hs_email_direction") == "INCOMING_EMAIL"
            assert incoming == mail["Incoming"]
            assert moment(value(record, "hs_timestamp")) == parse(mail["MessageDate"])
            assert value(record, "hs_email_from_email") == mail["FromAddress"]
            assert value(record, "hs_email_to_email") == mail["ToAddress"]
    assert undirected


@pytest.mark.parametrize("seed", SEEDS)
def test_quotes_and_lines_add_up_as_in_salesforce(seed):
    lines = defaultdict(list)
    for line in of("line_items", seed):
        for kind in ("quotes", "deals"):
            for parent, _ in links(seed)[("line_items", line.id), kind]:
                lines[parent].append(line)
    for quote in of("quotes", seed):
        name = names(seed)["quotes", quote.id]
        (row,) = by_name("Quote", seed)[name]
        assert [one for one, _ in links(seed)[("quotes", quote.id), "deals"]] == [
            names(seed)[row["OpportunityId"]]
        ]
        total = sum(float(value(line, "amount")) for line in lines[name])
        assert float(value(quote, "hs_quote_amount")) == pytest.approx(total)
        assert row["GrandTotal"] == pytest.approx(total)
        assert {float(value(line, "hs_discount_percentage")) for line in lines[name]} == {
            row["Discount"]
        }
        assert quote.created == parse(row["CreatedDate"])
        theirs = [line for line in rows(seed)["QuoteLineItem"] if line["QuoteId"] == row["Id"]]
        assert [
            (names(seed)["products", value(line, "hs_product_id")], value(line, "quantity"))
            for line in lines[name]
        ] == [(names(seed)[each["Product2Id"]], f"{each['Quantity']:g}") for each in theirs]
    for deal in of("deals", seed):
        name = names(seed)["deals", deal.id]
        (row,) = by_name("Opportunity", seed)[name]
        assert bool(lines[name]) == row["HasOpportunityLineItem"]
        if lines[name]:
            total = sum(float(value(line, "amount")) for line in lines[name])
            assert total == pytest.approx(row["Amount"])


def test_a_note_becomes_html_without_losing_a_sign_or_a_line():
    assert html("a < b & c\n#need! x\n\nend") == "<p>a &lt; b &amp; c<br>#need! x</p><p>end</p>"


def test_a_company_becomes_a_customer_when_it_first_buys():
    bought = [each for each in of("companies") if value(each, "type") == "CUSTOMER"]
    assert bought
    for company in bought:
        name = names()["companies", company.id]
        won = [
            move.at
            for one in told().opportunities
            if one.company == name
            for move in one.stages
            if move.stage == "Closed Won"
        ]
        assert [each.value for each in company.history["type"]] == ["PROSPECT", "CUSTOMER"]
        assert company.history["type"][-1].at == min(won)


def test_a_meeting_still_going_on_was_completed_by_now_at_the_latest():
    one = told().opportunities[-1]
    talk = Conversation(
        "talk-x",
        "meeting",
        NOW.replace(minute=0, hour=9),
        NOW.replace(hour=8),
        end=NOW.replace(hour=12),
    )
    scenario = replace(told(), opportunities=(replace(one, conversations=(talk,)),))
    (meeting,) = [each for each in render(scenario).records if each.type == "meetings"]
    assert meeting.updated == NOW


def test_entering_the_value_that_was_there_leaves_no_history_in_either():
    one = told().opportunities[-1]
    first = one.stages[0]
    again = replace(first, at=first.at.replace(hour=23))
    moved = replace(one, stages=(first, again, *one.stages[1:]))
    scenario = replace(told(), opportunities=(moved,))
    plain = replace(told(), opportunities=(one,))
    assert render(scenario) == render(plain)
    assert salesforce.render(scenario) == salesforce.render(plain)


def test_a_portal_takes_the_contents_and_calculates_the_rest_from_them():
    portal = Portal(contents(), clock=lambda: NOW)
    for deal in of("deals"):
        (row,) = by_name("Opportunity")[names()["deals", deal.id]]
        closed = portal.value("deals", deal.id, "hs_is_closed") == "true"
        won = portal.value("deals", deal.id, "hs_is_closed_won") == "true"
        assert (closed, won) == (row["IsClosed"], row["IsWon"])
        assert moment(portal.value("deals", deal.id, "hs_lastmodifieddate")) == deal.updated
        assert portal.value("deals", deal.id, "num_associated_contacts") == str(
            len(links()[("deals", deal.id), "contacts"])
        )
