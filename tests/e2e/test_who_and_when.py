"""Who is asked, and when: working hours, the manager's copy, the digest, the holdout."""

from __future__ import annotations

from datetime import timedelta

import pytest
from crms import slow_on_hubspot
from world import CLOSED_LOST, CONCERNS, EARLY, LATER, START, World, rule

HOURS = {"working_hours": "08:00-18:00", "time_zone": "UTC"}
COPIED = rule().replace("majors_only: false", "majors_only: false\ncopy_manager: true")
MINOR = rule("e2e-minor", severity="P3", phases="recognition, evaluation")


def creates(ran) -> list[dict]:
    return [write for write in ran.writes if write["action"] == "create_task"]


def held(ran, why: str) -> int:
    return sum(finding["held_back"] == why for finding in ran.json["findings"])


def everybody(world: World, **said: str) -> None:
    """Say the same of all who own something, where the CRM says nothing or something else."""
    world.work_in("UTC")
    world.people = {owner: {"time_zone": "UTC"} | said for owner in world.owners()}
    world.configure()


def led(world: World, **said: str) -> str:
    """Give all but one that one as their manager, wherever the CRM keeps it; return who it is."""
    boss = world.owners()[0]
    world.manage(boss)
    others = [owner for owner in world.owners() if owner != boss]
    world.people = {owner: {"manager": boss} | said for owner in others}
    world.configure()
    return boss


@slow_on_hubspot
def test_a_task_is_made_when_its_owner_is_at_work(crm, tmp_path):
    with crm(tmp_path, opportunities=14, tasks=HOURS) as world:
        world.settle()  # Tuesday, ten in the evening
        everybody(world)
        night = world.synced()
        assert creates(night) == []
        assert held(night, "working_hours") > 0
        assert held(world.plan(), "working_hours") == held(night, "working_hours")
        world.advance(timedelta(hours=9, minutes=59))
        assert creates(world.synced()) == []
        world.advance(timedelta(minutes=1))  # eight in the morning
        planned, morning = world.plan(), world.synced()
        assert held(morning, "working_hours") == 0
        assert len(creates(morning)) > 0
        assert planned.writes == morning.writes
        assert creates(world.synced()) == []


@slow_on_hubspot
def test_no_task_on_a_friday_afternoon_and_none_waits_longer_than_a_day(crm, tmp_path):
    friday = START + timedelta(days=3, hours=-8)  # one in the night
    with crm(tmp_path, opportunities=14, tasks=HOURS, now=friday) as world:
        everybody(world)
        world.synced()
        world.advance(timedelta(hours=13))  # settled on Friday, two in the afternoon
        afternoon = world.synced()
        assert creates(afternoon) == []
        assert held(afternoon, "working_hours") > 0
        world.advance(timedelta(hours=23, minutes=59))
        assert creates(world.synced()) == []
        world.advance(timedelta(minutes=1))
        assert len(creates(world.synced())) > 0


@slow_on_hubspot
def test_a_public_holiday_of_the_country_is_no_working_day(crm, tmp_path):
    christmas = START + timedelta(days=31)  # the 25th of December
    with crm(tmp_path, opportunities=14, tasks=HOURS, now=christmas) as world:
        everybody(world, country="DE")
        world.synced()
        world.now = christmas + timedelta(hours=23)  # the 26th is one, too, and a Saturday
        assert creates(world.synced()) == []
        assert held(world.plan(), "working_hours") > 0


@slow_on_hubspot
def test_the_manager_gets_a_copy_after_five_business_days_and_it_ends_with_the_task(crm, tmp_path):
    with crm(tmp_path, opportunities=14, rules={EARLY: COPIED}) as world:
        world.settle()
        boss = led(world)
        world.synced()
        mine = [task for task in world.our_tasks() if task["owner"] != boss]
        assert mine
        world.advance(timedelta(days=7))  # made on a Tuesday night; this is a Tuesday night
        assert creates(world.synced()) == []
        world.advance(timedelta(days=1))
        copies = creates(world.synced())
        assert 0 < len(copies) <= 5  # the manager's day has its cap, too
        assert {copy["owner"] for copy in copies} == {boss}
        assert {copy["key"].split(":")[2] for copy in copies} == {"m"}
        copy = copies[0]
        assert copy["fields"]["subject"].startswith("Still open: ")
        assert "was asked this on 24 November" in copy["fields"]["body"]
        task = next(
            task
            for task in mine
            if task["opportunity"] == copy["opportunity"] and task["rule"] == copy["rule"]
        )
        world.complete(task)
        world.advance(timedelta(hours=1))
        world.synced()
        ended = world.task(copy["key"])
        assert ended["status"] == "completed"
        assert ended["body"].startswith(
            "No longer needed: the owner of the opportunity has answered"
        )
        world.advance(timedelta(hours=1))
        assert all(w["key"] != copy["key"] for w in world.synced().writes)


