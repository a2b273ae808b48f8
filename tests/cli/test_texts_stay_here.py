"""Text signals read mails on this machine: no word of one is in a log, a task, a page or our state.

Every mail of the sandbox gets the same telling sentences, so each text signal finds something and
every private rule can fire. What the CRM sent stands in the store's copy of its records, and there
alone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cli_kit import configure, run, sandbox

from crmrules.text import SIGNALS

pytest.importorskip("re2")
CANARY = "Quokkabloom"
THEIRS = (
    f"{CANARY} told us it is far too expensive. We are worried about data at {CANARY}. "
    f"We waste days at {CANARY}. We want a {CANARY} tool. {CANARY} is put on hold because of it."
)
OURS = (
    f"Don't worry about {CANARY}. You should just tell your {CANARY}. Just go over his head. "
    f"{CANARY} is slow, terrible and outdated. {CANARY} is a nightmare. "
    f"The price of {CANARY} goes up. Sign today or the {CANARY} discount is gone."
)
PRIVATE = ("comp-attack-language", "conc-minimizing", "conc-prescribing", "conc-pressuring")


def write_mails(crm, name) -> int:
    """Put the sentences into every mail; return how many there are."""
    if name == "salesforce":
        mails = list(crm.org.rows("EmailMessage"))
        owner = next(iter(crm.org.rows("Opportunity")))["OwnerId"]
        for mail in mails:
            text = THEIRS if mail["Incoming"] else OURS
            crm.org.update("EmailMessage", mail["Id"], {"TextBody": text}, owner)
        return len(mails)
    mails = crm.portal.records("emails")
    for mail in mails:
        inbound = crm.portal.value("emails", mail.id, "hs_email_direction") == "INCOMING_EMAIL"
        text = THEIRS if inbound else OURS
        crm.portal.update("emails", mail.id, {"hs_email_text": text}, user_id=1)
    return len(mails)


slow_on_hubspot = pytest.mark.parametrize(
    "place", ["salesforce", pytest.param("hubspot", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture(params=["salesforce", "hubspot"])
def place(request, tmp_path):
    crm = sandbox(60, request.param)
    assert write_mails(crm, request.param) > 20
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("".join(f"{rule}: {{mode: live}}\n" for rule in PRIVATE))
    config = configure(tmp_path, crm, name=request.param, overlay="overlay.yaml")
    yield crm, config, request.param
    crm.stop()


def switch_on(config, *names):
    listed = ", ".join(f'"{name}"' for name in names)
    text = config.read_text().partition("[text]")[0]
    config.write_text(
        f'{text}[text]\nsignals = [{listed}]\nlanguages = ["en", "de"]\n'
        f'competitors = ["{CANARY}"]\n'
    )


def at(crm):
    return ("--as-of", crm.now.isoformat(), "--format", "json")


def verdicts(crm, config, *options):
    ran = run(
        "plan", "--config", config, "--include-private", "--verdicts", "all", *at(crm), *options
    )
    assert ran.code == 0, ran.err
    found: dict[str, set[str]] = {}
    for one in ran.json()["findings"]:
        found.setdefault(one["rule"], set()).add(one["verdict"])
    return found, ran


@slow_on_hubspot
def test_off_by_default_and_on_each_rule_about_our_words_can_fire(place):
    crm, config, _ = place
    off, ran = verdicts(crm, config)
    for rule in PRIVATE[:3]:
        assert "fires" not in off[rule]
    missing = [one.get("missing", {}) for one in ran.json()["findings"]]
    reasons = {
        m["worries_played_down_in_14_days"]
        for m in missing
        if "worries_played_down_in_14_days" in m
    }
    assert reasons == {"text signals are off"}
    switch_on(config, *SIGNALS)
    on, _ = verdicts(crm, config, "--full")
    for rule in PRIVATE[:3]:
        assert "fires" in on[rule], rule
    assert on[PRIVATE[3]] == {"quiet"}  # nobody here is written to for a week without an answer


@pytest.mark.slow
def test_no_word_of_a_mail_leaves_the_copy_of_the_crms_records(place, tmp_path):
    crm, config, name = place
    switch_on(config, *SIGNALS)
    page = tmp_path / "page.html"
    told = []
    for words in (
        ("plan", "--include-private", "--verdicts", "all", *at(crm)),
        ("sync", "--initial", "--max-writes", "5000", "--include-private", *at(crm), "-vv"),
        ("doctor", "--format", "json"),
        ("status", "--format", "json"),
        ("report", "--out", page),
        ("state", "export-audit"),
    ):
        ran = (
            run(words[0], *words[1:], "--config", config)
            if words[0] != "state"
            else run(*words, "--config", config)
        )
        assert ran.code == 0, ran.err
        told.append(ran.out + ran.err)
    told.append(page.read_text())
    assert any("conc-minimizing" in text for text in told)
    assert not any(CANARY in text for text in told)
    with closing(sqlite3.connect(tmp_path / "crmrules.db")) as state:
        tables = [
            row[0] for row in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        holds = {
            t for t in tables if CANARY in repr(state.execute(f'SELECT * FROM "{t}"').fetchall())
        }
    assert holds == {"record"}
    if name == "salesforce":
        ours = [row for row in crm.org.rows("Task") if row.get("CrmRules_Key__c")]
        fields = [
            {k: v for k, v in o.items() if k.startswith("CrmRules")}
            for o in crm.org.rows("Opportunity")
        ]
        written = repr((ours, fields))
    else:
        portal = crm.portal
        tasks = [r for r in portal.records("tasks") if portal.value("tasks", r.id, "crmrules_key")]
        values = [
            (r.type, n, portal.value(r.type, r.id, n))
            for r in (*tasks, *portal.records("deals"))
            for n in r.history
        ]
        written = repr([v for v in values if v[0] == "tasks" or v[1].startswith("crmrules")])
    assert "Take five minutes" in written
    assert CANARY not in written


def test_while_they_are_off_salesforce_is_not_asked_for_the_texts_of_mails(place, tmp_path):
    crm, config, name = place
    if name != "salesforce":
        pytest.skip("HubSpot sends a mail's text with the mail")
    assert run("plan", "--config", config, *at(crm)).code == 0
    assert run("sync", "--initial", "--max-writes", "5000", "--config", config, *at(crm)).code == 0
    with closing(sqlite3.connect(tmp_path / "crmrules.db")) as state:
        kept = state.execute("SELECT body FROM record WHERE kind = 'EmailMessage'").fetchall()
    assert kept
    assert CANARY not in repr(kept)


@slow_on_hubspot
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('signals = ["prise"]', "did you mean 'price'"),
        ('signals = ["price"]\nlanguages = ["ge"]', "no patterns for the language 'ge'"),
        ('signal = ["price"]', "did you mean 'signals'"),
        ('competitors = [" "]', "a competitor needs a name"),
    ],
)
def test_a_name_that_is_not_known_is_told_with_the_likeliest_one(place, line, said):
    _, config, _ = place
    config.write_text(config.read_text() + f"[text]\n{line}\n")
    ran = run("plan", "--config", config)
    assert ran.code == 2
    assert said in ran.err
