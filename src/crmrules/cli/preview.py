"""``crmrules preview``: the effect of a changed rule set on the last snapshot, no CRM call."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from crmrules.cli.options import Moment, common, emit, progress

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command()
@click.option(
    "--rules",
    "folders",
    type=_FOLDER,
    multiple=True,
    help="Folder of the changed rules instead of the configured ones; may be repeated.",
)
@click.option("--overlay", type=_FILE, help="The changed overlay instead of the configured one.")
@click.option("--was", type=_FILE, help="Compare with this overlay, not with the configured one.")
@click.option("--organization", help="Which one, where the state store holds several.")
@click.option("--as-of", type=Moment(), help="Judge by this moment instead of now.")
@click.option("--include-private", is_flag=True, help="Show what private rules do too.")
@common
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="markdown: a comment for a pull request, with ids and no customer's text.",
)
def preview(
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    *,
    folders: tuple[Path, ...],
    overlay: Path | None,
    was: Path | None,
    organization: str | None,
    as_of: datetime | None,
    include_private: bool,
) -> None:
    """Show what changed rules would do: tasks that appear and go. Makes no call, writes nothing.

    It is the next sync on the rows that the last one stored, under the configured rules and under
    the changed ones.

    Example: crmrules preview --overlay overlay.new.yaml
    """
    from crmrules.cli.changes import Names, markdown, text
    from crmrules.cli.targets import asked_for
    from crmrules.cli.wire import load_rules, setup
    from crmrules.preview import Snapshot

    made = setup(config, log_format=log_format, verbose=verbose, now=as_of)
    try:
        after = load_rules(made.settings, made.base, overlay, list(folders))
        if was is not None:
            made = replace(made, book=load_rules(made.settings, made.base, was))
        progress("reading the snapshot ...")
        which = asked_for(made.settings, made.store.organizations(), organization)
        snapshot = Snapshot.load(made.job(now=as_of), which)
        effect = snapshot.effect(after.enabled, after.hash)
    finally:
        made.close()
    if output == "json":
        emit(effect.json(include_private=include_private))
    else:
        names = Names(snapshot.names, snapshot.people)
        told = partial(text, names=names) if output == "text" else markdown
        sys.stdout.write(told(effect, include_private=include_private))
        if output == "text" and overlay is not None and was is None and effect.rules:
            click.echo(_next(overlay, made.settings.overlay, stopped=bool(effect.after.stops)))


def _next(changed: Path, configured: str, *, stopped: bool) -> str:
    """Return what follows; ``stopped``: a guard would stop the sync, its remedy stands above."""
    if stopped:
        return f"Next: change {changed} again, then crmrules preview --overlay {changed}"
    return f"Next: mv {changed} {configured or 'overlay.yaml'}, then crmrules plan"
