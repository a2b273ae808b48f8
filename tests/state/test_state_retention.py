"""What goes with time, and that no plan can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update
from state_kit import (
    NOW,
    ORG,
    Clock,
    Wish,
    create,
    flags,
    open_store,
    opportunity,
    quick_folder,
)

from crmrules.connector import CreateTask, Outcome, Result
from crmrules.findings import Episode, EpisodeStatus, TaskRecord, TaskStatus
from crmrules.findings.hold import asked, not_true
from crmrules.findings.life import Cleared
from crmrules.findings.tasks import Answer as Said
from crmrules.findings.tasks import CoolDowns
from crmrules.state import Answer, IntentState, prune
from crmrules.state.retention import Remains, Retention, Settled, overdue
from crmrules.state.schema import audit, outbox, run

KEEP = Retention()
DAY = timedelta(days=1)
OPEN, ENDED = EpisodeStatus.OPEN, EpisodeStatus.ENDED


def ended(n: int, days: int, rule: str = "r") -> Episode:
    """An episode that ended so many days ago."""
    end = NOW - days * DAY
    return Episode(rule, "006A", n, ENDED, end, end, end, end, Cleared.CLEARED)


def going(n: int, rule: str = "r") -> Episode:
    return Episode(rule, "006A", n, OPEN, NOW - 900 * DAY, NOW, NOW - 900 * DAY)


def task(n: int, days: int, status: TaskStatus = TaskStatus.COMPLETED) -> TaskRecord:
    at = NOW - days * DAY
    end = None if status.unfinished else at
    return TaskRecord(f"k{n}", "r", "006A", n, status=status, made_at=at, ended_at=end)


def write(id_: int, days: int, state: IntentState = IntentState.DONE, n: int = 1) -> Settled:
    return Settled(id_, state, NOW - days * DAY, f"k{n}", "r")


@pytest.mark.parametrize(
    ("remains", "goes"),
    [
        (Remains(True, [ended(1, 90)], (), [write(1, 400)]), [1]),
        (Remains(True, [ended(1, 89)], (), [write(1, 400)]), []),  # its finding ended lately
        (Remains(True, [ended(1, 400)], (), [write(1, 89)]), []),  # it was made lately
        (Remains(True, [going(1)], (), [write(1, 400)]), []),  # its finding goes on
        (Remains(True, [ended(1, 400), going(2)], (), [write(1, 400)]), []),  # it came back
        (Remains(True, [ended(1, 400)], [task(1, 400, TaskStatus.OPEN)], [write(1, 400)]), []),
        (Remains(True, (), (), [Settled(1, IntentState.DONE, NOW - 90 * DAY)]), [1]),  # flags
        (Remains(True, (), (), [write(1, 90, IntentState.MOOT)]), [1]),
        *(
            (Remains(True, [ended(1, 900)], (), [write(1, 900, state)]), [])
            for state in IntentState
            if state not in (IntentState.DONE, IntentState.MOOT)
        ),
    ],
)
def test_a_write_goes_when_it_is_settled_and_its_finding_long_over(remains, goes):
    assert overdue(remains, NOW, KEEP).writes == goes


@pytest.mark.parametrize(
    ("remains", "goes"),
    [
        (Remains(False, [ended(1, 400)], [task(1, 400)]), ["k1"]),
        (Remains(True, [ended(1, 400)], [task(1, 400)]), []),  # the CRM still shows it
        (Remains(False, [ended(1, 400)], [task(1, 399)]), []),
        (Remains(False, [ended(1, 399)], [task(1, 400)]), []),
        (Remains(False, [going(1)], [task(1, 400)]), []),
        (Remains(False, [ended(1, 900)], [task(1, 900)], [write(1, 900, IntentState.UNKNOWN)]), []),
        (Remains(False, [ended(1, 400)], [task(1, 400, TaskStatus.OPEN)]), ["k1"]),
    ],
)
def test_a_task_goes_400_days_after_its_end_with_its_opportunity(remains, goes):
    assert overdue(remains, NOW, KEEP).tasks == goes


@pytest.mark.parametrize(
    ("remains", "goes"),
    [
        (Remains(True, [ended(1, 400), ended(2, 400)]), [("r", 1)]),
        (Remains(False, [ended(7, 4000)]), []),  # its number must not come back
        (Remains(True, [ended(1, 399), ended(2, 100)]), []),
        (Remains(True, [ended(1, 400), going(2)]), [("r", 1)]),
        (Remains(True, [ended(1, 400), ended(2, 10)], [task(1, 10)]), []),  # of a task kept
        (Remains(True, [ended(1, 400, "a"), ended(2, 400, "b")]), []),
    ],
)
def test_an_episode_goes_only_when_a_later_one_has_its_number(remains, goes):
    assert overdue(remains, NOW, KEEP).episodes == goes


# -- no plan can tell ------------------------------------------------------------------------------
# Long ago, twice as often: random histories seldom are, and then nothing would be removed.
_AGO = st.one_of(st.integers(0, 900), st.integers(401, 900))
_EPISODE = st.builds(
    lambda opp, rule, n, ago, status: replace(
        ended(n, ago, rule) if status is ENDED else replace(going(n, rule), status=status),
        opportunity=opp,
    ),
    st.sampled_from(["006A", "006B"]),
    st.sampled_from(["r", "s"]),
    st.integers(1, 3),
    _AGO,
    st.sampled_from([*EpisodeStatus]),
)
_TASK = st.builds(
    lambda episode, status, ago, answer: replace(
        task(episode.n, ago, status),
        key=_key(episode),
        rule=episode.rule,
        opportunity=episode.opportunity,
        answer=None if status.unfinished else answer,
    ),
    _EPISODE,
    st.sampled_from([*TaskStatus]),
    _AGO,
    st.sampled_from([None, *Said]),
)
_INTENT = st.tuples(_EPISODE, st.sampled_from([*IntentState]), _AGO)


def _key(episode: Episode) -> str:
    return f"cr1:{episode.n}:o:{episode.opportunity}{episode.rule}"


def _wish(episode: Episode) -> Wish:
    made = create(_key(episode)).write
    return Wish(made, episode.opportunity, rule=episode.rule)


def _seen_by_a_plan(org, stored: set[str]) -> dict:
    """All that deciding reads of the past, of the opportunities it can meet."""
    seen = {}
    with org.dry_run() as tx:
        seen["watched"] = tx.watched() & stored
        for opp in sorted(stored):
            episodes, tasks = tx.past(opp)
            latest = {e.rule: e for e in episodes}
            seen[opp] = sorted(latest.values(), key=lambda e: e.rule), tasks
            for rule, episode in latest.items():
                mine = [t for t in tasks if t.rule == rule]
                ends = [CoolDowns().until(t) for t in mine if t.episode < episode.n]
                cool = any(end is not None and end > NOW for end in ends)
                seen[opp, rule] = asked(episode, mine), not_true(episode, mine), cool
        tx.outbox.recover()
        seen["unknown"] = [(i.id, i.key) for i in tx.outbox.unknown()]
        for opp in ("006A", "006B"):  # one that vanished may come back
            latest = {e.rule: e for e in tx.past(opp)[0]}
            seen["numbers", opp] = {rule: e.n for rule, e in latest.items()}
            for rule, episode in latest.items():
                wanted = [replace(episode, n=episode.n + 1)]
                wanted += [episode] if episode.active else []
                found = tx.outbox.plan([_wish(each) for each in wanted], "next")
                seen["outbox", opp, rule] = found
    return seen


def _possible(history):
    """Leave out creates of an episode that never was: both are committed together."""
    episodes, tasks, intents, stored = history
    newest: dict[tuple[str, str], int] = {}
    for each in episodes:
        place = each.opportunity, each.rule
        newest[place] = max(each.n, newest.get(place, 0))
    made = [i for i in intents if i[0].n <= newest.get((i[0].opportunity, i[0].rule), 0)]
    return episodes, tasks, made, stored


_HISTORY = st.tuples(
    st.lists(_EPISODE, max_size=8, unique_by=lambda e: (e.opportunity, e.rule, e.n)),
    st.lists(_TASK, max_size=6, unique_by=lambda t: t.key),
    st.lists(_INTENT, max_size=6, unique_by=lambda i: _key(i[0])),
    st.sets(st.sampled_from(["006A", "006B"])),
).map(_possible)


def _remember(org, episodes, tasks, intents, stored) -> None:
    with org.transaction() as tx:
        tx.mirror.put([opportunity(id_) for id_ in stored], "r1")
        tx.save(episodes=episodes, tasks=tasks)
        tx.outbox.plan([_wish(episode) for episode, _, _ in intents], "r1")
        for n, (_, state, ago) in enumerate(intents, 1):
            values = {"state": str(state), "last_attempt": NOW - ago * DAY}
            mine = (outbox.c.org == org.org, outbox.c.id == n)
            tx.connection.execute(update(outbox).where(*mine).values(**values))


def test_the_next_run_decides_as_if_nothing_had_been_removed(tmp_path, database):
    removed = []
    with open_store(tmp_path) as store:

        @settings(max_examples=20 if database == "sqlite" else 15, deadline=None)
        @given(_HISTORY)
        def holds(history):
            org = store.for_org(f"00D{len(removed)}")
            _remember(org, *history)
            before = _seen_by_a_plan(org, history[3])
            pruned = prune.prune(org.transaction, NOW)
            removed.append(pruned.rows.total())
            assert _seen_by_a_plan(org, history[3]) == before

        holds()
    assert any(removed)  # or it would have shown nothing


# -- in the store ----------------------------------------------------------------------------------
def _count(org, table) -> int:
    with org.reading() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_runs_and_the_audit_go_after_400_days_by_the_clock_of_the_database(tmp_path):
    today = datetime.now(UTC)
    with open_store(tmp_path, Clock(today)) as store:
        org = store.for_org(ORG)
        common = {"org": ORG, "action": "a", "opportunity": "006A", "result": "d", "run": "r1"}
        ages = (500, 401, 399, 0)
        with org.transaction() as tx:
            tx.connection.execute(
                insert(audit),
                [
                    common | {"id": n, "at": today - age * DAY, "rules_hash": "h"}
                    for n, age in enumerate(ages, 1)
                ],
            )
            tx.connection.execute(
                insert(run),
                [
                    {"org": ORG, "id": f"r{n}", "n": n, "command": "sync", "rules_hash": "h"}
                    | {"started": today - age * DAY, "as_of": today - age * DAY}
                    for n, age in enumerate(ages, 1)
                ],
            )
        org.prune(today)
        assert (_count(org, audit), _count(org, run)) == (2, 2)
        org.prune(today + 5000 * DAY)  # a clock of ours that runs ahead
        assert (_count(org, audit), _count(org, run)) == (2, 1)


def test_the_newest_rows_stay_so_that_numbers_go_on(tmp_path):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.lease("sync") as fence, org.run(NOW, "h"):
            with org.transaction() as tx:
                tx.outbox.plan([flags("006A", "x"), flags("006B", "x")], "r1")
            for intent in org.take(fence, 5):
                with org.transaction() as tx:
                    done = [Answer(intent, Outcome(Result.DONE))]
                    tx.outbox.settle(done, run="r1", now=NOW)
        org.prune(NOW + 3000 * DAY)
        assert _count(org, outbox) == 1
        with org.transaction() as tx:
            tx.outbox.plan([flags("006A", "y")], "r9")
        with org.reading() as tx:
            assert [i.id for i in tx.outbox.intents(IntentState.PLANNED)] == [3]


def test_it_is_done_once_a_day_and_goes_on_where_the_time_was_over(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        with org.transaction() as tx:
            tx.save(
                episodes=[
                    replace(ended(n, 500), opportunity=f"006{k}") for k in range(5) for n in (1, 2)
                ]
            )
        assert prune.prune(org.transaction, NOW - 500 * DAY).rows.total() == 0
        assert prune.prune(org.transaction, NOW - 500 * DAY + timedelta(hours=23)) is None
        monkeypatch.setattr(prune, "STRETCH", 2)
        monkeypatch.setattr(prune, "SECONDS", 2.0)
        ticks = iter(range(1000))
        monkeypatch.setattr(
            prune, "monotonic", lambda: next(ticks) / 2
        )  # a look at it: half a second
        removed, runs = 0, 0
        while True:
            pruned = prune.prune(org.transaction, NOW)
            removed, runs = removed + pruned.rows["episode"], runs + 1
            if pruned.complete:
                break
            assert pruned.rows["episode"] <= 4
        assert (removed, runs > 1) == (5, True)
        assert prune.prune(org.transaction, NOW) is None


def test_a_removal_that_fails_does_not_fail_the_run(tmp_path, monkeypatch):
    def fail(*_):
        from crmrules.errors import StateError

        raise StateError("the disk is full", remedy="x")

    monkeypatch.setattr("crmrules.state.organization.prune", fail)
    with open_store(tmp_path) as store:
        store.for_org(ORG).prune(NOW)


# -- five hundred days -----------------------------------------------------------------------------
def _live(org, clock, day: int) -> None:
    """One day of a steady organization: opportunities come and close, findings come and go."""
    now = clock.now
    with org.lease("sync") as fence, org.run(now, "h") as ran:
        with org.transaction(fence) as tx:
            new = [f"006{day:05d}{n}" for n in range(3)]
            tx.mirror.put([opportunity(id_, body={"Text": "x" * 600}) for id_ in new], ran.id)
            closing = [f"006{day - 60:05d}{n}" for n in range(3)]
            won = {"closed_on": now.date(), "won": True}
            tx.mirror.put(
                [opportunity(id_, body={"Text": "x" * 600}, **won) for id_ in closing], ran.id
            )
            tx.mirror.forget([f"006{day - 200:05d}{n}" for n in range(3)])  # out of the pull
            wishes, tasks = [], []
            for id_ in new:
                key = f"cr1:1:o:{id_}"
                made = create(key).write
                wishes += [Wish(CreateTask(key, made.task), id_, rule="r"), flags(id_, "r")]
                tasks.append(TaskRecord(key, "r", id_, 1, made_at=now))
            opened = [Episode("r", id_, 1, OPEN, now, now, now) for id_ in new]
            over = [
                Episode("r", id_, 1, ENDED, now, now, now, now, Cleared.CLOSED) for id_ in closing
            ]
            wishes += [flags(id_) for id_ in closing]
            done = [
                TaskRecord(
                    f"cr1:1:o:{id_}",
                    "r",
                    id_,
                    1,
                    status=TaskStatus.COMPLETED,
                    made_at=now,
                    ended_at=now,
                )
                for id_ in closing
            ]
            tx.save(episodes=[*opened, *over], tasks=[*tasks, *done])
            tx.outbox.plan(wishes, ran.id)
        taken = org.take(fence, 100)
        with org.transaction(fence) as tx:
            done = [Answer(intent, Outcome(Result.DONE, "00T")) for intent in taken]
            tx.outbox.settle(done, run=ran.id, now=now)
        org.prune(now)


def _size(store) -> int:
    with store.reading() as connection:
        if store.file is not None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
            return (pages - free) * 4096
        return sum(
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in ("run", "audit", "outbox", "task", "episode", "record")
        )


def steady(store, days: int, clock: Clock) -> list[int]:
    """Live so many days up to today; return the size of what is kept at the end of each."""
    org, sizes = store.for_org(ORG), []
    for day in range(days):
        _live(org, clock, day + 1000)
        clock.sleep(days=1)
        sizes.append(_size(store))
    return sizes


@pytest.mark.torture
def test_a_steady_organization_stops_growing():
    """Of 500 days the last 60 add what the highest episode numbers take, and nothing else."""
    days = 500
    with quick_folder() as folder:
        clock = Clock(datetime.now(UTC) - days * DAY)
        with open_store(Path(folder), clock) as store:
            sizes = steady(store, days, clock)
    month = (sizes[-1] / sizes[-61]) ** 0.5 - 1
    assert month < 0.01, [sizes[day] for day in range(0, days, 30)]
