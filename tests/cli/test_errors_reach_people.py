"""Each kind of error gives its exit code, its sentence on stderr, and all problems at once."""

from __future__ import annotations

import inspect

import click
import pytest
from cli_kit import run

from crmrules import cli, errors, log
from crmrules.cli import root
from crmrules.engine import EngineError, FactError

CODES = {
    errors.CrmRulesError: 1,
    errors.UsageError: 2,
    errors.AccessError: 3,
    errors.StateError: 5,
    errors.GuardError: 6,
    errors.LockedError: 75,
    errors.EngineMismatchError: 1,
    errors.ConnectorError: 4,
    errors.RetryableError: 4,
    errors.UncertainError: 4,
    EngineError: 1,
    FactError: 1,
}


def raising(monkeypatch, error):
    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setattr(type(root), "get_command", lambda *_: broken)


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.__name__)
def test_every_error_class_exits_with_its_code_and_says_where_what_and_remedy(kind, monkeypatch):
    raising(monkeypatch, kind("it is so", remedy="Do that.", where="[here]"))
    ran = run("plan")
    assert ran.code == CODES[kind]
    assert ran.err == "crmrules: [here]: it is so\n  -> Do that.\n"
    assert ran.out == ""


def test_no_error_class_is_without_a_code_here():
    defined = {c for _, c in inspect.getmembers(errors, inspect.isclass) if c in CODES}
    assert defined == {
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if issubclass(c, errors.CrmRulesError)
    }


def test_a_remedy_is_demanded_of_every_error():
    with pytest.raises(TypeError):
        errors.UsageError("something")


@pytest.mark.fault("X4")
def test_a_secret_in_an_error_is_blanked_out(monkeypatch):
    log.keep_secret("s3cr3t-of-this-test")
    raising(monkeypatch, errors.AccessError("no: s3cr3t-of-this-test", remedy="Do."))
    ran = run("plan")
    assert "s3cr3t" not in ran.err
    assert "no: ***" in ran.err


def test_a_bug_is_not_dressed_up_as_something_else(monkeypatch):
    raising(monkeypatch, ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        cli.run(["plan"])


def test_ctrl_c_exits_130_without_a_traceback(monkeypatch):
    raising(monkeypatch, KeyboardInterrupt())
    ran = run("plan")
    assert ran.code == 130
    assert "Traceback" not in ran.err


def test_a_reader_that_went_away_is_no_error(monkeypatch):
    raising(monkeypatch, BrokenPipeError())
    assert run("plan").code == 0


BROKEN = """\
conector = "salesforce"
rules = ["builtin:major-account"]
[tasks]
open_per_owner = -1
settle_hour = 3
time_zone = "Mars/Base"
[guard]
max_share_flagged = 30
"""


@pytest.mark.parametrize("command", ["plan", "sync", "status", "doctor", "report"])
def test_all_problems_of_a_configuration_are_told_at_once(command, tmp_path):
    (tmp_path / "crmrules.toml").write_text(BROKEN, encoding="utf-8")
    ran = run(command, cwd=tmp_path)
    said = ran.err + ran.out
    assert ran.code == 2
    assert "conector: there is no such key (did you mean 'connector'?)" in said
    assert "tasks.settle_hour: there is no such key (did you mean 'settle_hours'?)" in said
    for key in ("tasks.open_per_owner", "tasks.time_zone", "guard.max_share_flagged"):
        assert key in said
    assert "5 problem(s)" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [("connector = salesforce\n", "not TOML"), ("\xff\xfe", "not TOML"), ("[tasks\n", "not TOML")],
)
def test_a_file_that_is_no_toml_says_so(text, said, tmp_path):
    (tmp_path / "crmrules.toml").write_text(text, encoding="utf-8")
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert said in ran.err


def test_no_configuration_says_where_it_was_searched_and_how_to_get_one(tmp_path):
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert str(tmp_path) in ran.err
    assert "crmrules init" in ran.err


@pytest.mark.fault("R1")
def test_all_problems_of_a_rule_folder_are_told_at_once(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yml").write_text("id: a\ntitel: x\nmode: off\n", encoding="utf-8")
    (tmp_path / "mine" / "b.yml").write_text("- not a mapping\n", encoding="utf-8")
    (tmp_path / "crmrules.toml").write_text('rules = ["mine"]\n', encoding="utf-8")
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert "a.yml:2: unknown key 'titel'" in ran.err
    assert "Did you mean 'title'?" in ran.err
    assert "a.yml:3: 'mode' cannot be" in ran.err
    assert "b.yml:1:" in ran.err


@pytest.mark.parametrize("words", [["overlay = 'gone.yaml'"], ["connector = 'salesforec'"]])
def test_a_name_that_leads_nowhere_is_an_error_with_a_remedy(words, tmp_path):
    (tmp_path / "crmrules.toml").write_text("\n".join(words), encoding="utf-8")
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert "Did you mean 'salesforce'?" in ran.err or "crmrules init" in ran.err
