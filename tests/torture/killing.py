"""Kill a sync of thousands of writes from outside, at any moment, and let the next one recover."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from living import World
from world import ROOT, rule

from crmrules_sandbox.scenario.outline import STAGES

DRIVER = Path(__file__).with_name("forked.py")
RULES = 9  # so many tasks an opportunity; with its fields, ten writes


def many(hands: Any, folder: Path, opportunities: int, *, rules: int = RULES) -> World:
    """Return a world of bare opportunities, each on an account of its own, pending everywhere."""
    names = [f"kill-{n}" for n in range(rules)]
    world = hands(
        folder,
        opportunities=1,
        rules={n: rule(n, phases="recognition, evaluation, concerns") for n in names},
        tasks={
            "open_per_opportunity": rules,
            "open_per_owner": 10**6,
            "new_per_owner_per_day": 10**6,
        },
        guard={"max_writes": 10**6},
    )
    owners = world.owners()
    for number in range(opportunities):
        stage = STAGES[number % len(STAGES)]
        world.begin_opportunity(number, stage, owners[number % len(owners)], alone=True)
    assert world.sync("--initial").code == 0
    world.advance()
    return world


class Runs:
    """Syncs in processes of their own, forked from one that has imported everything."""

    def __init__(self, world: World, log: Path) -> None:
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "connectors")])
        self._world = world
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(world.config), str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )

    def start(self) -> int:
        """Begin a sync; return its process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"as_of": self._world.now.isoformat()}) + "\n")
        self._process.stdin.flush()
        return int(self._read()["pid"])

    def wait(self) -> int:
        """Return how the sync ended; negative: by which signal."""
        return int(self._read()["code"])

    def whole(self) -> float:
        """Sync to the end, and insist that all went well; return the seconds it took."""
        began = time.perf_counter()
        self.start()
        assert self.wait() == 0
        return time.perf_counter() - began

    def end_at(self, seconds: float, how: int = signal.SIGKILL) -> int:
        """Sync, and send a signal after so many seconds; return how it ended."""
        pid = self.start()
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        return self.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@dataclass
class Bench:
    """A world put back before every kill, and what an undisturbed run makes of it."""

    world: World
    runs: Runs
    dice: Random
    killed: int = 0
    too_late: int = 0  # signals that came when the run had ended
    moments: list[float] = field(default_factory=list)  # as shares of an undisturbed run
    seconds: list[float] = field(default_factory=list)  # of runs that went to their end
    found_made: list[int] = field(default_factory=list)  # tasks there when a run was killed

    def __post_init__(self) -> None:
        self._records, self._state = self.world.snapshot(), self.world.state.read_bytes()
        self.seconds.append(self.runs.whole())
        self.clean = self.world.dump()
        self.writes = len(self.clean["tasks"]) + sum(
            1 for fields in self.clean["fields"].values() if fields["flags"]
        )

    def reset(self) -> None:
        world = self.world
        world.new_day()
        world.server.forget_calls()
        world.restore(self._records)
        world.forget()
        world.state.write_bytes(self._state)

    def kill(self, times: int = 1) -> None:
        """Kill so many runs in a row at random moments, then hold a normal one to the clean CRM."""
        self.reset()
        killed = 0
        while killed < times:
            moment = self.dice.random()
            usual = sorted(self.seconds[-9:])[len(self.seconds[-9:]) // 2]
            if self.runs.end_at(moment * usual) == -signal.SIGKILL:
                killed += 1
                self.moments.append(moment)
                self.found_made.append(len(self.world.our_tasks()))
            else:
                self.too_late += 1
                self.reset()
                killed = 0
        self.killed += killed
        self.seconds.append(self.runs.whole())
        assert self.world.one_task_per_key()
        assert self.world.dump() == self.clean
