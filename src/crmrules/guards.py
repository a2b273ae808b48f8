"""What stops a run before its first write, and which rules a run may only count.

Three ceilings, from ``[guard]`` and the command line: writes, first fills, and the share of open
opportunities with a flag. And one door: a rule that an organization was never judged by before
spends that run in shadow, whatever its mode, so that nobody gets a task of a rule that no run has
counted. (Not where ``settle_hours`` is 0: there somebody wants nothing to wait.) What was judged is
noted with the run's other decisions; where the note is lost with the state, our tasks and flags in
the CRM tell which rules were there.

It reads no configuration and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crmrules.errors import GuardError
from crmrules.model import Opportunity
from crmrules.outcome import Report
from crmrules.rule import Rule
from crmrules.state import Transaction

_RULES = "rules_judged"  # note: {"seen": [id, ...], "hash": of the last run's rules}


@dataclass(frozen=True, slots=True)
class Guards:
    """What stops a run before its first write.

    ``max_writes`` counts task writes and status changes; the first fill of our fields is counted
    apart and needs ``initial`` above the same number. ``max_share_flagged`` is the share of open
    opportunities that may have something open: above it, a rule is probably wrong.
    """

    max_writes: int = 500
    max_share_flagged: float = 0.3
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Exceeded:
    """One ceiling that a run is above, and what to do about it."""

    what: str
    remedy: str


def exceeded(report: Report, guards: Guards) -> list[Exceeded]:
    """Return every ceiling that a run is above; none: it may write."""
    found = []
    changed = " (the rules changed since the last sync)" if report.rules_changed else ""
    if report.guarded > guards.max_writes:
        found.append(
            Exceeded(
                f"this run would make {report.guarded} writes{changed}; the limit is "
                f"{guards.max_writes}",
                "Look at what is listed ('crmrules plan' lists it again). If it is right, run once "
                f"with --max-writes {report.guarded}.",
            )
        )
    if report.first_fill > guards.max_writes and not guards.initial:
        found.append(
            Exceeded(
                f"this run would fill our fields on {report.first_fill} opportunities for the "
                "first time",
                "Look at what is listed, then run 'crmrules sync --initial' once.",
            )
        )
    if report.open and report.flagged / report.open > guards.max_share_flagged:
        found.append(
            Exceeded(
                f"{report.flagged} of {report.open} open opportunities would carry a flag"
                f"{changed}; the limit is {guards.max_share_flagged:.0%}",
                "Where one rule has most of them, raise its threshold or put it in shadow. Where "
                "many rules share them, set a few live at a time, or raise [guard] "
                "max_share_flagged.",
            )
        )
    return found


def guard(report: Report, guards: Guards) -> None:
    """Raise GuardError where this run would write more than somebody agreed to; it names all."""
    found = exceeded(report, guards)
    if not found:
        return
    # All but the last line of an error are its message; the last remedy stands where every does.
    lines = "".join(f"\n  -> {one.remedy}\n{then.what}" for one, then in pairwise(found))
    raise GuardError(
        f"stopped before the first write: {found[0].what}{lines}", remedy=found[-1].remedy
    )


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Rules of this run that no run judged this organization by, and whether the rules changed."""

    unseen: frozenset[str]
    changed: bool


def newcomers(
    tx: Transaction, rules: Sequence[Rule], rules_hash: str, found: Iterable[Opportunity]
) -> Newcomers:
    """Tell the new rules, and note in the transaction that this run judges by all of them.

    ``found`` is read only where no run has left its note: opportunities with our tasks and fields.
    """
    noted = judged_before(tx)
    seen = _traces(rules, found) if noted is None else noted.seen
    ids = {rule.id for rule in rules}
    tx.history.set(_RULES, {"seen": sorted(seen | ids), "hash": rules_hash})
    return (noted or JudgedBefore(frozenset(seen), rules_hash)).newcomers(rules, rules_hash)


@dataclass(frozen=True, slots=True)
class JudgedBefore:
    """The rules that earlier runs judged this organization by, and the hash of the last run's."""

    seen: frozenset[str]
    hash: str

    def newcomers(self, rules: Sequence[Rule], rules_hash: str) -> Newcomers:
        """Tell which of these rules are new."""
        unseen = frozenset(rule.id for rule in rules) - self.seen
        return Newcomers(unseen, changed=self.hash != rules_hash)


def judged_before(tx: Transaction) -> JudgedBefore | None:
    """Return what the last run noted; None: no run has left its note."""
    noted = tx.history.get(_RULES)
    return None if noted is None else JudgedBefore(frozenset(noted["seen"]), noted["hash"])


def _traces(rules: Sequence[Rule], found: Iterable[Opportunity]) -> frozenset[str]:
    """Return the rules that left a task or a flag in the CRM, deleted tasks included."""
    tasks: set[str | None] = set()
    flags: set[str] = set()
    for opportunity in found:
        tasks |= {task.rule for task in opportunity.our_tasks or ()}
        flags |= {*opportunity.our_fields.flags}
    left = (rule.id for rule in rules if rule.id in tasks or rule.then.flag in flags)
    return frozenset(left)
