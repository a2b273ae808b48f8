"""``crmrules sandbox``: a fake CRM on this machine."""

from __future__ import annotations

import shutil
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click

from crmrules.cli.options import Moment, emit

_SYNC, _ADMIN, _CA = "sync.key", "admin.key", "ca.pem"
_MANY, _SOME = 220, 80  # opportunities: to measure with, and to read through
_PORT = 8700  # so that what is printed is what the README says
_TUESDAY = datetime(2026, 11, 24, 9, tzinfo=UTC)  # so that everybody sees what the docs show
_TITLES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


@click.command()
@click.option("--crm", default="salesforce", show_default=True, help="Which CRM to play.")
@click.option("--port", type=int, help="On 127.0.0.1. [default: a free one; with --try 8700]")
@click.option("--seed", type=int, default=1, show_default=True, help="Which made-up organization.")
@click.option(
    "--opportunities", type=int, help="How many to make up. [default: 220; with --try 80]"
)
@click.option(
    "--as-of",
    type=Moment(),
    help="The CRM's own time to begin with. [default: now; with --try a Tuesday morning]",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A scenario file instead of a made-up organization; the same file plays every CRM.",
)
@click.option(
    "--try",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Begin as an admin would: none of our fields are there, the keys are put into this "
    "folder, and the next commands are printed.",
)
@click.option("--max-seconds", type=float, default=3600.0, show_default=True, help="Then stop.")
def sandbox(
    crm: str,
    port: int | None,
    seed: int,
    opportunities: int | None,
    as_of: datetime | None,
    scenario: Path | None,
    folder: Path | None,
    max_seconds: float,
) -> None:
    """Run a fake CRM on loopback until stopped; prints the settings that reach it, as JSON.

    With --try it is the CRM of somebody who has just heard of crmrules, and prints what to do.

    Example: crmrules sandbox --crm salesforce --try .
    """
    if folder is not None:
        _keys_are_new(folder)
    done = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    opportunities = opportunities or (_MANY if folder is None else _SOME)
    running = _start(
        crm,
        seed,
        as_of or (datetime.now(UTC).replace(microsecond=0) if folder is None else _TUESDAY),
        opportunities=opportunities,
        port=(0 if folder is None else _PORT) if port is None else port,
        standing=False,
        scenario=scenario,
        bare=folder is not None,
    )
    try:
        if folder is None:
            emit({"connector": crm, crm: running.settings, "phases": running.phases})
        else:
            _begin(crm, running, folder, opportunities)
        done.wait(max_seconds)
    finally:
        running.stop()


def _start(crm: str, seed: int, now: datetime, **how: Any) -> Any:
    from crmrules import plugins
    from crmrules.errors import UsageError

    start = plugins.load(plugins.SANDBOXES, crm)
    try:
        return start(seed, now, **how)
    except OSError as error:
        raise UsageError(
            f"port {how['port']} cannot be used: {error.strerror}",
            where="--port",
            remedy="Choose another, or 0 for a free one; it is told in what is printed.",
        ) from None
    except ValueError as error:
        if how["scenario"] is None:
            raise
        raise UsageError(
            f"not a scenario: {error}",
            where=str(how["scenario"]),
            remedy="Write one with 'python -m crmrules_sandbox.scenario FILE' and change that.",
        ) from None


def _keys_are_new(folder: Path) -> None:
    """Refuse to write over keys that may be somebody's real ones."""
    from crmrules.errors import UsageError

    there = [name for name in (_SYNC, _ADMIN, _CA) if (folder / name).exists()]
    if there:
        raise UsageError(
            f"{', '.join(there)} exist already in {folder.resolve()}",
            where="--try",
            remedy="Name an empty folder, or delete them if they are of an earlier try.",
        )


def _begin(crm: str, running: Any, folder: Path, opportunities: int) -> None:
    """Put the keys into the folder and say what to do there."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = running.settings
    url = settings.get("instance_url") or settings.get("base_url")
    for name, token in ((_SYNC, settings["access_token"]), (_ADMIN, running.admin_token())):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(f"{token}\n", encoding="ascii")
    more = ""
    if settings.get("ca_bundle"):
        shutil.copyfile(settings["ca_bundle"], folder / _CA)
        more = f" --ca-bundle {_CA}"
    what = f"A made-up {_TITLES.get(crm, crm)} with {opportunities} opportunities"
    for line in (
        f"{what} and none of our fields: {url}",
        f"In {folder.resolve()}: {_SYNC}, the key of the sync, and {_ADMIN}, an administrator's.",
        "Leave this running (Ctrl-C ends it). In another terminal, in that folder:",
        f"  crmrules init --crm {crm} --url {url} --token-file {_SYNC}{more}",
    ):
        click.echo(line)
