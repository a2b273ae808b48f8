"""A deal and what surrounds it, as an opportunity."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hubspot_rows import (
    DEAL,
    NOW,
    PORTAL,
    REP,
    at,
    child,
    company,
    contact,
    deal,
    engagement,
    on_company,
    org,
    ours,
    past,
    read,
    role,
    without,
)

from crmrules.connector import Organization, Row
from crmrules.mapping import Mapping
from crmrules.model import Phase
from crmrules_hubspot.opportunity import normalize
from crmrules_hubspot.portal import Owner
from crmrules_hubspot.properties import HISTORY, READ, wanted


def test_the_values_of_a_deal_arrive():
    found = read(
        deal(
            dealtype="newbusiness",
            hs_analytics_source="OFFLINE",
            deal_currency_code="EUR",
            hs_next_step=" send offer ",
            hs_manual_forecast_category="COMMIT",
        )
    )
    assert (found.id, found.record, found.name) == (DEAL, "deal/100", "Acme - line 3")
    assert (found.stage, found.phase, found.pipeline) == ("contractsent", Phase.CONCERNS, "default")
    assert (found.amount, found.currency) == (50000, "EUR")
    assert (found.kind, found.lead_source) == ("newbusiness", "OFFLINE")
    assert (found.next_step, found.forecast) == ("send offer", "COMMIT")
    assert (found.owner, found.won, found.closed_at) == (REP, None, None)
    assert (found.created_at, found.observed_at) == (at("2026-06-01T08:00"), NOW)


def test_what_was_not_read_is_unknown_and_never_a_default():
    bare = Row("deal", DEAL, DEAL, "", {"id": DEAL})
    found = read(bare)
    for name in ("name", "account", "owner", "users", "stage", "phase", "amount", "close_date"):
        assert getattr(found, name) is None, name
    for name in ("won", "changes", "siblings", "kind", "next_step", "competitors"):
        assert getattr(found, name) is None, name
    assert (found.created_at, found.tracked) == (NOW, frozenset())


def test_a_kind_that_may_not_be_read_is_unknown_where_an_empty_one_is_none():
    full = read(deal())
    assert (full.people, full.activities, full.lines, full.quotes) == ((), (), (), ())
    bare = read(deal(), portal=replace(PORTAL, readable=frozenset({"deal"})))
    assert (bare.people, bare.activities, bare.lines, bare.quotes) == (None,) * 4


@pytest.mark.parametrize("kind", ["meeting", "call", "email", "note", "task"])
def test_one_unreadable_kind_of_activity_makes_the_activities_unknown(kind):
    portal = replace(PORTAL, readable=PORTAL.readable - {kind})
    assert read(deal(), engagement("note", hs_note_body="x"), portal=portal).activities is None


def test_notes_that_were_read_count_even_where_other_activities_may_not_be_read():
    portal = replace(PORTAL, readable=PORTAL.readable - {"email"})
    found = read(deal(), engagement("note", hs_note_body="#concern: price"), portal=portal)
    assert [one.topic for one in found.concerns] == ["price"]


def test_without_its_own_row_or_with_an_archived_one_there_is_no_opportunity():
    assert read(engagement("note")) is None
    assert read(replace(deal(), gone=True)) is None
    archived = deal()
    assert read(replace(archived, body={**archived.body, "archived": True})) is None


def test_the_close_date_is_the_day_in_the_time_zone_of_the_account():
    late = deal(closedate="2026-12-31T23:30:00Z")
    assert read(late).close_date == date(2027, 1, 1)
    west = replace(PORTAL, organization=Organization("1", time_zone="America/New_York"))
    assert read(late, portal=west).close_date == date(2026, 12, 31)
    assert read(deal(closedate="2026-12-31"), portal=west).close_date == date(2026, 12, 31)
    nowhere = replace(PORTAL, organization=Organization("1", time_zone="Moon/Crater"))
    assert read(late, portal=nowhere).close_date == date(2026, 12, 31)


def test_an_instant_may_have_a_fraction_or_be_in_milliseconds():
    for words in ("2026-06-01T08:00:00.000Z", "1780300800000", 1780300800000):
        assert read(deal(createdate=words)).created_at == at("2026-06-01T08:00"), words


def test_a_deal_was_made_when_people_say_it_was_before_when_it_was_typed_in():
    assert read(deal(hs_createdate="2026-09-09T00:00:00Z")).created_at == at("2026-06-01T08:00")
    typed = deal(createdate=None, hs_createdate="2026-09-09T00:00:00Z")
    assert read(typed).created_at == at("2026-09-09T00:00")


def test_a_creation_date_after_the_reading_is_the_reading():
    assert read(deal(createdate="2030-01-01T00:00:00Z")).created_at == NOW


def test_a_stage_is_known_by_its_id_in_its_pipeline_and_never_by_its_label():
    mapping = org(phases={"renewals": {"801": "concerns", "Presentation": "recognition"}})
    assert read(deal(dealstage="801", pipeline="renewals"), mapping=mapping).phase is Phase.CONCERNS
    by_label = org(phases={"renewals": {"Presentation": "evaluation"}})
    assert read(deal(dealstage="801", pipeline="renewals"), mapping=by_label).phase is None


def test_the_stage_itself_says_whether_a_deal_is_won():
    assert read(deal(dealstage="closedwon")).won is True
    assert read(deal(dealstage="closedlost")).won is False
    assert read(deal(dealstage="contractsent", hs_is_closed="true")).won is None


@pytest.mark.parametrize(
    ("flags", "won"),
    [
        ({"hs_is_closed": "true", "hs_is_closed_won": "true"}, True),
        ({"hs_is_closed": "true", "hs_is_closed_won": "false"}, False),
        ({"hs_is_closed": "true"}, False),
        ({"hs_is_closed": "false", "hs_is_closed_won": "true"}, None),
        ({}, None),
    ],
)
def test_of_a_stage_that_no_pipeline_lists_the_flags_of_the_deal_decide(flags, won):
    assert read(deal(dealstage="4242", **flags)).won is won


def test_without_any_flag_the_default_stage_ids_say_how_it_ended():
    portal = replace(PORTAL, stages={})
    assert read(deal(dealstage="closedwon"), portal=portal).won is True
    assert read(deal(dealstage="closedlost"), portal=portal).won is False


def test_our_own_properties_come_back():
    found = read(
        deal(
            crmrules_status="attention",
            crmrules_flags="gone-dark; no-power;",
            crmrules_summary="two things",
            crmrules_buying_phase="concerns",
            crmrules_checked_at="2026-11-22T06:00:00Z",
        )
    ).our_fields
    assert (found.status, found.flags) == ("attention", ("gone-dark", "no-power"))
    assert (found.summary, found.buying_phase) == ("two things", "concerns")
    assert found.checked_at == at("2026-11-22T06:00")


def test_the_account_is_the_primary_company():
    mapping = org(fields={"Account.key_account": "strategic"})
    found = read(
        deal(),
        company(
            numberofemployees="120",
            type="PROSPECT",
            hs_parent_company_id="8",
            key_account="true",
            createdate="2025-02-01T00:00:00Z",
        ),
        mapping=mapping,
    )
    account = found.account
    assert (account.id, account.record, account.name) == ("9", "company/9", "Acme")
    assert (account.owner, account.owner_active, account.employees) == ("52", False, 120)
    assert (account.kind, account.parent, account.strategic) == ("PROSPECT", "8", True)
    assert account.known_at == at("2025-02-01T00:00")


def test_a_company_that_was_not_read_is_known_by_its_id_alone():
    account = read(deal()).account
    assert (account.id, account.name, account.owner, account.employees) == ("9", "9", None, None)
    assert account.owner_active is None
    assert read(deal(account=None)).account is None


def test_our_people_are_the_owners_that_hubspot_lists():
    rep, other = read(deal(), company()).users
    assert (rep.id, rep.name, rep.email, rep.active) == (REP, "Rita Rep", "rita@ours.example", True)
    assert (other.id, other.active) == ("52", False)


def test_an_owner_that_hubspot_does_not_list_is_no_longer_one():
    (gone,) = read(deal(hubspot_owner_id="99")).users
    assert (gone.id, gone.name, gone.active) == ("99", None, False)
    unread = replace(PORTAL, owners={})
    (unknown,) = read(deal(), portal=unread).users
    assert unknown.active is None
    assert read(without(deal(), "hubspot_owner_id")).users is None
    assert read(deal(hubspot_owner_id=None)).users == ()


def test_other_deals_of_the_company_are_siblings_and_add_to_its_revenue():
    closed = {"dealstage": past(("qualifiedtobuy", "2025-01-01T00:00:00Z"),
                                ("closedwon", "2025-06-03T00:00:00Z"))}  # fmt: skip
    found = read(
        deal(),
        deal("101", amount="7", dealstage="closedwon", history=closed),
        deal("102", dealstage="closedlost", closedate="2026-03-01T00:00:00Z"),
        deal("103", account="8", amount="900", dealstage="closedwon"),
        deal("104"),
    )
    ends = {one.id: (one.won_at, one.closed_at) for one in found.siblings}
    assert ends == {
        "101": (at("2025-06-03T00:00"), at("2025-06-03T00:00")),
        "102": (None, at("2026-03-01T00:00")),
        "104": (None, None),
    }
    assert found.siblings[0].record == "deal/101"
    assert found.account.won_revenue == 7
    assert read(deal(dealstage="closedwon", amount="5")).account.won_revenue == 5
    assert read(deal(), deal("101")).account.won_revenue is None
    assert read(deal(account=None), deal("101")).siblings is None


def test_every_text_of_the_next_step_is_read_and_each_line_once():
    history = {
        "hs_next_step": past(
            ("#concern: price", "2026-06-01T08:00:00Z"),
            ("#concern: price\n#comp: Globex", "2026-07-01T08:00:00Z"),
            ("", "2026-08-01T08:00:00Z"),
        )
    }
    found = read(deal(hs_next_step="#need: speed", history=history))
    assert [(one.topic, one.known_at) for one in found.concerns] == [
        ("price", at("2026-06-01T08:00"))
    ]
    assert [(one.name, one.known_at) for one in found.competitors] == [
        ("Globex", at("2026-07-01T08:00"))
    ]
    assert found.needs[0].known_at == at("2026-11-01T08:00")


def test_own_fields_are_read_as_if_their_tag_stood_before_them():
    mapping = org(fields={"Opportunity.pain": "need", "Opportunity.rivals": "competitor"})
    found = read(
        deal(pain="<p>slow lines</p><p>lost orders</p>", rivals="Acme;Globex"), mapping=mapping
    )
    assert [need.text for need in found.needs] == ["slow lines", "lost orders"]
    assert [rival.name for rival in found.competitors] == ["Acme", "Globex"]
    assert {need.record for need in found.needs} == {"deal/100"}
    assert found.needs[0].known_at == at("2026-11-01T08:00")


def test_own_words_for_tags_are_read_and_what_is_not_readable_goes_to_its_author():
    words = "<p>#bedarf: slow</p><p>#ned: slow</p>"
    note = engagement("note", hs_note_body=words, hubspot_owner_id="52")
    found = read(
        deal(hs_next_step="#conern: price"), note, mapping=org(tag_aliases={"bedarf": "need"})
    )
    assert [need.text for need in found.needs] == ["slow"]
    assert {(one.record, one.author, one.line) for one in found.unread} == {
        ("note/500", "52", "#ned: slow"),
        ("deal/100", REP, "#conern: price"),
    }
    assert read(deal(), note).needs == ()


def test_a_payoff_joins_the_need_of_its_person():
    note = engagement("note", hs_note_body="<p>#need: slow @Jo</p><p>#payoff: two lines @Jo</p>")
    (need,) = read(deal(), note).needs
    assert (need.person, need.payoff) == ("Jo", "two lines")


class Watched(dict):
    """Properties that remember what was asked of them."""

    def __init__(self, asked, values):
        super().__init__(values)
        self.asked = asked

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)

    def __contains__(self, name):
        self.asked.add(name)
        return super().__contains__(name)


def test_every_property_that_is_looked_at_is_asked_for_and_no_other():
    rows = [
        deal(history={}, dealstage="4242", createdate=None),
        deal("101", history={}, dealstage="4242", hs_is_closed="true"),
        role(),
        contact(firstname=None, lastname=None),
        company(),
        engagement("meeting", "1"),
        engagement("call", "2"),
        engagement("email", "3"),
        engagement("note", "4"),
        engagement("task", "5", hs_task_status="COMPLETED"),
        ours("6", history={"crmrules_key": [{"sourceType": "A"}]}, hs_task_status="COMPLETED"),
        on_company(ours("6")),
        child("line_item", "7", price="1", discount="0"),
        child("quote", "8", hs_status="APPROVED"),
        Row("quote_line", "8/9", DEAL, "", {"id": "9", "quote": "8", "properties": {}}),
    ]
    asked = {kind: set() for kind in READ}
    for row in rows:
        if "properties" in row.body:
            row.body["properties"] = Watched(asked[row.kind], row.body["properties"])
    assert read(*rows) is not None
    for kind, names in READ.items():
        # Every record is asked for its stamps in the two forms that kinds of objects have.
        stamps = {"createdate", "hs_createdate", "hs_lastmodifieddate"}
        assert asked[kind] - stamps == set(names) - stamps, kind
    assert set(HISTORY["deal"]) <= set(READ["deal"])
    assert set(HISTORY["task"]) <= set(READ["task"])


def test_properties_that_the_organization_names_are_asked_for_too():
    mapping = Mapping(
        fields={
            "Opportunity.pain": "need",
            "Account.key_account": "strategic",
            "Contact.has_left": "left",
            "Event.showed_up": "held",
            "Quote.sent_on": "sent_at",
            "OpportunityContactRole.x": "focus",
        }
    )
    found = wanted(mapping, ("label", "property:power_map", "jobtitle"))
    new = {kind: set(names) - set(READ[kind]) for kind, names in found.items()}
    assert {kind: names for kind, names in new.items() if names} == {
        "deal": {"pain"},
        "company": {"key_account"},
        "contact": {"has_left", "power_map"},
        "meeting": {"showed_up"},
        "quote": {"sent_on"},
    }


def test_an_owner_without_a_user_is_nobodys_change():
    portal = replace(PORTAL, owners={"51": Owner("51")})
    history = {"amount": past(("1", "2026-06-01T08:00:00Z"), ("50000", "2026-07-01T08:00:00Z"))}
    (change,) = normalize(DEAL, [deal(history=history)], org(), portal, NOW).changes
    assert change.by is None
    assert isinstance(change.known_at, datetime)


def test_the_end_of_the_contract_is_a_mapped_day_and_unknown_in_the_past():
    mapping = org(fields={"Opportunity.contract_until": "contract_end"})
    found = read(deal(contract_until="2027-06-30T22:30:00Z"), mapping=mapping)
    assert found.contract_end == date(2027, 7, 1)  # in Berlin
    assert found.needs == found.reasons == ()
    assert found.as_of(found.observed_at - timedelta(days=1)).contract_end is None
    assert read(deal(contract_until="<p>soon</p>"), mapping=mapping).contract_end is None
    assert read(deal(contract_until="2027-06-30")).contract_end is None
