"""From the history of properties to changes, and to when a deal closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hubspot_rows import BORN, NOW, PORTAL, REP, at, deal, org, past, read, version

from crmrules.connector import Organization
from crmrules.model import Phase

STAGE = past(
    ("appointmentscheduled", BORN),
    ("qualifiedtobuy", "2026-07-01T08:00:00Z"),
    ("contractsent", "2026-10-01T08:00:00Z"),
)


def said(found, *fields):
    return [(c.field, c.old, c.new) for c in found.changes if not fields or c.field in fields]


def test_versions_become_changes_and_what_was_set_with_the_creation_is_none():
    found = read(deal(history={"dealstage": STAGE}))
    assert said(found) == [
        ("stage", "appointmentscheduled", "qualifiedtobuy"),
        ("stage", "qualifiedtobuy", "contractsent"),
        ("phase", "recognition", "concerns"),
    ]
    assert found.tracked == {"stage", "phase"}
    change = found.changes[0]
    assert change.record == "deal/100@dealstage@2026-07-01T08:00:00+00:00"
    assert (change.known_at, change.by) == (at("2026-07-01T08:00"), REP)
    then = found.as_of(at("2026-07-15T00:00"))
    assert (then.stage, then.phase, then.amount) == ("qualifiedtobuy", Phase.RECOGNITION, None)


def test_a_first_value_within_a_minute_of_the_creation_came_with_it_and_a_later_one_is_a_change():
    soon = read(deal(history={"amount": past(("50000", "2026-06-01T08:01:00Z"))}))
    assert said(soon) == []
    late = read(deal(history={"amount": past(("50000", "2026-06-01T08:01:01Z"))}))
    assert said(late) == [("amount", None, 50000.0)]
    assert late.as_of(at("2026-06-01T08:01")).amount is None
    assert "amount" in late.tracked


def test_two_values_within_the_first_minute_are_one_change():
    history = {"amount": past(("1", BORN), ("50000", "2026-06-01T08:00:30Z"))}
    assert said(read(deal(history=history))) == [("amount", 1.0, 50000.0)]


def test_a_cleared_value_is_none_and_the_same_value_again_is_no_change():
    history = {
        "hs_next_step": past(
            ("call", BORN),
            ("call", "2026-07-01T08:00:00Z"),
            ("", "2026-08-01T08:00:00Z"),
            (None, "2026-08-02T08:00:00Z"),
        )
    }
    found = read(deal(history=history))
    assert said(found) == [("next_step", "call", None)]
    assert "next_step" in found.tracked


def test_every_field_with_a_history_is_read_in_its_own_type():
    after = "2026-07-01T08:00:00Z"
    history = {
        "amount": past(("60000.0", BORN), ("50000", after)),
        "closedate": past(("2026-11-30T23:30:00Z", BORN), ("1798718400000", after)),
        "hubspot_owner_id": past(("52", BORN), (REP, after)),
        "hs_next_step": past(("call", BORN), ("send offer", after)),
        "hs_manual_forecast_category": past(("PIPELINE", BORN), ("COMMIT", after)),
    }
    own = {"hs_next_step": "send offer", "hs_manual_forecast_category": "COMMIT"}
    found = read(deal(history=history, **own))
    assert sorted(said(found)) == [
        ("amount", 60000.0, 50000.0),
        ("close_date", "2026-12-01", "2026-12-31"),
        ("forecast", "PIPELINE", "COMMIT"),
        ("next_step", "call", "send offer"),
        ("owner", "52", REP),
    ]
    assert found.tracked == {"amount", "close_date", "forecast", "next_step", "owner"}
    assert found.as_of(at("2026-06-02T00:00")).close_date == date(2026, 12, 1)


def test_changes_of_all_fields_stand_in_the_order_of_time():
    history = {
        "dealstage": STAGE,
        "amount": past(("1", BORN), ("50000", "2026-08-01T08:00:00Z")),
    }
    times = [change.known_at for change in read(deal(history=history)).changes]
    assert times == sorted(times)
    assert len(times) == 4


def test_moving_the_close_date_within_one_day_of_the_account_is_no_change():
    times = past(("2026-12-31T08:00:00Z", BORN), ("2026-12-31T12:00:00Z", "2026-07-01T08:00:00Z"))
    assert said(read(deal(history={"closedate": times}))) == []
    # In Auckland noon in London is already the next day.
    far = replace(PORTAL, organization=Organization("1", time_zone="Pacific/Auckland"))
    moved = past(("2026-12-31T08:00:00Z", BORN), ("2026-12-31T12:00:00Z", "2026-07-01T08:00:00Z"))
    found = read(deal(history={"closedate": moved}), portal=far)
    assert said(found) == [("close_date", "2026-12-31", "2027-01-01")]


def test_a_history_that_is_not_at_hand_promises_nothing():
    bare = read(deal())
    assert (bare.changes, bare.tracked) == (None, frozenset())
    none = read(deal(history={}))
    assert (none.changes, none.tracked) == ((), frozenset())
    empty = read(deal(history={"hs_next_step": []}))
    assert (empty.changes, empty.tracked) == ((), {"next_step"})


def test_a_history_that_does_not_end_at_todays_value_promises_nothing():
    found = read(deal(history={"dealstage": STAGE}, dealstage="qualifiedtobuy"))
    assert found.tracked == frozenset()
    assert len(found.changes) == 3


def test_a_value_that_was_not_read_is_not_compared():
    row = deal(history={"amount": []})
    del row.body["properties"]["amount"]
    assert read(row).tracked == frozenset()


@pytest.mark.parametrize(("count", "first", "kept"), [
    (19, "2026-06-05T00:00:00Z", True),
    (20, "2026-06-05T00:00:00Z", False),
    (20, BORN, True),
    (40, BORN, True),
])  # fmt: skip
def test_a_long_history_that_does_not_reach_the_creation_may_be_cut_off(count, first, kept):
    later = [(str(n), f"2026-07-01T00:00:{n:02}Z") for n in range(1, count)]
    found = read(deal(history={"amount": past(("0", first), *later)}, amount=str(count - 1)))
    assert ("amount" in found.tracked) is kept


def test_versions_of_one_instant_keep_the_order_of_the_crm():
    history = {
        "amount": past(
            ("1", BORN), ("2", "2026-07-01T08:00:00Z"), ("50000", "2026-07-01T08:00:00Z")
        )
    }
    found = read(deal(history=history))
    assert said(found) == [("amount", 1.0, 2.0), ("amount", 2.0, 50000.0)]
    assert "amount" in found.tracked


def test_versions_in_any_order_are_read_by_time():
    found = read(deal(history={"dealstage": list(reversed(STAGE))}))
    assert [c.new for c in found.changes if c.field == "stage"] == [
        "qualifiedtobuy",
        "contractsent",
    ]


def test_a_version_that_cannot_be_read_breaks_the_promise_but_not_the_reading():
    for broken in (None, "x", {"value": "1"}, {"value": "1", "timestamp": "soon"}):
        found = read(deal(history={"dealstage": [*STAGE, broken]}))
        assert "stage" not in found.tracked, broken
        assert len(found.changes) == 3
    assert read(deal(history={"dealstage": "x"})).changes == ()
    assert read(deal(history="x")).changes is None


def test_versions_of_a_merged_deal_are_versions_like_any_other():
    merged = [version("contractsent", "2026-10-01T08:00:00Z", kind="MERGE", user=None), *STAGE[1:]]
    found = read(deal(history={"dealstage": merged}))
    assert "stage" in found.tracked
    assert found.changes[-1].by is None


def test_a_change_by_nobody_we_know_is_by_nobody():
    history = {"amount": [version("50000", "2026-07-01T08:00:00Z", user=4), *past(("1", BORN))]}
    assert read(deal(history=history)).changes[0].by is None


def test_a_deal_from_another_pipeline_had_the_phase_of_that_pipelines_stage():
    mapping = org(phases={"renewals": {"801": "evaluation"}})
    history = {"dealstage": past(("801", BORN), ("contractsent", "2026-07-01T08:00:00Z"))}
    found = read(deal(history=history), mapping=mapping)
    assert said(found, "phase") == [("phase", "evaluation", "concerns")]
    assert found.as_of(at("2026-06-15T00:00")).phase is Phase.EVALUATION


WON = {"dealstage": "closedwon", "closedate": "2026-12-31T00:00:00Z"}


def test_it_closed_when_it_reached_its_present_stage_for_good():
    history = past(
        ("qualifiedtobuy", BORN),
        ("closedwon", "2026-07-01T08:00:00Z"),
        ("contractsent", "2026-07-02T08:00:00Z"),
        ("closedwon", "2026-08-01T08:00:00Z"),
        ("closedwon", "2026-09-01T08:00:00Z"),
    )
    found = read(deal(history={"dealstage": history}, **WON))
    assert (found.won, found.closed_at) == (True, at("2026-08-01T08:00"))
    assert found.as_of(at("2026-07-31T00:00")).won is None
    assert found.as_of(at("2026-08-01T08:00")).won is True


def test_a_deal_that_was_closed_from_the_beginning_closed_on_its_earlier_close_date():
    history = {"dealstage": past(("closedwon", BORN))}
    early = read(deal(history=history, **(WON | {"closedate": "2024-02-01T00:00:00Z"})))
    assert early.closed_at == at("2024-02-01T00:00")
    late = read(deal(history=history, **WON))
    assert late.closed_at == at("2026-06-01T08:00")
    worked = past(("qualifiedtobuy", BORN), ("closedwon", "2026-08-01T08:00:00Z"))
    found = read(deal(history={"dealstage": worked}, **(WON | {"closedate": "2024-02-01"})))
    assert found.closed_at == at("2026-08-01T08:00")


def test_without_a_history_it_closed_on_its_close_date_but_not_in_the_future():
    assert read(deal(**WON)).closed_at == NOW
    assert read(deal(**(WON | {"closedate": "2026-08-01T00:00:00Z"}))).closed_at == at(
        "2026-08-01T00:00"
    )
    assert read(deal(**(WON | {"closedate": None}))).closed_at == at("2026-11-01T08:00")


def test_before_the_creation_there_is_nothing():
    assert (
        read(deal(history={"dealstage": STAGE})).as_of(at("2026-06-01T08:00") - timedelta(1))
        is None
    )
