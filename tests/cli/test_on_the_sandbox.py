"""The commands against a running sandbox: what they print, how they exit, what they leave."""

from __future__ import annotations

import html.parser
import json
import re
import sqlite3

import pytest
from cli_kit import NOW, configure, export_folder, run, sandbox

from crmrules import rulebook

SHIPPED = len(list(rulebook.load([rulebook.shipped()]).enabled))  # the private ones are disabled
LIVE = "".join(
    f"{rule}: {{mode: live}}\n"
    for rule in ("nego-early-concession", "conc-gone-dark", "entry-single-threaded")
)


@pytest.fixture(scope="session")
def home(crm, tmp_path_factory):
    """Return a folder whose configuration reaches the sandbox; nothing was synced."""
    folder = tmp_path_factory.mktemp("home")
    configure(folder, crm)
    return folder


@pytest.fixture(scope="session")
def lived(tmp_path_factory):
    """Return a folder after one live sync, on a sandbox of its own, and that sandbox."""
    own = sandbox(60)
    folder = tmp_path_factory.mktemp("lived")
    (folder / "overlay.yaml").write_text(LIVE, encoding="utf-8")
    configure(folder, own, overlay="overlay.yaml")
    ran = run("sync", "--as-of", NOW.isoformat(), "--format", "json", cwd=folder)
    assert ran.code == 0, ran.err
    yield folder, own, ran.json()
    own.stop()


def test_doctor_lets_a_good_setup_pass_and_says_how_blind_each_rule_is(home):
    ran = run("doctor", "--format", "json", cwd=home)
    assert ran.code == 0, ran.out
    found = ran.json()
    assert [p for p in found["problems"] if p["level"] == "error"] == []
    assert any("no rule is live" in p["what"] for p in found["problems"])
    assert len(found["readiness"]) == SHIPPED
    assert {line["mode"] for line in found["readiness"]} == {"shadow"}
    assert found["quota"]["ceiling"] == 5000  # the configuration names none
    told = run("doctor", cwd=home)
    assert told.code == 0
    assert "Next: crmrules plan" in told.out
    assert all(told.out.count(line["rule"]) for line in found["readiness"])
    fixes = {fix for line in found["readiness"] for fix in line["fix"].values()}
    assert fixes
    assert all(told.out.count(f"-> {fix}\n") == 1 for fix in fixes)
    assert "nothing" not in told.out


def test_doctor_and_plan_make_no_write(home, crm):
    assert run("doctor", cwd=home).code == run("plan", cwd=home).code == 0
    assert crm.our_tasks() == []
    assert statuses(crm) == []


def statuses(crm):
    soql = "SELECT Id FROM Opportunity WHERE CrmRules_Status__c != null"
    return crm._query(soql)


def test_doctor_tells_several_problems_at_once_and_the_highest_code(home, crm, tmp_path):
    config = configure(tmp_path, crm, engine="fast", overlay="overlay.yaml")
    (tmp_path / "overlay.yaml").write_text("nego-early-concesion: {mode: live}\n")
    text = config.read_text(encoding="utf-8").replace("access_token", "acces_token")
    config.write_text(text, encoding="utf-8")
    ran = run("doctor", "--format", "json", cwd=tmp_path)
    said = " ".join(p["what"] + p["remedy"] for p in ran.json()["problems"])
    assert ran.code == 2
    assert "nego-early-concession" in said
    assert "acces_token" in said


def test_doctor_says_that_a_token_is_refused_and_never_the_token(crm, tmp_path):
    config = configure(tmp_path, crm)
    wrong = "00DKb000000blJJ!wrong-token-of-this-test"
    text = re.sub('access_token = ".*"', f'access_token = "{wrong}"', config.read_text())
    config.write_text(text, encoding="utf-8")
    ran = run("doctor", cwd=tmp_path)
    assert ran.code == 3
    assert wrong not in ran.out + ran.err


def test_a_pinned_organization_that_is_another_one_is_refused(crm, tmp_path):
    config = configure(tmp_path, crm)
    text = config.read_text(encoding="utf-8")
    pinned = '[salesforce]\norganization_id = "00D000000000000AAA"'
    config.write_text(text.replace("[salesforce]", pinned), encoding="utf-8")
    ran = run("sync", cwd=tmp_path)
    assert ran.code == 3
    assert "organization_id" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["plan", "--verdicts", "all"],
        ["doctor", "--quick"],
        ["status"],
        ["rules", "list"],
        ["rules", "show", "conc-gone-dark"],
        ["rules", "check"],
        ["signals"],
    ],
    ids=" ".join,
)
def test_json_is_one_document_on_stdout_and_nothing_else(words, home):
    ran = run(*words, "--format", "json", cwd=home)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out) is not None
    assert ran.out.endswith("\n")


