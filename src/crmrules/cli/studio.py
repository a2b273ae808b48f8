"""``crmrules studio``: the local page for ops."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import Moment, common, progress
from crmrules.errors import UsageError


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: any free one]")
@click.option(
    "--idle",
    type=click.FloatRange(min=0.1),
    default=60,
    show_default=True,
    help="Stop by itself after so many minutes in which nobody asked for anything.",
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser of this machine.")
@click.option("--organization", help="Which one, where the state store holds several.")
@click.option("--as-of", type=Moment(), help="Judge by this moment instead of now.")
@click.option("--include-private", is_flag=True, help="Show private rules too.")
@common
def studio(
    config: Path | None,
    log_format: Any,
    verbose: int,
    *,
    port: int,
    idle: float,
    show: bool,
    organization: str | None,
    as_of: datetime | None,
    include_private: bool,
) -> None:
    """Browse rules in a local page, change them, and see what comes and goes before you save.

    It judges the rows that the last sync stored, calls no CRM, answers on this machine only and to
    whoever has the address it prints, and writes nothing but the overlay, when you save.

    Example: crmrules studio --open
    """
    from crmrules import log, rulebook
    from crmrules.cli.wire import rule_places
    from crmrules.settings import load

    desk_of, serve = _parts()
    log.configure(log_format, verbose=verbose)
    settings, base = load(config)
    folders, overlay = rule_places(settings, base)
    draft, make_desk = desk_of
    made = draft(rulebook.load(folders), overlay, settings.tasks.language)
    progress("reading the snapshot ...")
    desk = make_desk(made, _reader(config, as_of, organization), include_private)

    def tell(door: Any) -> None:
        click.echo(f"crmrules studio: {door.address}\nStop it with Ctrl-C.", err=True)
        if show:
            click.launch(door.ticket())

    serve(desk, port=port, idle=idle * 60, tell=tell)


def _parts() -> Any:
    try:
        from crmrules.studio import Desk, Draft, serve
    except ImportError as error:
        raise UsageError(
            f"the studio needs the package {error.name}, which is not installed",
            remedy="Run pip install 'crmrules[studio]'.",
        ) from error
    return (Draft, Desk), serve


def _reader(config: Path | None, as_of: datetime | None, organization: str | None) -> Any:
    """Return what reads the snapshot, by the configuration as it is then."""

    def read() -> Any:
        from crmrules.cli.targets import asked_for
        from crmrules.cli.wire import make
        from crmrules.preview import Snapshot
        from crmrules.settings import load

        made = make(*load(config), now=as_of)
        try:
            which = asked_for(made.settings, made.store.organizations(), organization)
            return Snapshot.load(made.job(now=as_of), which)
        finally:
            made.close()

    return read
