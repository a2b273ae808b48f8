"""What is wrong with a file that people write: where, what, and how to mend it.

Know before changing: a hostile file may hold thousands of mistakes and names of a megabyte, so only
so many are told and compared with the words there are, and no message repeats more of a name.

It reads no file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from crmrules.letters import cut
from crmrules.yamlsource import Document, YamlPath

MOST_PROBLEMS = 100  # told of one file; whoever mends these sees the next ones
LONGEST_NAME = 80  # characters of a rule's id (the CRM's field for it) and of a name in a message


@dataclass(frozen=True, slots=True, order=True)
class RuleProblem:
    """One thing to fix: where, what, and how."""

    path: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        """Render the form people read."""
        return f"{self.path}:{self.line}: {self.what}\n    -> {self.remedy}"


@dataclass(slots=True)
class Problems:
    """Collects the problems of one file."""

    path: str
    document: Document
    found: list[RuleProblem] = field(default_factory=list)

    def add(self, where: YamlPath, what: str, remedy: str) -> None:
        """Note one problem at the value with this path; those beyond the most are not told."""
        if not self.full:
            self.found.append(RuleProblem(self.path, self.document.line(where), what, remedy))

    @property
    def full(self) -> bool:
        """Whether so much is wrong already that looking on is of no use."""
        return len(self.found) >= MOST_PROBLEMS


def short(word: object) -> str:
    """Return a name as it may stand in a message, whatever its length."""
    return cut(str(word), LONGEST_NAME)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a question naming the nearest known word, or the other remedy."""
    if len(word) > LONGEST_NAME:
        return otherwise
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else otherwise
