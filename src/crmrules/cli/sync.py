"""``crmrules plan`` and ``crmrules sync``: the same run, without and with its last step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import Moment, common, formatted, progress
from crmrules.stopping import Stop

_FILE: Any = click.Path(path_type=Path, dir_okay=False)


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
    """The receiver of a sync that is printed; what a guard stops is printed before its error is.

    ``rules``: the enabled ones, from which follows what to do next; None: that is not said.
    """

    def __init__(self, printer: Any, rules: Any) -> None:
        self._printer, self._rules = printer, rules

    def show(self) -> Any:
        return replace(self._printer.show(), stopped=lambda report: self._print(report, True))

    def finish(self, report: Any) -> None:
        from crmrules.cli.onward import after_sync

        self._print(report, False)
        if self._rules is not None:
            click.echo(after_sync(report, self._rules))

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
    from crmrules.cli.onward import after_plan
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
            above = exceeded(report, job.guards)
            for one in above:
                click.echo(f"a sync would stop: {one.what}\n  -> {one.remedy}", err=True)
            if output == "text":
                click.echo(after_plan(report, made.book.enabled, stopped=bool(above)))
    finally:
        made.close()
    return 10 if detailed_exitcode and report.pending else 0


@click.command()
@click.option("--max-writes", type=click.IntRange(0), help="Ceiling of this run, once.")
@click.option("--initial", is_flag=True, help="Confirm the first fill of our fields, once.")
@click.option("--all", "several", is_flag=True, help="Sync all CONFIGS, each isolated.")
@click.option(
    "--at-once",
    type=click.IntRange(1),
    help="With --all: how many at the same time. [default: one per processor]",
)
@click.option(
    "--dask",
    metavar="local|ADDRESS",
    default="",
    help="With --all: through a Dask cluster, one of this machine's own or that of a scheduler.",
)
@click.argument("configs", nargs=-1, type=_FILE)
@_run_options
@common
@formatted
@click.pass_obj
def sync(
    batch: Any,
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
    several: bool,
    at_once: int | None,
    dask: str,
    configs: tuple[Path, ...],
) -> int:
    """Plan, then write it into the CRM.

    Exits 4 when some records are left and will be tried again, 6 when a guard stopped it: then what
    it would have written is printed as by plan, and nothing is written. SIGTERM lets it finish the
    running batch.

    Example: crmrules sync --max-writes 50

    Several organizations: crmrules sync --all configs/*.toml
    """
    _check(several, configs, config, at_once or dask)
    if several:
        from crmrules.cli import many

        words = _words(click.get_current_context().params)
        return many.run(configs, words, output=output, at_once=at_once, dask=dask)
    from crmrules import log
    from crmrules.cli.once import Asked, once

    # On a terminal the run is told in words already: its one line of the log would say it twice.
    told = output == "text" and log_format is None and not verbose and sys.stderr.isatty()
    log.configure(log_format, verbose=verbose, quiet=told)  # type: ignore[arg-type]

    @contextmanager
    def paper(made: Any) -> Iterator[_Paper]:
        with _printer(made, output, verdicts, private=include_private) as printer:
            progress("pulling and judging ...")
            alone = (
                output == "text" and batch is None
            )  # what is next for many, none of them can say
            yield _Paper(printer, made.book.enabled if alone else None)

    asked = Asked(as_of, full, max_writes, initial, batch)
    report = once(config, asked, stop=Stop(), receive=paper)
    _tell_left(report.left)
    return report.exit_code


def _check(several: bool, configs: Sequence[Path], config: Path | None, more: Any) -> None:
    """Raise UsageError where it is not clear what shall be synced."""
    from crmrules.errors import UsageError

    if not several and configs:
        raise UsageError(
            f"what is '{configs[0]}' for?",
            remedy="One configuration: --config FILE. Several: --all before the first.",
        )
    if not several and more:
        raise UsageError("--at-once and --dask are for several", remedy="Write --all CONFIG...")
    if several and not configs:
        raise UsageError(
            "--all needs the configurations", remedy="Name them: crmrules sync --all a.toml b.toml"
        )
    if several and config is not None:
        raise UsageError(
            "--config and --all were both given", remedy="Name every file after --all."
        )


def _words(given: Mapping[str, Any]) -> list[str]:
    """Return the options of each of several syncs, as words of its command line."""
    style = given["log_format"] or ("console" if sys.stderr.isatty() else "json")
    words = ["--format", given["output"], "--verdicts", given["verdicts"], "--log-format", style]
    words += ["--verbose"] * given["verbose"]
    words += [
        f"--{n.replace('_', '-')}" for n in ("full", "include_private", "initial") if given[n]
    ]
    if given["as_of"] is not None:
        words += ["--as-of", given["as_of"].isoformat()]
    if given["max_writes"] is not None:
        words += ["--max-writes", str(given["max_writes"])]
    return words
