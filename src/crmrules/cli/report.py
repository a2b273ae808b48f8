"""``crmrules report``: the plan of this moment as a page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from crmrules.cli.options import Moment, common


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("crmrules-report.html"),
    show_default=True,
    help="File to write.",
)
@click.option("--as-of", type=Moment(), help="Judge by this moment instead of now.")
@common
def report(
    out: Path,
    as_of: datetime | None,
    config: Path | None,
    log_format: str | None,
    verbose: int,
) -> None:
    """Write a self-contained HTML page: findings, what is held back, which rules are blind.

    Example: crmrules report --out monday.html
    """
    from crmrules.cli.wire import setup
    from crmrules.report import Page
    from crmrules.sync import plan

    made = setup(config, log_format=log_format, verbose=verbose, now=as_of)
    try:
        page = Page("crmrules: what a sync would do now")
        result = plan(made.job(now=as_of), show=page.show())
    finally:
        made.close()
    out.write_text(page.html(result, list(made.book.enabled)), encoding="utf-8")
    click.echo(str(out.resolve()))
