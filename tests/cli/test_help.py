"""Help answers at once, shows an example, and a wrong word gets the right one."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from cli_kit import run

from crmrules.cli import COMMANDS, root

HEAVY = (
    *("pydantic", "pydantic_settings", "sqlalchemy", "alembic", "structlog", "requests", "yaml"),
    *("simple_salesforce", "crmrules_salesforce", "crmrules_export", "crmrules_sandbox", "jwt"),
    *("httpx", "crmrules_hubspot", "inscriptis", "lxml"),
)


def leaves():
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, sub) for sub in command.commands)
        else:
            yield (name,)


@pytest.mark.parametrize("words", list(leaves()), ids=" ".join)
def test_the_help_of_every_command_shows_an_example_of_itself(words):
    ran = run(*words, "--help")
    assert ran.code == 0
    text = " ".join(ran.out.split())
    assert f"Example: crmrules {' '.join(words)}" in text
    assert ran.err == ""


@pytest.mark.parametrize("args", [["--help"], ["--version"], []], ids=["help", "version", "bare"])
def test_the_first_help_imports_nothing_heavy(args):
    code = (
        "import json, sys\nfrom crmrules.cli import run\n"
        f"run({args!r})\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(ran.stderr.splitlines()[-1])}
    assert loaded & set(HEAVY) == set()
    assert "click" in loaded


def test_help_lists_every_command_with_a_line():
    listed = run("--help").out
    for name, (_, line) in COMMANDS.items():
        assert f"  {name}" in listed
        assert line.split(maxsplit=1)[0] in listed


@pytest.mark.parametrize(
    ("wrong", "meant"), [("plam", "plan"), ("snyc", "sync"), ("explian", "explain")]
)
def test_a_wrong_command_gets_the_one_that_was_meant(wrong, meant):
    ran = run(wrong)
    assert ran.code == 2
    assert f"there is no command '{wrong}'. Did you mean '{meant}'?" in ran.err
    assert ran.out == ""


def test_a_command_like_no_other_gets_the_way_to_the_list():
    assert "crmrules --help" in run("zzzz").err


@pytest.mark.parametrize("words", [["plan", "--fulll"], ["plan", "--as-of", "soon"], ["unlock"]])
def test_wrong_options_exit_two_on_stderr_alone(words):
    ran = run(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err
