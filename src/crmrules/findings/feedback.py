"""How often a rule's tasks were worth a rep's time, and when the rule goes back to shadow.

What counts, of the owner's tasks alone (a copy to the manager asks about the same finding):

    what became of the task                                     counts as
    ----------------------------------------------------------  -----------------
    `#done-otherwise`: it was true, handled another way         useful
    completed, new evidence within 14 days (accepted)           useful
    `#not-useful`, `#not-true`                                  not useful
    deleted by a person, without a word                         not useful
    completed less than 14 days ago, nothing new yet            waiting
    completed, nothing new within 14 days                       done: neither
    open, snoozed, reopened, withdrawn by us, gone from the CRM no answer

*Precision* is useful / (useful + not useful), with Wilson's interval. A tag is what somebody typed
and stands above all else. A plain completion says nothing: reps tick off what they have done and
what they want to be rid of with the same click, so neither guess is honest; its number is shown
beside, with the share that would come out if each counted as useful.

Complaints come at once, evidence up to 14 days later. If only what is known counted, a good rule
would look bad in its first weeks; so a task that waits speaks for the rule when it may be demoted.

It counts nothing itself: the state store does, and asks ``counts_as``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from crmrules.findings.tasks import Answer, TaskStatus

LEAST: Final = 30
"""Answers below which a rule is never demoted."""
BOUND: Final = 0.40
"""A rule whose upper bound falls below this share goes back to shadow."""
Z: Final = 1.96
"""Standard normal quantile of a two-sided 95 % interval."""


class Counted(StrEnum):
    """What a task's end says of its rule."""

    USEFUL = "useful"
    NOT_USEFUL = "not_useful"
    WAITING = "waiting"
    DONE = "done"


TAGGED: Final[Mapping[str, Counted]] = {
    Answer.DONE_OTHERWISE: Counted.USEFUL,
    Answer.NOT_USEFUL: Counted.NOT_USEFUL,
    Answer.NOT_TRUE: Counted.NOT_USEFUL,
}
"""Answers in a rep's own words."""
_SILENT = frozenset({TaskStatus.WANTED, TaskStatus.WITHDRAWN})


def counts_as(
    answer: str | None, status: TaskStatus, *, accepted: bool, recent: bool
) -> Counted | None:
    """Return what a task says of its rule; None: nobody has answered it.

    ``accepted``: new evidence followed its completion. ``recent``: it ended within the last 14
    days. An answer stays on a task that a person opened again, or took out of the bin: there only
    the tags still count.
    """
    if answer is None or status in _SILENT:
        return None
    if answer in TAGGED:
        return TAGGED[answer]
    if answer == Answer.DELETED:
        return Counted.NOT_USEFUL if status is TaskStatus.DELETED else None
    if status not in (TaskStatus.COMPLETED, TaskStatus.DELETED):
        return None
    if accepted:
        return Counted.USEFUL
    return Counted.WAITING if recent else Counted.DONE


def wilson(part: int, whole: int, z: float = Z) -> tuple[float, float]:
    """Return the score interval of a share; (0, 1), nothing known, of nothing.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927), 209-212: all shares p for which the observed one
    lies within z standard errors, sqrt(p (1 - p) / n), of p.
    """
    if not whole:
        return 0.0, 1.0
    share = part / whole
    middle = share + z * z / (2 * whole)
    width = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    low, high = (middle - width) / scale, (middle + width) / scale
    return max(0.0, min(low, share)), min(1.0, max(high, share))  # whatever rounding does


@dataclass(frozen=True, slots=True)
class Precision:
    """What reps made of one rule's tasks, in numbers of tasks; the module says what counts."""

    rule: str
    useful: int = 0
    not_useful: int = 0
    waiting: int = 0
    done: int = 0

    @property
    def n(self) -> int:
        """How many answers the share rests on."""
        return self.useful + self.not_useful

    @property
    def share(self) -> float | None:
        """The precision; None where nobody answered."""
        return self.useful / self.n if self.n else None

    @property
    def low(self) -> float:
        """Lower bound of the share; 0 where nothing is known."""
        return wilson(self.useful, self.n)[0]

    @property
    def high(self) -> float:
        """Upper bound of the share; 1 where nothing is known."""
        return wilson(self.useful, self.n)[1]

    @property
    def at_best(self) -> float | None:
        """The share if every plain completion had been useful; None where no task ended."""
        whole = self.n + self.waiting + self.done
        return (whole - self.not_useful) / whole if whole else None

    def __str__(self) -> str:
        if self.share is None:
            return "no answer that counts"
        low, high = round(100 * self.low), round(100 * self.high)
        told = f"{self.useful} of {self.n} answers useful"
        return f"{told}: {100 * self.share:.0f} % ({low} to {high} %)"


def demoted(precision: Precision) -> bool:
    """Whether a rule goes back to shadow: 30 answers, and at most 40 % can be useful at all.

    The upper bound is that of the share with every waiting task counted as useful.
    """
    useful, n = precision.useful + precision.waiting, precision.n + precision.waiting
    return precision.n >= LEAST and wilson(useful, n)[1] < BOUND
