"""What ``status`` tells of the schedule: what was made, missed or skipped, and how it goes.

It decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from crmrules.observe import Past
from crmrules.plan import stamp
from crmrules.state.types import Status

_SHOWN = 5  # events on a terminal


def scheduled(entries: list[dict[str, Any]], past: Past | None) -> list[dict[str, Any]]:
    """Return the entries of ``status``, the schedule at the one it is about.

    Where it is about none of them yet (no run could sign in), it is an entry of its own.
    """
    if past is None:
        return entries
    told = past.model_dump(mode="json", exclude={"told", "unfinished", "cut"})
    ours = [entry for entry in entries if entry["organization"] == past.organization]
    if not ours:
        return [*entries, {"organization": None, "schedule": told}]
    for entry in ours:
        entry["schedule"] = told
    return entries


def lines(past: Past | None) -> list[str]:
    """Return the schedule as lines for people."""
    if past is None:
        return []
    well = {True: "ok", False: f"failing: {past.reason}", None: "not known yet"}[past.healthy]
    counted = f"{past.made} made, {past.failed} failed, {past.skipped} skipped"
    shown = [f"schedule: {well}; {counted}, {past.missed} missed"]
    if past.cron is not None and past.handled is not None:
        until = stamp(past.handled)
        shown.append(f"  cron {past.cron} ({past.zone}), accounted for until {until}")
    if past.open is not None:
        shown.append(f"  a run is under way since {past.open.get('at')}, or was killed")
    return shown + [f"  {_event(event)}" for event in past.events[-_SHOWN:]]


def _event(event: dict[str, Any]) -> str:
    at = event.get("at")
    match event.get("kind"):
        case "run":
            due = f", due {event['due']}" if event.get("due") else ""
            said = "skipped" if event.get("exit") == 75 else f"exit {event.get('exit')}"
            return f"{at} run {said}{due}"
        case "missed":
            stretch = f"{event.get('first')} to {event.get('last')}"
            return f"{at} missed {event.get('count')} ({event.get('reason')}), {stretch}"
        case "killed":
            return f"{at} found the run due {event.get('due')} killed"
        case _:
            return f"{at} the clock was set back by {event.get('seconds')} s"


def too_old(found: Sequence[Status], now: datetime, most: timedelta) -> bool:
    """Say on stderr where no sync came to its end for too long; return whether there was one."""
    old = not found
    if old:
        click.echo("no sync has come to its end yet", err=True)
    for each in found:
        run = each.last_complete
        ended = None if run is None else run.ended
        if ended is None or now - ended > most:
            old = True
            since = "ever" if ended is None else f"since {stamp(ended)}"
            click.echo(f"{each.organization}: no sync has come to its end {since}", err=True)
    return old
