"""Who is told how a run went, what they are told, and that no run suffers by it."""

from __future__ import annotations

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from lines import kept
from listener import Listener, answer
from prometheus_client.parser import text_string_to_metric_families

from crmrules.connector import Organization, Usage
from crmrules.cron import Cron
from crmrules.errors import AccessError, LockedError, RetryableError
from crmrules.observe import Endpoints, Observers, Targets, figures, ping
from crmrules.observe.meters import Meters
from crmrules.observe.observers import Watch
from crmrules.outcome import Report
from crmrules.schedule import Due, Missed
from crmrules.state import Status, Store

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
OK = answer(200, b"OK")


@pytest.fixture
def lines() -> Iterator[list[dict]]:
    """Return what is logged."""
    with kept() as found:
        yield found


def a_target(folder: Path, **more) -> Targets:
    values = {"org": "acme", "name": "test:acme", "pinned": None} | more
    values = {"cron": Cron("*/15 * * * *"), "period": timedelta(minutes=15)} | values
    return Targets(state_url=f"sqlite:///{folder}/state.db", **values)


@pytest.fixture(scope="session")
def empty(tmp_path_factory) -> Path:
    """Return a state store with nothing in it."""
    folder = tmp_path_factory.mktemp("empty")
    with Store(f"sqlite:///{folder}/state.db") as store:
        store.for_org("org")
    return folder / "state.db"


@pytest.fixture
def store(tmp_path, empty) -> Path:
    """Return a state store of this test."""
    return Path(shutil.copy(empty, tmp_path / "state.db"))


def usage() -> Usage:
    found = Usage(calls=3, quota_used=900, quota_limit=1000)
    found.answers["query", "200"] += 2
    found.answers["query", "none"] += 1
    return found


def a_report(**more) -> Report:
    return Report(NOW, "test", Organization("org"), usage(), **more)


def a_run(observers: Observers, targets: Targets, ends: Report | Exception) -> None:
    """Let one run be watched; it ends with a report or an error."""
    with observers.watching() as watch:
        watch.use(targets)
        watch.usage = usage()
        watch.steps.enter("check")
        watch.steps.enter("pull")
        if isinstance(ends, Exception):
            raise ends
        watch.report = ends


def failed(observers: Observers, targets: Targets, error: Exception) -> None:
    with pytest.raises(type(error)):
        a_run(observers, targets, error)


def no_access() -> AccessError:
    return AccessError("Jane Doe may not sign in", remedy="ask")


