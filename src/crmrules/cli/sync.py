"""``crmrules plan`` and ``crmrules sync``: the same run, without and with its last step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import Moment, common, formatted, progress
from crmrules.stopping import Stop


def _run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--verdicts",
            type=click.Choice(["findings", "all"]),
            default="findings",
            help="all: quiet and unknown ones as well, with what was missing.",
        ),
        click.option("--include-private", is_flag=True, help="Show findings of private rules too."),
        click.option("--as-of", type=Moment(), help="Judge by this moment instead of now."),
        click.option("--full", is_flag=True, help="Pull everything, not only what changed."),
    ):
        function = option(function)
    return function


def _tell_left(left: int) -> None:
    if left:
        told = f"stopped on request: {left} write(s) are left; the next sync makes them"
        click.echo(f"crmrules: {told}", err=True)


def _printer(made: Any, output: str, verdicts: str, *, private: bool) -> Any:
    from crmrules.cli.printing import Printer

    return Printer(output, made.book.rules, verdicts=verdicts, private=private)


class _Paper:
    """The receiver of a sync that is printed; what a guard stops is printed before its error is."""

    def __init__(self, printer: Any) -> None:
        self._printer = printer

    def show(self) -> Any:
        return replace(self._printer.show(), stopped=lambda report: self._print(report, True))

    def finish(self, report: Any) -> None:
        self._print(report, False)

    def _print(self, report: Any, stopped: bool) -> None:
        self._printer.finish(report, sys.stdout, stopped=stopped)


@click.command()
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 0: nothing to do; 10: writes pending."
)
@_run_options
@common
@formatted
def plan(
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    *,
    full: bool,
    as_of: datetime | None,
    verdicts: str,
    include_private: bool,
    detailed_exitcode: bool,
) -> int:
    """Pull, judge, and print what a sync would write and what is held back. Writes nothing.

    Example: crmrules plan --format json
    """
    from crmrules.cli.limit import limited
    from crmrules.cli.wire import setup
    from crmrules.guards import exceeded
    from crmrules.sync import plan as run_plan

    made = setup(config, log_format=log_format, verbose=verbose, now=as_of)
    try:
        with _printer(made, output, verdicts, private=include_private) as printer:
            progress("pulling and judging ...")
            job = made.job(now=as_of)
            with limited(made.settings.guard.max_minutes):
                report = run_plan(job, full=full, show=printer.show())
            printer.finish(report, sys.stdout)
            for one in exceeded(report, job.guards):
                click.echo(f"a sync would stop: {one.what}\n  -> {one.remedy}", err=True)
    finally:
        made.close()
    return 10 if detailed_exitcode and report.pending else 0


@click.command()
@click.option("--max-writes", type=click.IntRange(0), help="Ceiling of this run, once.")
@click.option("--initial", is_flag=True, help="Confirm the first fill of our fields, once.")
@click.option(
    "--all",
    "configs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Several configurations, each isolated; may be repeated.",
)
@_run_options
@common
@formatted
def sync(
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    *,
    full: bool,
    as_of: datetime | None,
    verdicts: str,
    include_private: bool,
    max_writes: int | None,
    initial: bool,
    configs: tuple[Path, ...],
) -> int:
    """Plan, then write it into the CRM.

    Exits 4 when some records are left and will be tried again, 6 when a guard stopped it: then what
    it would have written is printed as by plan, and nothing is written. SIGTERM lets it finish the
    running batch.

    Example: crmrules sync --max-writes 50
    """
    from crmrules import log
    from crmrules.cli.once import Asked, once

    log.configure(log_format, verbose=verbose)  # type: ignore[arg-type]
    stop, asked = Stop(), Asked(as_of, full, max_writes, initial)

    @contextmanager
    def paper(made: Any) -> Iterator[_Paper]:
        with _printer(made, output, verdicts, private=include_private) as printer:
            progress("pulling and judging ...")
            yield _Paper(printer)

    def one(path: Path | None) -> int:
        report = once(path, asked, stop=stop, receive=paper)
        _tell_left(report.left)
        return report.exit_code

    return _each(configs, one, stop) if configs else one(config)


def _each(configs: Sequence[Path], one: Callable[[Path], int], stop: Stop) -> int:
    """Sync one configuration after another, each isolated; return the worst exit code."""
    from crmrules.errors import CrmRulesError
    from crmrules.log import scrub

    worst = 0
    for path in configs:
        click.echo(f"== {path}", err=True)
        try:
            code = one(path)
        except CrmRulesError as error:
            click.echo(scrub(f"crmrules: {error}"), err=True)
            code = error.exit_code
        worst = max(worst, code)
        if stop.asked:
            break
    return worst
