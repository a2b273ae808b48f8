"""What a person did in the CRM wins over what we would write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from crms import slow_on_hubspot
from world import CLOSED_LOST, CONCERNS, EARLY, World

from crmrules import writeback


@pytest.fixture
def asked(crm, tmp_path):
    with crm(tmp_path / "world", opportunities=14) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        yield world


def an_early_task(world: World) -> dict:
    return next(task for task in world.our_tasks() if task["rule"] == EARLY)


def clear(world: World, task: dict) -> None:
    """Move the opportunity to a stage in which the rule is quiet."""
    world.move(task["opportunity"], CONCERNS)


def about(task: dict, writes: list[dict]) -> list[dict]:
    return [write for write in writes if write["key"] == task["key"]]


def syncs(world: World) -> list[dict]:
    """Sync at once and after two more days; return all writes."""
    writes = list(world.synced().writes)
    for _ in range(2):
        world.advance(timedelta(hours=24))
        writes += world.synced().writes
    return writes


@pytest.mark.parametrize(
    "change",
    [
        {"status": "completed"},
        {"subject": "My own words"},
        pytest.param({"body": "I called them."}, marks=pytest.mark.slow),
        pytest.param({"due": "2026-12-24"}, marks=pytest.mark.slow),
        pytest.param({"status": "in progress"}, marks=pytest.mark.slow),
    ],
    ids=["completed", "subject", "body", "due", "status"],
)
def test_what_a_person_changed_is_never_written_again(asked, change):
    task = an_early_task(asked)
    asked.edit(task, **change)
    asked.advance(timedelta(hours=1))
    before = asked.task(task["key"])
    clear(asked, task)
    assert about(task, syncs(asked)) == []
    assert asked.task(task["key"]) == before


def test_a_deleted_task_is_not_made_again(asked):
    task = an_early_task(asked)
    asked.delete(task)
    asked.advance(timedelta(hours=1))
    assert about(task, syncs(asked)) == []
    assert "deleted" in asked.remembered(task["key"])
    rule, opportunity = task["rule"], task["opportunity"]
    alive = [
        each
        for each in asked.our_tasks(deleted=False)
        if (each["rule"], each["opportunity"]) == (rule, opportunity)
    ]
    assert alive == []


def test_a_finding_that_cleared_completes_its_untouched_task_and_says_why(asked):
    task = an_early_task(asked)
    clear(asked, task)
    writes = about(task, syncs(asked))
    assert [write["action"] for write in writes] == ["complete_task"]
    now = asked.task(task["key"])
    assert now["status"] == "completed"
    first, _, rest = now["body"].partition("\n")
    assert first.startswith("No longer needed: ")
    assert rest == task["body"]


def test_a_closed_opportunity_cancels_its_untouched_tasks(asked):
    task = an_early_task(asked)
    asked.move(task["opportunity"], CLOSED_LOST)
    writes = about(task, syncs(asked))
    assert [write["action"] for write in writes] == ["cancel_task"]
    now = asked.task(task["key"])
    assert now["status"] == "completed"
    assert now["body"].startswith("No longer needed: ")


@slow_on_hubspot
def test_our_own_cancelling_is_no_answer(asked):
    """A finding that comes back after we withdrew its task may ask again after the cool-down."""
    task = an_early_task(asked)
    clear(asked, task)
    asked.synced()
    assert "withdrawn" in asked.remembered(task["key"])
    assert "done" not in asked.remembered(task["key"])
    asked.advance(timedelta(hours=24))
    asked.synced()
    assert "withdrawn" in asked.remembered(task["key"])
    assert "done" not in asked.remembered(task["key"])


def test_an_untouched_task_moves_with_its_opportunity(asked):
    task = an_early_task(asked)
    new = asked.somebody_else(task["owner"])
    asked.reassign(task["opportunity"], new)
    writes = about(task, syncs(asked))
    assert [write["action"] for write in writes] == ["update_task"]
    assert asked.task(task["key"])["owner"] == new


@slow_on_hubspot
def test_an_edited_task_stays_with_whom_it_is(asked):
    task = an_early_task(asked)
    asked.edit(task, subject="Mine")
    new = asked.somebody_else(task["owner"])
    asked.reassign(task["opportunity"], new)
    assert about(task, syncs(asked)) == []
    assert asked.task(task["key"])["owner"] == task["owner"]


@pytest.mark.fault("H10")
@slow_on_hubspot
def test_a_task_for_somebody_who_left_goes_to_somebody_who_is_there(crm, tmp_path):
    with crm(tmp_path, opportunities=14) as world:
        world.settle()
        planned = next(w for w in world.plan().writes if w["action"] == "create_task")
        left = planned["owner"]
        world.tasks = {"fallback_owner": world.somebody_else(left)}
        world.configure()
        world.leave(left)
        world.advance(timedelta(minutes=30))
        world.synced("--full")
        owner = world.task(planned["key"])["owner"]
        assert owner != left
        assert owner in world.owners()


@pytest.mark.fault("H10")
def test_who_stands_in_may_be_named_by_address(crm, tmp_path):
    with crm(tmp_path, opportunities=14) as world:
        world.settle()
        planned = next(w for w in world.plan().writes if w["action"] == "create_task")
        left = planned["owner"]
        stands_in = world.somebody_else(left)
        world.leave(left)
        world.advance(timedelta(minutes=30))
        world.tasks = {"fallback_owner": "Nobody.Has@this.example"}
        world.configure()
        [told] = [p for p in world.plan("--full").json["problems"] if "stands in" in p["what"]]
        assert "no active user has the address Nobody.Has@this.example" in told["what"]
        assert "fallback_owner" in told["remedy"]
        world.tasks = {"fallback_owner": world.address(stands_in).upper()}
        world.configure()
        wanted = world.plan("--full")
        assert not [p for p in wanted.json["problems"] if "stands in" in p["what"]]
        world.synced("--full")
        assert world.task(planned["key"])["owner"] == stands_in


@pytest.mark.fault("H9")
def test_a_deleted_opportunity_is_written_no_more(asked):
    task = an_early_task(asked)
    asked.delete_opportunity(task["opportunity"])
    asked.advance(timedelta(hours=1))
    writes = syncs(asked)
    mine = [write for write in writes if write["opportunity"] == task["opportunity"]]
    assert {write["action"] for write in mine} <= {"cancel_task"}


def test_not_true_takes_the_flag_away_and_the_rest_stays(asked):
    task = an_early_task(asked)
    text = f"{task['body']}\n#not-true we know who decides"
    asked.edit(task, body=text)
    syncs(asked)
    fields = asked.fields()[task["opportunity"]]
    assert fields["flags"] == []
    assert fields["status"] == "ok"


class KilledError(BaseException):
    """Nothing that a program could catch and tell of."""


def status(world: World) -> dict:
    world.reachable = False  # it makes no call
    [told] = world.cli("status").json
    world.reachable = True
    return told


@pytest.mark.fault("S4")
def test_what_we_withdrew_is_no_answer_after_a_lost_state_either(asked):
    cleared = [task for task in asked.our_tasks() if task["rule"] == EARLY][:3]
    for task in cleared:
        clear(asked, task)
    asked.synced()
    asked.advance(timedelta(hours=1))
    asked.forget()
    for hours in (0, 13):
        asked.advance(timedelta(hours=hours))
        asked.synced()
    for task in cleared:
        assert asked.task(task["key"])["status"] == "completed"
        assert "withdrawn" in asked.remembered(task["key"])
        assert "done" not in asked.remembered(task["key"])
    assert status(asked)["reps"] == []


@pytest.mark.fault("C1")
def test_what_a_killed_run_withdrew_is_no_answer(asked, monkeypatch):
    task = an_early_task(asked)
    clear(asked, task)

    def dies(*_, **__):
        raise KilledError  # after the CRM took it, before it is written down

    with monkeypatch.context() as patch:
        patch.setattr(writeback, "_settle", dies)
        with pytest.raises(KilledError):
            asked.sync()
    assert asked.task(task["key"])["status"] == "completed"
    syncs(asked)
    assert "withdrawn" in asked.remembered(task["key"])
    assert status(asked)["reps"] == []


@pytest.mark.slow
def test_a_rule_that_was_off_by_mistake_asks_again_where_nobody_had_answered(asked):
    tasks = [task for task in asked.our_tasks() if task["rule"] == EARLY]
    done, edited, denied = tasks[:3]
    asked.complete(done)
    asked.edit(edited, subject="In my words")
    asked.edit(denied, body=f"{denied['body']}\n#not-true", status="completed")
    asked.overlay = f"{EARLY}: {{mode: disabled}}\n"
    asked.configure()
    asked.advance(timedelta(hours=1))
    asked.synced()
    asked.overlay = f"{EARLY}: {{mode: live}}\n"
    asked.configure()
    seen = []
    for days in (1, 12, 2, 1, 120):
        asked.advance(timedelta(days=days))
        planned, ran = asked.plan(), asked.synced()
        assert planned.writes == ran.writes
        made = [w for w in ran.writes if w["action"] == "create_task" and w["rule"] == EARLY]
        seen.append({w["opportunity"] for w in made})
    again = {task["opportunity"] for task in tasks[3:]}
    assert again
    assert seen[:2] == [set(), set()]  # within the cool-down
    assert set().union(*seen) == again
    assert all(w["key"].startswith("cr1:2:") for w in made)


@pytest.mark.slow
def test_opportunities_of_a_rule_that_is_gone_are_followed_no_longer_than_others(asked):
    flagged = [task["opportunity"] for task in asked.our_tasks() if task["rule"] == EARLY]
    edited = asked.our_tasks()[0]
    asked.edit(edited, subject="In my words")
    (asked.folder / "rules" / f"{EARLY}.yml").unlink()
    del asked.rules[EARLY]
    asked.configure()
    asked.synced()
    for opportunity in flagged:
        asked.move(opportunity, CLOSED_LOST)
    for days in (1, 8, 8):
        asked.advance(timedelta(days=days))
        judged = asked.synced().json["opportunities"]
    open_ = [one for one, stage in asked.stages().items() if stage != CLOSED_LOST]
    assert judged <= len(open_)
    assert EARLY not in status(asked)["open_episodes"]


@slow_on_hubspot
def test_a_rule_that_is_switched_off_takes_its_untouched_tasks_along(asked):
    edited, *others = [task for task in asked.our_tasks() if task["rule"] == EARLY]
    asked.edit(edited, subject="In my words")
    kept = asked.task(edited["key"])
    asked.overlay = f"{EARLY}: {{mode: disabled}}\n"
    asked.configure()
    planned, ran = asked.plan(), asked.synced()
    assert planned.writes == ran.writes
    ended = {w["key"] for w in ran.writes if w["action"] == "cancel_task"}
    assert ended == {task["key"] for task in others}
    for task in others:
        now = asked.task(task["key"])
        assert now["status"] == "completed"
        assert now["body"].startswith(
            "No longer needed: the rule that asked this was switched off."
        )
    assert asked.task(edited["key"]) == kept
    assert asked.synced().writes == []
    asked.overlay = f"{EARLY}: {{mode: live}}\n"
    asked.configure()
    keys = asked.keys()
    assert not [w for w in syncs(asked) if w["action"] == "create_task" and w["key"] in keys]


@slow_on_hubspot
def test_the_tasks_of_a_deleted_opportunity_do_not_stay_open(asked):
    first, second = [t for t in asked.our_tasks() if t["rule"] == EARLY][:2]
    asked.edit(second, subject="In my words")
    for task in (first, second):
        asked.delete_opportunity(task["opportunity"])
    theirs = asked.task(second["key"])
    asked.advance(timedelta(hours=1))
    for _ in range(2):
        asked.synced("--full")
        assert asked.task(second["key"]) == theirs
        now = asked.task(first["key"])
        assert now["deleted"] or now["status"] == "completed"
        if not now["deleted"]:
            assert now["body"].startswith("No longer needed: the opportunity was deleted.")
    calls = asked.synced().json["api_calls"]
    assert calls <= asked.quiet_calls
    assert asked.synced().writes == []


@slow_on_hubspot
def test_a_run_that_judges_by_the_past_takes_no_task_for_deleted(asked):
    task = an_early_task(asked)
    past = asked.now - timedelta(hours=30)
    ran = asked.cli("sync", "--as-of", past.isoformat())
    assert ran.code == 0, ran.err
    assert "open" in asked.remembered(task["key"])
    asked.move(task["opportunity"], CLOSED_LOST)
    asked.synced("--full")
    assert asked.task(task["key"])["status"] == "completed"
