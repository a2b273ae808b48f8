"""The pages as tests read them, and the command line as a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from crmrules.cli import COMMANDS, root

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDES = (
    ROOT / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "deploy").glob("*/README.md")),
)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Return the text below a heading up to the next one of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    lines = page.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith(heading)), None)
    assert start is not None, f"there is no heading {heading!r}"
    body = []
    for line in lines[start + 1 :]:
        if re.match(rf"#{{1,{level}}} ", line):
            break
        body.append(line)
    return "\n".join(body)


def rows(part: str) -> dict[str, str]:
    """Return the rows of the tables of a section by the first word in backticks."""
    found = re.finditer(r"^\| `([^` ]+)[^|]*\|(.*)\|$", part.replace(r"\|", "/"), re.MULTILINE)
    return {match[1]: match[2] for match in found}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with its words: ("rules", "check")."""
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        yield (name,), command
        if isinstance(command, click.Group):
            yield from (((name, sub), inner) for sub, inner in command.commands.items())


def options(command: click.Command) -> set[str]:
    """Return the long names of a command's own options."""
    found = {name for p in command.params if isinstance(p, click.Option) for name in p.opts}
    return {name for name in found if name.startswith("--")}
