"""Whatever stands in a record, reading it never fails; what makes no sense is unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hubspot_rows import COMPANY, DEAL, NOW, deal, org, read
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules.connector import Row
from crmrules_hubspot.properties import HISTORY, READ, wanted

LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            *("2026-02-30", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "2026-W01"),
            *("999999999999999", "-99999999999999", "1780300800000", "²³⁴⁵⁶⁷⁸⁹⁰", "1e400", "nan"),
            *("<p>#need:", "<table><td>", "#need! x @", "true", "COMPLETED", "closedwon", "EMAIL"),
            *("\ud800", "\x00", "2026-06-01T08:00:00Z", "0", "-1", ";;", "APPROVED"),
        ]
    ),
)
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=3,
)
VERSION = ("value", "timestamp", "sourceType", "sourceId", "updatedByUserId")
ENVELOPE = ("id", "createdAt", "updatedAt", "archived", "contacts", "quote")
ENTRY = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(VERSION, JSON),
    ),
)
HISTORIES = st.one_of(
    JSON,
    st.dictionaries(
        st.sampled_from(sorted({name for names in HISTORY.values() for name in names})),
        st.one_of(JSON, st.lists(ENTRY, max_size=4)),
        max_size=3,
    ),
)
MAPPING = org(
    fields={
        "Opportunity.own": "need",
        "Account.own": "strategic",
        "Contact.own": "left",
        "Event.own": "held",
        "Quote.own": "sent_at",
    }
)
WANTED = wanted(MAPPING, ("property:own",))


@st.composite
def rows(draw):
    found = []
    for kind, names in WANTED.items():
        where = draw(st.sampled_from([DEAL, f"company/{COMPANY}"]))
        body = draw(
            st.fixed_dictionaries(
                {},
                optional=dict.fromkeys(ENVELOPE, JSON),
            )
        )
        some = draw(st.lists(st.sampled_from(names), max_size=6, unique=True))
        values = {name: draw(JSON) for name in some}
        body["properties"] = draw(st.sampled_from([values, values, values, None, "x"]))
        if draw(st.booleans()):
            body["history"] = draw(HISTORIES)
        number = DEAL if kind == "deal" else f"{where}/{len(found)}"
        account = draw(st.sampled_from([None, f"company/{COMPANY}"]))
        found.append(Row(kind, number, where, "", body, account=account))
    found.append(Row("deal", "101", "101", "", found[0].body, account=found[0].account))
    labels = draw(st.fixed_dictionaries({}, optional={"contact": JSON, "labels": JSON}))
    found.append(Row("role", f"{DEAL}/77", DEAL, "", labels))
    return found


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows())
def test_no_value_of_any_property_makes_it_raise(drawn):
    found = read(*drawn, mapping=MAPPING)
    if found is not None:
        found.as_of(NOW - timedelta(days=30))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(READ["deal"]), JSON)
def test_a_value_is_read_or_unknown_but_never_a_default(name, value):
    found = read(deal(**{name: value}))
    if found.close_date is None:
        assert name == "closedate"
    if found.amount is None:
        assert name == "amount"
    assert found.account.name == COMPANY
