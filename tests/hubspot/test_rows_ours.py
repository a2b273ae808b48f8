"""Our own tasks as HubSpot shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hubspot_rows import PORTAL, REP, at, deal, engagement, on_company, org, ours, read, version

from crmrules.connector import Organization
from crmrules_hubspot.ours import KEY, WRITTEN

APP = {"kind": "INTEGRATION", "source": "31337", "user": None}
MADE = "2026-09-01T09:00:00Z"


def untouched() -> dict[str, list[dict]]:
    return {name: [version("x", MADE, **APP)] for name in (KEY, *WRITTEN)}


def task(**more):
    (found,) = read(deal(), ours(**more)).our_tasks
    return found


def test_a_task_of_ours_says_all_that_we_wrote():
    found = task(hs_task_body="<p>Nobody knows yet.</p><p>Ask Jo &amp; Al.</p>")
    assert (found.key, found.rule) == ("cr1:4711:100:ab", "conc-gone-dark")
    assert (found.id, found.record, found.owner) == ("900", "task/900", REP)
    assert found.subject == "Ask who decides"
    assert found.body == "Nobody knows yet.\n\nAsk Jo & Al."
    assert (found.due, found.status) == (date(2026, 11, 30), "NOT_STARTED")
    assert (found.closed, found.deleted, found.snoozed) == (False, False, False)
    assert (found.known_at, found.closed_at) == (at("2026-09-01T09:00"), None)


def test_it_is_due_on_the_day_of_the_account():
    assert task(hs_timestamp="2026-11-29T23:30:00Z").due == date(2026, 11, 30)
    assert task(hs_timestamp=None).due is None
    west = replace(PORTAL, organization=Organization("1", time_zone="America/New_York"))
    (found,) = read(deal(), ours(hs_timestamp="2026-11-30T03:00:00Z"), portal=west).our_tasks
    assert found.due == date(2026, 11, 29)


def test_a_completed_task_is_closed_from_when_it_was_completed():
    done = {"hs_task_completion_date": "2026-10-01T09:00:00Z"}
    found = task(hs_task_status="COMPLETED", **done)
    assert (found.closed, found.closed_at) == (True, at("2026-10-01T09:00"))
    again = task(hs_task_status="IN_PROGRESS", **done)
    assert (again.closed, again.closed_at) == (False, None)


@pytest.mark.parametrize(
    ("status", "snoozed"),
    [
        ("WAITING", True),
        ("DEFERRED", True),
        ("NOT_STARTED", False),
        ("IN_PROGRESS", False),
        ("COMPLETED", False),
        (None, False),
    ],
)
def test_a_task_that_waits_is_put_off(status, snoozed):
    assert task(hs_task_status=status).snoozed is snoozed


def test_a_status_that_nobody_explained_does_not_close_a_task():
    assert task(hs_task_status="ARCHIVED_BY_BOT").closed is False
    mapping = org(cancelled_statuses={"ARCHIVED_BY_BOT"})
    (found,) = read(deal(), ours(hs_task_status="ARCHIVED_BY_BOT"), mapping=mapping).our_tasks
    assert found.closed is True


def test_a_deleted_task_of_ours_is_still_ours():
    assert task(body={"archived": True}).deleted is True
    (gone,) = read(deal(), replace(ours(), gone=True)).our_tasks
    assert gone.deleted is True


def test_a_task_that_only_we_wrote_is_not_edited():
    assert task(history=untouched()).edited is False


@pytest.mark.parametrize("name", WRITTEN)
def test_a_task_is_edited_once_anybody_else_wrote_anything_of_it(name):
    for other in (
        version("y", "2026-09-03T09:00:00Z"),
        version("y", "2026-09-03T09:00:00Z", kind="INTEGRATION", source="4242", user=None),
        version("y", "2026-09-03T09:00:00Z", kind="AUTOMATION_PLATFORM", source="31337", user=None),
        {"value": "y"},
        None,
    ):
        history = untouched()
        history[name] = [other, *history[name]]
        assert task(history=history).edited is True, other


def test_writing_it_ourselves_a_second_time_is_no_edit():
    history = untouched()
    again = version("y", "2026-09-03T09:00:00Z", **APP)
    history["hs_task_body"] = [again, *history["hs_task_body"]]
    assert task(history=history).edited is False


def test_who_wrote_the_key_first_is_who_we_are():
    history = untouched()
    history[KEY] = [version("copied", "2026-09-03T09:00:00Z"), *history[KEY]]
    assert task(history=history).edited is False


@pytest.mark.parametrize("name", [KEY, *WRITTEN])
def test_without_a_history_at_hand_it_counts_as_edited(name):
    assert task().edited is True
    assert task(history={}).edited is True
    for broken in (None, [], "x"):
        assert task(history=untouched() | {name: broken}).edited is True, broken


def test_writers_that_cannot_be_told_apart_prove_nothing():
    nameless = {name: [{"value": "x", "timestamp": MADE}] for name in (KEY, *WRITTEN)}
    assert task(history=nameless).edited is True


def test_a_task_that_is_done_is_not_put_off():
    mapping = org(snoozed_statuses={"COMPLETED"})
    (found,) = read(deal(), ours(hs_task_status="COMPLETED"), mapping=mapping).our_tasks
    assert (found.closed, found.snoozed) == (True, False)


def test_what_was_never_written_was_not_edited():
    history = untouched() | {"hs_task_body": []}
    assert task(history=history, hs_task_body=None).edited is False


def test_a_task_on_the_deal_and_on_its_company_is_one_task():
    row = ours()
    assert len(read(deal(), row, on_company(row)).our_tasks) == 1


def test_a_task_of_ours_on_the_company_belongs_to_the_deal_that_it_names():
    for about, mine in (("100", 1), ("101", 0), (None, 0)):
        found = read(deal(), on_company(ours(crmrules_opportunity=about)))
        assert (len(found.our_tasks), found.activities) == (mine, ()), about


def test_our_words_are_not_the_reps_notes():
    assert read(deal(), ours(hs_task_body="#concern: price")).concerns == ()
    assert read(deal(), engagement("task", crmrules_key=None)).our_tasks == ()
