"""``crmrules status``: what the state store knows, without a call to the CRM."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted


@click.command()
@common
@formatted
def status(config: Path | None, log_format: str | None, verbose: int, output: str) -> None:
    """Show the last runs, watermarks, outbox and open episodes. Makes no call.

    Example: crmrules status --format json
    """
    from crmrules.cli.reps import as_json, by_organization, tell
    from crmrules.cli.wire import open_store, private_rules

    store = open_store(config, log_format=log_format, verbose=verbose)
    hidden = private_rules(config)
    try:
        found = [_without(store.for_org(org).status(), hidden) for org in store.organizations()]
        reps = by_organization(store, hidden)
    finally:
        store.close()
    if output == "json":
        emit([asdict(each) | as_json(reps[each.organization]) for each in found])
        return
    if not found:
        click.echo("Nothing yet. Next: crmrules plan, then crmrules sync.")
    for each in found:
        _print(each)
        tell(reps[each.organization])


def _without(found: Any, hidden: frozenset[str] | None) -> Any:
    """Return a status that tells nothing of private rules; None: nobody knows which those are."""
    told = {} if hidden is None else found.open_episodes
    shown = {rule: n for rule, n in told.items() if rule not in (hidden or ())}
    return replace(found, open_episodes=shown)


def _print(found: Any) -> None:
    click.echo(f"organization {found.organization}: {found.opportunities} opportunities stored")
    for run in found.runs:
        ended = "killed or running" if run.exit is None else f"exit {run.exit}"
        counts = run.counts or {}
        click.echo(
            f"  run {run.id} {run.started:%Y-%m-%d %H:%M} {run.command}: {ended}, "
            f"{counts.get('done', 0)} written, {counts.get('failed', 0)} failed, "
            f"{run.calls or 0} calls (floor {run.floor or 0})"
        )
    for title, values in (
        ("watermarks", found.marks),
        ("outbox", found.outbox),
        ("open episodes", found.open_episodes),
    ):
        words = ", ".join(f"{name} {value}" for name, value in sorted(values.items()))
        click.echo(f"  {title}: {words or 'none'}")
