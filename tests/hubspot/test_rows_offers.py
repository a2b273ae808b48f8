"""Product lines and quotes."""

from __future__ import annotations

from datetime import date

import pytest
from hubspot_rows import DEAL, NOW, at, child, deal, org, read, record

from crmrules.baseline import Baseline
from crmrules.connector import Row
from crmrules.measures import offered
from crmrules.signals import View
from crmrules.signals import read as signals_of

NONE = {"hs_discount_percentage": None, "discount": None}


def line(**more):
    (found,) = read(deal(), child("line_item", "7", **more)).lines
    return found


def quote(mapping=None, **more):
    (found,) = read(deal(), child("quote", "8", **more), mapping=mapping).quotes
    return found


def quote_line(number, owner, **more):
    body = record(number, more, "2026-09-01T09:00:00Z", quote=owner)
    return Row("quote_line", f"{owner}/{number}", DEAL, "", body)


def test_a_line_has_its_price_before_the_discount_and_the_discount_in_percent():
    found = line(name="Pump", quantity="3", price="200", hs_discount_percentage="12.5")
    assert (found.record, found.product, found.quantity) == ("line_item/7", "Pump", 3)
    assert (found.list_price, found.discount) == (200, 12.5)
    assert found.known_at == at("2026-09-01T09:00")
    assert line(name=None, hs_sku="P-1").product == "P-1"


@pytest.mark.parametrize(
    ("more", "discount"),
    [
        ({"hs_discount_percentage": "10", "discount": None}, 10),
        ({"hs_discount_percentage": None, "discount": "50"}, 25),
        ({"hs_discount_percentage": "10", "discount": "50"}, 10),
        (NONE, 0),
        ({"hs_discount_percentage": "", "discount": ""}, 0),
        ({"hs_discount_percentage": "0", "discount": "0"}, 0),
        ({"hs_discount_percentage": None}, None),
        ({"discount": None}, None),
        ({}, None),
        ({"hs_discount_percentage": "much", "discount": None}, None),
    ],
)
def test_an_empty_discount_is_none_and_one_that_was_not_read_is_unknown(more, discount):
    assert line(price="200", **more).discount == discount


def test_a_discount_of_a_line_without_a_price_cannot_be_told():
    assert line(price=None, hs_discount_percentage=None, discount="50").discount is None
    assert line(price="0", hs_discount_percentage=None, discount="50").discount is None


def signal(*rows):
    found = read(deal(), *rows)
    return signals_of(View(found, NOW, Baseline()))["discount_percent"]


def test_a_line_of_unknown_discount_is_not_taken_for_one_at_the_full_price():
    assert line(price="200").unit_price is None
    unread = signal(child("line_item", "7", price="200", quantity="1"))
    assert not hasattr(unread, "value")
    none = signal(child("line_item", "7", price="200", quantity="1", **NONE))
    assert none.value == 0


@pytest.mark.parametrize(
    ("status", "word", "seen"),
    [
        ("DRAFT", "Draft", False),
        ("PENDING_APPROVAL", "Approval required", False),
        ("REJECTED", "Rejected", False),
        ("APPROVED", "Presented", True),
        ("APPROVAL_NOT_NEEDED", "Presented", True),
        ("SIGNED", "Presented", True),
        ("PAID", "Presented", True),
        ("SOMETHING_NEW", None, None),
        (None, None, None),
    ],
)
def test_the_status_of_a_quote_says_whether_the_customer_has_seen_it(status, word, seen):
    changed = "2026-09-05T09:00:00Z"
    found = quote(hs_status=status, hs_quote_amount="90", hs_lastmodifieddate=changed)
    assert (found.record, found.status, found.total, found.discount) == ("quote/8", word, 90, None)
    assert offered(found) is seen
    assert found.sent_at == (at("2026-09-05T09:00") if seen else None)


def test_a_mapped_property_alone_says_when_a_quote_was_sent():
    mapping = org(fields={"Quote.sent_on": "sent_at"})
    sent = quote(mapping, hs_status="DRAFT", sent_on="2026-09-04T00:00:00Z")
    assert sent.sent_at == at("2026-09-04T00:00")
    assert quote(mapping, hs_status="APPROVED").sent_at is None


def test_a_quote_has_its_own_lines():
    found = read(
        deal(),
        child("quote", "8", hs_status="APPROVED"),
        child("quote", "9", made="2026-08-01T09:00:00Z"),
        quote_line("70", "8", price="100", quantity="1", hs_discount_percentage="20"),
        quote_line("71", "8", price="100", quantity="1", **NONE),
        quote_line("72", "404", price="1"),
    )
    older, newer = found.quotes
    assert (older.record, older.lines) == ("quote/9", ())
    assert [one.record for one in newer.lines] == ["quote_line/70", "quote_line/71"]
    assert found.lines == ()
    offer = child("quote", "8", hs_status="APPROVED")
    rows = [
        quote_line("70", "8", price="100", quantity="1", hs_discount_percentage="20"),
        quote_line("71", "8", price="100", quantity="1", **NONE),
    ]
    assert signal(offer, *rows).value == 10


def test_rivals_are_known_only_from_notes_and_mapped_properties():
    assert read(deal()).competitors is None
    note = child("note", "1", hs_note_body="<p>#comp: Globex</p>", body={"contacts": []})
    assert [one.name for one in read(deal(), note).competitors] == ["Globex"]


def test_a_quote_expires_on_a_day_of_the_accounts_calendar():
    sent = quote(hs_status="APPROVED", hs_expiration_date="2026-10-31T23:30:00Z")
    assert sent.expires_on == date(2026, 11, 1)  # in Berlin
    assert quote(hs_status="APPROVED", hs_expiration_date="2026-10-31").expires_on == date(
        2026, 10, 31
    )
    assert quote(hs_status="APPROVED").expires_on is None
    later = sent.in_the_past()
    assert later.expires_on is None
