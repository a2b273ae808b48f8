from __future__ import annotations

import resource
import tracemalloc
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, literal, update
from state_kit import NOW, ORG, at_length_on_postgres, open_store, opportunity, quick_folder, row

from crmrules.connector import Head
from crmrules.errors import StateError
from crmrules.findings import Episode, EpisodeStatus, TaskRecord, TaskStatus
from crmrules.state import Spool, mirror
from crmrules.state.schema import task


def _ids(rows):
    return sorted(r.id for r in rows)


@pytest.fixture
def tx(tmp_path):
    with open_store(tmp_path) as store, store.for_org(ORG).transaction() as tx:
        yield tx


def test_a_row_comes_back_as_it_went_in(tx):
    put = opportunity("006A", "001A", closed_on=date(2026, 5, 1), won=True)
    tx.mirror.put([put], "r1")
    assert tx.mirror.rows_of("006A") == [put]


@at_length_on_postgres
@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=())), max_size=4))
@settings(max_examples=30, deadline=None)
def test_any_text_of_a_crm_survives(body):
    with quick_folder() as folder, open_store(Path(folder)) as store:
        org = store.for_org(ORG)
        child = row("Task", "00T", "006A", body or {"": ""})
        with org.transaction() as tx:
            tx.mirror.put([opportunity("006A"), child], "r")
        with org.reading() as tx:
            assert tx.mirror.rows_of("006A")[1] == child


def test_an_opportunity_comes_with_its_account_and_its_siblings(tx):
    tx.mirror.put(
        [
            opportunity("006A", "001A"),
            opportunity("006B", "001A"),
            opportunity("006C", "001C"),
            opportunity("006D"),
            row("Task", "00TA", "006A", account="001A"),
            row("Task", "00TB", "006B", account="001A"),
            row("Task", "00TX", "001A", account="001A"),
            row("Account", "001A", "001A", account="001A"),
            row("Task", "00TC", "001C", account="001C"),
        ],
        "r1",
    )
    together = {id_: _ids(rows) for id_, rows in tx.mirror.opportunities()}
    assert together == {
        "006A": ["001A", "006A", "006B", "00TA", "00TX"],
        "006B": ["001A", "006A", "006B", "00TB", "00TX"],
        "006C": ["006C", "00TC"],
        "006D": ["006D"],
    }
    assert {id_: _ids(tx.mirror.rows_of(id_)) for id_ in together} == together
    assert tx.mirror.rows_of("001A") == []


def test_children_that_come_first_wait_for_their_opportunity(tx):
    tx.mirror.put([row("Task", "00T", "006A")], "r1")
    assert tx.mirror.rows_of("006A") == []
    tx.mirror.put([opportunity("006A")], "r2")
    assert _ids(tx.mirror.rows_of("006A")) == ["006A", "00T"]


def test_a_later_row_replaces_an_earlier_one_even_within_a_page(tx):
    tx.mirror.put([row("Task", "00T", "006A"), opportunity("006A"), opportunity("006B")], "r1")
    moved = row("Task", "00T", "006B", {"v": 2})
    tx.mirror.put([row("Task", "00T", "006A", {"v": 1}), moved], "r2")
    assert _ids(tx.mirror.rows_of("006A")) == ["006A"]
    assert moved in tx.mirror.rows_of("006B")


def test_gone_rows_are_removed(tx):
    tx.mirror.put([opportunity("006A"), row("Task", "00T", "006A")], "r1")
    tx.mirror.put([row("Task", "00T", "006A", gone=True)], "r2")
    assert _ids(tx.mirror.rows_of("006A")) == ["006A"]
    tx.mirror.put([opportunity("006A", gone=True)], "r3")
    assert list(tx.mirror.opportunities()) == []


def test_a_complete_listing_removes_what_it_did_not_show(tx):
    tx.mirror.put(
        [opportunity("006A"), row("Task", "00T1", "006A"), row("Task", "00T2", "006A")], "r1"
    )
    tx.mirror.put([row("Task", "00T2", "006A")], "r2")
    assert tx.mirror.complete("Task", "r2") == 1
    assert _ids(tx.mirror.rows_of("006A")) == ["006A", "00T2"]


def test_watermarks_that_are_not_named_stay(tx):
    assert tx.mirror.marks() == {}
    tx.mirror.set_marks({"Task": "1", "Event": "1"})
    tx.mirror.set_marks({"Task": "2"})
    tx.mirror.set_marks({})
    assert tx.mirror.marks() == {"Task": "2", "Event": "1"}


