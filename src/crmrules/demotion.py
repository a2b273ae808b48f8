"""Which rules reps have voted down: they go back to shadow by themselves, and come back by people.

A rule is known by its *version*: all of it that decides what it says or that a rep reads, overlay
included. Its answers count from the sync that first saw this version; so a rule that somebody
changed gets a fresh chance, and only a change takes a demotion back: it never flaps, whatever the
tasks that are still open are answered with. The mode belongs to the version, so setting a rule to
shadow, syncing, and setting it live again is the way back for one that is right as it is.

After a lost state nobody knows when a rule was changed: all of its tasks count. A rule that is not
among those of a run (disabled, say) stays as it was.

It decides who is demoted and keeps it in the transaction; ``findings.hold`` holds such a rule back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from crmrules.connector import Problem
from crmrules.findings.feedback import Precision, demoted
from crmrules.rule import Mode, Rule
from crmrules.state import Transaction
from crmrules.state.feedback import precisions

_VERSIONS = "rule_versions"  # a note: rule -> [version, since when its tasks count or None]
_FOR_PEOPLE = {"path", "tests", "review", "maintainer", "source", "recommended", "false_positives"}
REMEDY = (
    "Its open tasks stay. Look at what reps say of them, then change the rule or its settings; or,"
    " where it is right as it is, set it to shadow, sync, and set it live again. Either way its"
    " answers are counted anew."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one rule stands with reps. ``demoted``: why it went back to shadow; None: it did not."""

    precision: Precision
    demoted: str | None = None
    version: str | None = None  # that these answers are about; None: no sync has seen the rule

    def json(self) -> dict[str, Any]:
        """Return it for programs; shares between 0 and 1, null where nothing is known."""
        told = self.precision
        counts = {name: getattr(told, name) for name in ("useful", "not_useful", "waiting", "done")}
        shares = {"share": told.share, "low": told.low, "high": told.high, "at_best": told.at_best}
        shares = {name: None if n is None else round(n, 4) for name, n in shares.items()}
        return {"rule": told.rule, **counts, **shares, "demoted": self.demoted}


@dataclass(frozen=True, slots=True)
class Review:
    """What a run found out about its rules. Nothing of it is about a private one.

    ``fell``: those that this run demotes; ``rose``: demoted ones that somebody changed since.
    """

    standings: tuple[Standing, ...] = ()
    fell: tuple[Precision, ...] = ()
    rose: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What to tell people, once: the run that commits a demotion is the only one to find it."""
        return tuple(
            Problem(f"{one.rule} went back to shadow by itself: {one}", REMEDY) for one in self.fell
        )


def review(tx: Transaction, rules: Iterable[Rule], now: datetime) -> Review:
    """Lift the demotions of rules that were changed, and demote those that reps voted down."""
    judged = {rule.id: rule for rule in rules}
    lifted = _notice(tx, judged.values(), now)
    found = _standings(tx, now)
    fell = _fallen(judged, found)
    for one in fell:
        tx.history.demote(one.rule, now, str(one))
        found[one.rule] = replace(found[one.rule], demoted=str(one))
    public = {rule.id for rule in judged.values() if not rule.private}
    return Review(
        tuple(one for rule, one in found.items() if rule in public),
        tuple(one for one in fell if one.rule in public),
        tuple(rule for rule in lifted if rule in public),
    )


@dataclass(frozen=True, slots=True)
class Outlook:
    """How rules stood after the last sync, to tell what a review would make of other ones."""

    standings: Mapping[str, Standing]

    @classmethod
    def read(cls, tx: Transaction, now: datetime) -> Outlook:
        """Return it from a transaction, and change nothing there."""
        return cls(_standings(tx, now))

    def demoted(self, rules: Iterable[Rule]) -> frozenset[str]:
        """Return the rules that would be in shadow for reps' answers after a review of these.

        A changed one counts its answers anew, so it is not; one that is not asked about stays.
        """
        judged = {rule.id: rule for rule in rules}
        changed = {name for name, rule in judged.items() if self._changed(name, rule)}
        kept = {name: one for name, one in self.standings.items() if name not in changed}
        fell = {one.rule for one in _fallen(judged, kept)}
        return frozenset(fell | {name for name, one in kept.items() if one.demoted is not None})

    def _changed(self, name: str, rule: Rule) -> bool:
        known = self.standings.get(name)
        return known is not None and known.version not in (None, version(rule))


def _fallen(judged: Mapping[str, Rule], found: Mapping[str, Standing]) -> list[Precision]:
    return [
        one.precision
        for rule, one in found.items()
        if rule in judged
        and judged[rule].mode is Mode.LIVE
        and one.demoted is None
        and demoted(one.precision)
    ]


def standings(
    tx: Transaction, now: datetime, shown: Callable[[str], bool] = lambda _: True
) -> list[Standing]:
    """Return how rules stand, by id: those with an ended task or demoted, where ``shown`` agrees.

    It is as the last sync left it, and ``now`` says which completions still wait for evidence.
    """
    return [one for rule, one in _standings(tx, now).items() if shown(rule)]


def version(rule: Rule) -> str:
    """Return what names a rule as it is: changed where its meaning, mode or words change."""
    content = rule.model_dump(mode="json", exclude=_FOR_PEOPLE)
    found = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
    return found.hexdigest()[:16]


def _standings(tx: Transaction, now: datetime) -> dict[str, Standing]:
    versions, demotions = _versions(tx), tx.history.demotions()
    since = {
        rule: datetime.fromisoformat(at) for rule, (_, at) in versions.items() if at is not None
    }
    counted = precisions(tx.connection, tx.org, since=since, now=now)
    return {
        rule: Standing(
            counted.get(rule) or Precision(rule),
            demotions.get(rule),
            versions[rule][0] if rule in versions else None,
        )
        for rule in sorted(counted.keys() | demotions.keys())
    }


def _versions(tx: Transaction) -> Mapping[str, tuple[str, str | None]]:
    return {rule: (name, at) for rule, (name, at) in (tx.history.get(_VERSIONS) or {}).items()}


def _notice(tx: Transaction, rules: Iterable[Rule], now: datetime) -> list[str]:
    """Note the versions that are new; return the rules that are no longer demoted."""
    known = dict(_versions(tx))
    before, lifted, demotions = dict(known), [], tx.history.demotions()
    for rule in rules:
        seen, name = known.get(rule.id), version(rule)
        if seen is None:
            known[rule.id] = (name, None)
        elif seen[0] != name:
            known[rule.id] = (name, now.isoformat())
            if rule.id in demotions:
                tx.history.promote(rule.id)
                lifted.append(rule.id)
    if known != before:
        tx.history.set(_VERSIONS, known)
    return lifted
