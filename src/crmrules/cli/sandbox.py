"""``crmrules sandbox``: a fake CRM on this machine."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from crmrules.cli.options import emit


@click.command()
@click.option("--crm", default="salesforce", show_default=True, help="Which CRM to play.")
@click.option("--port", type=int, default=0, help="Port on 127.0.0.1. [default: a free one]")
@click.option("--seed", type=int, default=1, show_default=True, help="Which made-up organization.")
@click.option(
    "--opportunities", type=int, default=220, show_default=True, help="How many to make up."
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A scenario file instead of a made-up organization; the same file plays every CRM.",
)
@click.option("--max-seconds", type=float, default=3600.0, show_default=True, help="Then stop.")
def sandbox(
    crm: str, port: int, seed: int, opportunities: int, scenario: Path | None, max_seconds: float
) -> None:
    """Run a fake CRM on loopback until stopped; prints the settings that reach it.

    Example: crmrules sandbox --crm salesforce --port 8443
    """
    from crmrules import plugins
    from crmrules.errors import UsageError

    done = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    start = plugins.load(plugins.SANDBOXES, crm)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        running = start(
            seed, now, opportunities=opportunities, port=port, standing=False, scenario=scenario
        )
    except ValueError as error:
        if scenario is None:
            raise
        raise UsageError(
            f"not a scenario: {error}",
            where=str(scenario),
            remedy="Write one with 'python -m crmrules_sandbox.scenario FILE' and change that.",
        ) from None
    try:
        emit({"connector": crm, crm: running.settings, "phases": running.phases})
        done.wait(max_seconds)
    finally:
        running.stop()
