"""Hours of a schedule in seconds: the real service on a clock of its own, and all that goes wrong.

The service, the syncs, the state store and the CRM's server are the product's; only time is not.
Waiting moves the clock, and so do the pauses between tries, so a CRM in trouble makes runs long.
What was due is counted here from how the clock moved, minute by minute, and from nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from faulty import ChanceFaults
from lines import kept
from prometheus_client.parser import text_string_to_metric_families
from world import World

from crmrules.cli import scheduler, wire
from crmrules.state import Store
from crmrules.stopping import Stop

MINUTE = timedelta(minutes=1)
FILES = ("state.db", "state.db-wal", "state.db-shm", "m.prom")


class KilledError(BaseException):
    """The end of the process, as far as one process can play it."""


@dataclass
class Hour:
    """``every``: minutes of the schedule; ``share``: of calls that fail; ``trouble``: of runs."""

    world: World
    dice: Random
    every: int = 1
    share: float = 0.1
    trouble: float = 0.25
    tried: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.now = self.world.now
        self.segments: list[tuple[datetime, datetime]] = [(self.now, self.now)]
        self.runs: list[dict[str, Any]] = []
        self.inside, self.renewed = 0, 0
        self.stop = Stop()
        self.end = self.now
        make = type(self.world.fault("drop_before"))
        self.faults = ChanceFaults(make, self.dice, self.share)
        self.world.server.gateway.faults = self.faults

    # -- time -------------------------------------------------------------------------------------
    def clock(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.world.now += timedelta(seconds=seconds)  # the CRM's clock never jumps
        self.segments[-1] = (self.segments[-1][0], self.now)

    def wait(self, seconds: float) -> bool:
        chance = self.dice.random()
        if chance < 0.004:
            self.tried["machine slept"] += 1
            self.forward(self.dice.uniform(100, 4000))
        elif chance < 0.007:
            self.tried["clock set back"] += 1
            self.now -= timedelta(seconds=self.dice.uniform(60 * self.every + 120, 4000))
            self.segments.append((self.now, self.now))
        elif chance < 0.02:
            self.tried["stopped while it waited"] += 1
            self.stop.asked = True
        else:
            self.forward(seconds)
        return self.stop.asked or self.elapsed() >= self.end

    def elapsed(self) -> datetime:
        return self.world.now

    # -- the service ------------------------------------------------------------------------------
    def live(self, length: timedelta) -> None:
        """Let the service live so long; it is started again whenever it ends."""
        self.end = self.elapsed() + length
        with self._patched(), kept() as self.lines:
            while self.elapsed() < self.end:
                self._process()
                if self.elapsed() < self.end:
                    self.forward(self.dice.uniform(1, 600))  # down
            self.faults.on, self.trouble = False, 0.0
            self._process(calm=True)

    def _process(self, *, calm: bool = False) -> None:
        self.stop = Stop(signals=scheduler.SIGNALS)
        wait = self._once_more(self.every * MINUTE) if calm else self.wait
        try:
            with scheduler._halting(self.stop, threading.Event()):
                service = scheduler.Service(
                    self.world.config, stop=self.stop, wait=wait, clock=self.clock
                )
                service.forever()
        except KilledError:
            for name in FILES:  # as they were in the moment it was killed
                (self.world.folder / name).unlink(missing_ok=True)
                kept = self.world.folder / f"killed-{name}"
                if kept.exists():
                    kept.rename(self.world.folder / name)
        else:
            self.past, self.handled = service.observers.past, service._schedule.handled

    def _once_more(self, length: timedelta) -> Any:
        until = self.elapsed() + length

        def wait(seconds: float) -> bool:
            self.forward(seconds)
            return self.elapsed() > until

        return wait

    @contextlib.contextmanager
    def _patched(self) -> Iterator[None]:
        once, connect = scheduler.once, wire.connect
        scheduler.once, wire.connect = self._once(once), self._connect(connect)
        try:
            yield
        finally:
            scheduler.once, wire.connect = once, connect

    def _once(self, real: Any) -> Any:
        def once(config: Any, asked: Any, **more: Any) -> Any:
            assert self.inside == 0, "two syncs at once in one process"
            self.inside += 1
            told = {"due": more["due"], "killed": False, "at": self.now}
            self.runs.append(told)
            try:
                with self._trouble():
                    return real(config, asked, **more)
            except KilledError:
                told["killed"] = True
                raise
            finally:
                self.inside -= 1
                if self.faults.struck["401"] > self.renewed:  # an admin brings a new token
                    self.renewed = self.faults.struck["401"]
                    self.world.token = self.world.server.token()
                    self.world.configure()
                self.forward(self.dice.uniform(0.5, 20))

        return once

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Let something go wrong around this run, sometimes."""
        self.cut: str | None = None
        kinds = [self._other_run, self._busy, self._bad_rule, self._bad_file, None, None]
        if self.dice.random() >= self.trouble:
            yield
            return
        chosen = self.dice.choice(kinds)
        if chosen is None:
            self.cut = self.dice.choice(["killed", "asked to stop"])
            self.tried[self.cut] += 1
            yield
            return
        self.tried[chosen.__name__.strip("_")] += 1
        with chosen():
            yield

    @contextlib.contextmanager
    def _other_run(self) -> Iterator[None]:
        with Store(f"sqlite:///{self.world.state}") as store:
            known = store.organizations() if self.world.state.exists() else []
            if not known:
                yield
                return
            with store.for_org(known[0]).lease("another process"):
                yield

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        if not self.world.state.exists():
            yield
            return
        with contextlib.closing(sqlite3.connect(self.world.state, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    @contextlib.contextmanager
    def _broken(self, file: Path) -> Iterator[None]:
        before = file.read_bytes()
        file.write_bytes(b"= not what it was\n")
        try:
            yield
        finally:
            file.write_bytes(before)

    def _bad_rule(self) -> Any:
        return self._broken(next((self.world.folder / "rules").iterdir()))

    def _bad_file(self) -> Any:
        return self._broken(self.world.config)

    def _connect(self, real: Any) -> Any:
        def connect(*args: Any, **kwargs: Any) -> Any:
            connector = real(*args, **kwargs)
            connector._transport._sleep = self.forward
            if self.cut is not None:
                place = self.dice.choice(["check", "pull"])
                setattr(connector, place, self._cut(getattr(connector, place)))
            return connector

        return connect

    def _cut(self, work: Any) -> Any:
        def cut(*args: Any) -> Any:
            if self.cut == "killed":
                for name in FILES[:2] + FILES[3:]:
                    if (self.world.folder / name).exists():
                        shutil.copy(self.world.folder / name, self.world.folder / f"killed-{name}")
                raise KilledError
            os.kill(os.getpid(), signal.SIGTERM)
            return work(*args)

        return cut

    # -- what must hold ---------------------------------------------------------------------------
    def due(self) -> list[datetime]:
        """Return every moment that the clock went over, going forward, until the last dealt with.

        Where it was set back it goes over some of them again, and they are due again.
        """
        found = []
        *earlier, (begin, _) = self.segments
        for start, end in [*earlier, (begin, self.handled)]:
            moment = start.replace(second=0, microsecond=0)
            while (moment := moment + MINUTE) <= end:
                if moment > start and moment.minute % self.every == 0:
                    found.append(moment)
        return sorted(found)

    def made(self) -> list[datetime]:
        return [run["due"].at for run in self.runs if not run["due"].catch_up]

    def missed(self) -> list[datetime]:
        found = []
        for line in self.lines:
            if line["event"] == "missed":
                first = datetime.fromisoformat(line["first"])
                found += [first + self.every * MINUTE * n for n in range(line["count"])]
                assert found[-1] == datetime.fromisoformat(line["last"])
        return found

    def counted(self, name: str) -> Counter[str]:
        """Return a counter of the text file by its label."""
        found: Counter[str] = Counter()
        text = (self.world.folder / "m.prom").read_text()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name:
                    label = next(v for k, v in sample.labels.items() if k != "org")
                    found[label] += int(sample.value)
        return found

    def check(self) -> dict[str, Any]:
        """Hold what happened against what was due; return the figures."""
        due, made, missed = self.due(), self.made(), self.missed()
        assert sorted(made + missed) == due
        killed = [run for run in self.runs if run["killed"]]
        ended = [line for line in self.lines if line["event"] == "sync"]
        assert len(ended) == len(self.runs)
        told = [line for line in self.lines if line["event"] == "killed"]
        assert len(told) == len(killed)
        past = self.past
        assert past.made + past.failed + past.skipped == len(self.runs)
        assert past.missed == len(missed)
        by_exit = self.counted("crmrules_runs_total")
        assert by_exit.total() == len(self.runs)
        assert by_exit["killed"] == len(killed)
        assert self.counted("crmrules_runs_missed_total").total() == len(missed)
        assert past.healthy
        return {
            "due": len(due),
            "made": len(made),
            "missed and reported": len(missed),
            "made up": sum(run["due"].catch_up for run in self.runs),
            "runs by exit": dict(sorted(by_exit.items())),
            "calls": self.faults.calls,
            "calls that failed": self.faults.struck.total(),
            "what went wrong": dict(sorted(self.tried.items())),
        }
