"""What keeps a finding from becoming a task, and in which order the rest waits.

Two steps. Per opportunity: settling, mode, gate, suppression, cool-down. Across the organization:
ranking and the caps. The first reason that applies is the one reported.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crmrules.findings.keys import Addressee
from crmrules.findings.life import Episode, EpisodeStatus
from crmrules.findings.tasks import Answer, CoolDowns, TaskRecord, TaskStatus
from crmrules.rule import Hides, Mode, Rule, Severity


class HeldBack(StrEnum):
    """Why a finding makes no task now (contract, "JSON", and decisions 16)."""

    PENDING = "pending"
    SHADOW = "shadow"
    DEMOTED = "demoted"
    COVERAGE_GATE = "coverage_gate"
    HOLDOUT = "holdout"
    SNOOZED = "snoozed"
    SUPPRESSED = "suppressed"
    COOLDOWN = "cooldown"
    NO_OWNER = "no_owner"
    DIGEST = "digest"
    CAP_OPPORTUNITY = "cap_opportunity"
    CAP_OWNER = "cap_owner"
    WORKING_HOURS = "working_hours"


IN_WORDS = {
    HeldBack.PENDING: "waits until it has settled",
    HeldBack.SHADOW: "its rule is in shadow: only counted",
    HeldBack.DEMOTED: "its rule was demoted to shadow",
    HeldBack.COVERAGE_GATE: "its rule waits: those who won do not fill in either what it asks for",
    HeldBack.HOLDOUT: "left alone, to compare with",
    HeldBack.SNOOZED: "snoozed by its owner",
    HeldBack.SUPPRESSED: "another finding asks first",
    HeldBack.COOLDOWN: "asked recently",
    HeldBack.NO_OWNER: "nobody active to ask",
    HeldBack.DIGEST: "for the weekly digest",
    HeldBack.CAP_OPPORTUNITY: "enough open tasks on this opportunity",
    HeldBack.CAP_OWNER: "enough tasks for this owner",
    HeldBack.WORKING_HOURS: "made when its owner is at work",
}
"""The same for people."""
SILENT = frozenset(
    {
        HeldBack.PENDING,
        HeldBack.SHADOW,
        HeldBack.DEMOTED,
        HeldBack.COVERAGE_GATE,
        HeldBack.HOLDOUT,
    }
)  # such a finding is not open and live: it hides nothing and sets no flag


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked of people at once."""

    open_per_opportunity: int = 2
    new_per_owner_per_day: int = 5
    open_per_owner: int = 12


@dataclass(frozen=True, slots=True)
class Gates:
    """What turns a live rule into a counted one in this run."""

    demoted: frozenset[str] = frozenset()
    uncovered: frozenset[str] = frozenset()  # rules whose data winners do not fill
    unseen: frozenset[str] = frozenset()  # rules that no run has counted here yet
    held_out: bool = False  # this opportunity is judged and left alone, to compare with
    cool_downs: CoolDowns = field(default_factory=CoolDowns)


def hold_on_opportunity(
    episodes: Sequence[Episode],
    rules: Mapping[str, Rule],
    tasks: Mapping[str, Sequence[TaskRecord]],
    gates: Gates,
    now: datetime,
    *,
    settled: bool = False,
    evidence: Mapping[str, frozenset[str]] | None = None,
) -> dict[str, HeldBack | None]:
    """Return, for each active episode's rule, why it makes no task now, or None.

    ``tasks``: rule id -> our tasks on this opportunity. ``settled``: as if every pending episode
    had settled. ``evidence``: rule id -> ids of the records it rests on, for "same person" and
    "same criterion" (that id is a record, "#" and the name: ``signals._criteria``).
    """
    active = [e for e in episodes if e.active and e.rule in rules]
    held: dict[str, HeldBack | None] = {}
    for episode in active:
        held[episode.rule] = _by_itself(episode, rules[episode.rule], gates, settled=settled)
    hiders = [e for e in active if held[e.rule] not in SILENT]
    hidden = _hidden(hiders, rules, now, evidence or {})
    for episode in active:
        if held[episode.rule] is None:
            records = tasks.get(episode.rule, ())
            held[episode.rule] = _by_history(episode, records, gates, now, hidden)
    return held


def _by_itself(episode: Episode, rule: Rule, gates: Gates, *, settled: bool) -> HeldBack | None:
    if episode.status is EpisodeStatus.PENDING and not settled:
        return HeldBack.PENDING
    if rule.mode is not Mode.LIVE:
        return HeldBack.SHADOW
    if rule.id in gates.demoted:
        return HeldBack.DEMOTED
    if rule.id in gates.unseen and not settled:
        return HeldBack.SHADOW  # the next run writes
    if rule.id in gates.uncovered:
        return HeldBack.COVERAGE_GATE
    return HeldBack.HOLDOUT if gates.held_out else None