def test_the_asked_opportunities_are_the_open_the_named_and_the_lately_won(tx):
    tx.mirror.put(
        [
            opportunity("open"),
            opportunity("lost", closed_on=date(2026, 6, 1), won=False),
            opportunity("named", closed_on=date(2020, 6, 1), won=False),
            opportunity("won", closed_on=date(2026, 6, 1), won=True),
            opportunity("won long ago", closed_on=date(2020, 6, 1), won=True),
        ],
        "r1",
    )
    asked = tx.mirror.opportunities(judged_ids={"named"}, won_since=date(2026, 1, 1))
    assert [id_ for id_, _ in asked] == ["named", "open", "won"]
    assert [id_ for id_, _ in tx.mirror.opportunities(judged_ids=())] == ["open"]
    assert len(list(tx.mirror.opportunities())) == tx.mirror.count() == 5
    assert tx.mirror.count("Task") == 0


def test_pages_neither_lose_nor_repeat_an_opportunity(tx, monkeypatch):
    monkeypatch.setattr(mirror, "PAGE", 3)
    ids = [f"006{n:03d}" for n in range(20)]
    tx.mirror.put([opportunity(id_, f"001{n % 4}") for n, id_ in enumerate(ids)], "r1")
    assert [id_ for id_, _ in tx.mirror.opportunities()] == ids


def test_one_may_write_while_one_reads(tx):
    tx.mirror.put([opportunity(f"006{n:04d}") for n in range(1000)], "r1")
    seen = 0
    for id_, _ in tx.mirror.opportunities():
        tx.save(episodes=[Episode("rule", id_, 1, EpisodeStatus.PENDING, NOW, NOW)])
        assert len(tx.past(id_)[0]) == 1
        seen += 1
    assert seen == 1000


_OPP = st.sampled_from([f"006{n}" for n in range(6)])
_RULE = st.sampled_from(["a", "b", "c"])


@at_length_on_postgres
@given(
    st.lists(st.tuples(st.sampled_from(["save", "task", "drop", "read"]), _OPP, _RULE), max_size=40)
)
@settings(max_examples=40, deadline=None)
def test_reading_ahead_gives_what_a_plain_look_would(steps):
    episodes, tasks = {}, {}
    with quick_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmrules.state.episodes.WINDOW", 3)
        with open_store(Path(folder)) as store, store.for_org(ORG).transaction() as tx:
            for place, (what, opp, rule) in enumerate(steps):
                if what == "save":
                    status = EpisodeStatus.PENDING if place % 2 else EpisodeStatus.OPEN
                    new = Episode(rule, opp, place % 3 + 1, status, NOW, NOW + timedelta(place))
                    episodes[opp, rule, new.n] = new
                    tx.save(episodes=[new])
                elif what == "task":
                    record = TaskRecord(
                        f"k{rule}{opp}", rule, opp, 1, made_at=NOW, due=date(2026, 1, 1)
                    )
                    tasks[record.key] = record
                    tx.save(tasks=[record])
                elif what == "drop":
                    tx.save(dropped=[(rule, opp)])
                    episodes = {
                        k: e
                        for k, e in episodes.items()
                        if k[:2] != (opp, rule) or e.status is not EpisodeStatus.PENDING
                    }
                found = tx.past(opp)
                assert found[0] == [e for k, e in sorted(episodes.items()) if k[0] == opp]
                assert found[1] == [t for _, t in sorted(tasks.items()) if t.opportunity == opp]
            everything = [e for _, e in sorted(episodes.items())]
            assert list(tx.ledger.load_episodes()) == everything
            assert list(tx.ledger.load_tasks()) == sorted(
                tasks.values(), key=lambda t: (t.opportunity, t.key)
            )


def test_a_task_comes_back_with_its_evidence_or_with_none(tx):
    told = TaskRecord("k1", "r", "006A", 1, evidence=("00T1", "0Q02"), accepted_at=NOW)
    blank = TaskRecord("k2", "r", "006A", 1)
    nothing = TaskRecord("k3", "r", "006A", 1, evidence=())
    tx.save(tasks=[told, blank, nothing])
    assert tx.past("006A")[1] == [told, blank, nothing]


