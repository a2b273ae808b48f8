"""``crmrules preview``: what it tells, what it keeps to itself, and what it needs."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import sqlite3
from datetime import timedelta

import pytest
import yaml
from crms import slow_on_hubspot
from preview_kit import AGES, SECRET, SIZE, by_name, edited, rules_of
from salesforce_world import SalesforceWorld
from world import EARLY, RULES, World, rule

from crmrules import cli, rulebook
from crmrules.cli import wire
from crmrules.preview import Outlook, Snapshot, snapshot

LARGE = 14


@pytest.fixture
def world(crm, tmp_path):
    """Both rules live, their first tasks just written."""
    with crm(tmp_path / "world", opportunities=LARGE) as world:
        world.settle()
        world.synced()
        world.advance(timedelta(hours=1))
        world.reachable = False
        yield world


def asked(world: World, *options: str, output: str = "json", **changes: object):
    """Run preview; ``changes``: what the changed overlay says of ``EARLY``."""
    if changes:
        file = world.folder / "changed.yaml"
        file.write_text(yaml.safe_dump({EARLY: changes}))
        options = ("--overlay", str(file), *options)
    args = ["preview", "--config", str(world.config), "--as-of", world.now.isoformat(), *options]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([*args, "--format", output])
    return code, out.getvalue(), err.getvalue()


def told(world: World, *options: str, **changes: object) -> dict:
    code, out, err = asked(world, *options, **changes)
    assert code == 0, err
    return json.loads(out)


def mine(world: World) -> list[dict]:
    return [task for task in world.our_tasks(deleted=False) if task["rule"] == EARLY]


def note(world: World, **values: object) -> None:
    """Change what the last sync remembered."""
    with contextlib.closing(sqlite3.connect(world.state)) as connection, connection:
        [(value,)] = connection.execute("SELECT value FROM note WHERE name = 'snapshot'").fetchall()
        changed = json.dumps(json.loads(value) | values)
        connection.execute("UPDATE note SET value = ? WHERE name = 'snapshot'", [changed])


@slow_on_hubspot
def test_a_threshold_that_clears_a_rule_shows_which_tasks_go_and_why(world):
    calls, state, crm = len(world.server.calls), world.tables(), world.dump()
    found = told(world, settings={"days": 9000})
    assert (len(world.server.calls), world.tables(), world.dump()) == (calls, state, crm)
    [changed] = found["rules"]
    assert changed["settings"] == {"days": [0, 9000]}
    assert (changed["mode"], changed["texts"], changed["counted_first"]) == (
        ["live", "live"],
        False,
        False,
    )
    gone = found["next_sync"]["go"]
    assert {one["key"] for one in gone} == {task["key"] for task in mine(world)}
    assert {(one["action"], one["rule"]) for one in gone} == {("complete_task", EARLY)}
    assert all(
        re.fullmatch(r"this changed: days since it was created, now \d+", one["reason"])
        for one in gone
    )
    assert found["next_sync"]["appear"] == []
    by_rule, by_owner = found["by_rule"], found["by_owner"]
    assert [(row["rule"], row["next_sync_go"]) for row in by_rule] == [(EARLY, len(gone))]
    assert sum(row["next_sync_go"] for row in by_owner) == len(gone)
    flagged = {one["opportunity"] for one in found["flags"]}
    assert flagged == {task["opportunity"] for task in mine(world)}
    world.reachable = True
    world.overlay = (world.folder / "changed.yaml").read_text()
    world.configure()
    assert by_name(world.synced().writes) == by_name(found["writes"])


@slow_on_hubspot
def test_without_a_change_nothing_differs_and_the_own_writes_are_known(world):
    found = told(world)
    assert found["writes"] == found["rules"] == found["findings"] == found["flags"] == []
    assert found["unsettled"] == 0
    text = asked(world, output="text")[1]
    assert "No rule differs" in text


@pytest.mark.slow
def test_a_rule_that_nobody_has_judged_is_said_to_be_counted_first(world):
    folder = world.folder / "more"
    folder.mkdir()
    for name, words in (RULES | {"e2e-new": rule("e2e-new", phases="concerns")}).items():
        (folder / f"{name}.yml").write_text(words)
    found = told(world, "--rules", str(folder))
    [changed] = found["rules"]
    assert (changed["rule"], changed["counted_first"]) == ("e2e-new", True)
    assert changed["mode"] == [None, "live"]
    assert found["next_sync"]["appear"] == []
    later = {one["rule"] for one in found["once_settled"]["appear"]}
    assert later == {"e2e-new"}
    assert {one["reason"] for one in found["once_settled"]["appear"]} == {
        "the rule is new or enabled"
    }
    assert "only counts it" in asked(world, "--rules", str(folder), output="text")[1]


@pytest.mark.slow
def test_what_holds_a_task_back_is_told(world):
    found = told(world, mode="shadow")
    assert found["next_sync"]["go"] == []  # what a shadow rule asked before stays
    again = told(world, "--was", str(world.folder / "changed.yaml"))
    assert again["rules"][0]["mode"] == ["shadow", "live"]
    changes = {(one["before"], one["after"]) for one in again["findings"] if one["rule"] == EARLY}
    assert changes == {("shadow", "none")}
    assert again["held_back"]["before"]["shadow"] > 0
    assert "shadow" not in again["held_back"]["after"]


@pytest.mark.slow
def test_a_disabled_rule_takes_its_tasks_along(world):
    found = told(world, mode="disabled")
    assert {one["key"] for one in found["next_sync"]["go"]} == {t["key"] for t in mine(world)}
    assert {one["reason"] for one in found["next_sync"]["go"]} == {
        "the rule that asked this was switched off"
    }


@pytest.mark.slow
def test_a_guard_that_would_stop_the_next_sync_is_told(world):
    world.guard = {"max_writes": 1}
    world.configure()
    found = told(world, settings={"days": 9000})
    [stop] = found["stops"]
    assert "the limit is 1" in stop["what"]
    assert "the rules changed since the last sync" in stop["what"]
    for output in ("text", "markdown"):
        shown = asked(world, output=output, settings={"days": 9000})[1]
        assert "the next sync would stop: this run would make" in shown
        assert stop["remedy"] in shown


@pytest.mark.slow
@pytest.mark.parametrize("output", ["text", "markdown"])
def test_people_read_what_changes_where_and_only_a_terminal_shows_names(world, output):
    code, shown, _ = asked(world, output=output, settings={"days": 9000}, subject="Zebra")
    assert code == 0
    titles = ("tasks that change", "by rule", "by owner", "flags after", "most changes")
    assert [title for title in titles if title not in shown.lower()] == []
    assert "days 0 -> 9000; other words" in shown
    for task in mine(world)[:5]:
        assert task["opportunity"] in shown
        assert task["owner"] in shown
        assert task["subject"] not in shown
    assert "Zebra" not in shown
    made = wire.setup(world.config, now=world.now)
    snapshot = Snapshot.load(made.job(now=world.now))
    made.close()
    names = snapshot.names | snapshot.people
    assert len(names) > 5
    about = {task[where] for task in mine(world)[:5] for where in ("opportunity", "owner")}
    if output == "text":
        assert [id_ for id_ in about if f"{names[id_][:20]}" not in shown] == []
    else:
        assert [name for name in names.values() if name and name in shown] == []


@pytest.mark.slow
def test_a_task_that_changes_in_both_columns_stands_there_once(world):
    shown = asked(world, output="text", settings={"days": 9000})[1]
    listed = shown.partition("tasks that change:")[2].partition("\n\n")[0]
    keys = [task["opportunity"] for task in mine(world)]
    assert [opportunity for opportunity in keys if listed.count(opportunity) != 1] == []
    assert "  -  both  " in listed


@pytest.mark.slow
def test_markdown_is_tables_that_hold_together(world):
    shown = asked(world, output="markdown", settings={"days": 9000})[1]
    assert shown.startswith("## What these rules would do\n")
    tables = re.findall(r"(?:^\|.*\|$\n?)+", shown, re.MULTILINE)
    assert len(tables) > 5
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1, table


@pytest.mark.slow
def test_a_sync_that_runs_is_not_in_the_way(world):
    made = wire.setup(world.config, now=world.now)
    with made.store.for_org(made.store.organizations()[0]).lease("sync"):
        assert told(world)["writes"] == []
    made.close()


@slow_on_hubspot
def test_before_the_first_sync_it_says_what_to_do(crm, tmp_path):
    with crm(tmp_path, opportunities=4) as world:
        world.reachable = False
        for _ in range(2):
            code, out, err = asked(world)
            assert (code, out) == (2, "")
            assert "there is no snapshot" in err
            assert "Run 'crmrules sync' once" in err
            assert "[state] url" in err


@pytest.mark.slow
def test_of_several_organizations_one_has_to_be_named(world, monkeypatch):
    one = wire.open_store(world.config).organizations()[0]
    with contextlib.closing(sqlite3.connect(world.state)) as connection, connection:
        for table in ("meta", "note"):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(names)
            other = ", ".join("'other'" if name == "org" else name for name in names)
            connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {other} FROM {table} WHERE org = '{one}'"
            )
    pin = {"salesforce": "ORGANIZATION_ID", "hubspot": "PORTAL_ID"}[world.name]
    pin = f"CRMRULES_{world.name.upper()}__{pin}"
    monkeypatch.setenv(pin, "")
    code, _, err = asked(world)
    assert (code, "holds 2 organizations" in err, f"--organization {one}" in err) == (2, True, True)
    assert told(world, "--organization", one)["organization"] == one
    code, _, err = asked(world, "--organization", "nobody")
    assert (code, "no organization 'nobody'" in err, one in err) == (2, True, True)
    monkeypatch.setenv(pin, one)
    assert told(world)["organization"] == one


@pytest.mark.slow
def test_a_connector_that_cannot_translate_without_its_crm_is_named(world):
    note(world, memory=None)
    code, _, err = asked(world)
    assert code == 2
    assert f"the {world.name} connector cannot translate stored rows" in err
    assert "crmrules plan" in err


@pytest.mark.slow
def test_a_memory_of_another_version_is_no_riddle(world):
    note(world, memory={"observed": "once"})
    code, _, err = asked(world)
    assert (code, "another version" in err, "Run 'crmrules sync' once" in err) == (2, True, True)


@pytest.mark.slow
def test_what_private_rules_do_is_told_only_where_somebody_asks(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE, rules=None) as world:
        AGES["handmade"](world)
        (world.folder / "changed.yaml").write_text(yaml.safe_dump({SECRET: {"mode": "disabled"}}))
        options = ("--overlay", str(world.folder / "changed.yaml"))
        for output in ("json", "text", "markdown"):
            assert SECRET not in asked(world, *options, output=output)[1]
            assert SECRET in asked(world, *options, "--include-private", output=output)[1]


def compared(outlook: Outlook) -> tuple[object, ...]:
    report = outlook.report
    counts = report.flagged, report.guarded, report.held_back, report.first_fill
    return outlook.next_sync, outlook.once_settled, outlook.stops, outlook.unseen, counts


@pytest.mark.slow
@pytest.mark.parametrize(
    "age",
    [
        a if a in ("answered", "handmade") else pytest.param(a, marks=pytest.mark.torture)
        for a in AGES
    ],
)
def test_what_is_not_planned_again_would_come_out_the_same(age, tmp_path, monkeypatch):
    """The short cut against the long way, many times: only then may a page rest on it."""
    with SalesforceWorld(tmp_path, opportunities=SIZE, rules=None) as world:
        AGES[age](world)
        made = wire.setup(world.config, now=world.now)
        loaded = Snapshot.load(made.job(now=world.now))
        with monkeypatch.context() as patch:
            patch.setattr(snapshot, "slim", lambda one: one)
            whole = Snapshot.load(made.job(now=world.now))
        made.close()
        assert compared(whole.before) == compared(loaded.before)
        assert compared(loaded.before)[1], "nothing is compared"
        rules, present = rules_of(world), yaml.safe_load(world.overlay)
        folder = rulebook.shipped() if world.rules is None else world.folder / "rules"
        again = 0
        for number in range(12):
            changes = edited(random.Random(f"{age} {number}"), present, rules, ())
            file = world.folder / "changed.yaml"
            file.write_text(yaml.safe_dump(changes))
            book = rulebook.load([folder], file)
            short = loaded._plan(book.enabled, book.hash, loaded._base)
            long = loaded._plan(book.enabled, book.hash, None)
            assert compared(short.outlook) == compared(long.outlook), changes
            again += sum(a is not b for a, b in zip(short.parts, loaded._base.parts, strict=True))
        assert again < 12 * len(loaded.names), "the short cut is none"
