"""Peak memory of a ``plan``: 10,000 opportunities against 100,000 with a million activities.

Know before changing: server and client are processes of their own; only the client's peak counts.
Both sizes have the same number of rows per opportunity, so the ratio says what grows with the org.

It judges nothing: the goals stand beside the figures.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import orjson
import volume

HERE = Path(__file__).resolve().parent
SIZES, QUICK = (10_000, 100_000), (1_000, 5_000)
RATIO_GOAL, MB_GOAL = 1.3, 400
_HEAD = (
    "| opportunities | activities | peak MB | before the plan | seconds | opportunities / s "
    "| calls | floor | writes planned | others' processor use |"
)


@dataclass(frozen=True, slots=True)
class Peak:
    """One plan: what the client told, how many activities there were, and the load meanwhile."""

    opportunities: int
    activities: int
    told: dict[str, Any]
    load: machine.Load

    @property
    def mb(self) -> float:
        """Highest resident memory of the client, in MB."""
        return float(self.told["peak_mb"])


@contextmanager
def serving(opportunities: int) -> Iterator[tuple[str, int]]:
    """Serve an org of this size from another process; give its address and process id."""
    command = [sys.executable, str(HERE / "pages.py"), str(opportunities)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), server.pid
        finally:
            server.stdin.close()  # it ends with its standard input


def measure(opportunities: int) -> Peak:
    """Plan for an org of this size. Raises RuntimeError with the client's words where it fails."""
    with (
        tempfile.TemporaryDirectory(prefix="crmrules-memory-") as folder,
        serving(opportunities) as (url, server),
        machine.watched([server]) as load,
    ):
        command = [sys.executable, str(HERE / "client.py"), url, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
    told = orjson.loads(done.stdout.splitlines()[-1])
    activities = sum(
        volume.Rows(name, opportunities, volume.EPOCH).count for name in ("Task", "Event")
    )
    return Peak(opportunities, activities, told, load)


def report(*, quick: bool) -> list[str]:
    """Measure and return the section of the report."""
    sizes = QUICK if quick else SIZES
    text = ["## Memory: peak of one plan, in the client's process", ""]
    try:
        small, large = (measure(size) for size in sizes)
    except RuntimeError as error:
        last = str(error).splitlines()[-1:]
        return [*text, f"Not measured, the client failed: {' '.join(last)}", ""]
    text += [
        _HEAD,
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for peak in (small, large):
        client = peak.told
        text.append(
            f"| {client['opportunities']:,} | {peak.activities:,} | {peak.mb:.0f} "
            f"| {client['start_mb']:.0f} | {client['seconds']:.0f} "
            f"| {client['opportunities'] / client['seconds']:.0f} "
            f"| {client['calls']} | {client['floor']} | {client['writes']:,} | {peak.load} |"
        )
    ratio = large.mb / small.mb
    told = (
        f"Peak at {large.opportunities:,} to peak at {small.opportunities:,}: **{ratio:.2f}** "
        f"(goal at most {RATIO_GOAL} for {SIZES[1]:,} to {SIZES[0]:,}); "
        f"**{large.mb:.0f} MB** (goal under {MB_GOAL}). Judged by {large.told['rules']}."
    )
    return [*text, "", told, ""]
