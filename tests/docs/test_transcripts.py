"""What the pages show is what a newcomer sees, and the README leaves no step out."""

from __future__ import annotations

import pytest
from pages import ROOT, section
from transcript import NAMES, begin, page, path, steps

README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADING = "## Install it on a made-up CRM"


def shown(crm: str) -> list[str]:
    """Return the commands of the README's block for a CRM, comments left out."""
    part = section(section(README, HEADING), f"### {NAMES[crm]}")
    lines = (line for line in part.splitlines() if line.startswith("$ "))
    return [line.removeprefix("$ ").partition("  #")[0].rstrip() for line in lines]


@pytest.mark.parametrize("crm", NAMES)
def test_the_readme_has_every_step_of_the_page_in_its_order(crm):
    typed = [line for line in shown(crm) if not line.startswith(("mkdir", "cd"))]
    looks = "grep "  # at a file that the README says to open
    wanted = [begin(crm), *(s.command for s in steps(crm) if not s.command.startswith(looks))]
    assert typed == wanted


@pytest.mark.slow
@pytest.mark.parametrize("crm", NAMES)
def test_the_page_shows_what_the_commands_print(crm):
    pytest.importorskip({"hubspot": "httpx", "salesforce": "simple_salesforce"}[crm])
    assert page(crm) == path(crm).read_text(encoding="utf-8"), (
        "write it anew: python tests/docs/transcript.py"
    )
