"""The whole loop with its state on PostgreSQL, which a run of the command line does not notice."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from postgres_world import OnPostgres, on_postgres
from salesforce_world import SalesforceWorld
from test_kill import process
from test_state_lost import never_asks_again, touch
from world import CONCERNS, RECOGNITION

pytestmark = pytest.mark.slow


@pytest.fixture
def worlds(tmp_path, postgres_server):
    """Make worlds, each with an empty database."""
    with ExitStack() as made:

        def make(name: str) -> OnPostgres:
            world = on_postgres(postgres_server, tmp_path / name, name, opportunities=20)
            return made.enter_context(world)

        yield make


def loop(world) -> list[Any]:
    """Find, ask, hear an answer, see a stage move; return what each run wrote and what it left."""
    said = []
    world.settle()
    said += [len(world.plan().writes), world.synced().writes and world.keys()]
    world.complete(world.our_tasks()[0])
    world.move(world.one_in(RECOGNITION), CONCERNS)
    world.advance()
    said.append(sorted(w["action"] for w in world.synced().writes))
    world.advance(timedelta(hours=1))
    said += [world.synced().writes, world.dump()]
    return said


def test_the_loop_is_the_same_on_both_databases(worlds, tmp_path):
    with SalesforceWorld(tmp_path / "sqlite", opportunities=20) as world:
        expected = loop(world)
    assert loop(worlds("loop")) == expected
    assert expected[2]
    assert expected[3] == []


@pytest.mark.fault("C1")
@pytest.mark.parametrize("point", ["pull", "committed", "before", "after", "inside", "recorded"])
def test_a_run_killed_anywhere_is_finished_by_the_next_at_once(worlds, point):
    world = worlds("killed").settle()
    assert process(world, point) == -signal.SIGKILL
    world.synced()  # nobody waits for a lease to expire
    assert world.one_task_per_key()
    assert world.our_tasks()
    assert world.synced().writes == []


@pytest.mark.fault("S4")
def test_a_lost_database_asks_nobody_twice(worlds):
    world = worlds("lost").settle()
    world.synced()
    world.advance(timedelta(hours=1))
    touch(world)
    before, keys = world.dump(), world.keys()
    world.forget()
    never_asks_again(world, before, keys)


def test_status_tells_the_last_success_and_backup_reaches_the_server(worlds, tmp_path):
    world = worlds("looked_after").settle()
    [said] = world.cli("status").json
    assert said["last_success"]["id"] == "r1"
    assert said["last_success_age"] >= 0
    assert (said["lease"], said["waiting_since"]) == (None, None)
    from crmrules import cli

    copy = tmp_path / "copy.dump"
    assert cli.run(["state", "backup", str(copy), "--config", str(world.config)]) == 0
    assert copy.stat().st_size > 1000
