"""Write docs/life.md from the code: states, reasons to wait, answers, and what follows from them.

``python benchmarks/life.py --write``; without it, print. A test holds the page to the code.
"""

from __future__ import annotations

import argparse
import re
from enum import StrEnum
from inspect import getsource
from pathlib import Path

from crmrules.findings import Answer, Cleared, HeldBack, Limits, TaskStatus, life
from crmrules.findings.calendar import PATIENCE
from crmrules.findings.hold import SILENT
from crmrules.findings.tasks import ACCEPTED_WITHIN, CoolDowns, TaskRecord
from crmrules.plan import Policy, tasks
from crmrules.plan.digest import LINES
from crmrules.state.types import NEXT as OUTBOX
from crmrules.state.types import IntentState

PAGE = Path(__file__).parents[1] / "docs" / "life.md"
INTRO = """\
# The life of a finding

Written by `python benchmarks/life.py --write` from the code that decides; do not edit it by hand.

A finding is a rule firing on an opportunity, in an *episode*: from the run where it starts to
fire to the run where it clears.
An episode asks at most once. The n-th episode is counted from 1 for each rule and opportunity,
and the number is part of the task's key.
"""


def words(kind: type[StrEnum]) -> dict[str, str]:
    """Return what the comment beside each member says."""
    found = re.findall(r'^\s+[A-Z_0-9]+ = "(\w+)"(?:  # (.*))?$', getsource(kind), re.MULTILINE)
    return dict(found)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def listed(kind: type[StrEnum]) -> str:
    return table(["word", "meaning"], [[f"`{one}`", words(kind)[one] or ""] for one in kind])


def episodes() -> str:
    head = ["state", *(f"`{event}`" for event in life.Event)]
    rows = [
        [f"`{status or 'none'}`", *(f"`{nxt[event] or 'none'}`" for event in life.Event)]
        for status, nxt in life.NEXT.items()
    ]
    return table(head, rows)


def cool_downs() -> str:
    at = life.datetime(2026, 1, 1)
    rows = []
    for answer in Answer:
        record = TaskRecord("", "", "", 1, status=TaskStatus.COMPLETED, ended_at=at, answer=answer)
        until = CoolDowns().until(record)
        rows.append([f"`{answer}`", words(Answer)[answer] or "", str((until - at).days)])
    return table(["answer", "meaning", "days before the next episode may ask"], rows)


def held() -> str:
    rows = [
        [f"`{why}`", "no" if why in SILENT or why is HeldBack.SUPPRESSED else "yes"]
        for why in HeldBack
    ]
    return table(["why it waits, in the order it is asked", "on the opportunity's flags"], rows)


def outbox() -> str:
    rows = [
        [
            f"`{state}`",
            words(IntentState)[state],
            ", ".join(f"`{n}`" for n in IntentState if n in OUTBOX[state]) or "-",
        ]
        for state in IntentState
    ]
    return table(["write", "meaning", "may become"], rows)


def page() -> str:
    limits, hours = Limits(), int(Policy().settle.total_seconds() // 3600)
    days, patience = ACCEPTED_WITHIN.days, int(PATIENCE.total_seconds() // 3600)
    return f"""{INTRO}
## Episode

From a state (rows), by what an evaluation shows (columns), to a state. An evaluation that is not
later than the last one moves nothing.
A pending episode that ends gives its number back: it never asked.

{episodes()}

{listed(life.Event)}

It settles after {hours} hours (`[tasks] settle_hours`). Why it ended:

{listed(Cleared)}

## Why a finding makes no task now

The first reason that applies is the one that `plan`, `sync` and the report show. What waits keeps
its place: most severe first, then
the largest amount, then the longest waiting.

{held()}

Caps: {limits.open_per_opportunity} open tasks on an opportunity, {limits.new_per_owner_per_day}
new ones for a person in a day, {limits.open_per_owner} open for a person. A task waits for its
owner's working hours for {patience} hours at most, and not at all where it prepares something
that happens within {patience} hours. A P3 is
a task of its own only for somebody with no other open task of ours; else it is told once in that
person's weekly digest, of at
most {LINES} points. A manager's copy counts for the manager's caps alone; it is made where the
rule says `copy_manager` and the owner's
task is still open after {tasks.COPY_AFTER} business days, and ends with that task.

## A task

{listed(TaskStatus)}

A person's doing wins: a task that somebody edited, completed, deleted or gave to somebody else is
never written again. A status that
the CRM calls deferred or waiting snoozes the task until it is due. When the episode ends first,
an untouched task is completed, with
what has changed in its first line; when the opportunity closed, it is cancelled instead (`[tasks]
cancelled_status`).

A rule that is switched off (disabled, or taken out of the folder) takes its untouched tasks along,
cancelled; one that goes back to shadow keeps them.

## What a rep answers

By completing or deleting the task, or by a tag in its comment.

{cool_downs()}

A task that we closed ourselves is no answer; the next episode waits {CoolDowns().done.days} days.
A completed task is *accepted* when within {days} days a signal of its
rule rests on a record that was not there when the task was made, or what it asked about has
cleared.

## A write

Every write is durable before it leaves, and settled by what the CRM answered.

{outbox()}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())
