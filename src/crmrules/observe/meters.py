"""The metrics: few names, bounded labels, no word of a customer. docs/running.md explains each.

A value nobody knows is absent, never 0. Counters go on where the text file of an earlier process
ended, so that one process per sync counts too.

It asks nobody for a value and listens nowhere.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

PREFIX = "crmrules_"
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "build_info": ("The version that runs", ("org", "version")),
    "healthy": ("1 where /healthz says ok, as of the last run", ("org",)),
    "last_success_timestamp_seconds": ("End of the newest sync with exit 0", ("org",)),
    "last_complete_timestamp_seconds": ("End of the newest sync that came to its end", ("org",)),
    "last_run_timestamp_seconds": ("End of the newest run, however it ended", ("org",)),
    "last_run_exit_code": ("Exit code of the newest run", ("org",)),
    "last_run_seconds": ("How long the newest run took", ("org",)),
    "last_run_step_seconds": ("How long a step of the newest run took", ("org", "step")),
    "budget_calls": ("API calls that the CRM allows in a day", ("org",)),
    "budget_calls_left": ("Of these, left after the newest run", ("org",)),
    "opportunities": ("Judged by the newest run that came to its end", ("org",)),
    "findings_open": ("Open findings, without those of private rules", ("org", "rule")),
    "outbox": ("Writes by state", ("org", "state")),
    "outbox_oldest_timestamp_seconds": ("Since when a write is not settled", ("org",)),
    "quarantine_oldest_timestamp_seconds": ("Since when the CRM refuses a write", ("org",)),
    "watermark_timestamp_seconds": ("Up to when changes were read", ("org", "kind")),
    "overdue_timestamp_seconds": ("From then on a sync is missing", ("org",)),
    "schedule_period_seconds": ("Longest pause of the schedule", ("org",)),
    "next_run_timestamp_seconds": ("When the next run begins", ("org",)),
    "running": ("1 while a run is under way", ("org",)),
}
COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "runs": ("Runs by exit code; 75: another run held the lock", ("org", "exit")),
    "runs_missed": ("Due moments at which no run was made", ("org", "reason")),
    "calls": ("API calls by part of the API and HTTP status", ("org", "api", "status")),
    "writes": ("Writes by what became of them", ("org", "result")),
    "observer_failures": ("Failures to tell somebody; no sync fails by one", ("org", "observer")),
}
_OF_A_PROCESS = ("build_info", "next_run_timestamp_seconds", "running")
LARGEST = 1 << 20  # bytes of a text file that is read again

Values = dict[tuple[str, ...], float]


class Meters(Collector):
    """All values, by metric and labels. Threads may read while a run sets them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gauges: dict[str, Values] = {name: {} for name in GAUGES}
        self._counters: dict[str, Values] = {name: {} for name in COUNTERS}
        self._unwritten: dict[str, Values] = {name: {} for name in COUNTERS}
        self._known: set[tuple[str, str]] = set()  # gauges we have set: no file knows better
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def set(self, name: str, value: float | None, *labels: str) -> None:
        """Set a gauge; None: nobody knows it any more."""
        self.replace(name, {} if value is None else {labels[1:]: value}, labels[0])

    def replace(self, name: str, values: Mapping[tuple[str, ...], float], first: str) -> None:
        """Set all values of a gauge that have this first label; the others of it go."""
        with self._lock:
            kept = {k: v for k, v in self._gauges[name].items() if k[0] != first}
            self._gauges[name] = kept | {(first, *rest): value for rest, value in values.items()}
            self._known.add((name, first))

    def get(self, name: str, *labels: str) -> float | None:
        """Return the value of a gauge; None: nobody knows it."""
        with self._lock:
            return self._gauges[name].get(labels)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Count."""
        with self._lock:
            for counters in (self._counters, self._unwritten):
                counters[name][labels] = counters[name].get(labels, 0) + value

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics, as prometheus_client wants them."""
        with self._lock:
            gauges = {name: dict(values) for name, values in self._gauges.items()}
            counters = {name: dict(values) for name, values in self._counters.items()}
        for name, values in gauges.items():
            gauge = GaugeMetricFamily(PREFIX + name, GAUGES[name][0], labels=GAUGES[name][1])
            for labels, value in sorted(values.items()):
                gauge.add_metric(labels, value)
            yield gauge
        for name, values in counters.items():
            counter = CounterMetricFamily(
                PREFIX + name, COUNTERS[name][0], labels=COUNTERS[name][1]
            )
            for labels, value in sorted(values.items()):
                counter.add_metric(labels, value)
            yield counter

    def text(self) -> bytes:
        """Return all of it in the text format of Prometheus."""
        return generate_latest(self._registry)

    def write(self, path: Path) -> None:
        """Write the text file in one step: who reads meanwhile sees the old one or the new one.

        What other processes have counted in it meanwhile stays counted.
        """
        self.resume(path)
        write_to_textfile(str(path), self._registry)
        with self._lock:
            self._unwritten = {name: {} for name in COUNTERS}

    def resume(self, path: Path) -> None:
        """Take over from a text file what it has counted, and what only it knows of the last run.

        A file that is not there, or is none of ours, has nothing to say.
        """
        found = _read(path)
        with self._lock:
            for name, labels, value in found:
                if name in COUNTERS:
                    fresh = self._unwritten[name].get(labels, 0)
                    ours = self._counters[name].get(labels, 0)
                    self._counters[name][labels] = max(ours, value + fresh)
                elif (name, labels[0]) not in self._known and name not in _OF_A_PROCESS:
                    self._gauges[name][labels] = value


def _read(path: Path) -> list[tuple[str, tuple[str, ...], float]]:
    """Return the metrics of ours in a text file: name, labels in our order, value."""
    try:
        if path.stat().st_size > LARGEST:
            return []
        families = list(text_string_to_metric_families(path.read_text("utf-8")))
    except (OSError, ValueError):  # gone, or none of ours: what it counted is lost
        return []
    found = []
    for sample in (sample for family in families for sample in family.samples):
        name = sample.name.removeprefix(PREFIX)
        name = name if name in GAUGES else name.removesuffix("_total")
        labels = (GAUGES.get(name) or COUNTERS.get(name) or ("", ()))[1]
        if labels and set(labels) == set(sample.labels):
            found.append((name, tuple(sample.labels[label] for label in labels), sample.value))
    return found
