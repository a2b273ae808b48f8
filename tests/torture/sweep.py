"""One world, put back for every case: die at a failpoint, recover under a fault, and converge."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from failpoints import Killed, Line, watched
from world import World

from crmrules import writeback
from crmrules.cli import wire
from crmrules.state import Store

FAULTS: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": 3},
    "503": {"kind": "status", "status": 503},
    "dropped before": {"kind": "drop_before"},
    "dropped after the commit": {"kind": "drop_after"},
    "half an answer": {"kind": "truncated_body"},
}
SIZE, BATCH, HITS = 14, 7, 3
LATER = timedelta(minutes=20)  # beyond the settle window of query mode


@dataclass(frozen=True)
class Case:
    """``lost``: in the run that dies, a write's answer is lost first, so that it reads back."""

    point: str
    hit: int
    fault: str
    lost: bool = False


@dataclass
class Bench:
    """A settled world and what an undisturbed run makes of it."""

    world: World
    clean: dict[str, Any] = field(default_factory=dict)
    plain: Line = field(default_factory=Line)  # an undisturbed run's way
    unsure: Line = field(default_factory=Line)  # that of one that loses answers
    kills: int = 0
    runs: int = 0

    def __post_init__(self) -> None:
        world = self.world.settle()
        self._records, self._state = world.snapshot(), world.state.read_bytes()
        self.clock = world.now
        assert self.run(self.plain) == 0
        self.clean = world.dump()
        self.reset()
        world.strike("drop_after", times=2)
        assert self.run(self.unsure) in (0, 4)

    def reset(self) -> None:
        world = self.world
        world.server.faults.clear()
        world.new_day()
        world.restore(self._records)
        world.forget()
        world.state.write_bytes(self._state)
        self.clock = world.now

    def run(self, line: Line | None = None) -> int | None:
        """Sync; None: it died."""
        self.runs += 1
        with self._timed(), watched(line or Line()):
            try:
                ran = self.world.sync()
            except Killed:
                self.kills += 1
                return None
        assert "Traceback" not in ran.err, ran.err
        self.last = ran
        return ran.code

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        real, batch = wire.Store, writeback.BATCH
        wire.Store = lambda url: Store(url, clock=lambda: self.clock)  # type: ignore[misc,assignment]
        writeback.BATCH = BATCH
        try:
            yield
        finally:
            wire.Store, writeback.BATCH = real, batch  # type: ignore[misc]

    def cases(self) -> list[Case]:
        """Return every failpoint at its first three hits, with every fault."""
        found = []
        for lost, line in ((False, self.plain), (True, self.unsure)):
            for point, n in sorted(line.hits.items()):
                if lost and point in self.plain.hits:
                    continue
                found += [
                    Case(point, hit, fault, lost)
                    for hit in range(1, min(n, HITS) + 1)
                    for fault in FAULTS
                ]
        return found

    def prove(self, case: Case, dice: Random) -> None:
        """Die, recover under a fault, and hold what is left to the undisturbed run."""
        world = self.world
        self.reset()
        if case.lost:
            world.strike("drop_after", times=2)
        assert self.run(Line((case.point, case.hit))) is None, case
        world.server.faults.clear()
        self._arm(case.fault, dice)
        code = self.run()
        assert code in (0, 4), (case, code, self.last.err)
        world.server.faults.clear()
        for _ in range(3):
            assert world.one_task_per_key(), case
            if code == 0:
                break
            self.clock += LATER
            code = self.run()
        assert code == 0, (case, code, self.last.err)
        assert world.dump() == self.clean, case
        assert self.run() == 0, case
        assert self.last.writes == [], case
        assert world.dump() == self.clean, case

    def _arm(self, fault: str, dice: Random) -> None:
        """Arm a fault at the write, or at any call of the run."""
        world = self.world
        if dice.random() < 0.5:
            world.strike(**FAULTS[fault])
        else:
            requests = sum(n for p, n in self.plain.hits.items() if p.startswith("before request"))
            make = type(world.fault("drop_before"))
            world.server.faults.add(make(**FAULTS[fault], nth=dice.randint(1, requests)))


def bench(crm: type[World], folder: Path, *, unique: bool) -> Bench:
    return Bench(crm(folder, opportunities=SIZE, unique_key=unique))
