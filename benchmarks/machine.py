"""What the machine was doing while something was measured.

Know before changing: a shared machine makes slow rows, not wrong ones, so every figure says which
share of the processors somebody else used meanwhile. Our own share is that of this process, of its
ended children, and of the living processes that the caller names. Linux only; elsewhere unknown.

It starts nothing and judges nothing but "disturbed".
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DISTURBED = 0.10
"""Share of all processors used by others above which a figure is marked."""
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_STAT = Path("/proc/stat")


@dataclass(slots=True)
class Load:
    """Others' use during a measurement; ``foreign`` is None where the system does not tell."""

    foreign: float | None = None
    seconds: float = 0.0

    @property
    def disturbed(self) -> bool:
        """Whether others used more than a tenth of the processors."""
        return self.foreign is not None and self.foreign > DISTURBED

    def __str__(self) -> str:
        if self.foreign is None:
            return "unknown"
        return f"{self.foreign:.0%}" + (" disturbed" if self.disturbed else "")


@contextmanager
def watched(own: Sequence[int] = ()) -> Iterator[Load]:
    """Measure what others used inside the block. ``own``: ids of our processes that live on."""
    load = Load()
    started, busy, ours = time.perf_counter(), _busy(), _ours(own)
    try:
        yield load
    finally:
        load.seconds = time.perf_counter() - started
        now = _busy()
        if busy is not None and now is not None and load.seconds > 0:
            foreign = (now - busy) - (_ours(own) - ours)
            load.foreign = max(0.0, foreign / (load.seconds * (os.cpu_count() or 1)))


def together(loads: Sequence[Load]) -> Load:
    """Return several measurements as one, by their lengths."""
    seconds = sum(load.seconds for load in loads)
    told = [load for load in loads if load.foreign is not None]
    if not told or not seconds:
        return Load(None, seconds)
    used = sum((load.foreign or 0.0) * load.seconds for load in told)
    return Load(used / sum(load.seconds for load in told), seconds)


def description() -> str:
    """Return the machine in one line; no host name."""
    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return (
        f"{os.cpu_count()} x {model}, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def peak_mb(pid: int | str = "self") -> float | None:
    """Return the highest resident memory a living process has had, in MB (10**6 bytes)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 / 1e6 if found else None


def _busy() -> float | None:
    """Return seconds all processors were busy since the start; guests are inside user time."""
    try:
        first = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, first[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICK


def _ours(own: Sequence[int]) -> float:
    times = os.times()
    used = times.user + times.system + times.children_user + times.children_system
    return used + sum(_used(pid) for pid in own)


def _used(pid: int) -> float:
    """Return the seconds a living process and its ended children have used; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    parts = text.rpartition(")")[2].split()  # the name before may hold anything
    return sum(map(int, parts[11:15])) / _TICK
