"""What every check is given, and where it notes what it finds.

It checks nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import orjson

from crmrules.problems import RuleProblem
from crmrules.rule import Rule
from crmrules.rulebook import RuleBook
from crmrules.rulefile import Vocabulary
from crmrules.yamlsource import Document, YamlPath


@dataclass(slots=True)
class Checking:
    """One rule under check, with the book around it."""

    rule: Rule
    book: RuleBook
    vocabulary: Vocabulary
    found: list[RuleProblem] = field(default_factory=list)

    def note(self, where: YamlPath, what: str, remedy: str) -> None:
        """Note a problem at a path of the rule's file."""
        document = self.document
        line = 1 if document is None else document.line(where)
        self.found.append(RuleProblem(self.rule.path or self.rule.id, line, what, remedy))

    @property
    def document(self) -> Document | None:
        """The file of the rule; None where it was not read from one."""
        return self.book.documents.get(self.rule.id)

    @property
    def kinds(self) -> dict[str, type]:
        """The kind of every signal."""
        return {name: entry.kind for name, entry in self.vocabulary.items()}


@cache
def words(name: str) -> frozenset[str]:
    """Return one of the word lists."""
    text = resources.files("crmrules.rulecheck").joinpath("words.json").read_bytes()
    lists: dict[str, Iterable[str]] = orjson.loads(text)
    return frozenset(lists[name])
