"""What a rule file may say, as types. One rule is one file, named after its id.

A rule only compares signals with named settings: all counting and dates are in ``signals``. The
types here hold a rule that was already read; ``rulebook`` reads files and reports every problem.
Nothing here touches a file, a CRM or a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from crmrules.model import Frozen, Phase

OPERATORS = ("is", "is_not", "one_of", "not_one_of", "at_least", "at_most", "above", "below")
NUMERIC = ("at_least", "at_most", "above", "below")
Scalar = bool | int | float | str
Text = str | tuple[str, ...]  # alternatives: the first whose placeholders all have a value is used


class Verdict(StrEnum):
    """What a rule says about an opportunity; unknown never makes a task."""

    FIRES = "fires"
    QUIET = "quiet"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    """What becomes of a finding: written, only counted, or not even looked for."""

    LIVE = "live"
    SHADOW = "shadow"
    DISABLED = "disabled"


class Severity(StrEnum):
    """P1 within 2 business days, P2 within 5, P3 digest only."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Clause(Frozen):
    """One signal compared with a value or a ``$setting``: ``price_objections: {at_least: 1}``."""

    signal: str
    operator: str
    value: Any  # scalar, tuple of scalars, or "$setting"


class Group(Frozen):
    """Clauses joined by ``all`` or by ``any``; groups may hold groups, never nothing."""

    join: Literal["all", "any"]
    members: tuple[Group | Clause, ...] = Field(min_length=1)

    def clauses(self) -> Iterator[Clause]:
        """Yield every clause, depth first, in the order they are written."""
        for member in self.members:
            if isinstance(member, Clause):
                yield member
            else:
                yield from member.clauses()


class Setting(Frozen):
    """A number or word ops may tune. ``floor``: it is never set below this."""

    value: Scalar
    unit: str
    why: str
    floor: float | None = None
    ceiling: float | None = None


class TaskText(Frozen):
    """The task a finding turns into. Lines ask; they never blame."""

    subject: Text
    body: tuple[Text, ...] = Field(min_length=2, max_length=4)
    due_in_days: int = Field(ge=0, le=60)  # business days
    due_before: str | None = None  # signal: days to an event; due a business day before it


class Then(Frozen):
    """What to leave in the CRM."""

    task: TaskText
    flag: str


class Hides(Frozen):
    """A rule whose findings are held back while this one is open on the same opportunity."""

    rule: str
    same: Literal["person", "criterion", "none"] = "none"
    until_day: int | None = None  # only in the first days of the episode


class RuleTest(Frozen):
    """One example, told in signals, and what the rule must say about it."""

    name: str
    given: Mapping[str, Scalar]
    expect: Literal["fires", "quiet", "unknown", "clears"]  # clears: quiet because `clears` holds
    settings: Mapping[str, Scalar] = {}


class Rule(Frozen):
    """One rule file, with the overlay already applied."""

    id: str
    title: str
    mode: Mode = Mode.SHADOW
    recommended: Mode
    severity: Severity
    phases: tuple[Phase, ...]
    why: str
    source: str
    false_positives: tuple[str, ...]
    to: Literal["owner", "account_owner"] = "owner"
    copy_manager: bool = False
    private: bool = False
    review: str  # ISO date by which somebody looks at the rule again
    maintainer: str
    majors_only: bool = True  # judged only where `is_major` is true
    coverage: tuple[str, ...] = ()  # data that winners must fill, else the rule stays in shadow
    dated_event: bool = False  # a P1 rule on a dated event opens at once
    expires_in_days: int | None = None  # needed where only time can clear it
    settings: Mapping[str, Setting] = {}
    when: Group
    clears: Group
    then: Then
    hides: tuple[Hides, ...] = ()
    tests: tuple[RuleTest, ...] = ()
    path: str = ""

    @property
    def condition(self) -> Group:
        """The whole condition: the right phase, a major opportunity where asked, and ``when``."""
        gates: list[Group | Clause] = [Clause(signal="phase", operator="one_of", value=self.phases)]
        if self.majors_only:
            gates.append(Clause(signal="is_major", operator="is", value=True))
        return Group(join="all", members=(*gates, self.when))

    def value_of(self, clause: Clause) -> Any:
        """Return the clause's value with a ``$setting`` replaced by its number or word."""
        if isinstance(clause.value, str) and clause.value.startswith("$"):
            return self.settings[clause.value[1:]].value
        return clause.value
