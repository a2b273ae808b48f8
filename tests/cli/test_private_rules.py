"""A private rule, switched on: only its task shows, and only to whoever may read the rep's tasks.

The rule fires on most opportunities, beside a public one that fires on as many; what is said of
either is compared, on both CRMs.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from cli_kit import NOW, configure, run, sandbox

SECRET, OPEN = "conc-secret-thing", "conc-open-thing"
WORDS = "Take five minutes to look back at a talk of yours"
TELLING = ("secret", "Secret", "zebra", WORDS)  # id, flag, title, why, body and subject
RULE = """\
id: {id}
title: {title}
mode: live
recommended: {recommended}
severity: P2
phases: [recognition, evaluation, concerns]
why: {why}
source: tests
false_positives: [none]
private: {private}
review: "2030-01-01"
maintainer: tests
majors_only: false
settings:
  days: {{value: {days}, unit: days, why: for tests}}
when: {{all: [{{opportunity_age_days: {{at_least: $days}}}}]}}
clears: {{any: [{{quotes_sent: {{at_least: 900}}}}]}}
then:
  task:
    subject: ["{subject}"]
    body: ["This is a zebra of a talk with {{account}}.", "What would they lose by waiting?"]
    due_in_days: 5
  flag: {flag}
tests:
  - name: old enough
    given: {{phase: recognition, opportunity_age_days: 100000, quotes_sent: 0}}
    expect: fires
"""


def files(folder, *, days=0):
    rules = folder / "rules"
    rules.mkdir(parents=True, exist_ok=True)
    secret = {"id": SECRET, "title": "Secret zebra", "why": "A zebra.", "flag": "secret_flag"}
    secret |= {"private": "true", "recommended": "disabled", "subject": WORDS, "days": days}
    (rules / f"{SECRET}.yml").write_text(RULE.format(**secret))
    other = {"id": OPEN, "title": "Open", "why": "An open one.", "flag": "gone_dark", "days": 0}
    other |= {"private": "false", "recommended": "live", "subject": "Ask at this account"}
    (rules / f"{OPEN}.yml").write_text(
        RULE.format(**other).replace("a zebra of a talk", "an open one")
    )


class Place:
    """One CRM's sandbox, a configuration with both rules, and the tasks in the CRM."""

    def __init__(self, name, folder) -> None:
        self.name, self.folder = name, folder
        self.crm = sandbox(10, name)
        files(folder)
        caps = {"open_per_opportunity": 9, "new_per_owner_per_day": 999, "open_per_owner": 999}
        self.config = configure(folder, self.crm, name=name, rules=["rules"])
        text = self.config.read_text()
        text = text.replace(
            "[tasks]", "[tasks]\n" + "\n".join(f"{k} = {v}" for k, v in caps.items())
        )
        self.config.write_text(text + "max_writes = 5000\n")

    def run(self, command, *options, json_=True):
        more = ("--format", "json") if json_ else ()
        return run(command, "--config", self.config, *options, *more)

    def sync(self, *options):
        ran = self.run("sync", "--initial", "--as-of", self.crm.now.isoformat(), *options)
        assert ran.code == 0, ran.err
        return ran

    def tasks(self):
        """Return our tasks as (subject, body, rule, opportunity, key, closed, id)."""
        if self.name == "salesforce":
            return [
                (
                    row["Subject"],
                    row["Description"],
                    row.get("CrmRules_Rule__c"),
                    row.get("WhatId"),
                    row["CrmRules_Key__c"],
                    row["Status"] == "Completed",
                    row["Id"],
                )
                for row in self.crm.org.rows("Task")
                if row.get("CrmRules_Key__c")
            ]
        portal, found = self.crm.portal, []
        for record in portal.records("tasks"):
            value = {n: portal.value("tasks", record.id, n) for n in record.history}
            if value.get("crmrules_key"):
                linked = portal.linked("tasks", record.id, "deals")
                found.append(
                    (
                        value["hs_task_subject"],
                        value["hs_task_body"],
                        value.get("crmrules_rule"),
                        value.get("crmrules_opportunity") or (linked[0] if linked else None),
                        value["crmrules_key"],
                        value["hs_task_status"] == "COMPLETED",
                        record.id,
                    )
                )
        return found

    def private(self):
        return [task for task in self.tasks() if task[0] == WORDS]

    def complete(self, task):
        if self.name == "salesforce":
            row = self.crm.org.get("Task", task[6])
            self.crm.org.update("Task", task[6], {"Status": "Completed"}, row["OwnerId"])
        else:
            self.crm.portal.update("tasks", task[6], {"hs_task_status": "COMPLETED"}, user_id=1)

    def fields(self):
        """Return everything in our fields on all opportunities, as text."""
        if self.name == "salesforce":
            rows = self.crm.org.rows("Opportunity")
            return repr([{k: v for k, v in r.items() if k.startswith("CrmRules")} for r in rows])
        portal = self.crm.portal
        return repr(
            [
                {n: portal.value("deals", r.id, n) for n in r.history if n.startswith("crmrules")}
                for r in portal.records("deals")
            ]
        )

    def forget(self):
        for file in self.folder.glob("crmrules.db*"):
            file.unlink()


