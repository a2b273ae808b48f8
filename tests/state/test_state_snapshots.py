"""Weekly snapshots: a past week reads as the records were then, whatever happened later."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from state_kit import NOW, ORG, content, open_store, opportunity, quick_folder, row

from crmrules.connector import Row
from crmrules.errors import StateError
from crmrules.state.prune import prune
from crmrules.state.retention import Retention
from crmrules.state.schema import snapshot
from crmrules.state.snapshots import Snapshots

DAY, WEEK = timedelta(days=1), timedelta(days=7)
SINCE = date(2026, 1, 1)  # won before: not judged any more


def taken(org, at=NOW):
    with org.transaction() as tx:
        return tx.snapshots.take(at, SINCE)


def at(org, moment):
    with org.reading() as tx:
        return list(tx.snapshots.at(moment))


def rows_in(org):
    with org.reading() as tx:
        query = select(func.count()).select_from(snapshot).where(snapshot.c.org == org.org)
        return tx.connection.execute(query).scalar_one()


# -- the oracle: a plain dict of records, and the rule in words what belongs to an opportunity -----
def belongs(records: dict[tuple[str, str], Row]) -> list[tuple[str, list[Row]]]:
    every = [records[key] for key in sorted(records)]
    opportunities = {r.id: r for r in every if r.kind == "Opportunity"}
    judged = [
        r
        for r in opportunities.values()
        if r.won is None or (r.won and (r.closed_on is None or r.closed_on >= SINCE))
    ]
    return [
        (
            head.id,
            [r for r in every if r.parent == head.id]
            + [r for r in every if head.account is not None and r.parent == head.account]
            + [
                r
                for r in opportunities.values()
                if head.account is not None and r.account == head.account and r.id != head.id
            ],
        )
        for head in judged
    ]


_ACCOUNTS = st.sampled_from([None, "001A", "001B"])
_OPPORTUNITIES = st.sampled_from(["006A", "006B", "006C", "006D"])
_END = st.sampled_from([{}, {}, {"won": True, "closed_on": date(2026, 6, 1)},
                        {"won": True, "closed_on": date(2025, 6, 1)},
                        {"won": False, "closed_on": date(2026, 6, 1)}])  # fmt: skip
_TEXT = st.sampled_from(["a", "b", "ümlaut \ud800", ""])
_CHANGE = st.one_of(
    st.builds(
        lambda id_, account, end, text: replace(opportunity(id_, account, **end), body={"x": text}),
        _OPPORTUNITIES,
        _ACCOUNTS,
        _END,
        _TEXT,
    ),
    st.builds(
        lambda n, parent, text: row("Task", f"00T{n}", parent, {"text": text, "n": n}),
        st.integers(0, 5),
        st.sampled_from(["006A", "006B", "006C", "001A", "001B"]),
        _TEXT,
    ),
    st.builds(lambda id_: row("Account", id_, id_, account=id_), st.sampled_from(["001A", "001B"])),
)
_STEP = st.tuples(
    st.lists(st.tuples(_CHANGE, st.booleans()), max_size=5), st.integers(0, 9), st.booleans()
)


@contextmanager
def organizations():
    """One store for all examples, each an organization of its own: tables are made once."""
    with quick_folder() as folder, open_store(Path(folder)) as store:
        numbers = count()
        yield lambda: store.for_org(f"org{next(numbers)}")


def live_through(org, steps) -> None:
    """Let records change, a snapshot come with each new week, and hold all weeks to the oracle."""
    records: dict[tuple[str, str], Row] = {}
    past: list[tuple[datetime, list[tuple[str, list[Row]]]]] = []
    now, names = NOW, set()
    for changes, days, pruned in steps:
        now += days * DAY
        with org.transaction() as tx:
            for one, gone in changes:
                tx.mirror.put([replace(one, gone=gone)], "r1")
                if gone:
                    records.pop((one.kind, one.id), None)
                else:
                    records[one.kind, one.id] = one
            name = now.isocalendar()[:2]
            assert tx.snapshots.due(now) is (name not in names)
            if name not in names:
                names.add(name)
                tx.snapshots.take(now, SINCE)
                past.append((now, belongs(records)))
        if pruned:
            prune(org.transaction, now, Retention(weeks=1000, snapshots=timedelta(days=9000)))
        for moment, expected in past:
            assert at(org, moment) == expected
        for (_, expected), (later, _) in pairwise(past):
            assert at(org, later - timedelta(seconds=1)) == expected


@pytest.mark.parametrize("examples", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_a_week_reads_as_the_records_were_then_whatever_happened_later(examples):
    with organizations() as next_one:

        @settings(deadline=None, max_examples=examples)
        @given(st.lists(_STEP, min_size=1, max_size=8))
        def holds(steps):
            live_through(next_one(), steps)

        holds()


def test_retention_takes_old_weeks_and_changes_none_that_is_kept():
    with organizations() as next_one:

        @settings(deadline=None, max_examples=5)
        @given(st.lists(_STEP, min_size=2, max_size=6), st.integers(1, 3))
        def holds(steps, weeks):
            keep_some(next_one(), steps, weeks)

        holds()


def keep_some(org, steps, weeks) -> None:
    for number, (changes, _, _) in enumerate(steps):
        with org.transaction() as tx:
            tx.mirror.put([replace(one, gone=gone) for one, gone in changes], "r1")
            tx.snapshots.take(NOW + number * WEEK, SINCE)
    before = {n: at(org, NOW + n * WEEK) for n in range(len(steps))}
    end = NOW + len(steps) * WEEK
    prune(org.transaction, end, Retention(weeks=weeks, snapshots=timedelta(days=9000)))
    with org.reading() as tx:
        kept = [(week.taken_at - NOW) // WEEK for week in tx.snapshots.weeks()]
    assert kept == [*range(len(steps))][-weeks:]
    assert {n: at(org, NOW + n * WEEK) for n in kept} == {n: before[n] for n in kept}
    assert at(org, NOW + (kept[0] - 1) * WEEK) == []


def test_of_other_opportunities_of_the_account_the_own_row_is_kept(tmp_path):
    lost = opportunity("006B", "001A", won=False, closed_on=date(2026, 6, 1))
    there = [
        opportunity("006A", "001A"),
        row("Account", "001A", "001A", account="001A"),
        row("Task", "00T1", "006A"),
    ]
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([*there, lost, row("Task", "00T2", "006B")], "r1")
        assert taken(org) == 3
        [(id_, rows)] = at(org, NOW)
        assert id_ == "006A"
        assert sorted(one.id for one in rows) == ["001A", "006A", "006B", "00T1"]
        assert lost in rows


def test_what_is_gone_is_in_no_later_week_and_in_the_earlier_ones_still(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006A"), opportunity("006B")], "r1")
        taken(org)
        with org.transaction() as tx:
            tx.mirror.put([replace(opportunity("006B"), gone=True)], "r2")
        assert taken(org, NOW + WEEK) == 1
        assert [id_ for id_, _ in at(org, NOW + WEEK)] == ["006A"]
        assert [id_ for id_, _ in at(org, NOW)] == ["006A", "006B"]


def test_what_did_not_change_costs_nothing(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006A", "001A"), opportunity("006B")], "r1")
            tx.mirror.put([row("Account", "001A", "001A", account="001A")], "r1")
        assert taken(org) == 3
        with org.transaction() as tx:  # seen again by another run, as it was
            tx.mirror.put([opportunity("006A", "001A")], "r2")
        assert taken(org, NOW + WEEK) == 0
        with org.transaction() as tx:
            tx.mirror.put([replace(opportunity("006B"), body={"x": 1})], "r3")
        assert taken(org, NOW + 2 * WEEK) == 1
        with org.reading() as tx:
            assert [week.name for week in tx.snapshots.weeks()] == [
                "2026-W48",
                "2026-W49",
                "2026-W50",
            ]


def test_a_week_has_one_snapshot_and_the_past_gets_none(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        taken(org)
        with org.transaction() as tx:
            for moment in (NOW, NOW + 2 * DAY, NOW - WEEK, NOW - 40 * WEEK):
                assert not tx.snapshots.due(moment)
                with pytest.raises(ValueError, match="already"):
                    tx.snapshots.take(moment)
            assert tx.snapshots.due(NOW + WEEK)


def test_the_week_is_that_of_the_organizations_own_time(tmp_path):
    sunday_evening = datetime(2026, 11, 29, 20, tzinfo=ZoneInfo("UTC"))
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        taken(org, sunday_evening.astimezone(ZoneInfo("America/New_York")))
        with org.transaction() as tx:
            monday = sunday_evening + timedelta(hours=2)
            assert not tx.snapshots.due(monday.astimezone(ZoneInfo("America/New_York")))
            assert tx.snapshots.due(monday.astimezone(ZoneInfo("Asia/Tokyo")))


def test_a_run_that_fails_leaves_no_half_snapshot(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity(f"006{n}") for n in range(450)], "r1")
        before = content(store)
        insert, calls = Snapshots._insert, count()

        def fails(*given):
            return insert(*given) + 0 // (1 - next(calls))

        monkeypatch.setattr(Snapshots, "_insert", fails)
        with pytest.raises(ZeroDivisionError):
            taken(org)
        monkeypatch.undo()
        assert content(store) == before
        assert taken(org) == 450


@pytest.mark.parametrize(
    ("stored", "days", "kept"),
    [(True, 4000, True), (False, 29, True), (False, 31, False)],
    ids=["closed", "just gone", "long gone"],
)
def test_what_vanished_from_the_crm_goes_from_all_weeks_30_days_later(tmp_path, stored, days, kept):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006A"), opportunity("006B")], "r1")
        taken(org, NOW - WEEK)
        closed = opportunity("006A", won=False, closed_on=NOW.date())
        with org.transaction() as tx:
            tx.mirror.put([closed if stored else replace(closed, gone=True)], "r2")
        taken(org, NOW)
        prune(org.transaction, NOW + days * DAY)
        ids = [id_ for id_, _ in at(org, NOW - WEEK)]
        assert ids == (["006A", "006B"] if kept else ["006B"])


def test_no_week_kept_means_no_row_kept(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006A", "001A")], "r1")
        taken(org)
        assert rows_in(org)
        prune(org.transaction, NOW, Retention(weeks=0))
        assert rows_in(org) == 0
        assert org.status().weeks == ()


def test_a_damaged_snapshot_is_an_error_of_the_store(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006A")], "r1")
        taken(org)
        with org.transaction() as tx:
            tx.connection.execute(update(snapshot).values(body=b"no zlib"))
        with pytest.raises(StateError, match="damaged"):
            at(org, NOW)
