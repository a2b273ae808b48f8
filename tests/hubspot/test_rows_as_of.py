"""What was read later says the same of an earlier moment: nothing looks ahead.

A past is drawn, then a future is laid over it: newer versions of properties with history, edited
values without one, records added. Both readings are later than the moment.
"""

from __future__ import annotations

from datetime import timedelta

from hubspot_rows import DEAL, NOW, PORTAL, contact, deal, engagement, org, past, role
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules.baseline import Baseline
from crmrules.signals import View
from crmrules.signals import read as signals_of
from crmrules_hubspot.history import PROPERTIES
from crmrules_hubspot.opportunity import normalize

MOMENT = NOW - timedelta(days=30)
MADE = MOMENT - timedelta(days=100)
BASELINE = Baseline(major_amount=50.0, inbound_share=1.0)
BEFORE = st.integers(1, 99 * 24 * 60).map(lambda n: MOMENT - timedelta(minutes=n))
AFTER = st.integers(1, 29 * 24 * 60).map(lambda n: MOMENT + timedelta(minutes=n))
VALUES = {
    "dealstage": [
        "appointmentscheduled",
        "presentationscheduled",
        "contractsent",
        "closedwon",
        "801",
    ],
    "amount": ["10", "50000", "", None],
    "closedate": ["2026-12-31T23:30:00Z", "2027-01-31T12:00:00Z", None],
    "hubspot_owner_id": ["51", "52", "99"],
    "hs_next_step": ["call", "#concern: price", "", None],
    "hs_manual_forecast_category": ["COMMIT", "PIPELINE"],
}


def stamp(moment):
    return moment.isoformat().replace("+00:00", "Z")


@st.composite
def worlds(draw):
    """Versions of every property, up to the moment and after it; records likewise."""
    versions = {}
    for name, values in VALUES.items():
        times = [MADE, *sorted(draw(st.lists(BEFORE, max_size=3, unique=True)))]
        times += sorted(draw(st.lists(AFTER, max_size=2, unique=True)))
        versions[name] = [(draw(st.sampled_from(values)), at) for at in times]
    stages = versions["dealstage"]
    if [stage for stage, at in stages if at < MOMENT][-1] == "closedwon":
        # Of a deal that was closed and opened again only the present is kept.
        versions["dealstage"] = [(stage, at) for stage, at in stages if at < MOMENT]
    records = draw(st.lists(st.tuples(st.sampled_from(sorted(TEXTS)), BEFORE | AFTER), max_size=5))
    people = draw(st.lists(BEFORE | AFTER, max_size=3))
    return versions, records, people


TEXTS = {
    "meeting": {"hs_meeting_outcome": "COMPLETED", "hs_meeting_body": "<p>#need: speed</p>"},
    "call": {"hs_call_status": "COMPLETED", "hs_call_duration": "300000"},
    "email": {"hs_email_direction": "INCOMING_EMAIL"},
    "note": {"hs_note_body": "#concern: price"},
    "task": {"hs_task_status": "COMPLETED", "hs_task_body": "#comp: Globex"},
}


def as_read(world, seen):
    """The opportunity as somebody reads it who sees what happened up to ``seen``."""
    versions, records, people = world
    kept = {name: [(v, at) for v, at in all_ if at <= seen] for name, all_ in versions.items()}
    history = {name: past(*((v, stamp(at)) for v, at in all_)) for name, all_ in kept.items()}
    own = {name: all_[-1][0] for name, all_ in kept.items()}
    latest = max(at for all_ in kept.values() for _, at in all_)
    rows = [deal(history=history, createdate=stamp(MADE), hs_lastmodifieddate=stamp(latest), **own)]
    for number, (kind, at) in enumerate(records):
        if at <= seen:
            stamps = {"hs_timestamp": stamp(at), "hs_createdate": stamp(at)}
            done = {"hs_task_completion_date": stamp(at)} if kind == "task" else {}
            made = engagement(kind, str(number), made=stamp(at), **TEXTS[kind], **stamps, **done)
            rows.append(made)
    for number, at in enumerate(people):
        if at <= seen:
            # Roles and titles have no history: they are others whenever somebody looks.
            label = "Decision Maker" if seen > MOMENT else "sponsor"
            rows += [role(f"7{number}", label), contact(f"7{number}", createdate=stamp(at))]
    return normalize(DEAL, rows, org(), PORTAL, NOW)


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_nothing_that_happened_later_changes_what_was(world):
    then, later = (as_read(world, seen).as_of(MOMENT).model_dump() for seen in (MOMENT, NOW))
    assert later == then


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_no_signal_of_a_deal_looks_ahead(world):
    readings = []
    for seen in (MOMENT, NOW):
        then = as_read(world, seen).as_of(MOMENT)
        readings.append(signals_of(View(then, MOMENT, BASELINE)))
    assert readings[0] == readings[1]


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_the_values_of_a_moment_are_those_of_its_history(world):
    found = as_read(world, NOW)
    assert found.tracked == {*PROPERTIES, "phase"}
    then = found.as_of(MOMENT)
    versions, _, _ = world
    last = {name: [v for v, at in all_ if at <= MOMENT][-1] for name, all_ in versions.items()}
    assert then.stage == last["dealstage"]
    assert then.owner == last["hubspot_owner_id"]
    assert then.next_step == (last["hs_next_step"] or None)
    assert then.amount == (float(last["amount"]) if last["amount"] else None)