def test_all_verdicts_add_the_quiet_and_unknown_ones_with_what_was_missing(home):
    when = ["--as-of", NOW.isoformat(), "--format", "json"]
    found = run("plan", *when, cwd=home).json()
    every = run("plan", *when, "--verdicts", "all", cwd=home).json()
    verdicts = {finding["verdict"] for finding in every["findings"]}
    assert verdicts == {"fires", "quiet", "unknown"}
    assert {finding["verdict"] for finding in found["findings"]} == {"fires"}
    unknown = [f for f in every["findings"] if f["verdict"] == "unknown"]
    assert all(f["missing"] for f in unknown)
    fires = [f for f in every["findings"] if f["verdict"] == "fires"]
    assert fires == found["findings"]
    assert len(every["findings"]) == SHIPPED * every["opportunities"]


def test_a_live_sync_writes_what_is_told_and_then_nothing_is_left(lived):
    folder, crm, told = lived
    made = [write for write in told["writes"] if write["action"] == "create_task"]
    assert made
    assert told["done"] == len(told["writes"])
    assert len(crm.our_tasks()) == len(made)
    ran = run("plan", "--as-of", NOW.isoformat(), "--detailed-exitcode", cwd=folder)
    assert ran.code == 0
    assert "next sync:    nothing to write" in ran.out


def test_pending_writes_exit_ten_where_asked_for(lived, tmp_path):
    _, crm, _ = lived
    (tmp_path / "overlay.yaml").write_text("post-quiet-first-30: {mode: live}\n")
    configure(tmp_path, crm, overlay="overlay.yaml")
    when = ["--as-of", NOW.isoformat()]
    assert run("plan", *when, "--detailed-exitcode", cwd=tmp_path).code == 10
    assert run("plan", *when, cwd=tmp_path).code == 0


def test_a_guard_stops_the_run_before_anything_is_written(tmp_path, lived):
    _, crm, _ = lived
    (tmp_path / "overlay.yaml").write_text("post-quiet-first-30: {mode: live}\n")
    configure(tmp_path, crm, overlay="overlay.yaml")
    before = crm.our_tasks()
    ran = run("sync", "--max-writes", "0", "--as-of", NOW.isoformat(), cwd=tmp_path)
    assert ran.code == 6
    assert "--max-writes" in ran.err
    assert crm.our_tasks() == before


@pytest.mark.fault("P3")
def test_status_shows_the_run_and_the_open_episodes(lived):
    folder, _, told = lived
    ran = run("status", "--format", "json", cwd=folder)
    [org] = ran.json()
    assert org["organization"] == told["organization"]
    assert org["runs"][0]["exit"] == 0
    assert org["outbox"] == {"done": len(told["writes"])}
    assert sum(org["open_episodes"].values()) == len(told["findings"])
    assert told["organization"] in run("status", cwd=folder).out


def test_status_of_a_new_folder_says_what_comes_next(crm, tmp_path):
    configure(tmp_path, crm)
    ran = run("status", cwd=tmp_path)
    assert ran.code == 0
    assert "crmrules plan" in ran.out


def test_a_backup_is_a_whole_copy_and_overwrites_nothing(lived, tmp_path):
    folder, _, _ = lived
    ran = run("state", "backup", tmp_path / "copy.db", cwd=folder)
    assert ran.code == 0, ran.err
    copy = sqlite3.connect(tmp_path / "copy.db")
    try:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        [(runs,)] = copy.execute("SELECT count(*) FROM run").fetchall()
    finally:
        copy.close()
    assert runs >= 1
    assert run("state", "backup", tmp_path / "copy.db", cwd=folder).code == 2


def test_migrate_of_a_current_store_does_nothing(lived):
    folder, _, _ = lived
    before = sorted(path.name for path in folder.iterdir())
    ran = run("state", "migrate", cwd=folder)
    assert (ran.code, ran.out) == (0, "nothing to migrate\n")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_audit_has_one_line_per_write_and_can_start_later(lived):
    folder, _, told = lived
    lines = [json.loads(line) for line in run("state", "export-audit", cwd=folder).out.splitlines()]
    assert len(lines) == len(told["writes"])
    assert {line["action"] for line in lines} == {write["action"] for write in told["writes"]}
    assert {line["result"] for line in lines} == {"done"}
    assert run("state", "export-audit", "--since", "2999-01-01", cwd=folder).out == ""


def test_a_store_that_is_no_database_exits_five(crm, tmp_path):
    configure(tmp_path, crm)
    (tmp_path / "crmrules.db").write_text("this is no database, " * 200, encoding="utf-8")
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 5
    assert "->" in ran.err


