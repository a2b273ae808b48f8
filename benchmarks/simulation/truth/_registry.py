"""The register of truths: per rule one function of the hidden life and one plain sentence.

Know before changing: a truth says what the rule's title claims, in the buyer's world. It reads no
record, no signal and no setting; numbers of days come from the claim. Where a rule is about major
sales, so is its truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulation.lives import Life


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so when a rule is right, and how to tell it from the hidden life."""

    rule: str
    words: str
    holds: Callable[[Life], bool]


TRUTHS: dict[str, Truth] = {}


def truth(
    rule: str, *phases: str, large: bool = True, won: bool | None = False
) -> Callable[[Callable[[Life], bool]], Callable[[Life], bool]]:
    """Register what must be so for a rule; ``phases``: where the buyer must be; None: either."""

    def register(function: Callable[[Life], bool]) -> Callable[[Life], bool]:
        def holds(life: Life) -> bool:
            mine = (
                life.won is not False
                if won is None
                else bool(life.won) is won and (won or life.open)
            )
            return mine and life.phase in phases and (life.large or not large) and function(life)

        words = " ".join((function.__doc__ or "").split())
        TRUTHS[rule] = Truth(rule, words, holds)
        return function

    return register
