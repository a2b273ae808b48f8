"""The command line as a user runs it, in this process, and a sandbox it can reach."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmrules import cli

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it exited."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return stdout as the one JSON document it must be."""
        return json.loads(self.out)


def run(*words: object, cwd: Path | None = None) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.run([str(word) for word in words])
    return Ran(code, out.getvalue(), err.getvalue())


PACKAGES = {"salesforce": "simple_salesforce", "hubspot": "httpx"}


def sandbox(opportunities: int, name: str = "salesforce") -> Any:
    """Return a running sandbox; the caller stops it. Skips where its packages are not installed."""
    demo = pytest.importorskip(f"crmrules_sandbox.{name}.demo")
    pytest.importorskip(PACKAGES[name])
    return demo.start(1, NOW, opportunities=opportunities)


def configure(folder: Path, crm: Any, *, name: str = "salesforce", **more: Any) -> Path:
    """Write a configuration that reaches the sandbox; ``more``: keys before the sections."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f'connector = "{name}"', *(f"{k} = {json.dumps(v)}" for k, v in more.items())]
    lines += [f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in crm.settings.items())]
    for pipeline, stages in crm.phases.items():
        lines += [f"[phases.{pipeline}]", *(f'"{s}" = "{phase}"' for s, phase in stages.items())]
    lines += [
        "[tasks]",
        "settle_hours = 0",
        'working_hours = ""',
        "[guard]",
        "max_share_flagged = 1.0",
    ]
    path = folder / "crmrules.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def export_folder(folder: Path, data: Path, dates: str) -> Path:
    """Let init write the files for an export and point them at the data."""
    assert run("init", "--crm", "export", "--out", folder).code == 0
    config = folder / "crmrules.toml"
    text = config.read_text(encoding="utf-8")
    text = text.replace('path = "export/"', f"path = {json.dumps(str(data))}")
    config.write_text(text.replace('dates = "iso"', f'dates = "{dates}"'), encoding="utf-8")
    return config
