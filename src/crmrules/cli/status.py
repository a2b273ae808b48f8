"""``crmrules status``: what the state store knows, without a call to the CRM."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted
from crmrules.plan import stamp
from crmrules.state.types import UNSETTLED


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
    now = datetime.now(UTC)
    if output == "json":
        emit([_json(each, now) | as_json(reps[each.organization]) for each in found])
        return
    if not found:
        click.echo("Nothing yet. Next: crmrules plan, then crmrules sync.")
    for each in found:
        _print(each, now)
        tell(reps[each.organization])


def _json(found: Any, now: datetime) -> dict[str, Any]:
    """Return all of it; of the last success also its age, in seconds."""
    ended = None if found.last_success is None else found.last_success.ended
    age = None if ended is None else round((now - ended).total_seconds())
    return asdict(found) | {"last_success_age": age}


def _without(found: Any, hidden: frozenset[str] | None) -> Any:
    """Return a status that tells nothing of private rules; None: nobody knows which those are."""
    told = {} if hidden is None else found.open_episodes
    shown = {rule: n for rule, n in told.items() if rule not in (hidden or ())}
    return replace(found, open_episodes=shown)


def _print(found: Any, now: datetime) -> None:
    click.echo(f"organization {found.organization}: {found.opportunities} opportunities stored")
    click.echo(f"  last success: {_success(found.last_success, now)}")
    click.echo(f"  lock: {_lock(found.lease, now)}")
    for run in found.runs:
        ended = "killed or running" if run.exit is None else f"exit {run.exit}"
        counts = run.counts or {}
        click.echo(
            f"  run {run.id} {run.started:%Y-%m-%d %H:%M} {run.command}: {ended}, "
            f"{counts.get('done', 0)} written, {counts.get('failed', 0)} failed, "
            f"{run.calls or 0} calls (floor {run.floor or 0})"
        )
    waiting = sum(found.outbox.get(state, 0) for state in UNSETTLED)
    if waiting:
        since = f" since {stamp(found.waiting_since)}" if found.waiting_since else ""
        click.echo(f"  {waiting} write(s) not settled{since}; the next sync looks after them")
    click.echo(f"  weekly snapshots: {_weeks(found.weeks)}")
    for title, values in (
        ("watermarks", found.marks),
        ("outbox", found.outbox),
        ("open episodes", found.open_episodes),
    ):
        words = ", ".join(f"{name} {value}" for name, value in sorted(values.items()))
        click.echo(f"  {title}: {words or 'none'}")


def _weeks(weeks: Any) -> str:
    if not weeks:
        return "none yet"
    return f"{len(weeks)}, {weeks[0].name} to {weeks[-1].name}"


def _success(run: Any, now: datetime) -> str:
    if run is None or run.ended is None:
        return "never"
    hours, minutes = divmod(max(0, round((now - run.ended).total_seconds() / 60)), 60)
    ago = f"{hours // 24} d {hours % 24} h" if hours >= 48 else f"{hours} h {minutes} min"
    return f"run {run.id}, {stamp(run.ended)}, {ago} ago"


def _lock(held: Any, now: datetime) -> str:
    if held is None:
        return "free"
    until = "expired" if held.expires <= now else f"until {stamp(held.expires)}"
    return (
        f"{held.holder}, process {held.pid} on {held.host} since {stamp(held.since)}, {until}"
        f" (id {held.nonce})"
    )
