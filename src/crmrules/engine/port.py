"""What every engine promises, and the two ways it may fail.

An engine turns flat facts into one ``Judgement`` per rule. A fact that is missing is unknown, and
unknown spreads by Kleene logic. What a judgement *is* stands in ``oracle``, and only there.
Nothing here evaluates anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from crmrules.errors import CrmRulesError
from crmrules.rule import Verdict
from crmrules.signals._registry import Value

Facts = Mapping[str, Value]


class Judgement(NamedTuple):
    """What one rule says: ``clears`` is true only where its clearing condition surely holds."""

    verdict: Verdict
    clears: bool = False


class Engine(Protocol):
    """Rules made ready to judge. An engine may be used by several threads."""

    name: str

    def judge(self, facts: Sequence[Facts]) -> list[Mapping[str, Judgement]]:
        """Return, for each fact set, the judgement of every rule by rule id.

        Raises ``FactError`` where a fact has the wrong type or is out of range.
        """


class FactError(CrmRulesError):
    """A signal gave a value of another type than it declares, or one that no engine may get."""


class EngineError(CrmRulesError):
    """An engine did not finish a judgement; nothing it said about that fact set may be used."""
