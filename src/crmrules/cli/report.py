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
    from crmrules.cli.wire import setup

    look_for(out.parent)
    made = setup(config, log_format=log_format, verbose=verbose, now=as_of)
    try:
        page = html(made, "crmrules: what needs attention", now=as_of, timelines=timelines)
    finally:
        made.close()
    write_out(out, page)
    click.echo(str(out.resolve()))


def html(
    made: Any, title: str, *, now: datetime | None = None, timelines: int | None = None
) -> str:
    """Return the page of a plan made now, with what the state store tells of earlier runs."""
    from crmrules.report import TIMELINES, Page
    from crmrules.report.figures import look_back
    from crmrules.sync import plan

    page = Page(title, made.book.enabled, TIMELINES if timelines is None else timelines)
    result = plan(made.job(now=now), show=page.show())
    org = made.store.for_org(result.organization.id)
    return page.html(result, look_back(org, made.book.rules, result.as_of))
