"""Several organizations one after the other, at the same time, and through Dask: ratios of one run.

``python benchmarks/many_orgs.py``. Every request is answered after ``DELAY``, about what a CRM
takes, so that a sync waits as it does in life. Quiet syncs: nothing has changed since the last.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACES = [str(HERE.parent / name) for name in ("src", "connectors", "tests", "tests/cli")]
sys.path[:0] = [str(HERE), *PLACES]
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ORGS, OPPORTUNITIES, DELAY, TIMES = 6, 40, 0.3, 3
WAYS = {
    "one after the other": ["--at-once", "1"],
    "two at the same time": ["--at-once", "2"],
    "four at the same time": ["--at-once", "4"],
    "a local Dask cluster of two": ["--at-once", "2", "--dask", "local"],
}


def measured(configs: list[str], options: list[str]) -> tuple[float, float]:
    """Return wall clock and processor seconds of one ``sync --all``."""
    words = ["sync", "--all", *configs, "--as-of", NOW.isoformat(), "--format", "json", *options]
    program = "from crmrules.cli import main; main()"
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(PLACES)},
        check=False,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, sum(after[:2]) - sum(before[:2])


def main() -> None:
    import machine
    from cli_kit import configure

    from crmrules_sandbox.salesforce.faults import Fault
    from crmrules_sandbox.salesforce.server import SandboxServer
    from crmrules_sandbox.salesforce.start import seeded_org

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        configs = []
        for number in range(ORGS):
            org = seeded_org(number, clock=lambda: NOW, opportunities=OPPORTUNITIES)
            server = stack.enter_context(SandboxServer(org, tls=False))
            settings = {"auth": "token", "instance_url": server.url, "access_token": server.token()}
            crm = type("Crm", (), {"settings": settings, "phases": {}})
            configs.append(str(configure(folder / f"org{number}", crm)))
            server.faults.add(Fault("slow", path=".*", seconds=DELAY, times=10**6))
        measured(configs, ["--initial"])
        print(f"{ORGS} organizations on {machine.description()}; the best of {TIMES}\n")
        print("| way | seconds | of one after the other | processor seconds |\n|---|---|---|---|")
        first = 0.0
        for way, options in WAYS.items():
            wall, used = map(
                min, zip(*(measured(configs, options) for _ in range(TIMES)), strict=True)
            )
            first = first or wall
            print(f"| {way} | {wall:.1f} | {wall / first:.2f} | {used:.1f} |", flush=True)


if __name__ == "__main__":
    main()
