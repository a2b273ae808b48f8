"""Who is on a deal, and what they are to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hubspot_rows import NOW, PORTAL, at, contact, deal, engagement, org, read, role, without

from crmrules.mapping import Role
from crmrules.model import Focus


def one(*rows, **more):
    (person,) = read(deal(), *rows, **more).people
    return person


def sources(*names):
    return replace(PORTAL, role_sources=names)


def test_a_contact_is_a_person_with_its_plain_id():
    person = one(role("77", "Decision Maker"), contact(jobtitle="VP Operations"))
    assert (person.id, person.record, person.name) == ("77", "contact/77", "Jo Ortiz")
    assert (person.title, person.senior) == ("VP Operations", True)
    assert (person.role, person.focus, person.sponsor) == ("Decision Maker", Focus.POWER, None)


def test_without_its_card_a_person_is_known_by_its_id_and_nothing_else():
    person = one(role("77"))
    assert person.name == "77"
    for name in ("title", "role", "focus", "sponsor", "senior", "bounced", "employed"):
        assert getattr(person, name) is None, name


def test_a_contact_without_a_name_goes_by_the_name_in_its_address():
    nameless = {"firstname": None, "lastname": ""}
    assert one(role(), contact(**nameless, email="jo.ortiz@acme.example")).name == "jo.ortiz"
    assert one(role(), contact(**nameless)).name == "77"
    assert one(role(), contact(firstname="Jo", lastname=None)).name == "Jo"


@pytest.mark.parametrize(
    ("word", "focus", "sponsor"),
    [
        ("DECISION_MAKER", Focus.POWER, None),
        ("BUDGET_HOLDER", Focus.POWER, None),
        ("CHAMPION", None, True),
        ("EXECUTIVE_SPONSOR", None, True),
        ("BLOCKER", None, None),
        ("INFLUENCER", None, None),
        ("OTHER", None, None),
        ("END_USER;CHAMPION;DECISION_MAKER", Focus.POWER, True),
    ],
)
def test_the_buying_role_says_who_has_power_and_who_helps(word, focus, sponsor):
    person = one(role(), contact(hs_buying_role=word))
    assert (person.focus, person.sponsor) == (focus, sponsor)
    assert person.role == word.replace(";", "; ")


def test_a_label_of_this_deal_counts_before_the_role_of_the_contact():
    person = one(role("77", "Dissatisfaction"), contact(hs_buying_role="DECISION_MAKER;CHAMPION"))
    assert (person.focus, person.sponsor) == (Focus.DISSATISFACTION, True)
    assert person.role == "Dissatisfaction"


def test_a_label_that_says_nothing_leaves_the_word_to_the_next_source():
    person = one(role("77", "Billing contact"), contact(hs_buying_role="BUDGET_HOLDER"))
    assert (person.role, person.focus) == ("Billing contact", Focus.POWER)


def test_a_label_may_be_one_of_our_own_words_or_of_the_organizations():
    mapping = org(roles={"Geldgeber": {"focus": "power"}, "Gegner": {"sponsor": False}})
    assert one(role("77", "sponsor", "receptivity"), mapping=mapping).focus is Focus.RECEPTIVITY
    assert one(role("77", "sponsor"), mapping=mapping).sponsor is True
    assert one(role("77", "geldgeber"), mapping=mapping).focus is Focus.POWER
    against = one(role("77", "Gegner"), contact(hs_buying_role="CHAMPION"), mapping=mapping)
    assert against.sponsor is False


def test_of_two_labels_of_one_person_the_one_that_helps_counts():
    mapping = org(roles={"Gegner": {"sponsor": False}})
    assert one(role("77", "Gegner", "Champion"), mapping=mapping).sponsor is True


def test_our_own_words_are_not_looked_for_among_hubspots():
    assert one(role(), contact(hs_buying_role="SPONSOR;POWER")).sponsor is None
    assert one(role(), contact(hs_buying_role="SPONSOR;POWER")).focus is None


def test_a_title_says_something_only_where_the_organization_says_so():
    mapping = org(roles={"CFO": {"focus": "power"}})
    assert one(role(), contact(jobtitle="CFO"), mapping=mapping).focus is Focus.POWER
    assert one(role(), contact(jobtitle="CFO")).focus is None
    assert one(role(), contact(jobtitle="Sponsor")).sponsor is None


def test_the_order_of_the_sources_is_the_portals():
    rows = role("77", "receptivity"), contact(hs_buying_role="DECISION_MAKER", map="power;sponsor")
    assert one(*rows).focus is Focus.RECEPTIVITY
    assert one(*rows, portal=sources("hs_buying_role", "label")).focus is Focus.POWER
    assert one(*rows, portal=sources("jobtitle")).focus is None
    own = one(*rows, portal=sources("property:map", "label"))
    assert (own.focus, own.sponsor) == (Focus.POWER, True)
    native = contact(map="DECISION_MAKER")
    assert one(role(), native, portal=sources("property:map")).focus is Focus.POWER


def test_a_person_is_known_once_contact_and_deal_are_there():
    later = contact(createdate="2026-09-09T00:00:00Z")
    assert one(role(), later).known_at == at("2026-09-09T00:00")
    older = contact(createdate="2020-01-01T00:00:00Z")
    assert one(role(), older).known_at == at("2026-06-01T08:00")
    assert one(role()).known_at == at("2026-06-01T08:00")
    ahead = contact(createdate="2030-01-01T00:00:00Z")
    assert one(role(), ahead).known_at == NOW


def test_a_bounce_is_known_only_where_it_was_asked_for():
    reason = "hs_email_hard_bounce_reason_enum"
    assert one(role(), contact(**{reason: "UNKNOWN_USER"})).bounced is True
    assert one(role(), contact(**{reason: None})).bounced is False
    assert one(role(), contact(**{reason: ""})).bounced is False
    assert one(role(), without(contact(), reason)).bounced is None


def test_whether_somebody_left_is_in_the_fields_that_the_organization_names():
    mapping = org(fields={"Contact.here": "employed", "Contact.gone": "left"})
    assert one(role(), contact(here="false"), mapping=mapping).employed is False
    assert one(role(), contact(here="?", gone="false"), mapping=mapping).employed is True
    assert one(role(), contact(), mapping=mapping).employed is None


def test_a_contact_without_an_association_is_not_on_the_deal():
    assert read(deal(), contact()).people == ()
    assert read(deal(), replace(role(), gone=True), contact()).people == ()


def test_people_stand_in_the_order_in_which_they_were_known():
    found = read(
        deal(),
        role("78"),
        contact("78", createdate="2026-09-09T00:00:00Z"),
        role("79"),
        role("77"),
        contact("77", createdate="2026-07-07T00:00:00Z"),
    )
    assert [person.id for person in found.people] == ["79", "77", "78"]


def test_a_name_in_a_note_marks_the_person_it_fits_or_makes_one():
    note = engagement(
        "note", hs_note_body="<div>#sponsor: J. Ortiz</div><div>#power: A. Ruiz</div>"
    )
    jo, ruiz = read(deal(), role(), contact(), note).people
    assert (jo.id, jo.sponsor) == ("77", True)
    assert (ruiz.id, ruiz.focus, ruiz.record) == ("note:A. Ruiz", Focus.POWER, "note/500")


def test_the_organizations_word_for_a_role_counts_before_ours():
    mapping = org(roles={"CHAMPION": Role(), "Decision maker": Role(focus=Focus.RECEPTIVITY)})
    person = one(role(), contact(hs_buying_role="CHAMPION;DECISION_MAKER"), mapping=mapping)
    assert (person.focus, person.sponsor) == (Focus.RECEPTIVITY, None)
