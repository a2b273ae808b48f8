"""A rule set that changed: a new rule counts once before it asks, and a flood stops at the guard.

The guard's preview is the plan: same shape, same writes, and nothing of it happened.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from datetime import timedelta

import pytest
from crms import slow_on_hubspot
from world import EARLY, LATER, RULES, SETTLED, rule

from crmrules import cli

SIZE = 14
DATED = "e2e-dated"
AT_ONCE = rule(DATED, severity="P1", phases="recognition, evaluation, concerns").replace(
    "majors_only: false", "majors_only: false\ndated_event: true"
)
STATE_OF_A_RUN = ("lease", "meta", "run")
pytestmark = pytest.mark.fault("R6")


@pytest.fixture
def world(crm, tmp_path):
    with crm(tmp_path / "world", opportunities=SIZE) as world:
        yield world.settle()


def actions(ran) -> set[str]:
    return {write["action"] for write in ran.writes}


def held(ran, name: str) -> set[str | None]:
    return {f["held_back"] for f in ran.json["findings"] if f["rule"] == name}


def by_rule(ran, name: str) -> list[dict]:
    return [write for write in ran.writes if write["rule"] == name]


@slow_on_hubspot
def test_a_rule_that_opens_at_once_is_only_counted_by_the_first_run_that_knows_it(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE, rules={DATED: AT_ONCE}) as world:
        planned = world.plan()
        first = world.synced()
        assert held(first, DATED) == {"shadow"}
        assert first.writes == planned.writes
        assert actions(first) == {"set_flags"}
        assert {tuple(one["flags"]) for one in world.fields().values()} == {()}
        settled = [w for w in first.json["once_settled"] if w["action"] == "create_task"]
        again = world.plan()
        second = world.synced()
        assert second.writes == again.writes
        assert by_rule(second, DATED)
        assert sorted(w["key"] for w in settled) == sorted(w["key"] for w in by_rule(second, DATED))


@pytest.mark.slow
def test_a_rule_added_to_an_old_organization_is_counted_first_as_well(world):
    world.synced()
    change(world, RULES | {DATED: AT_ONCE})
    first = world.synced()
    assert held(first, DATED) == {"shadow"}
    assert by_rule(first, DATED) == []
    world.tasks = {"open_per_opportunity": 9}
    world.configure()
    assert by_rule(world.synced(), DATED)


@pytest.mark.slow
def test_nothing_waits_where_somebody_set_the_settle_time_to_nothing(crm, tmp_path):
    rules, tasks = {DATED: AT_ONCE, EARLY: RULES[EARLY]}, {"settle_hours": 0}
    with crm(tmp_path, opportunities=SIZE, rules=rules, tasks=tasks) as world:
        first = world.synced()
        assert by_rule(first, DATED)
        assert by_rule(first, EARLY)


@pytest.mark.slow
def test_what_a_plan_sees_does_not_count_as_a_run(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE, rules={DATED: AT_ONCE}) as world:
        world.plan()
        world.plan()
        assert held(world.synced(), DATED) == {"shadow"}


@pytest.mark.slow
def test_after_a_lost_state_our_tasks_tell_which_rules_were_there(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE, rules={DATED: AT_ONCE}) as world:
        world.synced()
        world.synced()
        before = world.dump()
        world.forget()
        later = RULES[LATER].replace("severity: P1", "severity: P1\ndated_event: true")
        change(world, {DATED: AT_ONCE, LATER: later})
        ran = world.synced()
        assert "shadow" not in held(ran, DATED)
        assert held(ran, LATER) == {"shadow"}
        assert world.dump() == before


def change(world, rules: dict[str, str]) -> None:
    """Change the rules, and make what the CRM needs for them."""
    world.rules = rules
    world.configure()
    world.prepare()


def stopped(world, *words: str):
    """Sync, and hold it to: exit 6, the plan's own preview, these words, and nothing done."""
    crm, state = world.dump(), world.tables(*STATE_OF_A_RUN)
    planned = world.plan()
    assert all(word in planned.err for word in ("a sync would stop", *words)), planned.err
    ran = world.sync()
    assert ran.code == 6
    assert [word for word in words if word not in ran.err] == []
    assert ran.err.rstrip().splitlines()[-1].startswith("  -> ")
    shape = {name: ran.json[name] for name in ("findings", "writes", "once_settled", "problems")}
    assert shape == {name: planned.json[name] for name in shape}
    assert ran.json["done"] == 0
    assert ran.writes
    assert world.dump() == crm
    assert world.tables(*STATE_OF_A_RUN) == state
    return ran


@slow_on_hubspot
def test_a_stopped_run_says_what_it_would_have_done_and_leaves_no_trace(world):
    world.guard = {"max_writes": 3}
    world.configure()
    ran = stopped(world, "the limit is 3", "--max-writes")
    assert actions(ran) == {"create_task", "set_flags"}


@pytest.mark.slow
def test_all_guards_that_stop_a_run_are_told_at_once(world):
    world.guard = {"max_writes": 3, "max_share_flagged": 0.1}
    world.configure()
    stopped(world, "the limit is 3", "--max-writes", "10%", "max_share_flagged")


