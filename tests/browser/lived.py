"""A made-up organization in which rules asked, reps answered, and time passed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crmrules.cli.demo import _Stage, _sync
from crmrules.cli.report import html

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NOTE = """\
#criterion: go-live under eight weeks | crucial | us=4 acme=2
#criterion: price | important | us=2 acme=4
#concession: 5% | for=go-live
#ned: nobody can read this
"""


@contextmanager
def organization(
    folder: Path, *, opportunities: int = 50, note: str = NOTE, rounds: int = 1
) -> Iterator[_Stage]:
    """Seed it, let every recommended rule ask after a day, and reps work ``rounds`` times."""
    from crmrules_sandbox.salesforce import demo

    crm = demo.start(1, NOW, opportunities=opportunities)
    stage = _Stage(crm, "salesforce", folder)
    try:
        author = next(user["Id"] for user in crm.org.rows("User") if user.get("IsActive"))
        row = {"Subject": "Note", "Status": "Completed", "Description": note, "OwnerId": author}
        for found in crm._query("SELECT Id FROM Opportunity WHERE IsClosed = false"):
            crm.org.insert("Task", row | {"WhatId": found["Id"]}, user_id=author)
        _sync(stage, live=False)
        crm.advance(timedelta(hours=13))
        _sync(stage, live=True)
        for _ in range(rounds):
            crm.advance(timedelta(days=8))
            crm.rep_works()
            _sync(stage, live=True)
        yield stage
    finally:
        crm.stop()


def report(stage: _Stage, name: str) -> Path:
    """Write the report of that organization into its folder."""
    made, file = stage.setup(live=True), stage.folder / name
    with closing(made):
        page = html(made, "A made-up organization", now=stage.crm.now, timelines=8)
        file.write_text(page, encoding="utf-8")
    return file
