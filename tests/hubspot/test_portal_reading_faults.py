"""Whatever goes wrong while reading, the rows are those of an undisturbed pull."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from hubspot_portal import (
    NOW,
    OPEN,
    Book,
    Clock,
    Kept,
    Small,
    connected,
    empty_portal,
    opportunity,
    pulled,
    seeded_portal,
    serving,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules.errors import AccessError, GuardError, RetryableError
from crmrules_hubspot import scan
from crmrules_hubspot.pace import Pace, Window
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.records import Link, Record, Version

SEARCH, LINKS, BATCH = r"/search$", r"associations/.*batch/read", r"objects/.*batch/read"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def small(clock):
    return Small(clock)


def on_the_line(fault):
    """Whether only a socket shows a fault as it is."""
    return fault.kind in {"drop_before", "drop_after", "truncated_body"}


def both(small, clock, *faults):
    """Pull undisturbed, then in a second run through faults; return both and the calls."""
    inside = not any(map(on_the_line, faults))
    with serving(small.portal) as server:
        with connected(server, clock, inside=True) as crm:
            wanted = pulled(crm)
        with connected(server, clock, inside=inside) as crm:
            crm.check()
            clock.slept.clear()
            server.forget_calls()
            server.faults.add(*faults)
            found = pulled(crm)
            assert not server.faults.pending()
        return wanted, found, server.calls


FAULTS = [
    Fault("rate_limited", path="owners"),
    Fault("rate_limited", path=LINKS),
    Fault("rate_limited", path=SEARCH, policy="SECONDLY"),
    Fault("status", status=500, path=BATCH),
    Fault("status", status=502, path=LINKS),
    Fault("status", status=503, path=SEARCH),
    Fault("status", status=504, path="owners"),
    Fault("status", status=423, path=BATCH),
    Fault("status", status=502, path=BATCH, after=True),
    Fault("html", status=502, path=SEARCH),
    Fault("html", status=521, path=BATCH),
    Fault("html", status=200, path=BATCH),
    Fault("html", status=200, path=LINKS, nth=3),
    Fault("drop_before", path=SEARCH),
    Fault("drop_before", path=LINKS, nth=2),
    Fault("drop_after", path=BATCH),
    Fault("truncated_body", path=BATCH),
    Fault("truncated_body", path=LINKS, nth=4),
    Fault("truncated_body", path=SEARCH),
    Fault("truncated_body", path="owners"),
    Fault("truncated_body", path="objects/.*/tasks.*archived=true"),
    Fault("migrating", status=477, retry_after=20, path=BATCH),
    Fault("migrating", status=477, path=LINKS),
    Fault("short_page", keep=1, path="deals/search"),
    Fault("short_page", keep=0, path="deals/search"),
    Fault("shuffled", path="deals/search"),
    Fault("early", milliseconds=1, path="deals/search"),
    Fault("status", status=503, path=SEARCH, times=4),
]


@pytest.mark.slow
@pytest.mark.fault("N2", "N3", "N5", "H3", "H4")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.kind}-{f.status}-{f.path}-{f.times}")
def test_a_full_pull_through_a_fault_equals_an_undisturbed_one(small, clock, fault):
    wanted, found, _ = both(small, clock, fault)
    assert found.rows == wanted.rows
    assert not found.problems


@pytest.mark.slow
@pytest.mark.fault("N2", "N3", "H3", "H4")
@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if "archived" not in fault.path],  # only a full pull lists those
    ids=lambda f: f"{f.kind}-{f.status}-{f.path}-{f.times}",
)
def test_an_incremental_pull_through_a_fault_finds_every_change(small, clock, fault):
    portal, book = small.portal, small.book
    inside = not on_the_line(fault)
    with serving(portal) as server, connected(server, clock, inside=inside) as crm:
        kept = pulled(crm)
        clock.advance(hours=2)
        book.log("notes", ("deals", small.first), text="New")
        portal.update("deals", small.second, {"amount": "77"}, 7)
        portal.update("contacts", small.people[0], {"jobtitle": "CEO"}, 7)
        portal.archive("deals", small.third)
        book.deal("New", company=small.bolt)
        clock.advance(minutes=1)
        crm.check()
        server.faults.add(fault)
        kept.pull(crm)
        assert not server.faults.pending()
        wanted = pulled(crm)
    gone = {key: row for key, row in kept.rows.items() if row.parent != small.third}
    assert gone == wanted.rows


@pytest.mark.slow
@pytest.mark.fault("N2", "N3", "H4")
def test_a_seeded_portal_reads_the_same_while_every_third_call_goes_wrong(clock):
    portal = seeded_portal(7, clock=clock, opportunities=40)
    ways = [
        Fault("status", status=502),
        Fault("html", status=200),
        Fault("drop_after"),
        Fault("rate_limited"),
        Fault("truncated_body"),
    ]
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        wanted = pulled(crm)
        crm.check()
        for nth in range(1, 40):
            server.faults.add(replace(ways[nth % 5], nth=2 * nth))
        found = pulled(crm)
        assert found.rows == wanted.rows
        deals = wanted.ids("deal")
        assert len(deals) > 30
        assert {d: opportunity(crm, found, d) for d in deals} == {
            d: opportunity(crm, wanted, d) for d in deals
        }


@pytest.mark.fault("H3")
def test_retry_after_is_waited_for_and_without_one_a_429_waits_the_whole_interval(small, clock):
    both(small, clock, Fault("rate_limited", retry_after=7, path=BATCH))
    assert next(s for s in clock.slept if s > 1) == 7 + 0.5 * 2
    both(small, clock, Fault("rate_limited", path=BATCH))
    assert next(s for s in clock.slept if s > 1) == 10 + 0.5 * 2


@pytest.mark.fault("H3")
def test_a_date_as_retry_after_is_waited_for(small, clock):
    later = (clock.now + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    both(small, clock, Fault("status", status=503, retry_after=later, path=BATCH))
    assert 80 <= max(clock.slept) <= 95


@pytest.mark.fault("H3")
def test_a_portal_that_asks_for_an_hour_is_left_alone(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        server.faults.add(Fault("migrating", status=477, retry_after=3600))
        with pytest.raises(RetryableError, match="3600"):
            crm.check()
    assert not clock.slept


@pytest.mark.fault("H4")
def test_a_portal_that_stays_down_ends_the_run_after_five_tries(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        server.faults.add(Fault("status", status=503, times=99))
        with pytest.raises(RetryableError) as caught:
            crm.check()
        assert len(server.calls) == 5
        assert caught.value.exit_code == 4


@pytest.mark.fault("H2", "H3")
def test_a_day_that_is_used_up_ends_the_run_at_once_and_says_when_it_begins_anew(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.forget_calls()
        server.faults.add(Fault("rate_limited", policy="DAILY", path=LINKS))
        with pytest.raises(GuardError, match="day") as caught:
            pulled(crm)
        assert caught.value.exit_code == 6
        assert "midnight in the portal's time zone" in caught.value.remedy
        assert server.calls[-1].status == 429


@pytest.mark.fault("N6")
def test_a_slow_answer_is_waited_for_and_one_that_never_comes_is_asked_for_again(small, clock):
    free = threading.Event()
    with serving(small.portal, sleep=lambda _: free.wait(5)) as server:
        with connected(server, clock) as crm:
            crm.check()
            wanted = pulled(crm)
            crm._transport._client.timeout = httpx.Timeout(0.05)
            server.faults.add(Fault("slow", seconds=60, path=BATCH))
            found = pulled(crm)
            free.set()
            crm._transport._client.timeout = httpx.Timeout(5)
            server.faults.add(Fault("slow", seconds=1, path=BATCH))
            assert pulled(crm).rows == wanted.rows
        assert found.rows == wanted.rows


def test_a_batch_that_does_not_find_an_id_once_loses_nothing_but_until_the_next_run(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        wanted = pulled(crm)
        server.faults.add(Fault("missing", ids=(small.note,), path="objects/.*/notes/batch"))
        kept = pulled(crm)
        assert ("note", f"{small.first}/{small.note}") not in kept.rows
        clock.advance(hours=3)
        kept.pull(crm)
        assert kept.rows == wanted.rows


def test_a_deal_that_a_batch_does_not_find_is_asked_for_alone_before_it_is_gone(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        clock.advance(hours=3)
        small.portal.update("deals", small.first, {"amount": "5"}, 7)
        server.faults.add(Fault("missing", ids=(small.first,), path="objects/.*/deals/batch"))
        kept.pull(crm)
        assert small.first in kept.ids("deal")
        kept.pull(crm)
        assert kept.rows["deal", small.first].body["properties"]["amount"] == "5"


QUIRKS = [
    {"integer_association_ids": True},
    {"association_page": 1},
    {"association_page": 2, "integer_association_ids": True},
    {"report_no_associations": False},
    {"report_missing": False},
    {"text_sorted_ids": True},
    {"merges_in_batch": True},
    {"daily_on_search": True},
]


@pytest.mark.parametrize("quirks", QUIRKS, ids=str)
def test_the_habits_of_a_portal_change_no_row(small, clock, quirks):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        wanted = pulled(crm)
        small.portal.quirks.set(**quirks)
        kept = pulled(crm)
        assert kept.rows == wanted.rows
        clock.advance(hours=2)
        assert kept.pull(crm) == []
        small.portal.archive("deals", small.first)
        merged = small.portal.merge("deals", small.second, small.third)
        kept.pull(crm)
    assert merged in kept.ids("deal")
    assert not {small.first, small.second, small.third} & kept.ids("deal")


@pytest.mark.parametrize(
    "quirks", [{"epoch_dates": True}, {"short_dates": True}, {"cleared_is_null": False}], ids=str
)
def test_however_dates_and_nothing_are_written_the_opportunities_are_the_same(clock, quirks):
    portal = seeded_portal(7, clock=clock, opportunities=12)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        plain = pulled(crm)
        deals = sorted(plain.ids("deal"))
        wanted = {deal: opportunity(crm, plain, deal) for deal in deals}
        portal.quirks.set(**quirks)
        kept = pulled(crm)
        assert {deal: opportunity(crm, kept, deal) for deal in deals} == {
            deal: one.model_copy(update={"observed_at": crm._observed})
            for deal, one in wanted.items()
        }
        heads = [(h.closed_on, h.won) for h in kept.heads()]
        assert heads == [(h.closed_on, h.won) for h in plain.heads()]


@pytest.mark.fault("H9")
def test_a_merged_deal_answers_for_both_old_ids_wherever_the_merges_lead(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        middle = small.portal.merge("deals", small.first, small.second)
        last = small.portal.merge("deals", middle, small.third)
        clock.advance(hours=1)
        kept.pull(crm)
        rows = {one for one in kept.ids("deal") if kept.rows["deal", one].won is None}
        assert rows == {last}
        fresh = pulled(crm)
        assert kept.of(last) == fresh.of(last)


def many(clock, count, *, at=None, first=1000):
    """A portal with so many open deals, made a second apart, or all at one moment."""
    portal = empty_portal(clock)
    for number in range(count):
        moment = at or NOW - timedelta(days=30, seconds=number)
        values = {"dealname": f"D{number}", "pipeline": "default", "dealstage": OPEN}
        history = {name: [Version(value, moment)] for name, value in values.items()}
        portal.store.place(Record("deals", str(first + number), moment, moment, history))
    return portal


def small_searches(monkeypatch):
    """Pages of twenty and a cap of forty, so that a hundred records are many."""
    monkeypatch.setattr(scan, "SEARCH_PAGE", 20)
    monkeypatch.setattr(scan, "CAP", 40)


@pytest.mark.fault("T2")
@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("spread", [True, False])
def test_no_deal_is_lost_beyond_the_cap_nor_on_one_millisecond(clock, monkeypatch, text, spread):
    small_searches(monkeypatch)
    at = None if spread else NOW - timedelta(days=3)
    portal = many(clock, 110, at=at, first=950)  # ids of three and of four digits
    portal.quirks.set(search_cap=40, text_sorted_ids=text)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        assert len(kept.ids("deal")) == 110
        assert not [call for call in server.calls if call.status == 400]
        clock.advance(hours=2)
        assert kept.pull(crm) == []


@pytest.mark.slow
def test_more_than_ten_thousand_deals_on_one_millisecond_are_all_read(clock):
    portal = many(clock, 10_400, at=NOW - timedelta(days=3), first=95_000)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        assert len(pulled(crm).ids("deal")) == 10_400
        assert not [call for call in server.calls if call.status == 400]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("short_page", keep=3, path="deals/search", nth=2),
        Fault("short_page", keep=0, path="deals/search"),
        Fault("shuffled", path="deals/search", times=3),
        Fault("early", path="deals/search", times=9),
    ],
    ids=lambda f: f"{f.kind}-{f.keep}",
)
def test_a_search_of_several_pages_survives_its_index(clock, monkeypatch, fault):
    small_searches(monkeypatch)
    portal = many(clock, 100)
    portal.quirks.set(search_cap=40)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.faults.add(fault)
        kept = pulled(crm)
        assert len(kept.ids("deal")) == 100


def test_more_contacts_changed_on_one_millisecond_than_a_search_answers_are_all_read(
    clock, monkeypatch
):
    small_searches(monkeypatch)
    portal = empty_portal(clock)
    book = Book(portal, clock)
    deal = book.deal("One")
    for number in range(90):
        record = Record("contacts", str(100 + number), NOW, NOW, {"firstname": [Version("A", NOW)]})
        portal.store.place(record)
        portal.link_as_told(Link("deals", deal, "contacts", record.id))
    portal.quirks.set(search_cap=40, association_page=25)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        clock.advance(days=1)
        for record in portal.records("contacts"):  # an import
            portal.update("contacts", record.id, {"firstname": "B"}, 7)
        clock.advance(minutes=1)
        kept.pull(crm)
        cards = [row for row in kept.rows.values() if row.kind == "contact"]
        assert len(cards) == 90
        assert {row.body["properties"]["firstname"] for row in cards} == {"B"}


def test_our_own_ceiling_stops_before_the_call(small, clock):
    with (
        serving(small.portal) as server,
        connected(server, clock, inside=True, daily_calls=6) as crm,
    ):
        crm.check()
        with pytest.raises(GuardError, match="ceiling") as caught:
            pulled(crm)
        assert len(server.calls) == 6
        assert caught.value.exit_code == 6


@pytest.mark.fault("H2")
def test_a_part_of_the_day_is_left_to_others(clock):
    small = Small(clock, daily_limit=100)
    with (
        serving(small.portal) as server,
        connected(server, clock, inside=True, daily_reserve=0.9) as crm,
    ):
        crm.check()
        with pytest.raises(GuardError, match="left to others") as caught:
            pulled(crm)
        assert "daily_reserve" in caught.value.remedy
        assert len(server.calls) < 30
    with (
        serving(small.portal) as server,
        connected(server, clock, inside=True, daily_reserve=0) as crm,
    ):
        assert pulled(crm).rows


def test_the_quota_is_that_of_the_portal(clock):
    small = Small(clock, daily_limit=1000)
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        pulled(crm)
        # The last calls are of sorts that tell nothing of the day.
        assert crm.usage.quota_limit == 1000
        assert 0 < crm.usage.quota_used <= len(server.calls)
        assert crm.usage.calls == len(server.calls)


def test_a_pull_keeps_to_the_pace_of_a_portal_that_counts(clock):
    portal = seeded_portal(7, clock=clock, opportunities=40, pace=True, interval_limit=100)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        for _ in range(3):
            kept.pull(crm)
        assert not [call for call in server.calls if call.status == 429]
    assert sum(clock.slept) > 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 3), max_size=120), st.integers(1, 9), st.floats(0.5, 12))
def test_no_window_of_time_has_more_calls_than_it_may(gaps, most, seconds):
    now = [0.0]
    window = Window(most, seconds, lambda: now[0])
    sent = []
    for gap in gaps:
        now[0] += gap
        now[0] += window.wait()
        sent.append(now[0])
    for number, at in enumerate(sent[most:]):
        assert at - sent[number] >= seconds - 1e-9


def test_calls_of_several_threads_at_one_moment_are_spread():
    window = Window(2, 1.0, lambda: 0.0)
    assert [window.wait() for _ in range(6)] == [0, 0, 1, 1, 2, 2]


def paced(**asked):
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(lambda: now[0], sleep)
    return pace, now, slept


def test_the_pace_is_learnt_from_the_headers_and_is_four_fifths_of_the_limit():
    pace, _, slept = paced()
    pace.learn(
        {"x-hubspot-ratelimit-max": "10", "x-hubspot-ratelimit-interval-milliseconds": "5000"}
    )
    assert pace.interval == 5
    for _ in range(8):
        pace.wait(search=False, exempt=False)
    assert not slept
    pace.wait(search=False, exempt=False)
    assert slept == [5]
    pace.learn({"x-hubspot-ratelimit-max": "nonsense"})
    assert pace.interval == 5


def test_searches_go_four_a_second_and_associations_as_they_like():
    pace, _, slept = paced()
    for _ in range(200):
        pace.wait(search=False, exempt=True)
    for _ in range(4):
        pace.wait(search=True, exempt=False)
    assert not slept
    pace.wait(search=True, exempt=False)
    assert slept == [1]


def test_before_any_header_came_the_smallest_limit_counts():
    pace, _, slept = paced()
    for _ in range(80):
        pace.wait(search=False, exempt=False)
    assert not slept
    pace.wait(search=False, exempt=False)
    assert slept == [10]


def test_a_token_that_is_revoked_while_reading_is_an_access_error(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.faults.add(Fault("unauthorized", path=LINKS))
        with pytest.raises(AccessError, match="does not accept") as caught:
            pulled(crm)
        assert caught.value.exit_code == 3


def test_a_pull_that_fails_in_the_middle_moves_no_watermark_and_the_next_one_makes_up_for_it(
    small, clock
):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        marks = dict(kept.marks())
        clock.advance(hours=2)
        note = small.book.log("notes", ("deals", small.first), text="New")
        small.portal.update("deals", small.first, {"amount": "9"}, 7)
        clock.advance(minutes=1)
        crm.check()
        server.faults.add(Fault("status", status=503, path="objects/.*/notes/batch", times=5))
        with pytest.raises(RetryableError):
            kept.pull(crm)
        assert kept.marks() == marks
        clock.advance(hours=9)
        crm.check()
        kept.pull(crm)
        assert f"{small.first}/{note}" in kept.ids("note")
        assert kept.rows == pulled(crm).rows


def test_a_full_pull_says_that_every_kind_is_complete(small, clock):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        kept.rows["note", "x/1"] = kept.rows["note", f"{small.first}/{small.note}"]
        kept.pull(crm, full=True)
        assert "x/1" not in kept.ids("note")


def test_the_floor_is_what_full_batches_would_take(clock):
    portal = seeded_portal(7, clock=clock, opportunities=40)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        pulled(crm)
        assert crm.usage.floor <= crm.usage.calls <= 1.1 * crm.usage.floor + 2


def test_an_empty_portal_is_read_in_a_few_calls(clock):
    with serving(empty_portal(clock)) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        assert kept.rows == {}
        assert len(server.calls) <= 8
        assert kept.pull(crm) == []
        assert isinstance(kept, Kept)
