"""Connectors, provisioners, sandboxes, found by entry point: install a package to add a CRM.

The groups are named below. The core imports none by name.
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from crmrules.errors import UsageError

CONNECTORS = "crmrules.connectors"
PROVISIONERS = "crmrules.provisioners"
SANDBOXES = "crmrules.sandboxes"


def names(group: str) -> list[str]:
    """Return the names installed under a group."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load(group: str, name: str) -> Any:
    """Return what an entry point names; raises UsageError if there is none of that name."""
    word = group.rpartition(".")[2].removesuffix("s").removesuffix("e")
    found: list[EntryPoint] = [e for e in entry_points(group=group) if e.name == name]
    if not found:
        known = names(group)
        close = difflib.get_close_matches(name, known, n=1)
        remedy = f"Did you mean '{close[0]}'?" if close else f"Installed: {', '.join(known)}."
        raise UsageError(f"no {word} is called '{name}'", remedy=remedy)
    try:
        return found[0].load()
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the '{name}' {word} needs the package '{error.name}'",
            remedy=f"Run: pip install 'crmrules[{name}]'",
        ) from error
