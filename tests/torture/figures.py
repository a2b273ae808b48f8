"""The figures of the long run, written into docs/torture.md by the tests that measure them.

Nothing is written unless ``CRMRULES_TORTURE_FIGURES`` is set. Each measurement owns one section of
the page, between two comments, and replaces it.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "torture.md"
SWITCH = "CRMRULES_TORTURE_FIGURES"


def section(name: str, text: str) -> str:
    return f"<!-- {name} -->\n{text.strip()}\n<!-- end of {name} -->"


def note(name: str, rows: dict[str, object], *, seconds: float) -> None:
    """Replace one measurement's table in the page."""
    if not os.environ.get(SWITCH):
        return
    told = rows | {"took": f"{seconds / 60:.1f} min"}
    table = "\n".join(
        ("| what | figure |", "|---|---|", *(f"| {k} | {v} |" for k, v in told.items()))
    )
    with PAGE.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        old = re.compile(rf"<!-- {name} -->.*?<!-- end of {name} -->", re.DOTALL)
        if not old.search(text):
            raise ValueError(f"docs/torture.md has no place for {name}")
        file.seek(0)
        file.write(old.sub(lambda _: section(name, table), text))
        file.truncate()
