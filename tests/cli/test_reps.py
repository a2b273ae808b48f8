"""What reps made of the tasks, as ``status`` and ``rules show`` tell it, private rules left out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cli_kit import NOW, run

from crmrules import rulebook
from crmrules.demotion import review
from crmrules.findings import Answer, TaskRecord, TaskStatus
from crmrules.rule import Mode
from crmrules.state import Store

BOOK = rulebook.load([rulebook.shipped()])
BAD, GOOD = "conc-gone-dark", "entry-single-threaded"
PRIVATE = next(rule.id for rule in BOOK.rules if rule.private)
LIVE = "".join(f"{rule}: {{mode: live}}\n" for rule in (BAD, GOOD, PRIVATE))


def task(rule, number, answer, ended) -> TaskRecord:
    return TaskRecord(
        f"{rule} {number}",
        rule,
        f"006{number}",
        1,
        status=TaskStatus.COMPLETED,
        made_at=ended,
        ended_at=ended,
        answer=answer,
    )


@pytest.fixture
def home(tmp_path):
    """Return a folder whose store knows answers of three rules, two of them voted down."""
    (tmp_path / "crmrules.toml").write_text('connector = "export"\noverlay = "overlay.yaml"\n')
    (tmp_path / "overlay.yaml").write_text(LIVE)
    before = NOW - timedelta(days=30)
    records = [task(rule, n, Answer.NOT_TRUE, before) for rule in (BAD, PRIVATE) for n in range(30)]
    records += [task(GOOD, n, Answer.NOT_USEFUL, before) for n in range(3)]
    records += [task(GOOD, n + 3, Answer.DONE, before) for n in range(4)]
    records += [task(GOOD, n + 7, Answer.DONE, NOW) for n in range(3)]
    live = rulebook.load([rulebook.shipped()], tmp_path / "overlay.yaml").enabled
    assert {rule.id for rule in live if rule.mode is Mode.LIVE} == {BAD, GOOD, PRIVATE}
    with Store(f"sqlite:///{tmp_path / 'crmrules.db'}", clock=lambda: NOW) as store:
        org = store.for_org("00D1")
        with org.lease("sync"), org.run(NOW, BOOK.hash), org.transaction() as tx:
            tx.save(tasks=records)
            assert [one.rule for one in review(tx, live, NOW).fell] == [BAD]
            assert set(tx.history.demotions()) == {BAD, PRIVATE}
    return tmp_path


def test_status_tells_how_each_rule_stands(home):
    [one] = run("status", "--format", "json", cwd=home).json()
    bad, good = one["reps"]
    assert bad == {
        "rule": BAD,
        "useful": 0,
        "not_useful": 30,
        "waiting": 0,
        "done": 0,
        "share": 0.0,
        "low": 0.0,
        "high": 0.1135,
        "at_best": 0.0,
        "demoted": "0 of 30 answers useful: 0 % (0 to 11 %)",
    }
    assert (good["not_useful"], good["waiting"], good["done"]) == (3, 3, 4)
    assert (good["rule"], good["at_best"], good["demoted"]) == (GOOD, 0.7, None)
    told = run("status", cwd=home).out
    assert f"{BAD}: 0 of 30 answers useful: 0 % (0 to 11 %)" in told
    assert "DEMOTED to shadow at 0 of 30 answers useful" in told
    assert "not counted: 4 completed and nothing new followed, 3 may yet; 70 % if" in told
    assert PRIVATE not in told


def test_status_tells_nothing_of_reps_where_nobody_knows_which_rules_are_private(home):
    (home / "overlay.yaml").write_text("no-such-rule: {mode: live}\n")
    [one] = run("status", "--format", "json", cwd=home).json()
    assert one["reps"] == []
    assert "what reps made of the tasks: nothing yet" in run("status", cwd=home).out


def test_the_page_of_a_rule_tells_how_it_stands(home):
    shown = run("rules", "show", BAD, cwd=home)
    assert shown.code == 0
    assert "  what reps made of its tasks in 00D1:" in shown.out
    assert "DEMOTED to shadow" in shown.out
    assert "changed since" not in shown.out
    [one] = run("rules", "show", BAD, "--format", "json", cwd=home).json()["reps"]
    assert (one["organization"], one["not_useful"], one["changed"]) == ("00D1", 30, False)


def test_the_page_of_a_rule_says_where_it_was_changed_since(home):
    (home / "overlay.yaml").write_text(LIVE.replace(f"{BAD}: {{mode: live}}\n", ""))
    assert "it was changed since; from the next sync on" in run("rules", "show", BAD, cwd=home).out
    [one] = run("rules", "show", BAD, "--format", "json", cwd=home).json()["reps"]
    assert one["changed"] is True


def test_the_page_of_a_private_rule_tells_nothing_of_reps(home):
    shown = run("rules", "show", PRIVATE, cwd=home)
    assert shown.code == 0
    assert "reps" not in shown.out
    assert run("rules", "show", PRIVATE, "--format", "json", cwd=home).json()["reps"] == []


def test_without_configuration_or_store_the_page_of_a_rule_makes_none(tmp_path):
    assert "reps" not in run("rules", "show", BAD, cwd=tmp_path).out
    (tmp_path / "crmrules.toml").write_text('connector = "export"\n')
    assert "reps" not in run("rules", "show", BAD, cwd=tmp_path).out
    assert [path.name for path in tmp_path.iterdir()] == ["crmrules.toml"]


def test_a_store_that_cannot_be_read_does_not_hide_what_the_rule_file_says(home):
    (home / "crmrules.db").write_bytes(b"this is no database" * 300)
    shown = run("rules", "show", BAD, cwd=home)
    assert shown.code == 0
    assert "fires when:" in shown.out
    assert "what reps made of its tasks is not known" in shown.err
