"""A year of syncs in a process of their own: people work meanwhile, and calls go wrong."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from faulty import ChanceFaults
from living import People, rules
from oracle import Caps, Oracle
from world import ROOT

CLIENT = Path(__file__).with_name("client.py")
CAPS = Caps(per_opportunity=2, per_owner=6, per_day=3)
POPULATION = 24
PREFLIGHT = {"salesforce": 2, "hubspot": 0}  # sign-in and describe; HubSpot's floor has its own


class Client:
    """The process that syncs."""

    def __init__(self, world: Any) -> None:
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "connectors")])
        self._process = subprocess.Popen(
            [sys.executable, str(CLIENT), str(world.config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )
        self._world = world

    def sync(self, *options: str) -> dict[str, Any]:
        now = self._world.now.isoformat()
        told = {"as_of": now, "clock": now, "options": options}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@dataclass
class Year:
    """What happened. ``calls``: used, the least for what was moved, and the server's count."""

    syncs: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    state: list[int] = field(default_factory=list)
    rows: list[dict[str, int]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)  # of runs in which nothing went wrong
    faulty_calls: Counter[str] = field(default_factory=Counter)  # of all others that ended well
    errors: list[str] = field(default_factory=list)


def least(crm: str, report: dict[str, Any]) -> int:
    """Return the fewest calls for what a run read and wrote: full pages, full batches.

    ``api_floor`` counts the reading; a call carries 1,000 writes on Salesforce, and on HubSpot 100
    of one kind, after two that ask whether we may write.
    """
    kinds = Counter(
        {"create_task": "new", "set_flags": "fields"}.get(write["action"], "tasks")
        for write in report["writes"]
    )
    floor = report["api_floor"] + PREFLIGHT[crm]
    if crm == "salesforce":
        return floor + -(-sum(kinds.values()) // 1000)
    return floor + sum(-(-n // 100) for n in kinds.values())


def size(state: Path) -> tuple[int, dict[str, int]]:
    """Return the bytes that the state store fills, and its rows by table."""
    with closing(sqlite3.connect(state)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in names
        }
        pages, free, page = (
            connection.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * page, rows


def live(
    hands: Any, folder: Path, *, syncs: int, share: float, seed: int = 5
) -> tuple[Year, Oracle]:
    """Let people work and sync, so many times; a call goes wrong with a chance of ``share``."""
    dice, year = Random(seed), Year()
    with hands(
        folder,
        seed=seed,
        opportunities=16,
        rules=rules(),
        tasks={
            "open_per_opportunity": CAPS.per_opportunity,
            "open_per_owner": CAPS.per_owner,
            "new_per_owner_per_day": CAPS.per_day,
            "time_zone": "UTC",
        },
    ) as world:
        people = People(world, dice, POPULATION, started=world.now)
        oracle = Oracle(people, CAPS, world.state)
        faults = ChanceFaults(type(world.fault("drop_before")), Random(seed + 1), share)
        world.server.gateway.faults = faults
        client = Client(world)
        try:
            oracle.look()  # what the seed told, before anybody begins anything
            people.fill()
            for _ in range(syncs):
                world.advance(timedelta(hours=dice.choice((6, 7, 8))))
                people.work()
                _sync(world, client, oracle, faults, year)
                year.syncs += 1
            faults.on = False
            for _ in range(3):
                world.advance(timedelta(hours=7))
                _sync(world, client, oracle, faults, year)
            still = client.sync()
            assert still["code"] == 0, still["err"]
            assert still["report"]["writes"] == [], "a sync without a change wrote something"
        finally:
            client.close()
        oracle.struck, oracle.calls = faults.struck, faults.calls
        oracle.days = (world.now - people.started).days
    return year, oracle


def _sync(world: Any, client: Client, oracle: Oracle, faults: ChanceFaults, year: Year) -> None:
    oracle.look()
    struck = faults.struck.total()
    world.server.forget_calls()
    ran = client.sync()
    oracle.judge(ran["code"])
    year.codes[ran["code"]] += 1
    year.memory.append(ran["memory"])
    filled, rows = size(world.state)
    year.state.append(filled)
    year.rows.append(rows)
    report = ran["report"]
    if report is not None:
        harmed = faults.struck.total() > struck
        counts = year.faulty_calls if harmed else year.calls
        counts["runs"] += 1
        counts["used"] += report["api_calls"]
        counts["floor"] += report["api_floor"]
        counts["least"] += least(world.name, report)
        counts["server"] += world.server.counted
        year.held.update(f["held_back"] or "asked" for f in report["findings"])
        year.writes.update(write["action"] for write in report["writes"])
    if ran["code"] not in (0, 3, 4):
        year.errors.append(f"{world.now}: exit {ran['code']}: {ran['err'][-800:]}")
    if ran["code"] == 3:  # the token was taken away: an admin hands out another
        world.token = world.server.token()
        world.configure()
    if "Traceback" in ran["err"]:
        year.errors.append(ran["err"])
