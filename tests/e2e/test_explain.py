"""What ``explain`` tells of a finding: as of when, and what became of it."""

from __future__ import annotations

import contextlib
import io
from datetime import timedelta

import pytest
from crms import slow_on_hubspot
from world import CONCERNS, EARLY, LATER, World, rule

from crmrules import cli
from crmrules_sandbox.scenario.outline import WON

COPIED = rule().replace("majors_only: false", "majors_only: false\ncopy_manager: true")


def told(world: World, opportunity: str, *options: str) -> str:
    """Return the text about one opportunity and the early rule."""
    args = ["explain", opportunity, "--config", str(world.config), "--rule", EARLY, *options]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), world._awake():
        assert cli.run([*args, "--as-of", world.now.isoformat()]) == 0
    return out.getvalue()


def became(world: World, opportunity: str, *options: str) -> list[str]:
    """Return the last lines about the early rule: its episodes, and what became of them."""
    lines = [line.strip() for line in told(world, opportunity, *options).splitlines()]
    words = ("episode", "task", "manager's copy", "held back", "would ask", "no task")
    return [line for line in lines if line.startswith(words)]


def data(world: World, opportunity: str, name: str = EARLY) -> dict:
    ran = world.run("explain", opportunity, "--rule", name)
    [found] = ran.json["rules"]
    return found | {"as_of": ran.json["as_of"]}


def early(world: World) -> list[dict]:
    return [task for task in world.our_tasks() if task["rule"] == EARLY]


@slow_on_hubspot
def test_it_says_as_of_when_it_judged_in_words_and_in_json(crm, tmp_path):
    with crm(tmp_path, opportunities=14) as world:
        world.settle()
        [one, *_] = world.stages()
        [head, *_] = told(world, one).splitlines()
        assert head.endswith(f"({one}), as of 2026-11-24T22:00:00Z")
        assert data(world, one)["as_of"] == "2026-11-24T22:00:00Z"


@pytest.mark.slow
def test_what_became_of_a_task_is_told_as_its_owner_left_it(crm, tmp_path):
    with crm(tmp_path, opportunities=14) as world:
        world.settle()
        world.synced()
        tasks = early(world)
        opened, put_off, done, untrue, deleted = tasks[:5]
        made = "task made 24 November"
        world.advance(timedelta(days=1))
        world.edit(put_off, status="deferred", due="2026-12-03")
        world.complete(done)
        world.edit(untrue, body=f"#not-true\n{untrue['body']}", status="completed")
        world.delete(deleted)
        world.now += timedelta(hours=1)  # no sync has seen any of it
        due = f"{made}, due 1 December"
        for task, line in (
            (opened, f"{due}: open"),
            (put_off, f"{made}: snoozed until 3 December"),
            (done, f"{due}: completed 25 November"),
            (untrue, f"{due}: completed 25 November, answered: not true"),
        ):
            episode = "episode 1: open since 2026-11-24"
            assert became(world, task["opportunity"]) == [episode, line]
        assert became(world, deleted["opportunity"])[1].endswith(": deleted")
        found = data(world, untrue["opportunity"])
        assert found["task"].pop("ended_at")[:10] == "2026-11-25"
        assert found["task"] == {
            "key": untrue["key"],
            "status": "completed",
            "answer": "not_true",
            "made_at": "2026-11-24T22:00:00Z",
            "due": "2026-12-01",
        }
        assert found["held_back"] is None
        assert data(world, put_off["opportunity"])["held_back"] == "snoozed"


@pytest.mark.slow
def test_a_managers_copy_and_a_task_that_we_withdrew_are_told_too(crm, tmp_path):
    with crm(tmp_path, opportunities=14, rules={EARLY: COPIED}) as world:
        world.settle()
        boss = world.owners()[0]
        world.manage(boss)
        world.people = {one: {"manager": boss} for one in world.owners() if one != boss}
        world.configure()
        world.synced()
        world.advance(timedelta(days=8))
        [copy, *_] = [w for w in world.synced().writes if ":m:" in str(w["key"])]
        one = copy["opportunity"]
        world.advance(timedelta(hours=1))
        assert became(world, one)[2] == "manager's copy made 2 December, due 9 December: open"
        assert data(world, one)["task"]["key"].split(":")[2] == "o"
        world.move(one, CONCERNS)
        world.advance(timedelta(hours=1))
        assert "open" in became(world, one)[1]  # the next sync has not written anything yet
        world.synced()
        world.advance(timedelta(hours=1))
        assert became(world, one)[1].endswith(": withdrawn by us")
        assert data(world, one)["verdict"] == "quiet"
        assert data(world, one)["task"]["status"] == "withdrawn"


@pytest.mark.slow
def test_a_finding_without_a_task_is_held_back_for_the_reason_that_plan_gives(crm, tmp_path):
    hours = {"working_hours": "08:00-18:00", "time_zone": "UTC", "open_per_opportunity": 1}
    shadow = rule("e2e-shadow").replace("mode: live", "mode: shadow")
    late = rule(LATER, phases="recognition, evaluation, concerns", severity="P1")
    rules = {EARLY: rule(), LATER: late, "e2e-shadow": shadow}
    with crm(tmp_path, opportunities=5, rules=rules, tasks=hours) as world:
        one = next(o for o in world.stages() if data(world, o)["verdict"] == "fires")
        assert became(world, one) == ["held back: waits until it has settled"]
        seen = {"pending"}
        for step in (13, 11):  # in the night, and in the morning
            world.synced()
            world.advance(timedelta(hours=step))
            planned = world.plan().json["findings"]
            for finding in [f for f in planned if f["opportunity"] == one]:
                why = data(world, one, finding["rule"])["held_back"]
                assert why == finding["held_back"]
                seen.add(why)
        assert seen >= {"pending", "shadow", "working_hours", "cap_opportunity", None}


@pytest.mark.slow
def test_it_says_where_a_sync_does_not_judge_any_more(crm, tmp_path):
    after = rule(phases="implementation, development")
    with crm(tmp_path, opportunities=14, rules={EARLY: after}) as world:
        judged = {finding["opportunity"] for finding in world.plan().json["findings"]}
        won = {one for one, stage in world.stages().items() if stage == WON}
        fresh, old = min(won & judged), min(won - judged)  # won more than a year ago
        assert became(world, fresh) == ["held back: waits until it has settled"]
        assert became(world, old) == ["no task: a sync does not judge this opportunity any more"]
        assert data(world, old)["held_back"] is None


@pytest.mark.slow
def test_what_others_ask_of_the_same_owner_is_left_open(crm, tmp_path):
    with crm(tmp_path, opportunities=14, tasks={"new_per_owner_per_day": 1}) as world:
        world.settle()
        planned = [f for f in world.plan().json["findings"] if f["rule"] == EARLY]
        capped = next(f["opportunity"] for f in planned if f["held_back"] == "cap_owner")
        assert data(world, capped)["held_back"] is None
        line = "would ask now, unless its owner has enough tasks (crmrules plan tells)"
        assert became(world, capped)[-1] == line