def values(text: str) -> dict[str, float]:
    """Return the samples, each as it stands in the text."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            said = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()) if k != "org")
            found[f"{sample.name}{{{said}}}"] = sample.value
    return found


# -- metrics ----------------------------------------------------------------------------------
def test_a_run_leaves_its_metrics_in_the_text_file(tmp_path, lines):
    file = tmp_path / "crmrules.prom"
    a_run(Observers(clock=lambda: NOW), a_target(tmp_path, textfile=file), a_report(done=2))
    found = values(file.read_text())
    expected = {
        "crmrules_runs_total{exit=0}": 1,
        "crmrules_healthy{}": 1,
        "crmrules_last_run_exit_code{}": 0,
        "crmrules_last_run_timestamp_seconds{}": NOW.timestamp(),
        "crmrules_calls_total{api=query,status=200}": 2,
        "crmrules_calls_total{api=query,status=none}": 1,
        "crmrules_budget_calls{}": 1000,
        "crmrules_budget_calls_left{}": 100,
        "crmrules_writes_total{result=done}": 2,
        "crmrules_schedule_period_seconds{}": 900,
        "crmrules_last_complete_timestamp_seconds{}": NOW.timestamp(),
        "crmrules_overdue_timestamp_seconds{}": NOW.timestamp() + 2700,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not list(tmp_path.glob("*.prom.*"))


def test_the_files_of_two_organizations_have_no_series_in_common(tmp_path, lines):
    """Else whoever collects both refuses them."""
    found = []
    for org in ("acme", "globex"):
        file = tmp_path / f"{org}.prom"
        a_run(Observers(), a_target(tmp_path, org=org, textfile=file), a_report(done=2))
        text = file.read_text()
        assert f'crmrules_build_info{{org="{org}"' in text
        found.append({line.rpartition(" ")[0] for line in text.splitlines() if line[0] != "#"})
    assert found[0] & found[1] == set()


def test_what_is_not_known_is_absent_from_the_metrics(tmp_path, lines):
    file = tmp_path / "crmrules.prom"
    failed(Observers(), a_target(tmp_path, textfile=file), no_access())
    found = values(file.read_text())
    assert found["crmrules_runs_total{exit=3}"] == 1
    assert not any("outbox" in name or "opportunities" in name for name in found)


def test_one_process_per_sync_counts_on_and_two_at_once_lose_nothing(tmp_path, lines):
    file = tmp_path / "crmrules.prom"
    targets = a_target(tmp_path, textfile=file)
    a_run(Observers(), targets, a_report())
    slow = Observers()
    with slow.watching() as watch:
        watch.use(targets)
        failed(Observers(), targets, LockedError("held", remedy="wait"))
        watch.report = a_report()
    a_run(slow, targets, a_report())
    found = values(file.read_text())
    assert found["crmrules_runs_total{exit=0}"] == 3
    assert found["crmrules_runs_total{exit=75}"] == 1


def test_a_gauge_that_is_no_longer_known_does_not_come_back_from_the_file(tmp_path):
    file = tmp_path / "m.prom"
    first = Meters()
    first.set("outbox_oldest_timestamp_seconds", 5, "acme")
    first.set("opportunities", 7, "acme")
    first.write(file)
    second = Meters()
    second.set("outbox_oldest_timestamp_seconds", None, "acme")
    second.write(file)
    found = values(file.read_text())
    assert "crmrules_outbox_oldest_timestamp_seconds{}" not in found
    assert found["crmrules_opportunities{}"] == 7


@pytest.mark.parametrize("content", [b"\xff\xfe", b"crmrules_runs_total{ broken", b"other 1\n"])
def test_a_text_file_that_is_none_of_ours_is_replaced(tmp_path, lines, content):
    file = tmp_path / "crmrules.prom"
    file.write_bytes(content)
    a_run(Observers(), a_target(tmp_path, textfile=file), a_report())
    assert values(file.read_text())["crmrules_runs_total{exit=0}"] == 1


def test_an_exit_code_that_the_contract_does_not_know_makes_no_label_of_its_own(tmp_path, lines):
    file = tmp_path / "crmrules.prom"
    error = RetryableError("no answer", remedy="wait")
    error.exit_code = 141
    failed(Observers(), a_target(tmp_path, textfile=file), error)
    assert values(file.read_text())["crmrules_runs_total{exit=other}"] == 1


def test_what_the_store_knows_becomes_metrics_without_private_rules():
    meters = Meters()
    status = Status(
        "org",
        marks={"Task": "2026-11-24T10:00:00Z", "odd": "no moment"},
        outbox={"unknown": 2},
        open_episodes={"shown": 3, "hidden": 4, "left-its-folder": 5},
        refused_since=NOW,
    )
    figures.of_store(meters, "acme", status, None)
    assert "findings_open{" not in meters.text().decode()
    figures.of_store(meters, "acme", status, {"shown"})
    found = values(meters.text().decode())
    expected = {
        "crmrules_findings_open{rule=shown}": 3,
        "crmrules_outbox{state=unknown}": 2,
        "crmrules_outbox{state=rejected}": 0,
        "crmrules_quarantine_oldest_timestamp_seconds{}": NOW.timestamp(),
        "crmrules_watermark_timestamp_seconds{kind=Task}": NOW.timestamp(),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "hidden" not in str(found)
    assert "left-its-folder" not in str(found)
    assert "odd" not in str(found)


# -- nobody fails by it -----------------------------------------------------------------------
def test_an_observer_that_fails_is_counted_and_logged_and_the_run_stands(tmp_path, lines):
    targets = a_target(
        tmp_path,
        textfile=tmp_path / "no folder" / "m.prom",
        heartbeat="http://127.0.0.1:9/Jane-Doe-secret",
        notice="http://127.0.0.1:9/Jane-Doe-secret",
    )
    observers = Observers()
    a_run(observers, targets, a_report())
    failed(observers, targets, no_access())
    told = {line["observer"] for line in lines if line["event"] == "observer failed"}
    assert told == {"textfile", "heartbeat", "notice"}
    assert b'crmrules_observer_failures_total{observer="heartbeat"' in observers.meters.text()
    assert "secret" not in str(lines)


def test_a_server_that_drips_its_answer_holds_a_run_up_for_seconds_only(
    tmp_path, lines, monkeypatch
):
    monkeypatch.setattr("crmrules.observe.teller.PATIENCE", 0.2)
    with Listener() as listener:

        def drip(_: bytes) -> Iterator[bytes]:
            for _ in range(2000):
                listener.wait(0.05)
                yield b"H"

        listener.talk = drip
        began, others = time.monotonic(), set(threading.enumerate())
        observers = Observers()
        a_run(observers, a_target(tmp_path, heartbeat=listener.url), a_report())
        assert time.monotonic() - began < 30
        threads = [t for t in threading.enumerate() if t.name == "crmrules-observer"]
        threads = [thread for thread in threads if thread not in others]
        assert len(threads) == 1  # the second heartbeat was not begun
    threads[0].join(60)


# -- logs -------------------------------------------------------------------------------------
def test_every_line_of_a_run_has_its_id_and_one_line_sums_it_up(tmp_path, lines):
    observers = Observers()
    with observers.watching() as watch:
        watch.use(a_target(tmp_path))
        structlog.get_logger().info("something")
        watch.report = a_report()
    assert [line["event"] for line in lines] == ["something", "sync"]
    assert {line["run_id"] for line in lines} == {watch.id}
    assert (lines[1]["exit"], lines[1]["organization"], lines[1]["calls"]) == (0, "org", 3)
    a_run(observers, a_target(tmp_path), a_report())
    assert lines[-1]["run_id"] != watch.id


def test_a_run_that_fails_is_summed_up_too(tmp_path, lines):
    failed(Observers(serving=True), a_target(tmp_path), no_access())
    assert [(line["event"], line["level"]) for line in lines] == [
        ("failed", "error"),
        ("sync", "error"),
    ]
    assert lines[1]["exit"] == 3


def test_a_run_that_fails_before_it_takes_a_step_is_summed_up_too(tmp_path, lines):
    with pytest.raises(AccessError), Observers().watching():
        raise no_access()
    assert [(line["event"], line["exit"], line["steps"]) for line in lines] == [("sync", 3, {})]


# -- heartbeats -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ends", "last"),
    [
        (a_report(), "/ping/uuid"),
        (a_report(failed=[]), "/ping/uuid"),
        (no_access(), "/ping/uuid/3"),
        (LockedError("held", remedy="wait"), "/ping/uuid/log"),
        (RuntimeError("a bug"), "/ping/uuid/1"),
    ],
)
def test_a_heartbeat_tells_the_start_and_how_it_ended(tmp_path, lines, ends, last):
    with Listener() as listener:
        listener.always(OK)
        targets = a_target(tmp_path, heartbeat=f"{listener.url}/ping/uuid")
        observers = Observers()
        if isinstance(ends, Exception):
            failed(observers, targets, ends)
        else:
            a_run(observers, targets, ends)
        asked = [request.split(b" ")[1].decode() for request in listener.requests]
    paths, ids = zip(*(each.split("?rid=") for each in asked), strict=True)
    assert paths == ("/ping/uuid/start", last)
    assert len(set(ids)) == 1
    assert b"Jane" not in b"".join(listener.requests)


def test_a_heartbeat_follows_no_redirect(tmp_path, lines):
    with Listener() as listener, Listener() as other:
        listener.always(answer(302, b"", f"Location: {other.url}/elsewhere"))
        a_run(Observers(), a_target(tmp_path, heartbeat=listener.url), a_report())
        assert other.requests == []
    assert {line["why"] for line in lines if "observer" in line} == {"HTTP 302"}


# -- notices ----------------------------------------------------------------------------------
def test_a_notice_is_sent_only_when_the_state_changes(tmp_path, store, lines):
    with Listener() as listener:
        listener.always(OK)
        targets = a_target(tmp_path, notice=f"{listener.url}/hook")
        for ends in (a_report(), no_access(), no_access(), a_report(), a_report(), no_access()):
            observers = Observers()  # one process per sync
            if isinstance(ends, Exception):
                failed(observers, targets, ends)
            else:
                a_run(observers, targets, ends)
        told = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in listener.requests]
    assert [(each["state"], each["exit"]) for each in told] == [
        ("failing", 3),
        ("ok", 0),
        ("failing", 3),
    ]
    assert told[0]["text"] == "crmrules acme: failing: sign-in or a permission (exit 3)"
    assert b"Jane" not in b"".join(listener.requests)


def test_a_notice_that_did_not_arrive_is_sent_with_the_next_run(tmp_path, store, lines):
    with Listener() as listener:
        targets = a_target(tmp_path, notice=listener.url)
        listener.always(answer(500, b""))
        failed(Observers(), targets, no_access())
        listener.always(OK)
        failed(Observers(), targets, no_access())
        failed(Observers(), targets, no_access())
        assert len(listener.requests) == 2


# -- traces -----------------------------------------------------------------------------------
def test_a_trace_shows_the_run_and_its_steps(tmp_path, lines):
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    observers = Observers(exporter=exporter)
    failed(observers, a_target(tmp_path), no_access())
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"sync", "check", "pull"}
    root = spans["sync"]
    assert spans["pull"].parent.span_id == root.context.span_id
    assert root.start_time <= spans["check"].start_time <= spans["pull"].start_time
    assert spans["pull"].end_time <= root.end_time
    assert dict(root.attributes)["crmrules.exit"] == 3
    assert "Jane" not in str([span.to_json() for span in spans.values()])


def test_a_trace_goes_to_the_configured_endpoint_and_nothing_of_the_environment_counts(
    tmp_path, lines, monkeypatch
):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with Listener() as listener, Listener() as other:
        listener.always(answer(200, b""))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", other.url)
        a_run(Observers(), a_target(tmp_path), a_report())
        assert listener.requests == []
        a_run(Observers(), a_target(tmp_path, otlp=f"{listener.url}/v1/traces"), a_report())
        assert [request.split(b" ")[1] for request in listener.requests] == [b"/v1/traces"]
        assert other.requests == []


def test_a_trace_that_is_not_taken_fails_nothing(tmp_path, lines, capfd, monkeypatch):
    monkeypatch.setattr("crmrules.observe.trace.PATIENCE", 0.2)
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    observers = Observers()
    a_run(observers, a_target(tmp_path, otlp="http://127.0.0.1:9/v1/traces"), a_report())
    assert 'observer="trace"' in observers.meters.text().decode()
    assert capfd.readouterr().err == ""


# -- health and pages -------------------------------------------------------------------------
def test_health_turns_with_the_state_and_with_silence(tmp_path, lines):
    now = [NOW]
    observers = Observers(serving=True, clock=lambda: now[0])
    targets = a_target(tmp_path)
    observers.use(targets)
    assert observers.health() is None
    now[0] += timedelta(minutes=46)
    assert "since it began" in observers.health()
    a_run(observers, targets, a_report())
    assert observers.health() is None
    failed(observers, targets, no_access())
    assert observers.health() == "sign-in or a permission (exit 3)"
    failed(observers, targets, LockedError("held", remedy="wait"))
    assert observers.health() is None  # skipped: the other run may go well
    now[0] += timedelta(minutes=46)
    failed(observers, targets, LockedError("held", remedy="wait"))
    assert "no sync has come to its end since 2026-11-24T10:46:00Z" in observers.health()


FRIDAY = datetime(2026, 11, 27, 19, 46, tzinfo=UTC)
WEEKDAYS = Cron("*/15 7-19 * * MON-FRI")


@pytest.mark.parametrize(
    ("max_age", "silent"),
    [(None, datetime(2026, 11, 30, 7, 30, tzinfo=UTC)), (timedelta(days=8), None)],
)
def test_after_a_weekend_a_sync_is_missing_with_the_third_due_moment(
    tmp_path, store, lines, max_age, silent
):
    silent = silent or FRIDAY + max_age  # where it is configured it holds, whatever is due
    now = [FRIDAY]
    targets = a_target(tmp_path, cron=WEEKDAYS, max_age=max_age)
    a_run(Observers(serving=True, clock=lambda: now[0]), targets, a_report())
    observers = Observers(serving=True, clock=lambda: now[0])  # it was started again
    observers.use(targets)
    found = values(observers.meters.text().decode())
    assert found["crmrules_overdue_timestamp_seconds{}"] == silent.timestamp()
    now[0] = silent
    assert observers.health() is None
    now[0] += timedelta(seconds=1)
    assert observers.health() == "no sync has come to its end since 2026-11-27T19:46:00Z"
    failed(observers, targets, LockedError("held", remedy="wait"))
    assert observers.past.healthy is False


def test_another_schedule_says_anew_when_a_sync_is_missing(tmp_path, lines):
    observers = Observers(serving=True, clock=lambda: NOW)
    a_run(observers, a_target(tmp_path), a_report())
    observers.use(a_target(tmp_path, cron=Cron("0 12 * * *")))
    found = values(observers.meters.text().decode())
    expected = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
    assert found["crmrules_overdue_timestamp_seconds{}"] == expected


def test_while_no_sync_ever_came_to_its_end_nobody_knows_when_one_is_missing(tmp_path, lines):
    observers = Observers(serving=True, clock=lambda: NOW)
    failed(observers, a_target(tmp_path), no_access())
    assert b"crmrules_overdue_timestamp_seconds{" not in observers.meters.text()


def test_a_crm_out_of_reach_is_a_failure_after_three_runs_in_a_row(tmp_path, store, lines):
    """The one after a run that was skipped counts on; one that came to its end begins anew."""
    targets = a_target(tmp_path, max_age=timedelta(days=30))
    away, held = RetryableError("no answer", remedy="wait"), LockedError("held", remedy="wait")
    reason = "the last 3 runs could not come to their end (exit 4)"
    found = []
    for ends in (away, a_report(left=1), away, away, held, away, held):
        observers = Observers(serving=True, clock=lambda: NOW)  # what came before is kept
        observers.use(targets)
        if isinstance(ends, Exception):
            failed(observers, targets, ends)
        else:
            a_run(observers, targets, ends)
        found.append(observers.health())
    assert found == [None] * 5 + [reason, None]


def page(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_pages_show_metrics_and_health():
    well: list[str | None] = [None]
    pages = Endpoints(("127.0.0.1", 0), metrics=Meters().text, health=lambda: well[0])
    try:
        assert page(pages.port, "/healthz") == (200, "ok\n")
        well[0] = "sign-in or a permission (exit 3)"
        assert page(pages.port, "/healthz") == (503, "sign-in or a permission (exit 3)\n")
        assert page(pages.port, "/metrics")[1].startswith("# HELP crmrules_build_info")
        assert page(pages.port, "/other")[0] == 404
    finally:
        pages.close()


# -- what is known after a restart ------------------------------------------------------------
def test_what_was_missed_is_known_after_a_restart(tmp_path, store, lines):
    first = Observers(serving=True, clock=lambda: NOW)
    first.use(a_target(tmp_path))
    first.missed(Missed(NOW, NOW, 1, "busy"))
    second = Observers(serving=True)
    second.use(a_target(tmp_path))
    assert second.past.missed == 1
    assert second.past.events[0]["reason"] == "busy"


def test_at_the_start_the_metrics_show_what_is_stored_also_of_a_sync_made_elsewhere(
    tmp_path, store, lines
):
    """The journal knows none: no observer was told of that sync."""
    with Store(f"sqlite:///{store}", clock=lambda: NOW) as made:
        state = made.for_org("org")
        with state.lease("sync"), state.run(NOW, "rules") as run:
            run.finish({}, calls=1)
    observers = Observers(serving=True, clock=lambda: NOW + timedelta(minutes=50))
    observers.use(a_target(tmp_path))
    observers.known(frozenset())
    found = values(observers.meters.text().decode())
    assert found["crmrules_last_complete_timestamp_seconds{}"] == NOW.timestamp()
    assert found["crmrules_overdue_timestamp_seconds{}"] == NOW.timestamp() + 2700
    assert found["crmrules_outbox{state=unknown}"] == 0
    assert observers.health() == "no sync has come to its end since 2026-11-24T10:00:00Z"


def test_at_the_start_a_store_that_cannot_be_read_fails_nothing(tmp_path, store, lines):
    store.write_bytes(b"damaged" * 1000)
    observers = Observers(serving=True, clock=lambda: NOW)
    observers.use(a_target(tmp_path))
    observers.known(frozenset())
    assert [line["observer"] for line in lines] == ["journal", "figures"]
    assert b"crmrules_outbox{" not in observers.meters.text()


def test_what_happens_while_the_store_cannot_be_used_is_kept_later(tmp_path, store, lines):
    observers = Observers(serving=True, clock=lambda: NOW)
    observers.use(a_target(tmp_path))
    before = store.read_bytes()
    store.write_bytes(b"damaged" * 1000)
    observers.missed(Missed(NOW, NOW, 1, "busy"))
    assert observers.past.missed == 1
    store.write_bytes(before)
    observers.idle(NOW)
    again = Observers(serving=True)
    again.use(a_target(tmp_path))
    assert again.past.missed == 1


def test_a_configuration_of_another_name_has_a_past_of_its_own(tmp_path, store, lines):
    one, other = a_target(tmp_path), replace(a_target(tmp_path), name="test:other")
    observers = Observers(serving=True, clock=lambda: NOW)
    observers.use(one)
    observers.missed(Missed(NOW, NOW, 1, "busy"))
    stranger = Observers(serving=True)
    stranger.use(other)
    assert stranger.past.missed == 0


def test_one_thing_at_a_time_is_done_in_a_hurry():
    hurried, release = ping.Hurried(), threading.Event()
    with pytest.raises(ping.ToldNobodyError, match="no answer"):
        hurried(lambda: release.wait(5) and None, 0.05)
    with pytest.raises(ping.ToldNobodyError, match="still waits"):
        hurried(lambda: None)
    release.set()
    hurried._thread.join(5)
    done = []
    hurried(lambda: done.append(1))
    assert done == [1]


def test_a_run_that_was_killed_is_told_counted_and_noted_by_the_next_start(tmp_path, store, lines):
    targets = a_target(tmp_path, textfile=tmp_path / "m.prom")
    first = Observers(serving=True, clock=lambda: NOW)
    first.use(targets)
    first.began(Watch(first, Due(NOW)))  # and nothing more is heard of it
    second = Observers(serving=True, clock=lambda: NOW)
    second.use(targets)
    second.killed()
    assert [line["event"] for line in lines] == ["killed"]
    assert values((tmp_path / "m.prom").read_text())["crmrules_runs_total{exit=killed}"] == 1
    third = Observers(serving=True, clock=lambda: NOW)
    third.use(targets)
    third.killed()
    assert (third.past.failed, [event["kind"] for event in third.past.events]) == (1, ["killed"])