@pytest.mark.slow
def test_a_manager_who_takes_an_opportunity_over_has_its_task_once(crm, tmp_path):
    with crm(tmp_path, opportunities=14, rules={EARLY: COPIED}) as world:
        world.settle()
        boss = led(world)
        world.synced("--full")
        world.advance(timedelta(days=9))
        copy = next(w for w in creates(world.synced()) if w["owner"] == boss)
        world.reassign(copy["opportunity"], boss)
        world.advance(timedelta(hours=1))
        world.synced()
        world.advance(timedelta(hours=1))
        assert world.synced().writes == []
        here = [t for t in world.our_tasks() if t["opportunity"] == copy["opportunity"]]
        [left] = [task for task in here if task["status"] != "completed"]
        assert (left["key"].split(":")[2], left["owner"]) == ("o", boss)
        ended = world.task(copy["key"])
        assert ended["body"].startswith("No longer needed: you are asked this yourself now.")


@pytest.mark.slow
def test_the_copy_names_the_day_it_was_where_the_owner_is(crm, tmp_path):
    with crm(tmp_path, opportunities=14, rules={EARLY: COPIED}) as world:
        world.settle()  # ten in the evening of the 24th by UTC
        world.work_in("Australia/Sydney")
        led(world, time_zone="Australia/Sydney")
        world.synced("--full")
        world.advance(timedelta(days=9))
        [body, *_] = [w["fields"]["body"] for w in creates(world.synced())]
        assert "was asked this on 25 November" in body


@slow_on_hubspot
def test_minor_findings_are_told_once_in_one_digest_a_week(crm, tmp_path):
    rules = {EARLY: rule(), "e2e-minor": MINOR}
    with crm(tmp_path, opportunities=20, rules=rules) as world:
        world.settle()
        planned, first = world.plan(), world.synced()
        assert planned.writes == first.writes
        digests = [write for write in creates(first) if write["rule"] == "digest"]
        assert digests
        assert len({write["owner"] for write in digests}) == len(digests)
        made = {task["key"] for task in world.our_tasks() if task["rule"] == "digest"}
        assert made == {write["key"] for write in digests}
        minor = {f["opportunity"] for f in first.json["findings"] if f["held_back"] == "digest"}
        lines = sum(w["fields"]["body"].count("\n- ") + 1 for w in digests)
        assert lines == len(minor)
        one = world.run("explain", min(minor)).json["name"]
        assert sum(f"- {one}: " in w["fields"]["body"] for w in digests) == 1
        asked = [w for w in creates(first) if w["rule"] == "e2e-minor"]
        assert all(w["opportunity"] not in minor for w in asked)
        for days in (1, 7, 7):
            world.advance(timedelta(days=days))
            again = world.synced()
            assert [w for w in creates(again) if w["rule"] == "digest"] == []


@pytest.mark.slow
@pytest.mark.parametrize("unique_key", [True, False])
@slow_on_hubspot
def test_a_lost_state_makes_no_second_digest_in_the_week(crm, tmp_path, unique_key):
    rules = {EARLY: rule(), "e2e-minor": MINOR}
    with crm(tmp_path, opportunities=14, rules=rules, unique_key=unique_key) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=3))
        keys = world.keys()
        world.forget()
        for hours in (0, 13, 1):
            world.advance(timedelta(hours=hours))
            planned, ran = world.plan(), world.synced()
            assert [w for w in creates(ran) if w["rule"] == "digest"] == []
            assert planned.writes == ran.writes
        assert world.keys() == keys


@slow_on_hubspot
def test_what_is_held_out_is_judged_and_left_alone(crm, tmp_path):
    with crm(tmp_path, opportunities=20, tasks={"holdout_share": 0.5}) as world:
        world.settle()
        ran = world.synced()
        out = {f["opportunity"] for f in ran.json["findings"] if f["held_back"] == "holdout"}
        others = {f["opportunity"] for f in ran.json["findings"]} - out
        assert out
        assert others
        touched = {task["opportunity"] for task in world.our_tasks()}
        assert touched
        assert touched.isdisjoint(out)
        fields = world.fields()
        assert not any(fields[one][name] for one in out for name in ("status", "flags", "summary"))


@slow_on_hubspot
def test_a_task_that_is_no_longer_needed_says_what_has_changed(crm, tmp_path):
    with crm(
        tmp_path, opportunities=14, rules={EARLY: rule(), LATER: rule(LATER, phases="concerns")}
    ) as world:
        world.settle()
        world.synced()
        task, other = [t for t in world.our_tasks() if t["rule"] == EARLY][:2]
        world.move(task["opportunity"], CONCERNS)
        world.move(other["opportunity"], CLOSED_LOST)
        world.advance(timedelta(hours=1))
        writes = {w["key"]: w for w in world.synced().writes if w["key"]}
        assert writes[task["key"]]["action"] == "complete_task"
        assert world.task(task["key"])["body"].startswith(
            "No longer needed: this changed: buying phase, now concerns."
        )
        assert writes[other["key"]]["action"] == "cancel_task"
        assert world.task(other["key"])["body"].startswith(
            "No longer needed: the opportunity was closed."
        )
