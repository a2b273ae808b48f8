"""``crmrules run``, ``sync`` and ``status`` as an admin meets them, on a sandbox CRM."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
import rule_text
from lines import kept
from listener import Listener, answer
from postgres_world import on_postgres
from salesforce_world import SalesforceWorld

from crmrules import cli
from crmrules.cli import scheduler
from crmrules.errors import UsageError
from crmrules.stopping import Stop

OK = answer(200, b"OK")


@pytest.fixture
def world(tmp_path):
    with SalesforceWorld(tmp_path / "world", opportunities=8) as found:
        yield found


class Fast:
    """A service on a clock of its own. ``at`` does something at a number of minutes."""

    def __init__(self, world: SalesforceWorld, minutes: float, at: Any = None) -> None:
        self.now = world.now
        self._until, self._at = self.now + timedelta(minutes=minutes), dict(at or {})
        self._world = world
        self.service = scheduler.Service(
            world.config, stop=Stop(), wait=self._wait, clock=lambda: self.now
        )
        self.past = self.service.observers.past

    def _wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        for minutes in [m for m in self._at if self._world.now + timedelta(minutes=m) <= self.now]:
            self._at.pop(minutes)()
        return self.now >= self._until

    def live(self) -> Any:
        with kept() as self.lines:
            self.service.forever()
        return self.service.observers.past


def scheduled(world: SalesforceWorld, cron: str = "*/15 * * * *", **observe: Any) -> None:
    world.sections = {"schedule": {"cron": cron}, "observe": {"listen": ""} | observe}
    world.configure()


def one_is_private() -> dict[str, str]:
    """Return two rules, of which one may be named nowhere."""
    hidden = rule_text.rule("e2e-hidden").replace("\nwhy:", "\nprivate: true\nwhy:")
    hidden = hidden.replace("recommended: live", "recommended: disabled")
    hidden = hidden.replace("at {{account}}?", "there?").replace("Look at {{account}}", "Look")
    hidden = hidden.replace("at {account}?", "there?").replace("at {account}", "there")
    hidden = hidden.replace("Look at {opportunity}", "Look again")
    return {"e2e-early": rule_text.rule("e2e-early"), "e2e-hidden": hidden}


def exits(past: Any) -> list[int]:
    return [event["exit"] for event in past.events if event["kind"] == "run"]


def test_a_sync_that_fails_does_not_end_the_schedule_and_files_are_read_again(world):
    scheduled(world)
    rule = next((world.folder / "rules").iterdir())
    good = rule.read_bytes()
    fast = Fast(
        world,
        46,
        {16: lambda: rule.write_bytes(b"no: rule\n"), 31: lambda: rule.write_bytes(good)},
    )
    past = fast.live()
    assert exits(past) == [0, 2, 0]
    assert (past.made, past.failed, past.healthy) == (2, 1, True)
    failed = next(line for line in fast.lines if line["event"] == "failed")
    assert failed["remedy"]
    summed = [line for line in fast.lines if line["event"] == "sync"]
    assert [line["exit"] for line in summed] == [0, 2, 0]
    assert all(line["run_id"] for line in [failed, *summed])


@pytest.mark.slow
def test_a_broken_configuration_is_told_and_the_schedule_goes_on_by_the_last_good_one(world):
    scheduled(world)
    good = world.config.read_bytes()
    past = Fast(
        world,
        46,
        {16: lambda: world.config.write_bytes(b"= 1"), 31: lambda: world.config.write_bytes(good)},
    ).live()
    assert exits(past) == [0, 2, 0]
    assert past.missed == 0


@pytest.mark.slow
def test_a_changed_schedule_holds_without_a_restart(world):
    scheduled(world, "0 0 1 1 *")
    past = Fast(world, 12, {2: lambda: scheduled(world, "*/5 * * * *")}).live()
    assert [event["due"] for event in past.events] == [
        "2026-11-24T09:05:00Z",
        "2026-11-24T09:10:00Z",
    ]


@pytest.mark.slow
def test_on_postgres_a_schedule_and_its_past_outlive_a_restart_of_the_server(
    tmp_path, postgres_server
):
    with on_postgres(postgres_server, tmp_path / "world", "schedule", opportunities=8) as world:
        scheduled(world)
        restart = {16: lambda: postgres_server.control("-m", "fast", "restart")}
        past = Fast(world, 46, restart).live()
        assert exits(past) == [0, 0, 0]
        world.now += timedelta(minutes=76)  # two moments pass while nothing runs
        again = Fast(world, 10).live()
        assert (again.made, again.missed) == (past.made + 1, past.missed + 1)
        assert exits(again)[: len(exits(past))] == exits(past)
        [told] = json.loads(world.cli("status").out)
        assert told["schedule"]["made"] == again.made


@pytest.mark.slow
def test_a_restart_shows_what_the_store_knows_before_the_next_run(tmp_path):
    with SalesforceWorld(tmp_path / "world", opportunities=20, rules=one_is_private()) as world:
        scheduled(world)
        world.settle()
        Fast(world, 16).live()
        shown = Fast(world, 1).service.observers.meters.text().decode()
    found = [line.partition(" ")[0] for line in shown.splitlines() if line[0] != "#"]
    assert 'crmrules_last_complete_timestamp_seconds{org="salesforce"}' in found
    assert 'crmrules_overdue_timestamp_seconds{org="salesforce"}' in found
    assert 'crmrules_outbox{org="salesforce",state="done"}' in found
    assert [name for name in found if "findings_open" in name] == [
        'crmrules_findings_open{org="salesforce",rule="e2e-early"}'
    ]


def test_a_schedule_does_not_begin_with_rules_that_are_wrong(world):
    scheduled(world)
    next((world.folder / "rules").iterdir()).write_text("no: rule\n")
    with pytest.raises(UsageError, match="rule files"):
        Fast(world, 1)


def test_one_process_per_sync_writes_metrics_and_sends_heartbeats_too(world):
    with Listener() as listener:
        listener.always(OK)
        scheduled(world, textfile="m.prom", heartbeat_url=f"{listener.url}/ping")
        world.synced()
        world.strike("status", "pull", status=403)
        assert world.sync().code != 0
        asked = [request.split(b" ")[1].decode() for request in listener.requests]
    assert [each.partition("?")[0] for each in asked] == [
        "/ping/start",
        "/ping",
        "/ping/start",
        "/ping/3",
    ]
    text = (world.folder / "m.prom").read_text()
    assert 'crmrules_runs_total{exit="0",org="salesforce"} 1.0' in text
    assert 'crmrules_runs_total{exit="3",org="salesforce"} 1.0' in text
    assert 'crmrules_outbox{org="salesforce",state="done"}' in text
    assert 'crmrules_calls_total{api="composite",org="salesforce",status="200"}' in text
    assert "crmrules_watermark_timestamp_seconds" in text


@pytest.mark.slow
def test_metrics_hold_no_text_of_the_crm_and_nothing_of_private_rules(tmp_path):
    with SalesforceWorld(tmp_path / "world", opportunities=20, rules=one_is_private()) as world:
        scheduled(world, textfile="m.prom")
        world.settle()
        world.synced()
        text = (world.folder / "m.prom").read_text()
        names = {row["Name"] for row in world.org.rows("Opportunity")}
        ids = {row["Id"] for row in world.org.rows("Opportunity")}
    assert 'crmrules_findings_open{org="salesforce",rule="e2e-early"}' in text
    assert "e2e-hidden" not in text
    assert not any(word in text for word in names | ids)


def test_status_says_how_the_schedule_goes_also_before_any_run_could_sign_in(world, capfd):
    scheduled(world)
    world.synced()
    world.token = "wrong"
    scheduled(world)
    Fast(world, 16).live()
    capfd.readouterr()
    assert cli.run(["status", "--config", str(world.config)]) == 0
    told = capfd.readouterr().out
    assert "schedule: failing: sign-in or a permission (exit 3); 0 made, 1 failed" in told
    assert "run exit 3, due 2026-11-24T09:15:00Z" in told
    assert cli.run(["status", "--config", str(world.config), "--format", "json"]) == 0
    entries = json.loads(capfd.readouterr().out)
    assert [entry["schedule"]["failed"] for entry in entries if entry["schedule"]] == [1]


def test_status_exits_4_where_no_sync_came_to_its_end_for_too_long(world, capfd):
    config = ["--config", str(world.config)]
    assert cli.run(["status", *config, "--max-age", "45m"]) == 4
    assert "no sync has come to its end yet" in capfd.readouterr().err
    world.synced()
    assert cli.run(["status", *config, "--max-age", "45m"]) == 0
    with contextlib.closing(sqlite3.connect(world.state)) as store, store:
        store.execute("UPDATE run SET ended = '2026-01-01T00:00:00.000000Z'")
    assert cli.run(["status", *config, "--max-age", "45m"]) == 4
    assert cli.run(["status", *config, "--max-age", "soon"]) == 2


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("schedule", "cron", "every day", "cron expression"),
        ("schedule", "time_zone", "Berlin", "time zone"),
        ("observe", "listen", "9646", "127.0.0.1:9646"),
        ("observe", "max_age", "soon", "45m"),
        ("observe", "otlp_endpoint", "http://collector.example.com", "https://"),
        ("observe", "heartbeat_url", "https://hc.example.com/uuid", "must not stand in the file"),
    ],
)
def test_a_wrong_key_of_the_schedule_or_of_who_is_told_is_exit_2(
    tmp_path, capfd, section, key, value, told
):
    config = tmp_path / "crmrules.toml"
    config.write_text(f'[{section}]\n{key} = "{value}"\n')
    assert cli.run(["sync", "--config", str(config)]) == 2
    assert told in capfd.readouterr().err


@pytest.mark.slow
def test_the_address_of_a_heartbeat_may_stand_in_a_file_of_its_own(world):
    with Listener() as listener:
        listener.always(OK)
        secret = world.folder / "heartbeat"
        secret.write_text(f"{listener.url}/uuid-of-ours\n")
        secret.chmod(0o600)
        scheduled(world, heartbeat_url_file="heartbeat")
        ran = world.sync()
        assert len(listener.requests) == 2
        assert "uuid-of-ours" not in ran.err + ran.out
        secret.chmod(0o644)
        assert world.sync().code == 2


def began(world: SalesforceWorld) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", "from crmrules.cli import main; main()", "run"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [*words, "--config", str(world.config), "--log-format", "json"],
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def healthy(port: int) -> str:
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as page:
                return page.read().decode()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_waits_ends_at_once_and_cleanly_when_it_is_asked_to(world, number):
    port = free_port()
    scheduled(world, "0 0 1 1 *", listen=f"127.0.0.1:{port}")
    process = began(world)
    try:
        assert healthy(port) == "ok\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert [json.loads(line)["event"] for line in err.splitlines()] == [
        "scheduler begins",
        "scheduler ends",
    ]


@pytest.mark.slow
def test_a_place_that_is_taken_is_exit_2(world):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scheduled(world, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        process = began(world)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "[observe] listen" in err