@pytest.mark.parametrize("stored", ['"00T"', "[1]", "{}"])
def test_evidence_that_is_no_list_of_ids_is_a_damaged_store(tx, stored):
    tx.save(tasks=[TaskRecord("k1", "r", "006A", 1)])
    tx.connection.execute(update(task).values(evidence=literal(stored.encode(), LargeBinary())))
    with pytest.raises(StateError, match="damaged"):
        tx.past("006A")


def test_what_does_not_fit_the_window_is_not_torn(tx, monkeypatch):
    monkeypatch.setattr("crmrules.state.episodes.WINDOW", 3)
    for opp in ("006A", "006B", "006C"):
        tx.save(Episode(f"r{n}", opp, 1, EpisodeStatus.OPEN, NOW, NOW) for n in range(5))
        tx.save(tasks=[TaskRecord(f"{opp}{n}", "r", opp, 1) for n in range(2)])
    tx.past("000")  # forget which ones were just written
    for opp in ("006A", "006B", "006C", "006A"):
        episodes, tasks = tx.past(opp)
        assert (len(episodes), len(tasks)) == (5, 2)
    assert len(list(tx.ledger.load_episodes())) == 15
    assert len(list(tx.ledger.load_tasks())) == 6


def test_what_still_concerns_us_is_watched(tx):
    ended = Episode("r", "ended", 1, EpisodeStatus.ENDED, NOW, NOW)
    going = Episode("r", "open", 1, EpisodeStatus.OPEN, NOW, NOW)
    done = TaskRecord("k1", "r", "done", 1, status=TaskStatus.COMPLETED)
    asking = TaskRecord("k2", "r", "asking", 1, status=TaskStatus.SNOOZED)
    tx.save([ended, going], [done, asking])
    assert tx.watched() == {"open", "asking"}
    assert tx.ledger.tasks(["k2", "k3"]) == {"k2": asking}


def test_the_spool_keeps_lists_apart_and_in_order(tmp_path):
    with Spool() as spool:
        for n in range(1201):
            spool.add("findings", {"n": n})
            spool.add("writes", n)
        assert [item["n"] for item in spool.read("findings")] == list(range(1201))
        assert list(spool.read("writes")) == list(range(1201))
        assert (spool.count("writes"), spool.count("none")) == (1201, 0)
        assert list(spool.read("none")) == []


@at_length_on_postgres
@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path):
    """200,000 rows are written, read and undone in one transaction in what 20,000 need."""
    peaks = []
    for pages in (10, 100):
        with open_store(tmp_path) as store, store.for_org(ORG).dry_run() as tx:
            tracemalloc.start()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for page in range(pages):
                tx.mirror.put([_wide(page * 2000 + n) for n in range(2000)], "plan")
            assert sum(len(rows) for _, rows in tx.mirror.opportunities()) == pages * 2000
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert peaks[1] < 1.3 * peaks[0]
    assert grown < 30_000  # KiB: SQLite's own memory, which tracemalloc does not see


def _wide(n):
    parent = f"006{n - n % 10:09d}"
    body = {f"field{k}": "some words of the customer" for k in range(10)}
    if n % 10 == 0:
        return row("Opportunity", parent, parent, body)
    return row("Task", f"00T{n:09d}", parent, body)


def test_heads_tell_every_stored_opportunity_and_nothing_else(tx):
    tx.mirror.put(
        [
            opportunity("006B", "001A", closed_on=date(2026, 5, 1), won=True),
            opportunity("006A"),
            row("Account", "001A", "001A", account="001A"),
            row("Task", "00TA", "006A"),
        ],
        "r1",
    )
    assert list(tx.mirror.heads()) == [
        Head("006A", None, None, None),
        Head("006B", "001A", date(2026, 5, 1), won=True),
    ]


def test_children_are_the_rows_under_the_parents_asked_for(tx):
    tx.mirror.put(
        [
            opportunity("006A"),
            row("Task", "00TA", "006A"),
            row("Task", "00TB", "006B"),
            row("Event", "00UX", "001A", account="001A"),
        ],
        "r1",
    )
    found = {(child.parent, child.kind, child.id) for child in tx.mirror.children(["006A", "001A"])}
    assert found == {
        ("006A", "Opportunity", "006A"),
        ("006A", "Task", "00TA"),
        ("001A", "Event", "00UX"),
    }
    assert list(tx.mirror.children([])) == []
    assert {child.stamp for child in tx.mirror.children(["006A"])} == {
        one.stamp for one in tx.mirror.rows_of("006A")
    }
