"""``crmrules status``: what the state store knows, without a call to the CRM."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted
from crmrules.cli.schedule import lines, scheduled, too_old
from crmrules.plan import stamp
from crmrules.state.types import UNSETTLED


class Age(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A length of time such as 45m."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return it."""
        from crmrules.operation import span

        try:
            return value if isinstance(value, timedelta) else span(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option(
    "--max-age", type=Age(), help="Exit 4 where no sync came to its end for so long, such as 45m."
)
@common
@formatted
def status(
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    max_age: timedelta | None,
) -> int:
    """Show the last runs, up to when changes were read, writes and open episodes. Makes no call.

    Example: crmrules status --max-age 45m
    """
    from crmrules import log
    from crmrules.cli.reps import as_json, by_organization, tell
    from crmrules.cli.targets import name, ours
    from crmrules.cli.wire import private_rules, state_url
    from crmrules.observe import kept
    from crmrules.settings import load
    from crmrules.state import Store

    log.configure(log_format, verbose=verbose)  # type: ignore[arg-type]
    settings, base = load(config)
    url, hidden = state_url(settings.state.url, base), private_rules(config)
    with Store(url) as store:
        found = [_without(store.for_org(org).status(), hidden) for org in store.organizations()]
        reps = by_organization(store, hidden)
    past, now = kept(url, name(settings, config)), datetime.now(UTC)
    if output == "json":
        entries = [_json(each, now) | as_json(reps[each.organization]) for each in found]
        emit(scheduled(entries, past))
    else:
        if not found:
            click.echo("Nothing yet. Next: crmrules plan, then crmrules sync.")
        for each in found:
            _print(each, now)
            tell(reps[each.organization])
        for line in lines(past):
            click.echo(line)
    about = ours(settings, [each.organization for each in found])
    mine = [each for each in found if each.organization in about]
    old = max_age is not None and too_old(mine, now, max_age)
    return 4 if old else 0


def _json(found: Any, now: datetime) -> dict[str, Any]:
    """Return all of it; of the last success also its age, in seconds."""
    ended = None if found.last_success is None else found.last_success.ended
    age = None if ended is None else round((now - ended).total_seconds())
    return asdict(found) | {"last_success_age": age, "schedule": None}


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
            f"{run.calls or 0} calls"
        )
    waiting = sum(found.outbox.get(state, 0) for state in UNSETTLED)
    if waiting:
        since = f" since {stamp(found.waiting_since)}" if found.waiting_since else ""
        click.echo(f"  {waiting} write(s) not settled{since}; the next sync looks after them")
    click.echo(f"  weekly snapshots: {_weeks(found.weeks)}")
    marks = sorted(str(value) for value in found.marks.values())
    click.echo(f"  the CRM's changes are read up to: {marks[0] if marks else 'nothing yet'}")
    for title, values in (
        ("writes by state", found.outbox),
        ("open episodes", found.open_episodes),
    ):
        words = ", ".join(f"{name} {value}" for name, value in sorted(values.items()))
        click.echo(f"  {title}: {words or 'none'}")


def _weeks(weeks: Any) -> str:
    if not weeks:
        return "none yet"
    first, last = weeks[0].name, weeks[-1].name
    return first if first == last else f"{len(weeks)}, {first} to {last}"


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
