"""What becomes of a finding is told by its own task, and only an open or a coming one asks."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from report_kit import LATER, URGENT, one, report, shadowed, tell, wanted

from crmrules.findings import Answer, HeldBack, TaskRecord, TaskStatus
from crmrules.model import OurTask
from crmrules.report import Page, draw
from crmrules.rule import Verdict
from crmrules.state.lookback import Lookback
from signals.build import ago

DUE = date(2026, 11, 27)


@pytest.fixture(autouse=True)
def _no_charts(monkeypatch):
    """Charts take time, and are looked at elsewhere."""
    monkeypatch.setattr(draw, "PACKAGE", "no_such_package")


def made(status, answer=None, *, rule=URGENT, due=DUE, episode=1):
    """Return the past of a store that knows the task of opportunity A."""
    key = f"cr1:{episode}:o:{rule.id}"
    record = TaskRecord(key, rule.id, "A", episode, "o", status, "00T", "005A", due, answer=answer)
    return Lookback(tasks={(rule.id, "A", episode): record})


def page_of(past, *fires, which=None, writes=(), **more):
    """Return the page of a run over one opportunity."""
    page, told = Page("a run", [rule for rule, _ in fires]), report()
    page.show().begun(told)
    tell(page, told, which or one("A"), *fires, **more)
    for write in writes:
        page.show().write(write)
    return page.html(told, past)


def fate(page):
    """Return the words of the first finding that is told."""
    return re.search(r"<small>Seen since .*</b>\. (.*?)</small>", page)[1]


def counted(page):
    """Return how its rule counts, and the table of what becomes of all."""
    told = re.search(r"<summary><h3>.*?</h3> <small>(.*?)</small>", page)[1]
    table = re.search(r"<table class=\"narrow\"><caption>What becomes.*?</table>", page, re.DOTALL)
    rows = re.findall(r"<tr><td>(.*?)</td><td class=\"n\">(\d+)</td>", table[0])
    return told, [(words, int(n)) for words, n in rows]


OPEN, SNOOZED = TaskStatus.OPEN, TaskStatus.SNOOZED
DONE, DELETED = TaskStatus.COMPLETED, TaskStatus.DELETED
STILL_OPEN = "Answered: not true; its task is still open."
DEMOTED = "Task open, due 27 Nov 2026; its rule was demoted to shadow."


@pytest.mark.parametrize(
    ("past", "held", "said", "kind"),
    [
        (made(OPEN), None, "Task open, due 27 Nov 2026.", "ask"),
        (made(OPEN, due=None), None, "Task open.", "ask"),
        # Somebody opened it again: what closing it once said no longer holds.
        (made(OPEN, Answer.DONE), None, "Task open, due 27 Nov 2026.", "ask"),
        (made(SNOOZED), HeldBack.SNOOZED, "Put off until 27 Nov 2026.", "wait"),
        (made(OPEN, Answer.NOT_TRUE), None, STILL_OPEN, "answered"),
        (made(DONE, Answer.NOT_TRUE), None, "Answered: not true.", "answered"),
        (made(DELETED, Answer.NOT_USEFUL), None, "Answered: not useful.", "answered"),
        (made(DONE, Answer.DONE_OTHERWISE), None, "Answered: done otherwise.", "answered"),
        (made(DONE, Answer.DONE), None, "Task done; nothing new to ask.", "answered"),
        (made(DELETED, Answer.DELETED), None, "Task deleted by a person.", "answered"),
        (made(TaskStatus.WITHDRAWN), None, "Task closed by us; nothing new to ask.", "answered"),
        (Lookback(), None, "The next sync asks.", "ask"),
        # The task of another episode says nothing of the one that goes on.
        (made(OPEN, episode=2), None, "The next sync asks.", "ask"),
        (made(DONE), HeldBack.COOLDOWN, "No task: asked recently.", "wait"),
        (made(OPEN), HeldBack.DEMOTED, DEMOTED, "ask"),
    ],
)
def test_a_finding_is_told_and_counted_by_its_own_task(past, held, said, kind):
    page = page_of(past, (URGENT, held))
    assert fate(page) == said
    told, [(_, n)] = counted(page)
    assert (told, n) == (f"1 {kind}", 1)
    [listed] = re.findall(r"<td>14 Jun 2026</td><td>(.*?)</td></tr>", page)
    assert listed.lower() == said.removeprefix("No task: ").rstrip(".").lower()


def test_what_the_next_sync_does_not_make_does_not_ask():
    page = page_of(Lookback(), (URGENT, None), asks=False)
    assert fate(page) == "No task: no tasks of ours can be made here."
    assert counted(page)[0] == "1 only counted"
    page = page_of(Lookback(), (URGENT, None), verdict=Verdict.UNKNOWN, asks=False)
    assert fate(page) == "No task: waits until its signals are known again."
    assert counted(page)[0] == "1 wait"


def test_tasks_with_different_days_are_one_line_of_the_table():
    past = made(OPEN)
    past.tasks |= made(OPEN, rule=LATER, due=date(2026, 12, 1)).tasks
    page = page_of(past, (URGENT, None), (LATER, None))
    assert counted(page)[1] == [("task open", 2)]
    assert "task open, due 1 Dec 2026" in page


def test_the_second_time_that_a_rule_fires_is_told_by_its_second_task():
    past = made(DONE, Answer.NOT_TRUE)
    past.tasks |= made(OPEN, episode=2).tasks
    assert fate(page_of(past, (URGENT, None), n=2)) == "Task open, due 27 Nov 2026."
    assert fate(page_of(past, (URGENT, None), n=1)) == "Answered: not true."


def asks_for(page):
    return unescape(re.search(r'<p class="ask">(.*?)</p>', page)[1])


def test_a_task_that_is_there_stands_there_with_the_words_it_has_in_the_crm():
    past = made(OPEN)
    [record] = past.tasks.values()
    subjects = {"cr1:9:o:x": "Another", record.key: "Ring <Ann>, quiet for 14 days"}
    tasks = tuple(
        OurTask(record=key, known_at=ago(1), id=key, key=key, rule=URGENT.id, subject=subject)
        for key, subject in subjects.items()
    )
    which = one("A", our_tasks=tasks)
    copy = wanted(URGENT, "A", "Still open: Ring Ann", key=record.key.replace(":o:", ":m:"))
    page = page_of(past, (URGENT, None), which=which, asks=False, writes=[copy])
    assert asks_for(page) == "Ring <Ann>, quiet for 14 days"
    assert "<Ann>" not in page
    # Of an earlier episode's task it says nothing: the next one has words of its own.
    page = page_of(Lookback(), (URGENT, None), which=which)
    assert asks_for(page) == f"Ask by {URGENT.id}"


def test_a_task_that_nobody_can_read_any_more_stands_there_as_it_would_be_made():
    gone = page_of(made(DELETED, Answer.DELETED), (URGENT, None), asks=False)
    rule = shadowed(URGENT)
    shadow = page_of(Lookback(), (rule, HeldBack.SHADOW))
    assert asks_for(gone) == asks_for(shadow)