def _hidden(
    hiders: Iterable[Episode],
    rules: Mapping[str, Rule],
    now: datetime,
    evidence: Mapping[str, frozenset[str]],
) -> frozenset[str]:
    """Return the rules hidden by another open one. A hidden rule hides nothing itself."""
    open_rules = {episode.rule: episode for episode in hiders}
    edges = {
        rule: {h.rule for h in rules[rule].hides if _applies(h, rule, open_rules, now, evidence)}
        for rule in open_rules
    }
    hidden: set[str] = set()
    # The suppression graph is acyclic (`rules check`): from its sources on, each rule is decided
    # once all that could hide it are.
    waiting = set(open_rules)
    while waiting:
        sources = {r for r in waiting if not any(r in edges[o] for o in waiting if o != r)}
        for rule in sources or waiting:
            if rule not in hidden:
                hidden |= edges[rule] & open_rules.keys()
        waiting -= sources or waiting
    return frozenset(hidden)


def _applies(
    hides: Hides,
    rule: str,
    open_rules: Mapping[str, Episode],
    now: datetime,
    evidence: Mapping[str, frozenset[str]],
) -> bool:
    other, same, until = hides.rule, hides.same, hides.until_day
    if other not in open_rules:
        return False
    if until is not None and (now - open_rules[rule].since).days >= until:
        return False
    if same == "none":
        return True
    shared = evidence.get(rule, frozenset()) & evidence.get(other, frozenset())
    # Both may rest on the opportunity's own record too; only a criterion's id has a "#" in it.
    return any("#" in one for one in shared) if same == "criterion" else bool(shared)


def _by_history(
    episode: Episode,
    records: Sequence[TaskRecord],
    gates: Gates,
    now: datetime,
    hidden: frozenset[str],
) -> HeldBack | None:
    own = [record for record in records if record.addressee == "o"]
    if any(r.episode == episode.n and r.status is TaskStatus.SNOOZED for r in own):
        return HeldBack.SNOOZED
    if asked(episode, records):
        return None  # an episode never asks twice
    if episode.rule in hidden:
        return HeldBack.SUPPRESSED
    ends = (gates.cool_downs.until(r) for r in own if r.episode < episode.n)
    if any(end is not None and now < end for end in ends):
        return HeldBack.COOLDOWN
    return None


def asked(episode: Episode, records: Sequence[TaskRecord]) -> bool:
    """Whether this episode has made its task. One that is only wanted is planned again."""
    return asked_of(episode, records, "o")


def asked_of(episode: Episode, records: Sequence[TaskRecord], addressee: Addressee) -> bool:
    """Whether the owner ("o") or the manager ("m") was asked in this episode."""
    return any(
        r.episode == episode.n and r.addressee == addressee and r.status is not TaskStatus.WANTED
        for r in records
    )


def held_out(organization: str, opportunity: str, share: float) -> bool:
    """Return whether an opportunity belongs to the share that is left alone; always the same."""
    if share <= 0:
        return False
    digest = hashlib.sha256(f"holdout\0{organization}\0{opportunity}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def not_true(episode: Episode, records: Sequence[TaskRecord]) -> bool:
    """Whether a rep said that what this episode claims is not so."""
    return any(r.episode == episode.n and r.answer is Answer.NOT_TRUE for r in records)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finding that would become a task, with what decides its place in the queue.

    ``copy``: a manager's copy, which does not count for the opportunity. ``off_hours``: it is not
    the time to ask whom it would be asked of.
    """

    rule: str
    opportunity: str
    severity: Severity
    owner: str | None
    amount: float | None
    since: datetime
    copy: bool = False
    off_hours: bool = False

    @property
    def place(self) -> tuple[str, float, datetime, str, str]:
        """Most severe first, then the largest, then the longest waiting; ids break ties."""
        return (self.severity, -(self.amount or 0.0), self.since, self.opportunity, self.rule)


@dataclass(slots=True)
class Load:
    """How much our tasks ask of people before this run."""

    per_opportunity: Counter[str] = field(default_factory=Counter)
    per_owner: Counter[str] = field(default_factory=Counter)
    made_today: Counter[str] = field(default_factory=Counter)


def rank_and_cap(
    candidates: Iterable[Ranked], load: Load, limits: Limits
) -> dict[tuple[str, str], HeldBack | None]:
    """Return (rule, opportunity) -> None where a task is made now, else why it waits."""
    held: dict[tuple[str, str], HeldBack | None] = {}
    for finding in sorted(candidates, key=lambda f: f.place):
        reason = _cap(finding, load, limits)
        held[finding.rule, finding.opportunity] = reason
        if reason in (None, HeldBack.WORKING_HOURS) and finding.owner is not None:
            load.per_opportunity[finding.opportunity] += not finding.copy
            load.per_owner[finding.owner] += 1
            load.made_today[finding.owner] += 1
    return held


def _cap(finding: Ranked, load: Load, limits: Limits) -> HeldBack | None:
    if finding.owner is None:
        return HeldBack.NO_OWNER
    crowded = load.per_opportunity[finding.opportunity] >= limits.open_per_opportunity
    full = load.per_owner[finding.owner] >= limits.open_per_owner
    busy = load.made_today[finding.owner] >= limits.new_per_owner_per_day
    # A P3 is a task of its own only for somebody who has nothing else to do (catalogue, 1).
    minor = finding.severity is Severity.P3
    if minor and (load.per_owner[finding.owner] or crowded or full or busy):
        return HeldBack.DIGEST
    if crowded and not finding.copy:
        return HeldBack.CAP_OPPORTUNITY
    if full or busy:
        return HeldBack.CAP_OWNER
    return HeldBack.WORKING_HOURS if finding.off_hours else None
