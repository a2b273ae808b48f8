"""Several sandboxes, a configuration for each, and ``crmrules sync --all`` run over them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from hubspot_world import HubSpotWorld
from salesforce_world import SalesforceWorld
from world import ROOT, START, World, rule

from crmrules import cli

SMALL = 8  # opportunities of each organization
RULES = {"orgs-early": rule("orgs-early")}
START_PROGRAM = "from crmrules.cli import main; main()"


@dataclass
class Org(SalesforceWorld):
    """A Salesforce organization with an id of its own, whose state may be anywhere."""

    number: int = 1
    state_at: str = "sqlite:///state.db"

    def begin(self) -> Any:
        server = super().begin()
        table = self.org.store.tables["Organization"]
        [(_, row)] = table.items()
        name = f"00DKb00000{self.number:05d}MAY"
        self.org.store.tables["Organization"] = {name: dict(row) | {"Id": name}}
        return server

    @property
    def state_url(self) -> str:
        return self.state_at


@dataclass
class Portal(HubSpotWorld):
    """A HubSpot portal whose state may be anywhere."""

    state_at: str = "sqlite:///state.db"

    @property
    def state_url(self) -> str:
        return self.state_at


@dataclass
class Said:
    """What ``sync --all`` left on the terminal."""

    code: int
    out: str
    err: str

    @property
    def ends(self) -> dict[str, dict[str, Any]]:
        """Name of the organization's folder -> its element of the one JSON document."""
        return {Path(each["config"]).parent.name: each for each in json.loads(self.out)}

    @property
    def codes(self) -> dict[str, int]:
        return {name: each["exit"] for name, each in self.ends.items()}


@dataclass
class Several:
    """Organizations in folders of their own below one folder."""

    folder: Path
    patch: Any
    worlds: list[World] = field(default_factory=list)

    def __enter__(self) -> Self:
        paths = [str(ROOT / place) for place in ("src", "connectors", "tests")]
        self.patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        return self

    def __exit__(self, *_: object) -> None:
        for world in self.worlds:
            world.server.stop()

    def org(self, name: str, number: int = 1, **more: Any) -> Org:
        return self._keep(Org(self.folder / name, number=number, **self._small(more)))

    def portal(self, name: str, **more: Any) -> Portal:
        made = self._keep(Portal(self.folder / name, **self._small(more)))
        for key, value in made.environment().items():
            self.patch.setenv(key, value)  # every request of the children is held to the contract
        return made

    def _small(self, more: dict[str, Any]) -> dict[str, Any]:
        usual = {"opportunities": SMALL, "rules": RULES, "tasks": {"settle_hours": 0}}
        return usual | more

    def _keep(self, world: Any) -> Any:
        self.worlds.append(world)
        return world

    def words(self, *options: str, only: list[World] | None = None) -> list[str]:
        configs = [str(world.config) for world in only or self.worlds]
        return ["sync", "--all", *configs, "--as-of", START.isoformat(), *options]

    def sync(self, *options: str, only: list[World] | None = None) -> Said:
        """Sync all of them as a user does, with JSON on stdout."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run(self.words(*options, "--format", "json", only=only))
        for world in self.worlds:
            if isinstance(world, Portal) and (only is None or world in only):
                world.process_ended()
        return Said(code, out.getvalue(), err.getvalue())

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Begin to sync all of them in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", START_PROGRAM, *self.words(*options, "--format", "json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def dumps(self) -> dict[str, Any]:
        """Return what stands in every CRM, by the name of the organization's folder."""
        return {world.folder.name: world.dump() for world in self.worlds}


def children(of: int) -> set[int]:
    """Return the processes that a process has started and that are still there."""
    found = ""
    for file in Path(f"/proc/{of}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            found += file.read_text()
    return {int(pid) for pid in found.split()}


def alone(folder: Path, *worlds: World) -> dict[str, Any]:
    """Return what each of these would hold had it been synced by itself, one after the other."""
    found = {}
    for world in worlds:
        name = world.folder.name
        kind = HubSpotWorld if isinstance(world, Portal) else Org
        same = {"opportunities": world.opportunities, "rules": world.rules, "tasks": world.tasks}
        if isinstance(world, Org):
            same["number"] = world.number
        with kind(folder / "alone" / name, seed=world.seed, **same) as twin:
            twin.synced()
            found[name] = twin.dump()
    return found
