"""Play what the README asks a newcomer to do, against a started sandbox, and write it down.

``python tests/docs/transcript.py`` writes the pages anew; ``test_transcripts`` holds them to what
the commands print. The sandbox runs in a process of its own; the commands run in this one, as a
user would type them, in the folder of the try. Moments, the port and the folder are told as the
README has them.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crmrules import cli, plugins

ROOT = Path(__file__).resolve().parents[2]
PORT, FOLDER = "8700", "/srv/try"
DAY = "--as-of 2026-11-25T09:00:00Z"
PROMOTE = "sed -i.bak '/^conc-gone-dark:/s/shadow/live/' overlay.yaml"
NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
START = {
    "hubspot": "crmrules init --crm hubspot --url http://localhost:8700 --token-file sync.key",
    "salesforce": "crmrules init --crm salesforce --url https://localhost:8700 --token-file "
    "sync.key --ca-bundle ca.pem",
}
_SERVE = "from crmrules.cli import main; main()"


@dataclass(frozen=True)
class Step:
    """A command, and what a newcomer is told before it."""

    words: str
    command: str


def steps(crm: str) -> list[Step]:
    """Return the path of one CRM, the sandbox's own start left out."""
    more = " --assign" if crm == "salesforce" else ""
    return [
        Step(
            "The sandbox printed this line. `init` looks into the CRM (it only reads), writes the "
            "configuration, and proposes a phase for each stage.",
            START[crm],
        ),
        Step(
            "What is proposed, with the days that won opportunities spent in each stage:",
            "grep -A 14 '^.phases' crmrules.toml",
        ),
        Step(
            "Everything that is not right, at once, and what each rule would see:",
            "crmrules doctor",
        ),
        Step("What of ours is missing in the CRM:", "crmrules provision --dry-run"),
        Step(
            "Make it, with an administrator's token, which the sync never gets:",
            f"crmrules provision --admin-token-file admin.key{more}",
        ),
        Step("The dry run: what a sync would write. Every rule starts in shadow:", "crmrules plan"),
        Step("A first sync counts; a finding has to hold for twelve hours:", "crmrules sync"),
        Step("Let one rule write:", PROMOTE),
        Step("A day later (we pretend):", f"crmrules plan {DAY}"),
        Step("Exactly that is written:", f"crmrules sync {DAY}"),
        Step(
            "Take everything out again; without `--yes` it shows the list and asks:",
            "crmrules unprovision --admin-token-file admin.key --yes",
        ),
        Step("The CRM is as it was before:", "crmrules doctor --quick"),
    ]


def begin(crm: str) -> str:
    """Return the command of the first terminal."""
    return f"crmrules sandbox --crm {crm} --try ."


@contextlib.contextmanager
def sandbox(crm: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Start it in a folder; yield what it printed, and its port."""
    words = [*shlex.split(begin(crm))[1:], "--port", "0", "--max-seconds", "1800"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            lines = [running.stdout.readline() for _ in range(4)]
            found = re.search(r"localhost:(\d+)", lines[0])
            assert found is not None, lines
            yield "".join(lines), found[1]
        finally:
            running.terminate()


def run(command: str, folder: Path, port: str) -> tuple[int, str]:
    """Run one command line as typed; return its code and what it printed on stdout."""
    typed = command.replace(PORT, port)
    if not typed.startswith("crmrules "):
        done = subprocess.run(
            typed, shell=True, cwd=folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout
    out = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), _installed(), _unpaced():
        code = cli.run(shlex.split(typed)[1:])
    return code, out.getvalue()


@contextlib.contextmanager
def _installed() -> Iterator[None]:
    """Let a checkout count as installed: an entry point may be younger than the environment."""
    real = plugins.entry_points

    def entry_points(*, group: str) -> Any:
        found = {one.name: one for one in real(group=group)}
        if group == plugins.PROVISIONERS:
            for name in NAMES:
                value = f"crmrules_{name}.provision:connect"
                found.setdefault(name, EntryPoint(name, value, group))
        return list(found.values())

    with patch.object(plugins, "entry_points", entry_points):
        yield


@contextlib.contextmanager
def _unpaced() -> Iterator[None]:
    """Do not wait for limits that the sandbox does not have."""
    from crmrules_hubspot.transport import Transport

    with patch.object(Transport, "_rest", lambda *_: None):
        yield


def plain(text: str, folder: Path, port: str) -> str:
    """Return what was printed as every reader sees it."""
    text = text.replace(str(folder.resolve()), FOLDER).replace(port, PORT)
    text = re.sub(r"(2026-11-2\dT09:)\d\d:\d\dZ", r"\g<1>00:00Z", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def play(crm: str) -> Iterator[tuple[Step, str]]:
    """Yield each step with what it printed; the sandbox's start first."""
    with tempfile.TemporaryDirectory() as name, sandbox(crm, Path(name)) as (said, port):
        folder = Path(name)
        yield Step("In an empty folder:", begin(crm)), plain(said, folder, port)
        for step in steps(crm):
            code, out = run(step.command, folder, port)
            assert code in (0, 3), (step.command, code, out)
            yield step, plain(out, folder, port)


def page(crm: str) -> str:
    """Return the whole page."""
    intro = (
        "Everything that the [README](../README.md#install-it-on-a-made-up-crm) asks for, and what "
        f"it prints, against the built-in\n{NAMES[crm]}. Written by `python "
        "tests/docs/transcript.py`; a test plays it again and compares.\n"
    )
    parts = [f"# {NAMES[crm]}, from nothing to a first sync and back\n", intro]
    for step, out in play(crm):
        parts.append(f"{step.words}\n\n```console\n$ {step.command}\n{out}```\n")
    return "\n".join(parts)


def path(crm: str) -> Path:
    """Return where the page is."""
    return ROOT / "docs" / f"transcript-{crm}.md"


if __name__ == "__main__":
    for name in NAMES:
        path(name).write_text(page(name), encoding="utf-8")
        sys.stdout.write(f"wrote {path(name).relative_to(ROOT)}\n")
