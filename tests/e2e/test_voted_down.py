"""Thirty tasks of a rule are answered #not-useful: it is in shadow until somebody changes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from world import EARLY, LATER, Ran, World, rule

from crmrules.demotion import REMEDY
from crmrules.findings import Answer, TaskRecord, TaskStatus
from crmrules.findings.feedback import LEAST
from crmrules.state import Store

PHASES = "recognition, evaluation"
CAPS = {"new_per_owner_per_day": 900, "open_per_owner": 900}


def live_rules(title: str = "") -> dict[str, str]:
    """Return the two rules; the first asks about early opportunities, the other about late ones."""
    text = rule(EARLY, phases=PHASES)
    return {
        EARLY: text.replace(f"title: Rule {EARLY}", f"title: {title}") if title else text,
        LATER: rule(LATER, severity="P1", phases="concerns"),
    }


def answer(world: World, tasks: list[dict], words: str) -> None:
    for task in tasks:
        world.edit(task, body=f"{words}\n{task['body']}", status="completed")


def of(world: World, name: str) -> list[dict]:
    return [task for task in world.our_tasks(deleted=False) if task["rule"] == name]


def unfinished(world: World, name: str) -> list[dict]:
    return [task for task in of(world, name) if task["status"] == "not started"]


def flagged(world: World, name: str) -> int:
    return sum(name.replace("-", "_") in one["flags"] for one in world.fields().values())


def standing(world: World) -> list[dict]:
    """Return what ``status`` says of reps and the early rule."""
    world.reachable = False  # it makes no call
    [status] = json.loads(world.cli("status").out)
    world.reachable = True
    return [one for one in status["reps"] if one["rule"] == EARLY]


def fell(ran: Ran) -> list[dict]:
    """Return what a run says of rules that it demotes."""
    return [one for one in ran.json["problems"] if "went back to shadow" in one["what"]]


def test_a_sync_demotes_before_it_plans_and_a_plan_says_so_first(tmp_path):
    from salesforce_world import SalesforceWorld

    with SalesforceWorld(tmp_path, opportunities=14) as world:
        world.settle()
        before = world.now - timedelta(days=20)
        bad = TaskRecord(
            "", EARLY, "006gone", 1, status=TaskStatus.COMPLETED, made_at=before, ended_at=before
        )
        with Store(f"sqlite:///{world.state}", clock=lambda: world.now) as store:
            org = store.for_org(store.organizations()[0])
            with org.lease("sync"), org.transaction() as tx:
                many = (replace(bad, key=f"cr1:{n}:o:x") for n in range(1, LEAST + 1))
                tx.save(tasks=[replace(one, answer=Answer.NOT_TRUE) for one in many])
        planned = world.plan()
        ran = world.synced("--log-format", "json")
        assert len(fell(planned)) == 1
        assert fell(planned) == fell(ran)
        assert planned.writes == ran.writes
        made = {write["rule"] for write in ran.writes if write["action"] == "create_task"}
        assert made == {LATER}
        assert flagged(world, EARLY) == 0 < flagged(world, LATER)
        assert '"event": "demoted"' in ran.err
        assert '"event": "demoted"' not in planned.err


@pytest.fixture
def voted_down(crm, tmp_path):
    """A world in which the last sync read thirty answers, and a newcomer waits to be asked."""
    with crm(tmp_path, opportunities=110, rules=live_rules(), tasks=CAPS) as world:
        world.settle()
        world.synced()
        asked = of(world, EARLY)
        assert len(asked) > LEAST + 2
        world.advance(timedelta(hours=1))
        answer(world, asked[: LEAST - 1], "#not-useful")
        world.synced()
        world.advance(timedelta(hours=1))
        assert fell(world.synced()) == []  # twenty-nine are not enough
        answer(world, asked[LEAST - 1 : LEAST], "#not-true")
        world.advance(timedelta(hours=1))
        assert fell(world.synced()) == []  # read in this run, judged by the next
        world.advance(timedelta(hours=1))
        yield world


@pytest.mark.slow
def test_a_rule_that_reps_vote_down_makes_no_more_tasks_or_flags_until_it_is_changed(voted_down):
    world = voted_down
    left, later = unfinished(world, EARLY), unfinished(world, LATER)
    assert left
    assert flagged(world, EARLY) > 0 < flagged(world, LATER)

    # A plan says what the sync will say, and keeps nothing of it.
    plans = [world.plan().json for _ in range(2)]
    ran = world.synced("--log-format", "json")
    told = ran.json
    for plan in plans:
        for name in ("writes", "findings", "problems"):
            assert plan[name] == told[name]
    held = {(f["rule"], f["held_back"]) for f in told["findings"]}
    assert (EARLY, "demoted") in held
    assert {reason for name, reason in held if name == EARLY} == {"demoted"}
    assert (LATER, None) in held
    [problem] = fell(ran)
    share = f"0 of {LEAST} answers useful: 0 % (0 to 11 %)"
    assert problem["what"] == f"{EARLY} went back to shadow by itself: {share}"
    assert problem["remedy"] == REMEDY
    lines = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line["event"] == "demoted"]
    assert (line["rule"], line["reps"], line["level"]) == (EARLY, share, "warning")

    # No flag of it is left; its open tasks are as they were, and the other rule's too.
    assert {write["action"] for write in told["writes"]} == {"set_flags"}
    assert flagged(world, EARLY) == 0 < flagged(world, LATER)
    assert (unfinished(world, EARLY), unfinished(world, LATER)) == (left, later)

    # It is told once; what is left over may be answered well, and it stays down.
    answer(world, left, "#done-otherwise")
    world.advance(timedelta(hours=1))
    world.synced()
    world.advance(timedelta(hours=1))
    quiet = world.synced("--log-format", "json")
    assert fell(quiet) == quiet.writes == []
    assert '"demoted"' not in quiet.err
    [bad] = standing(world)
    assert (bad["not_useful"], bad["demoted"]) == (LEAST, share)
    assert bad["useful"] + bad["waiting"] == len(left)

    # Somebody changes the rule: it speaks again, and its old answers are forgotten.
    world.rules = live_rules("Asked in another way")
    world.configure()
    world.advance(timedelta(hours=1))
    again = world.synced("--log-format", "json")
    assert fell(again) == []
    assert f'"rule": "{EARLY}", "event": "no longer demoted"' in again.err
    assert flagged(world, EARLY) > 0
    assert {f["held_back"] for f in again.json["findings"] if f["rule"] == EARLY} == {None}
    assert standing(world) == []


@pytest.mark.slow
def test_lost_with_the_state_a_demotion_comes_back_from_the_answers_in_the_crm(voted_down):
    world = voted_down
    world.synced()
    assert flagged(world, EARLY) == 0
    world.forget()
    world.synced()
    world.advance(timedelta(hours=13))
    found = world.synced()
    assert [problem["what"].partition(" ")[0] for problem in fell(found)] == [EARLY]
    assert flagged(world, EARLY) == 0
    assert world.one_task_per_key()