def test_unlock_of_an_unknown_lock_says_so(lived):
    folder, _, _ = lived
    ran = run("unlock", "--id", "nonsense", cwd=folder)
    assert ran.code == 2
    assert "nonsense" in ran.err


def test_a_held_lock_exits_75_and_can_be_released_by_its_id(lived):
    from crmrules.cli.wire import open_store

    folder, _, told = lived
    store = open_store(folder / "crmrules.toml")
    lease = store.for_org(told["organization"]).lease("elsewhere")
    fence = lease.__enter__()
    refused = run("plan", cwd=folder)
    assert refused.code == 75
    assert "elsewhere" in refused.err
    released = run("unlock", "--id", fence.nonce, cwd=folder)
    assert released.code == 0, released.err
    assert run("plan", "--as-of", NOW.isoformat(), cwd=folder).code == 0
    lease.__exit__(None, None, None)
    store.close()


class Outside(html.parser.HTMLParser):
    """Collects everything a page would fetch."""

    def __init__(self):
        super().__init__()
        self.found, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [v for name, v in attrs if name in ("src", "href", "action", "srcset")]


def test_the_report_is_one_page_that_fetches_nothing(lived, tmp_path):
    folder, _, _ = lived
    page = tmp_path / "r.html"
    ran = run("report", "--out", page, "--as-of", NOW.isoformat(), cwd=folder)
    assert ran.code == 0, ran.err
    assert ran.out.strip() == str(page)
    assert "Next: open it in a browser" in ran.err
    text = page.read_text(encoding="utf-8")
    reader = Outside()
    reader.feed(text)
    assert [link for link in reader.found if not link.startswith("#")] == []
    assert reader.tags & {"script", "link", "iframe", "img"} == set()
    assert not re.search(r"https?://|url\(|@import", text)
    assert "nego-early-concession" in text


@pytest.mark.fault("X3")
def test_a_report_that_could_not_be_written_is_refused_before_a_call_is_made(lived, tmp_path):
    folder, own, _ = lived
    calls = own.calls
    ran = run("report", "--out", tmp_path / "none" / "r.html", cwd=folder)
    assert ran.code == 2
    assert "--out" in ran.err
    assert "there is no such folder" in ran.err
    assert own.calls == calls


def test_the_report_escapes_what_came_from_the_crm(tmp_path, lived):
    _, crm, told = lived
    finding = told["findings"][0]
    crm._update("Opportunity", finding["opportunity"], {"Name": "<script>alert(1)</script> & co"})
    configure(tmp_path, crm)
    ran = run("report", "--out", tmp_path / "r.html", "--timelines", "2", cwd=tmp_path)
    assert ran.code == 0
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text
    assert "<script" not in text


def test_explain_tells_each_condition_with_its_value_and_records(lived):
    folder, _, told = lived
    finding = next(f for f in told["findings"] if f["rule"] == "nego-early-concession")
    words = [finding["opportunity"], "--rule", finding["rule"], "--as-of", NOW.isoformat()]
    ran = run("explain", *words, cwd=folder)
    assert ran.code == 0, ran.err
    assert "FIRES    nego-early-concession" in ran.out
    assert "[yes] discount_above_allowance at least 5" in ran.out
    assert "would be quiet if" in ran.out
    assert "episode 1: open" in ran.out
    assert "yes or no" not in ran.out  # units stand behind numbers alone
    [rule] = run("explain", *words, "--format", "json", cwd=folder).json()["rules"]
    assert rule["verdict"] == "fires"
    assert rule["would_change"]