slow_on_hubspot = pytest.mark.parametrize(
    "place", ["salesforce", pytest.param("hubspot", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture(params=["salesforce", "hubspot"])
def place(request, tmp_path):
    found = Place(request.param, tmp_path)
    yield found
    found.crm.stop()


def silent(text):
    """Return whether a text tells nothing of the private rule."""
    return not any(word in text for word in TELLING)


def test_the_task_names_neither_rule_nor_opportunity_and_its_subject_nothing(place):
    place.sync()
    private, shown = place.private(), [t for t in place.tasks() if t[0] != WORDS]
    assert len(private) == len(shown) > 3
    assert all(rule is None and about is None for _, _, rule, about, *_ in private)
    assert all(rule == OPEN and about for _, _, rule, about, *_ in shown)
    assert not any("Seen:" in body for _, body, *_ in private)
    assert all("Seen:" in body for _, body, *_ in shown)


def test_nothing_else_in_the_crm_tells_of_it(place):
    place.sync()
    told = place.fields()
    assert "gone_dark" in told
    assert silent(told)


@slow_on_hubspot
@pytest.mark.parametrize("verdicts", ["findings", "all"])
def test_plan_tells_of_it_only_where_asked(place, verdicts):
    for output in (True, False):
        plain = place.run("plan", "--verdicts", verdicts, json_=output)
        assert plain.code == 0
        assert silent(plain.out + plain.err)
        asked = place.run("plan", "--verdicts", verdicts, "--include-private", json_=output)
        assert SECRET in asked.out or WORDS in asked.out
    mine = place.run("plan").json()
    both = place.run("plan", "--include-private").json()
    assert {f["rule"] for f in mine["findings"]} == {OPEN}
    assert {f["rule"] for f in both["findings"]} == {OPEN, SECRET}
    extra = len(both["writes"]) - len(mine["writes"])
    assert extra == sum(write["rule"] == SECRET for write in both["writes"]) > 0


@slow_on_hubspot
def test_counts_on_the_terminal_leave_it_out(place):
    told = place.run("plan", json_=False).out
    findings, creates = (
        re.search(r"(\d+) findings", told)[1],
        re.search(r"(\d+) create_task", told)[1],
    )
    assert findings == creates == str(len(place.run("plan").json()["findings"]))


@slow_on_hubspot
def test_sync_its_log_line_its_run_and_its_status_leave_it_out(place):
    ran = run(
        *("sync", "--initial", "--config", place.config, "--as-of", place.crm.now.isoformat()),
        *("--format", "json", "--log-format", "json"),
    )
    shown = [t for t in place.tasks() if t[0] != WORDS]
    assert silent(ran.out + ran.err)
    [line] = [json.loads(x) for x in ran.err.splitlines() if x.startswith("{") and '"sync"' in x]
    assert line["findings"] == len(shown)
    assert line["planned"] == line["done"] == ran.json()["done"]
    assert line["planned"] == len(ran.json()["writes"])
    for output in (True, False):
        status = place.run("status", json_=output)
        assert silent(status.out)
        assert OPEN in status.out


@slow_on_hubspot
def test_the_audit_keeps_key_and_rule_only(place):
    place.sync()
    # The rule stops to be true: its tasks are closed, which is a write about it as well.
    files(place.folder, days=100000)
    place.crm.advance(timedelta(hours=14))
    place.sync()
    audit = run("state", "export-audit", "--config", place.config)
    lines = [json.loads(line) for line in audit.out.splitlines()]
    private = [line for line in lines if line["rule"] == SECRET]
    assert {line["action"] for line in private} == {"create_task", "complete_task"}
    for line in private:
        kept = {name for name, value in line.items() if value not in (None, "", {}, [])}
        assert kept <= {
            "action",
            "key",
            "rule",
            "result",
            "run",
            "at",
            "id",
            "rules_hash",
            "organization",
        }
    rest = "\n".join(json.dumps({**line, "rule": "", "key": ""}) for line in lines)
    assert silent(rest)
    assert any(line["opportunity"] for line in lines if line["rule"] == OPEN)


@slow_on_hubspot
def test_the_page_and_the_readiness_of_doctor_leave_it_out(place):
    page = place.folder / "page.html"
    assert run("report", "--config", place.config, "--out", page).code == 0
    assert silent(page.read_text())
    assert OPEN in page.read_text()
    doctor = place.run("doctor")
    assert silent(doctor.out)
    assert OPEN in doctor.out


@slow_on_hubspot
def test_explain_needs_to_be_told(place):
    finding = place.run("plan").json()["findings"][0]["opportunity"]
    assert silent(place.run("explain", finding).out)
    refused = place.run("explain", finding, "--rule", SECRET)
    assert refused.code == 2
    assert "--include-private" in refused.err
    assert SECRET in place.run("explain", finding, "--include-private").out


@slow_on_hubspot
def test_explain_knows_the_task_of_a_private_rule_though_it_hangs_on_no_opportunity(place):
    finding = place.sync().json()["findings"][0]["opportunity"]
    place.crm.advance(timedelta(hours=1))
    when = ["--as-of", place.crm.now.isoformat()]
    told = place.run("explain", finding, "--include-private", *when).json()
    stands = {rule["rule"]: rule["task"]["status"] for rule in told["rules"]}
    assert stands == {SECRET: "open", OPEN: "open"}
    assert silent(place.run("explain", finding, *when).out)


@slow_on_hubspot
def test_an_open_task_is_found_again_and_closed_when_it_is_no_longer_needed(place):
    place.sync()
    made = place.private()
    place.crm.advance(timedelta(hours=14))
    place.sync()
    assert place.private() == made  # neither asked again nor taken for deleted
    files(place.folder, days=100000)
    place.crm.advance(timedelta(hours=14))
    ran = place.sync()
    assert silent(ran.out + ran.err)
    closed = place.private()
    assert [task[4] for task in closed] == [task[4] for task in made]
    assert all(done for *_, done, _ in closed)


@slow_on_hubspot
def test_a_lost_state_asks_nobody_twice(place):
    place.sync()
    first, *_others = place.private()
    place.complete(first)
    before = place.private()
    place.forget()
    for hours in (1, 13, 24):
        place.crm.advance(timedelta(hours=hours))
        place.sync()
        assert place.private() == before
    # What a rep closed counts as answered, what is open is closed once nobody needs it.
    files(place.folder, days=100000)
    place.crm.advance(timedelta(hours=14))
    place.sync()
    assert all(done for *_, done, _ in place.private())
    with closing(sqlite3.connect(place.folder / "crmrules.db")) as state:
        told = state.execute("SELECT key, status FROM task WHERE rule = ?", (SECRET,)).fetchall()
    assert dict(told)[first[4]] == "completed"
    assert {status for key, status in told if key != first[4]} == {"withdrawn"}


@slow_on_hubspot
def test_status_ok_does_not_tell_that_a_private_rule_was_judged(place):
    (place.folder / "rules" / f"{OPEN}.yml").unlink()
    place.sync()
    assert place.private()
    assert not re.search(r"'ok'|'attention'|'critical'", place.fields())


@slow_on_hubspot
def test_the_guards_still_count_it(place):
    (place.folder / "rules" / f"{OPEN}.yml").unlink()
    ran = run(
        *("sync", "--config", place.config, "--as-of", NOW.isoformat()),
        *("--max-writes", "2", "--format", "json"),
    )
    assert ran.code == 6
    assert not place.private()
