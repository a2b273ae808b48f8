"""What counts as ours in a portal, and what is left alone, on the sandbox over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hubspot_portal import KEY, RITA, Clock, empty_portal

from crmrules.provisioning import Known
from crmrules_hubspot.provision import connect
from crmrules_sandbox.hubspot import writes
from crmrules_sandbox.hubspot.server import HubSpotServer


class Place:
    """A provisioned portal without records, and an administrator's provisioner of it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.portal = empty_portal(self.clock)
        self.server = HubSpotServer(self.portal)
        section = {"access_token": "pat-sync", "base_url": self.server.url}
        token = self.server.token()
        self.it = connect(section, token=token, flags=[], sleep=self.clock.sleep)

    def task(self, key: str | None = KEY, subject: str = "Ask") -> str:
        """Let the app make a task as the sync does."""
        values = {"hs_task_subject": subject, "hs_timestamp": "2026-11-24T08:00:00.000Z"}
        values |= {"hs_task_status": "NOT_STARTED", "hubspot_owner_id": "51"}
        values |= {"crmrules_key": key} if key else {}
        return writes.make(self.portal, "tasks", values, self.portal.app).id

    def found(self, *known: Known) -> dict[str, bool]:
        """Return the ids of tasks that are ours, and whether a person edited them."""
        return {one.name: one.edited for one in self.it.ours(known) if one.kind == "task"}

    def names(self) -> set[tuple[str, str]]:
        return {(one.object, one.name) for one in self.it.ours() if one.kind != "task"}


@pytest.fixture
def place():
    made = Place()
    yield made
    made.it.close()
    made.server.stop()


def test_a_task_is_ours_by_its_key_and_others_are_not(place):
    ours = place.task()
    place.task(key=None)
    assert place.found() == {ours: False}


def test_completing_a_task_is_no_edit_and_changing_its_words_is(place):
    done, edited = place.task("k1"), place.task("k2")
    place.portal.update("tasks", done, {"hs_task_status": "COMPLETED"}, RITA)
    place.portal.update("tasks", edited, {"hs_task_subject": "Mine"}, RITA)
    assert place.found() == {done: False, edited: True}


@pytest.mark.parametrize(
    "change",
    [
        {"hubspot_owner_id": "52"},
        {"hs_timestamp": "2026-12-01T08:00:00.000Z"},
        {"hs_task_body": "x"},
    ],
    ids=["owner", "day", "body"],
)
def test_another_owner_day_or_body_is_an_edit(place, change):
    task = place.task()
    place.portal.update("tasks", task, change, RITA)
    assert place.found() == {task: True}


def test_a_task_whose_key_somebody_cleared_is_only_known_by_the_state_and_counts_as_edited(place):
    task = place.task()
    place.portal.update("tasks", task, {"crmrules_key": ""}, RITA)
    assert place.found() == {}
    assert place.found(Known(KEY, task)) == {task: True}


def test_a_task_that_the_index_does_not_show_yet_is_known_by_the_state(place):
    place.portal.index_lag = timedelta(minutes=5)
    task = place.task()
    assert place.found() == {}
    assert place.found(Known(KEY, task)) == {task: False}


def test_what_lies_in_the_bin_is_not_there(place):
    task = place.task()
    place.portal.archive("tasks", task)
    assert place.found(Known(KEY, task)) == {}


def test_a_property_of_our_name_and_another_kind_is_somebody_elses(place):
    place.portal.redefine("deals", "crmrules_summary", type="number", fieldType="number")
    names = place.names()
    assert ("deals", "crmrules_summary") not in names
    assert ("deals", "crmrules_status") in names


def test_a_group_with_a_property_of_somebody_elses_stays(place):
    own = {"name": "theirs", "label": "Theirs", "type": "string", "fieldType": "text"}
    place.portal.define("deals", own | {"groupName": "crmrules"})
    assert ("deals", "crmrules") not in place.names()
    assert ("tasks", "crmrules") in place.names()


def test_the_key_goes_after_every_other_property_and_a_group_after_what_it_holds(place):
    place.task()
    kinds = [one.name if one.name == "crmrules_key" else one.kind for one in place.it.ours()]
    assert kinds == ["task", *["field"] * 7, "crmrules_key", "group", "group"]


def test_more_tasks_than_one_batch_holds_go(place):
    for n in range(203):
        place.task(f"k{n}")
    things = [one for one in place.it.ours() if one.kind == "task"]
    assert len(things) == 203
    steps = place.it.remove(things)
    assert [step.action for step in steps] == ["remove"] * 203
    assert place.found() == {}
    assert len(place.names()) == 10


def test_removing_what_is_gone_already_is_no_error(place):
    things = place.it.ours()
    place.it.remove(things)
    steps = place.it.remove(things)
    assert {step.action for step in steps} == {"remove"}
    assert place.it.ours() == []
