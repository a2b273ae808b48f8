"""``crmrules report``: the plan of this moment as a page, with what earlier runs left."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import Moment, common, look_for, write_out


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("crmrules-report.html"),
    show_default=True,
    help="File to write.",
)
@click.option("--as-of", type=Moment(), help="Judge by this moment instead of now.")
@click.option(
    "--timelines",
    type=click.IntRange(0, 500),
    help="How many opportunities to tell one by one, the most urgent first. [default: 25]",
)
@common
def report(
    out: Path,
    as_of: datetime | None,
    timelines: int | None,
    config: Path | None,
    log_format: str | None,
    verbose: int,
) -> None:
    """Write a self-contained HTML page: who needs attention and why, and how well the rules do.

    Example: crmrules report --out monday.html
    """
    from crmrules.cli.onward import after_report
    from crmrules.cli.wire import setup

    look_for(out.parent)
    made = setup(config, log_format=log_format, verbose=verbose, now=as_of)
    try:
        title = "crmrules: what needs attention"
        page, result = told(made, title, now=as_of, timelines=timelines)
    finally:
        made.close()
    write_out(out, page)
    click.echo(str(out.resolve()))
    # Not on stdout: whoever opens the page by a script takes the path from there.
    click.echo(after_report(result, made.book.enabled), err=True)


def html(
    made: Any, title: str, *, now: datetime | None = None, timelines: int | None = None
) -> str:
    """Return the page of a plan made now, with what the state store tells of earlier runs."""
    return told(made, title, now=now, timelines=timelines)[0]


def told(made: Any, title: str, *, now: datetime | None, timelines: int | None) -> tuple[str, Any]:
    """Return that page, and the plan in numbers."""
    from crmrules.report import TIMELINES, Page
    from crmrules.report.figures import look_at, look_back
    from crmrules.sync import plan

    page = Page(title, made.book.enabled, TIMELINES if timelines is None else timelines)
    rules, today = made.book.rules, []

    def then(job: Any, tx: Any) -> None:
        today.append(look_at(tx, rules, job.now))

    result = plan(made.job(now=now), show=page.show(), then=then)
    org = made.store.for_org(result.organization.id)
    return page.html(result, look_back(org, rules, result.as_of, *today)), result
