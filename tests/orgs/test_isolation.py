"""Several organizations in one ``sync --all``: none of them knows what happens to another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from orgs_kit import START_PROGRAM, alone, children

from crmrules import cli
from crmrules.batch import Batch
from crmrules.state import Store


def mixed(several, state_at="sqlite:///state.db"):
    """Return three organizations of two CRMs."""
    where = {"state_at": state_at}
    return [
        several.org("acme", 1, seed=1, **where),
        several.org("globex", 2, seed=2, **where),
        several.portal("initech", **where),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("sqlite", marks=pytest.mark.slow),
        pytest.param("postgres", marks=pytest.mark.torture),
    ],
)
def test_each_organization_is_synced_as_it_would_be_alone(kind, several, tmp_path, request):
    shared = kind == "postgres"
    at = request.getfixturevalue("database") if shared else f"sqlite:///{tmp_path}/all.db"
    worlds = mixed(several, at)
    said = several.sync("--at-once", "2")
    assert said.code == 0, said.err
    assert said.codes == {"acme": 0, "globex": 0, "initech": 0}
    assert several.dumps() == alone(tmp_path, *worlds)
    assert all(world.our_tasks() for world in worlds)
    reports = [end["report"] for end in said.ends.values()]
    assert all(r["done"] == len(r["writes"]) > 0 for r in reports)
    logged = [json.loads(line) for line in said.err.splitlines() if line.startswith("{")]
    assert {Path(line["config"]).parent.name for line in logged} == set(said.codes)
    told = worlds[0].cli("status").json
    assert {org["organization"] for org in told} == {r["organization"] for r in reports}
    assert [org["runs"][0]["exit"] for org in told] == [0, 0, 0]


BROKEN = """
import os, signal

def connect(section, **_):
    if section["how"] == "bug":
        raise RuntimeError("a bug of a plugin")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def plugin(several, tmp_path, monkeypatch):
    """Install a connector that breaks; return a function that writes a configuration for it."""
    place = tmp_path / "installed"
    info = place / "brokencrm-1.dist-info"
    info.mkdir(parents=True)
    (place / "brokencrm.py").write_text(BROKEN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brokencrm\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[crmrules.connectors]\nbroken = brokencrm:connect\n")
    monkeypatch.setenv("PYTHONPATH", f"{os.environ['PYTHONPATH']}{os.pathsep}{place}")

    def write(name: str) -> Path:
        file = tmp_path / name / "crmrules.toml"
        file.parent.mkdir()
        file.write_text(f'connector = "broken"\n[broken]\nhow = "{name}"\n')
        return file

    return write


@pytest.mark.slow
def test_whatever_happens_to_one_the_others_are_synced_and_the_worst_code_is_told(
    several, plugin, tmp_path
):
    state = f"sqlite:///{tmp_path}/all.db"
    good = several.org("good", 1, state_at=state)
    refused = several.org("refused", 2, state_at=state, access={"access_token": "wrong-token-1"})
    guarded = several.org("guarded", 3, state_at=state, guard={"max_writes": 0})
    empty = several.org("empty", 4, state_at=state, access={"daily_calls": 1})
    locked = several.org("locked", 5)
    typo, twin = (tmp_path / name / "crmrules.toml" for name in ("typo", "twin"))
    for file in (typo, twin):
        file.parent.mkdir()
    typo.write_text("nonsense = 1\n")
    twin.write_text(good.config.read_text().replace('"rules"', f'"{good.folder}/rules"'))
    bug, killed = plugin("bug"), plugin("killed")
    configs = [world.config for world in (refused, guarded, empty, good, locked)]
    configs += [bug, killed, typo, twin]
    words = ["sync", "--all", *map(str, configs), "--as-of", good.now.isoformat()]
    with Store(f"sqlite:///{locked.state}") as store:
        org = store.for_org(str(locked.org.organization["Id"]))
        with org.lease("sync of elsewhere.toml"):
            ran = subprocess.run(
                [sys.executable, "-c", START_PROGRAM, *words, "--format", "json"],
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
    ends = {Path(each["config"]).parent.name: each for each in json.loads(ran.stdout)}
    assert {name: each["exit"] for name, each in ends.items()} == {
        "good": 0,
        "bug": 1,
        "killed": 1,
        "typo": 2,
        "twin": 2,
        "refused": 3,
        "guarded": 6,
        "empty": 6,
        "locked": 75,
    }
    assert ran.returncode == 1  # 6 and 75 are higher numbers, and less than a bug
    assert good.our_tasks()
    assert good.one_task_per_key()
    assert not [w.folder.name for w in (refused, guarded, empty, locked) if w.our_tasks()]
    assert "nonsense" in ends["typo"]["error"]
    assert "signal 9" in ends["killed"]["error"]
    assert "sync of elsewhere.toml" in ends["locked"]["error"]
    assert f"{good.config} and {twin} name the same organization" in ends["twin"]["error"]
    assert f"{bug}: RuntimeError: a bug of a plugin" in ran.stderr
    assert ends["guarded"]["report"]["writes"]
    assert ends["refused"]["report"] is None
    for world in several.worlds:
        assert world.token not in ran.stdout + ran.stderr
    assert "wrong-token-1" not in ran.stdout + ran.stderr


def gone(pids: set[int], within: float) -> bool:
    until = time.monotonic() + within
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def when_writing(*worlds, within: float = 180) -> None:
    """Wait until a batch of every one has arrived, though not its answer."""
    until = time.monotonic() + within
    while not all(world.our_tasks() for world in worlds):
        assert time.monotonic() < until
        time.sleep(0.05)


HOW = [
    pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
    pytest.param(signal.SIGKILL, marks=pytest.mark.torture),
    pytest.param(signal.SIGINT, marks=pytest.mark.torture),
]


@pytest.mark.parametrize("how", HOW)
def test_ended_from_outside_the_children_end_too_and_the_next_sync_goes_on(how, several, tmp_path):
    worlds = [several.org(name, n) for n, name in enumerate(("acme", "globex", "later"), 1)]
    expected = alone(tmp_path, *worlds)
    for world in worlds[:2]:
        # Longer than anybody waits here: only the life line ends a child of a killed process.
        world.strike("slow", seconds=30.0 if how is signal.SIGKILL else 3.0, after=True)
    process = several.start("--at-once", "2")
    try:
        when_writing(*worlds[:2])
        pids = children(process.pid)
        assert len(pids) == 2
        process.send_signal(how)
        out, err = process.communicate(timeout=180)
        assert gone(pids, 15)
    finally:
        process.kill()
    if how is signal.SIGTERM:
        ends = json.loads(out)
        assert process.returncode == 4, err
        assert {Path(e["config"]).parent.name: e["exit"] for e in ends}["later"] == 4
        assert "not begun" in err
    assert worlds[2].our_tasks() == []
    for world in worlds:
        world.server.faults.clear()
    assert several.sync().code == 0
    assert several.dumps() == expected
    assert all(world.one_task_per_key() for world in worlds)


@pytest.mark.slow
def test_of_many_none_says_what_is_next_as_one_alone_does(several, capfd):
    world = several.org("acme")
    words = ["sync", "--config", str(world.config), "--as-of", world.now.isoformat()]
    assert cli.run(words, batch=Batch("b", "acme.toml")) == 0
    assert "Next:" not in capfd.readouterr().out
    assert cli.run(words) == 0
    assert "Next: crmrules run" in capfd.readouterr().out
