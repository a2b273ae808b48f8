"""The durable engine: the same rules on durable_rules' C module. Nothing else imports that module.

Every rule becomes a few plain conjunctions, made by ``ways``: those under which it fires, those
under which it clears, those under which its condition is surely false. All three come from the
engine; where none of them fires the verdict is unknown, so a lost firing never makes a task.

What durable_rules 2.0.28 needs from us (each was seen to go wrong otherwise):
  one fact at a time     under a lock, in one session, asserted and retracted, never posted
  no null, no ``$not``   a missing field is ``$nex``, always behind the positive test of the kind
  one branch, one rule   a conjunction matches at most once: its ``$or`` members exclude each other
  64 matches at most     rulesets are packed so that no more can match together, with the sentinel
  the sentinel           fires for every fact; where it does not, nothing was evaluated: an error
  names by 32-bit hash   two names with one hash would be one field: refused
  texts by their bytes   rules and facts go through the same serializer
  any error              the rulesets are made anew; ``delete_state`` may crash and is never called

It knows no CRM, and how values compare is in ``values``.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import durable_rules_engine as c_module
import orjson

from crmrules.engine import values
from crmrules.engine.port import EngineError, Facts, Judgement
from crmrules.engine.ways import OPPOSITE, Demand, Want, Way, to_fire, ways
from crmrules.errors import UsageError
from crmrules.rule import Rule, Verdict

KIND = "__kind__"
SENTINEL = "__done__"
RESERVED = (KIND, "id", "sid")
MOST_FIELDS = 250
MOST_RULES = 32  # rules in one ruleset
MOST_MATCHES = 60  # at once in one ruleset; the 65th is an error of the engine
MOST_BRANCHES = 4000  # leaves one conjunction may unfold to inside the engine
_names = itertools.count()

_FORM = {
    "is_not": "$neq",
    "at_least": "$gte",
    "at_most": "$lte",
    "above": "$gt",
    "below": "$lt",
}


@dataclass(slots=True)
class _Ruleset:
    """Conjunctions that are evaluated together: name -> conditions, and name -> what it says."""

    conditions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    meaning: dict[str, tuple[str, Judgement]] = field(default_factory=dict)
    matches: int = 0
    rules: int = 0
    fields: tuple[str, ...] = ()
    definition: str = ""

    def close(self, names: set[str]) -> None:
        """Write the definition with the engine's own serializer."""
        rules: dict[str, Any] = {
            name: {"all": [{"m": {"$and": [{KIND: 1}, *conditions]}}]}
            for name, conditions in self.conditions.items()
        }
        rules[SENTINEL] = {"all": [{"m": {KIND: 1}}], "pri": 60000}
        self.fields = tuple(sorted(names))
        self.definition = orjson.dumps(rules).decode()


class DurableEngine:
    """Rules in durable_rules. One lock: a session judges one fact set at a time."""

    name = "durable"

    def __init__(self, rules: Sequence[Rule], kinds: values.Kinds | None = None) -> None:
        self._kinds = values.kinds_used(rules, kinds)
        _refuse_names(self._kinds)
        self._ids = tuple(rule.id for rule in rules)
        self._rulesets = _pack(rules, self._kinds)
        self._lock = threading.Lock()
        self._counter = itertools.count(1)
        self._handles: list[Any] = []
        self._open()

    def judge(self, facts: Sequence[Facts]) -> list[Mapping[str, Judgement]]:
        """Return, for each fact set, the judgement of every rule by rule id."""
        with self._lock:
            return [self._judge(values.clean(entry, self._kinds)) for entry in facts]

    def close(self) -> None:
        """Give the rulesets back."""
        handles, self._handles = self._handles, []
        for handle in handles:
            try:
                c_module.delete_ruleset(handle)
            except c_module.error:
                continue

    def _open(self) -> None:
        for ruleset in self._rulesets:
            name = f"crmrules{next(_names)}"
            self._handles.append(c_module.create_ruleset(name, ruleset.definition))

    def _judge(self, facts: dict[str, Any]) -> Mapping[str, Judgement]:
        answers = dict.fromkeys(self._ids, Judgement(Verdict.UNKNOWN))
        number = next(self._counter)
        try:
            for ruleset, handle in zip(self._rulesets, self._handles, strict=True):
                for name in _fired(handle, ruleset, facts, number):
                    rule, judgement = ruleset.meaning[name]
                    if not answers[rule].clears:  # cleared stays cleared, whatever else is false
                        answers[rule] = judgement
        except (c_module.error, EngineError, MemoryError, ValueError) as problem:
            self.close()
            self._open()
            if isinstance(problem, EngineError):
                raise
            raise EngineError(
                f"durable_rules failed on a fact set: {problem}",
                remedy='Set engine = "python" and report this message.',
            ) from problem
        return answers


def _fired(handle: Any, ruleset: _Ruleset, facts: dict[str, Any], number: int) -> set[str]:
    fact = {name: facts[name] for name in ruleset.fields if name in facts}
    fact |= {KIND: 1, "id": str(number), "sid": "run"}
    code, offset = c_module.assert_fact(handle, orjson.dumps(fact).decode())
    if code:
        raise EngineError(
            f"durable_rules did not take a fact (code {code})",
            remedy='Set engine = "python" and report this message.',
        )
    fired: set[str] = set()
    state = c_module.start_action_for_state(handle, offset)
    message = state[1] if state else None
    while message:
        fired.add(message[2 : message.index('"', 2)])
        message = c_module.complete_and_start_action(handle, offset)
    if SENTINEL not in fired:
        raise EngineError(
            "durable_rules did not evaluate a fact",
            remedy='Set engine = "python" and report this message.',
        )
    c_module.retract_fact(handle, orjson.dumps({"id": str(number), "sid": "run"}).decode())
    fired.remove(SENTINEL)
    return fired


