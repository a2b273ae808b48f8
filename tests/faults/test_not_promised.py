"""What is not promised, shown as it is: whoever mends one of these may take it off the list."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from crms import slow_on_hubspot
from kit import SIZE, at_the_write

sys.path.insert(0, str(Path(__file__).parent.parent / "salesforce"))

from salesforce_org import Clock, Marks, an_open_opportunity, by_jwt, connected, serving, small_org

from crmrules.errors import AccessError
from crmrules.mapping import Mapping
from crmrules_salesforce import connect


@slow_on_hubspot
def test_a_task_gone_even_from_the_bin_may_be_asked_once_more_after_a_lost_state(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.synced()
        [task, *_] = world.our_tasks()
        world.delete(task)
        if world.name == "salesforce":
            world.org.hard_delete(task["id"])
        else:
            world.portal.purge("tasks", task["id"])
        world.synced()
        assert task["key"] not in set(
            world.keys()
        )  # while the state is there, nobody is asked again
        world.forget()
        world.synced()
        world.advance()
        world.synced()
        assert task["key"] in set(world.keys())
        assert world.one_task_per_key()


@slow_on_hubspot
def test_an_edit_between_our_look_and_our_write_is_overwritten_and_nothing_else_is(
    crm, tmp_path, monkeypatch
):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.synced()
        late, early, *_ = world.our_tasks()
        assert late["opportunity"] != early["opportunity"]
        for task in (late, early):
            world.move(task["opportunity"], "Closed Lost")
        world.edit(early, subject="Mine since yesterday")

        def act() -> None:
            if world.name == "salesforce":
                world.edit(late, body="Mine, a moment too late")

        if world.name == "hubspot":
            from crmrules_hubspot.api import Api

            real = Api.update

            def update(api, object_, inputs):
                if object_ == "tasks" and inputs:
                    world.edit(late, body="Mine, a moment too late")
                return real(api, object_, inputs)

            monkeypatch.setattr(Api, "update", update)
        at_the_write(world, monkeypatch, act)
        world.synced()
        assert "Mine" not in world.task(late["key"])["body"]
        assert world.task(early["key"])["subject"] == "Mine since yesterday"
        assert world.task(early["key"])["status"] == early["status"]


@slow_on_hubspot
def test_our_own_ceiling_starts_anew_with_every_run(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        needed = world.synced().json["api_calls"]
        world.access = {"daily_calls": needed}
        world.configure()
        for _ in range(3):
            world.synced()
        assert world.server.counted > needed


def test_a_change_that_shows_later_than_the_overlap_waits_for_the_full_pull():
    clock = Clock()
    org = small_org(clock, 6)
    with serving(org, tls=False) as server, connected(server, clock) as crm:
        marks = {}
        for batch in crm.pull(None):
            marks |= batch.marks
        clock.sleep(3600)
        crm.check()
        for batch in crm.pull(Marks(marks)):
            marks |= batch.marks
        row = dict(an_open_opportunity(org))
        for late, found in ((timedelta(minutes=9), True), (timedelta(minutes=11), False)):
            org.commit_late("Opportunity", {**row, "NextStep": str(late)}, clock.now - late)
            crm.check()
            rows = [r for batch in crm.pull(Marks(marks)) for r in batch.rows]
            assert (row["Id"] in {r.id for r in rows}) is found
        full = [r for batch in crm.pull(None) for r in batch.rows if r.id == row["Id"]]
        assert full[0].body["NextStep"] == str(late)


@pytest.mark.parametrize("wrong", [timedelta(days=-1), timedelta(days=1)], ids=["slow", "fast"])
def test_a_clock_wrong_by_a_day_cannot_sign_in_by_jwt(tmp_path, wrong):
    clock = Clock()
    with serving(small_org(clock, 6)) as server:
        how = {"instance_url": server.url, "ca_bundle": server.ca_file}
        crm = connect(
            how | by_jwt(server, tmp_path),
            mapping=Mapping(),
            now=clock,
            sleep=clock.sleep,
            random=lambda: 0.5,
            wall=lambda: clock.now + wrong,
        )
        with pytest.raises(AccessError) as caught:
            crm.check()
        crm.close()
    assert "clock" in caught.value.remedy