@pytest.mark.slow
def test_the_text_of_a_stopped_run_names_rules_people_and_opportunities(world, capsys):
    world.guard = {"max_writes": 3}
    world.configure()
    writes = [w for w in world.plan().writes if w["action"] == "create_task"]
    now = ["--as-of", world.now.isoformat()]
    assert cli.run(["sync", "--config", str(world.config), *now]) == 6
    told = capsys.readouterr()
    lines = dict(line.split(": ", 1) for line in told.out.splitlines() if ": " in line)
    assert told.out.startswith("stopped by a guard, nothing was written; it would have been:\n")
    for name, title in (("rule", "task writes by rule"), ("owner", "task writes by owner")):
        for value in {write[name] for write in writes}:
            number = sum(write[name] == value for write in writes)
            assert re.search(rf"(^|, |\(){re.escape(value)}\)? {number}(, |$)", lines[title])
    affected = lines["most affected opportunities"]
    assert any(f"({write['opportunity']}) " in affected for write in writes)
    assert EARLY in lines["findings with a flag by rule"]
    assert "the limit is 3" in told.err


@pytest.mark.slow
def test_a_new_rule_that_would_flood_everybody_stops_before_the_first_write(world):
    world.synced()
    world.guard = {"max_writes": 3}
    world.tasks = {"open_per_opportunity": 9, "new_per_owner_per_day": 99, "open_per_owner": 99}
    change(world, RULES | {"e2e-flood": rule("e2e-flood", phases="recognition, evaluation")})
    assert by_rule(world.synced(), "e2e-flood") == []
    world.advance(SETTLED)
    ran = stopped(world, "the limit is 3")
    assert len(by_rule(ran, "e2e-flood")) > 3


@slow_on_hubspot
def test_a_threshold_that_would_close_most_tasks_stops_before_the_first_write(world):
    world.synced()
    open_tasks = {task["key"] for task in world.our_tasks() if task["rule"] == EARLY}
    assert len(open_tasks) > 3
    world.advance(timedelta(hours=1))
    world.guard = {"max_writes": 3}
    later = RULES[EARLY].replace("days: {value: 0", "days: {value: 9000")
    assert later != RULES[EARLY]
    change(world, RULES | {EARLY: later})
    ran = stopped(world, "the limit is 3", "the rules changed since the last sync")
    closing = {w["key"] for w in ran.writes if w["action"] == "complete_task"}
    assert closing == open_tasks
    number = world.sync().err.partition("--max-writes ")[2].split(".")[0]
    done = world.synced("--max-writes", number)
    assert done.writes == ran.writes
    assert {t["status"] for t in world.our_tasks() if t["key"] in closing} == {"completed"}


@pytest.mark.slow
def test_a_rule_taken_out_asks_nothing_and_takes_its_tasks_along(world):
    world.synced()
    mine = {task["key"] for task in world.our_tasks() if task["rule"] == EARLY}
    world.advance(timedelta(hours=1))
    (world.folder / "rules" / f"{EARLY}.yml").unlink()
    change(world, {LATER: RULES[LATER]})
    ran = world.synced()
    assert actions(ran) <= {"set_flags", "cancel_task"}
    assert {w["key"] for w in ran.writes if w["action"] == "cancel_task"} == mine


@pytest.mark.slow
def test_of_several_configurations_one_that_is_stopped_shows_its_plan_and_the_next_goes_on(
    world, monkeypatch, capsys
):
    world.guard = {"max_writes": 3}
    world.configure()
    small = world.folder / "small.toml"
    small.write_text(world.config.read_text())
    world.guard = {}
    world.configure()
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    when = ["--as-of", world.now.isoformat(), "--format", "json"]
    code = cli.run(["sync", "--all", str(small), str(world.config), *when])
    world.process_ended()
    told = capsys.readouterr()
    stopped, done = json.loads(told.out)
    assert (code, stopped["exit"], done["exit"]) == (6, 6, 0)
    assert "the limit is 3" in stopped["error"]
    assert stopped["report"]["writes"] == done["report"]["writes"]
    assert (stopped["report"]["done"], done["report"]["done"]) == (0, len(done["report"]["writes"]))


@pytest.mark.slow
def test_the_run_is_remembered_as_stopped_by_a_guard(world):
    world.guard = {"max_writes": 3}
    world.configure()
    assert world.sync().code == 6
    with contextlib.closing(sqlite3.connect(world.state)) as connection:
        assert connection.execute("SELECT exit FROM run ORDER BY n").fetchall()[-1] == (6,)


@slow_on_hubspot
def test_rule_files_that_are_not_those_that_ran_last_are_told_until_a_sync_has_run_them(world):
    def told(ran) -> list[str]:
        return [p["remedy"] for p in ran.json["problems"] if "rule files" in p["what"]]

    assert told(world.plan()) == []
    world.overlay = f"{EARLY}: {{mode: shadow}}\n"  # the overlay is ops' own doing
    world.configure()
    assert told(world.plan()) == []
    world.rules = {**world.rules, EARLY: rule(EARLY).replace("days: {value: 0", "days: {value: 3")}
    world.configure()
    [remedy] = told(world.plan())
    assert "crmrules rules diff" in remedy
    assert told(world.synced()) == [remedy]
    assert told(world.plan()) == []