def _pack(rules: Iterable[Rule], kinds: values.Kinds) -> list[_Ruleset]:
    """Fill rulesets in order, so that no fact set can match too much of one of them."""
    rulesets: list[_Ruleset] = []
    names: list[set[str]] = []
    for rule in rules:
        fresh = True
        for conjunctions, matches in _chunks(rule):
            last = rulesets[-1] if rulesets else None
            full = last is None or last.matches + matches > MOST_MATCHES
            if last is None or full or (fresh and last.rules >= MOST_RULES):
                last = _Ruleset()
                rulesets.append(last)
                names.append(set())
            last.rules += fresh
            last.matches += matches
            fresh = False
            for judgement, way in conjunctions:
                name = f"r{len(last.conditions)}"
                last.conditions[name] = _conditions(rule, way, kinds)
                last.meaning[name] = (rule.id, judgement)
                names[-1] |= {demand.clause.signal for demand in way}
    for ruleset, used in zip(rulesets, names, strict=True):
        ruleset.close(used)
    return rulesets


def _chunks(rule: Rule) -> list[tuple[list[tuple[Judgement, Way]], int]]:
    """Return the rule's conjunctions with how many may match together, cut where too many."""
    firing = [(Judgement(Verdict.FIRES), way) for way in to_fire(rule)]
    silent = [(Judgement(Verdict.QUIET, clears=True), way) for way in ways(rule.clears, Want.TRUE)]
    silent += [(Judgement(Verdict.QUIET), way) for way in ways(rule.condition, Want.FALSE)]
    # Only one of the two kinds fires in the end, but the engine's limit is on branches that match
    # on the way there, and those of both kinds may (error 303 on 3 % of random fact sets).
    together = len(firing) + len(silent)
    if together <= MOST_MATCHES:
        return [(firing + silent, together)]
    every = firing + silent
    parts = [every[i : i + MOST_MATCHES] for i in range(0, len(every), MOST_MATCHES)]
    return [(part, len(part)) for part in parts]


def _conditions(rule: Rule, way: Way, kinds: values.Kinds) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = []
    branches = 1
    for demand in dict.fromkeys(way):
        made = _condition(demand, values.needed(rule, demand.clause, kinds))
        branches *= len(made[0]["$or"]) if "$or" in made[0] else 1
        conditions.extend(made)
    if branches > MOST_BRANCHES:
        raise UsageError(
            f"rule {rule.id} has lists of values too long for durable_rules",
            remedy="Shorten the lists of 'one_of', or set engine = \"python\".",
            where=rule.path or None,
        )
    return conditions


def _condition(demand: Demand, wanted: Any) -> list[dict[str, Any]]:
    """Return the demand as conditions that must all hold; an ``$or`` is one condition."""
    clause, want = demand
    negated = want in (Want.FALSE, Want.NOT_TRUE)
    operator = OPPOSITE[clause.operator] if negated else clause.operator
    signal = clause.signal
    known: list[dict[str, Any]]
    if operator == "one_of":
        known = [_either([{signal: entry} for entry in dict.fromkeys(wanted)])]
    elif operator == "not_one_of":
        known = [{"$neq": {signal: entry}} for entry in dict.fromkeys(wanted)]
    elif operator == "is":
        known = [{signal: wanted}]
    else:
        known = [{_FORM[operator]: {signal: wanted}}]
    if want in (Want.TRUE, Want.FALSE):
        return known
    last = known[0] if len(known) == 1 else {"$and": known}
    branches = last.get("$or", [last])
    return [_either([{"$nex": {signal: 1}}, *branches])]


def _either(branches: list[dict[str, Any]]) -> dict[str, Any]:
    return branches[0] if len(branches) == 1 else {"$or": branches}


def _refuse_names(kinds: values.Kinds) -> None:
    for name in kinds:
        if not name.isidentifier() or name in RESERVED:
            raise UsageError(
                f"'{name}' cannot be a signal in durable_rules",
                remedy="Rename the signal: letters, digits and underscores.",
            )
    if len(kinds) + len(RESERVED) > MOST_FIELDS:
        raise UsageError(
            f"the rules read {len(kinds)} signals, too many for durable_rules",
            remedy='Set engine = "python".',
        )
    hashes: dict[int, str] = {}
    for name in (*kinds, *RESERVED):
        other = hashes.setdefault(name_hash(name), name)
        if other != name:
            raise UsageError(
                f"durable_rules cannot tell '{name}' from '{other}'",
                remedy="Rename one of the two signals.",
            )


def name_hash(name: str) -> int:
    """Return the 32-bit FNV-1a hash by which durable_rules compares names (signed characters)."""
    value = 0x811C9DC5
    for byte in name.encode():
        signed = byte if byte < 128 else byte | 0xFFFFFF00
        value = ((value ^ signed) * 16777619) & 0xFFFFFFFF
    return value
