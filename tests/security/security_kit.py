"""The command line in this process, for tests of what it refuses."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

from crmrules import cli


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def run(*words: str, cwd: Path) -> Ran:
    """Run a command of the command line in a folder."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([*words])
    return Ran(code, out.getvalue(), err.getvalue())