def test_explain_says_as_of_when_and_what_became_of_the_finding(lived):
    folder, _, told = lived
    [made, *_] = [write for write in told["writes"] if write["action"] == "create_task"]
    words = ["--rule", made["rule"], "--as-of", NOW.isoformat()]
    [head, *lines] = run("explain", made["opportunity"], *words, cwd=folder).out.splitlines()
    assert head.endswith(f"({made['opportunity']}), as of {NOW:%Y-%m-%dT%H:%M:%SZ}")
    day = f"{NOW.day} {NOW:%B}"
    episode = next(place for place, line in enumerate(lines) if "episode 1: open" in line)
    assert lines[episode + 1].startswith(f"  task made {day}, due ")
    assert lines[episode + 1].endswith(": open")
    found = run("explain", made["opportunity"], *words, "--format", "json", cwd=folder).json()
    [rule] = found["rules"]
    assert found["as_of"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert (rule["task"]["key"], rule["task"]["status"]) == (made["key"], "open")
    assert (rule["task"]["answer"], rule["task"]["ended_at"]) == (None, None)
    counted = next(f for f in told["findings"] if f["held_back"] == "shadow")
    words = ["--rule", counted["rule"], "--as-of", NOW.isoformat()]
    held = "held back: its rule is in shadow: only counted"
    assert held in run("explain", counted["opportunity"], *words, cwd=folder).out
    [rule] = run("explain", counted["opportunity"], *words, "--format", "json", cwd=folder).json()[
        "rules"
    ]
    assert (rule["task"], rule["held_back"]) == (None, "shadow")


def test_a_rule_that_rests_on_others_is_explained_alone_as_among_them(lived):
    folder, _, told = lived
    sign = next(f for f in told["findings"] if f["rule"] == "conc-gone-dark")
    words = ("explain", sign["opportunity"], "--as-of", NOW.isoformat(), "--format", "json")
    among = {rule["rule"]: rule for rule in run(*words, cwd=folder).json()["rules"]}
    for rule in ("conc-open-at-commit", "nego-concession-during-concern"):
        [alone] = run(*words, "--rule", rule, cwd=folder).json()["rules"]
        assert alone == among[rule]
        assert "signs_of_concern" in str(alone)


def test_explain_without_a_rule_tells_all_the_firing_ones_first(lived):
    folder, _, told = lived
    opportunity = told["findings"][0]["opportunity"]
    words = ("explain", opportunity, "--as-of", NOW.isoformat())
    out = run(*words, "--all", cwd=folder).out
    verdicts = re.findall(r"^(FIRES|UNKNOWN|QUIET)", out, re.MULTILINE)
    assert len(verdicts) == SHIPPED
    assert verdicts == sorted(verdicts, key=["FIRES", "UNKNOWN", "QUIET"].index)
    short = run(*words, cwd=folder).out
    assert (
        re.findall(r"^(FIRES|UNKNOWN)", short, re.MULTILINE) == verdicts[: -verdicts.count("QUIET")]
    )
    [quiet] = re.findall(r"^QUIET +(\d+) rules: (.+)$", short, re.MULTILINE)
    assert int(quiet[0]) == len(quiet[1].split(", ")) == verdicts.count("QUIET")
    assert "--all" in short


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["006000000000000AAA"], "not among those that are pulled"),
        (["006000000000000AAA", "--rule", "conc-gone-drak"], "Did you mean 'conc-gone-dark'?"),
    ],
)
def test_explain_of_something_that_is_not_there_says_so(words, said, lived):
    ran = run("explain", *words, cwd=lived[0])
    assert ran.code == 2
    assert said in ran.err


def test_an_export_cannot_be_written_to(shared_data, tmp_path):
    export_folder(tmp_path, shared_data / "salesforce_devorg_csv", "mdy")
    ran = run("sync", "--format", "json", cwd=tmp_path)
    assert ran.code == 0
    assert ran.json()["done"] == 0


def test_putting_every_rule_into_shadow_empties_our_fields(tmp_path):
    """As docs/running.md says of removing crmrules."""
    crm = sandbox(20)
    try:
        configure(tmp_path, crm, overlay="overlay.yaml")
        for mode, wanted in (("live", True), ("shadow", False)):
            overlay = LIVE.replace("live", mode)
            (tmp_path / "overlay.yaml").write_text(overlay, encoding="utf-8")
            assert run("sync", "--as-of", NOW.isoformat(), cwd=tmp_path).code == 0
            assert bool(statuses(crm)) is wanted
    finally:
        crm.stop()


def test_a_tag_nobody_can_read_reaches_the_admin_without_the_line_and_explain_with_it(tmp_path):
    own = sandbox(30)
    try:
        [opportunity, *_] = own._query("SELECT Id FROM Opportunity WHERE IsClosed = false")
        words = {
            "WhatId": opportunity["Id"],
            "Subject": "Call",
            "Description": "#ned: my own words",
        }
        own._create("Task", words)
        configure(tmp_path, own)
        told = run("doctor", cwd=tmp_path)
        [entry] = run("doctor", "--format", "json", cwd=tmp_path).json()["unread"]
        page = tmp_path / "r.html"
        assert run("report", "--out", page, "--timelines", "0", cwd=tmp_path).code == 0
        explained = run("explain", opportunity["Id"], cwd=tmp_path).out
    finally:
        own.stop()
    shown = page.read_text(encoding="utf-8")
    assert "1 tagged line(s) not read" in told.out
    assert (entry["count"], "#need" in entry["suggestion"]) == (1, True)
    assert "there is no tag #ned" in shown
    assert "my own words" not in told.out + str(entry) + shown
    assert "#ned: my own words" in explained
