"""``crmrules sandbox``: a fake CRM on this machine."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
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
@click.option("--max-seconds", type=float, default=3600.0, show_default=True, help="Then stop.")
def sandbox(crm: str, port: int, seed: int, opportunities: int, max_seconds: float) -> None:
    """Run a fake CRM on loopback until stopped; prints the settings that reach it.

    Example: crmrules sandbox --crm salesforce --port 8443
    """
    from crmrules import plugins

    done = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    start = plugins.load(plugins.SANDBOXES, crm)
    now = datetime.now(UTC).replace(microsecond=0)
    running = start(seed, now, opportunities=opportunities, port=port, standing=False)
    try:
        emit({"connector": crm, crm: running.settings, "phases": running.phases})
        done.wait(max_seconds)
    finally:
        running.stop()
