"""Turn one rule file into a ``Rule``, and tell every problem of the file with its line.

The shape is checked by the ``Rule`` type itself, strictly: the text "true" is not true. Conditions
have a shorter form in the file than in the type, and are read here. Words are then held against the
vocabulary: unknown signals, operators that do not fit, settings that do not exist.
Whether the rule is a *good* rule is ``rulecheck``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from crmrules import yamlsource
from crmrules.engine.fitting import comparable
from crmrules.model import Frozen
from crmrules.problems import LONGEST_NAME, Problems, RuleProblem, did_you_mean, short
from crmrules.rule import OPERATORS, Clause, Group, Hides, Rule, RuleTest, Setting, TaskText, Then
from crmrules.signals._registry import SIGNALS, Signal
from crmrules.yamlsource import Document, YamlPath

Vocabulary = Mapping[str, Signal]
LONGEST_LIST = 100  # values of one ``one_of``
_NAMES: Mapping[YamlPath, tuple[re.Pattern[str], str]] = {
    ("id",): (re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII), "a-z, 0-9 and '-' between them"),
    ("then", "flag"): (re.compile(r"[a-z][a-z0-9_]*", re.ASCII), "a-z, 0-9 and '_'"),
}
"""Names that get into keys, fields and pages: no two of them may only look alike."""
_STAND_IN = {"join": "all", "members": [{"signal": "phase", "operator": "is", "value": ""}]}
_SHAPES: Mapping[tuple[str, ...], type[Frozen]] = {
    (): Rule,
    ("settings", "*"): Setting,
    ("then",): Then,
    ("then", "task"): TaskText,
    ("hides", "*"): Hides,
    ("tests", "*"): RuleTest,
}
_TROUBLES = {
    "missing": ("is missing", "Add it."),
    "string_type": ("must be text", "Write text, in quotes where it looks like a number."),
    "bool_type": ("must be true or false", "Write true or false, without quotes."),
    "int_type": ("must be a whole number", "Write a whole number, without quotes."),
    "tuple_type": ("must be a list", "Write a list: [one, two]."),
    "model_type": ("must be a mapping", "Write 'key: value' lines below it."),
    "dict_type": ("must be a mapping", "Write 'key: value' lines below it."),
    "too_short": ("has too few entries", "Add what is missing."),
    "too_long": ("has too many entries", "Keep the most useful ones."),
}


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file: the rule where it could be read, and everything wrong with it."""

    path: str
    document: Document
    rule: Rule | None
    problems: tuple[RuleProblem, ...]


def read(path: Path, shown: str | None = None, vocabulary: Vocabulary | None = None) -> RuleFile:
    """Return the rule in a file. ``vocabulary`` None: the registered signals."""
    return parse(yamlsource.read(path), shown or str(path), vocabulary)


def parse(document: Document, path: str, vocabulary: Vocabulary | None = None) -> RuleFile:
    """Return the rule in a document that was already read."""
    problems = Problems(path, document)
    problems.found += [RuleProblem(path, *trouble) for trouble in document.troubles]
    rule = None
    if isinstance(document.value, dict):
        rule = _rule(document.value, problems)
        if rule is not None:
            _check_names(rule, problems)
            check_words(rule, problems, SIGNALS if vocabulary is None else vocabulary)
    elif document.value is not None or not document.troubles:
        problems.add((), "a rule file is a mapping of keys to values", "Start with 'id: ...'.")
    return RuleFile(path, document, rule, tuple(problems.found))


def _rule(value: dict[str, Any], problems: Problems) -> Rule | None:
    before = len(problems.found)
    conditions: dict[str, Group | None] = {}
    plain = dict(value)
    for key in ("when", "clears"):
        if key in plain:
            conditions[key] = _group(plain[key], (key,), problems)
            plain[key] = _STAND_IN
    if "path" in plain:
        problems.add(("path",), "unknown key 'path'", "Remove it.")
    plain["path"] = problems.path
    try:
        rule = Rule.model_validate_json(orjson.dumps(plain), strict=True)
    except ValidationError as error:
        seen: set[tuple[YamlPath, str]] = set()
        for one in error.errors(include_url=False, include_context=True):
            if problems.full:
                break
            where, what, remedy = _told(one, value)
            if (where, what) not in seen:
                seen.add((where, what))
                problems.add(where, what, remedy)
        return None
    except orjson.JSONEncodeError:
        problems.add((), "a number too large to be meant", "Write a smaller number.")
        return None
    if len(problems.found) > before or None in conditions.values():
        return None
    return rule.model_copy(update=conditions)


def _told(error: Any, value: Any) -> tuple[YamlPath, str, str]:
    """Return path, sentence and remedy of one complaint of the type."""
    loc: YamlPath = error["loc"]
    where = _existing(loc, value)
    name = ".".join(short(part) for part in loc)
    if error["type"] == "extra_forbidden":
        shape = _SHAPES.get(_generic(loc[:-1]), Rule)
        known = sorted(shape.model_fields.keys() - {"path"})
        remedy = did_you_mean(str(loc[-1]), known, f"Keys here: {', '.join(known)}.")
        return loc, f"unknown key '{name}'", remedy
    if error["type"] in ("enum", "literal_error"):
        expected = str(error["ctx"]["expected"])
        words = expected.replace("'", "").replace(" or ", ", ").split(", ")
        remedy = did_you_mean(str(error["input"]), words, f"Use one of: {', '.join(words)}.")
        return where, f"'{name}' cannot be {str(error['input'])[:60]!r}", remedy
    if where != loc and error["type"] != "missing":  # a union: the last parts name its branches
        name = ".".join(short(part) for part in where)
        return where, f"'{name}' has the wrong type", "Write text, a number, true or false."
    what, remedy = _TROUBLES.get(error["type"], (str(error["msg"]).lower(), "Correct the value."))
    return where, f"'{name}' {what}", remedy


def _existing(loc: YamlPath, value: Any) -> YamlPath:
    """Return the part of a path that is really in the file."""
    for length, part in enumerate(loc):
        inside = isinstance(value, dict) and part in value
        if not inside and not (isinstance(value, list) and isinstance(part, int)):
            return loc[:length]
        value = value[part]
    return loc


def _generic(loc: YamlPath) -> tuple[str, ...]:
    parts = [str(part) for part in loc]
    if len(parts) == 2 and parts[0] in ("settings", "hides", "tests"):
        parts[1] = "*"
    return tuple(parts)


def _group(value: Any, where: YamlPath, problems: Problems) -> Group | None:
    """Return ``{all: [...]}`` or ``{any: [...]}`` as a group."""
    if not (isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("all", "any")):
        problems.add(
            where, f"'{where[0]}' needs 'all:' or 'any:'", "Write 'all:' and list clauses."
        )
        return None
    [(join, entries)] = value.items()
    if not isinstance(entries, list) or not entries:
        problems.add((*where, join), f"'{join}' must list at least one clause", "Add a clause.")
        return None
    members = [
        None if problems.full else _member(entry, (*where, join, number), problems)
        for number, entry in enumerate(entries)
    ]
    known = [member for member in members if member is not None]
    return Group(join=join, members=tuple(known)) if len(known) == len(members) else None


def _member(entry: Any, where: YamlPath, problems: Problems) -> Group | Clause | None:
    if isinstance(entry, dict) and entry.keys() & {"all", "any"}:
        return _group(entry, where, problems)
    if not isinstance(entry, dict) or len(entry) != 1:
        remedy = "Write one clause per line: '- price_objections: {at_least: $count}'."
        problems.add(where, "a clause names one signal", remedy)
        return None
    [(signal, test)] = entry.items()
    if not isinstance(test, dict) or len(test) != 1:
        remedy = f"Write '{short(signal)}: {{at_least: 1}}' with one of: {', '.join(OPERATORS)}."
        problems.add(
            (*where, signal), f"'{short(signal)}' needs one operator and its value", remedy
        )
        return None
    [(operator, wanted)] = test.items()
    if operator not in OPERATORS:
        remedy = did_you_mean(operator, OPERATORS, f"Use one of: {', '.join(OPERATORS)}.")
        problems.add((*where, signal), f"unknown operator '{short(operator)}'", remedy)
        return None
    if isinstance(wanted, dict) or wanted is None:
        problems.add((*where, signal), f"'{operator}' needs a value", "Write a value.")
        return None
    value = tuple(wanted) if isinstance(wanted, list) else wanted
    return Clause(signal=signal, operator=operator, value=value)


def located(node: Group, where: YamlPath) -> Iterator[tuple[Clause, YamlPath]]:
    """Yield every clause of a group that stands at a path, with its own path in the file."""
    for number, member in enumerate(node.members):
        path: YamlPath = (*where, node.join, number)
        if isinstance(member, Clause):
            yield member, (*path, member.signal)
        else:
            yield from located(member, path)


def _check_names(rule: Rule, problems: Problems) -> None:
    """Note an id or a flag that a CRM, or a reader, could take for another."""
    for where, name in ((("id",), rule.id), (("then", "flag"), rule.then.flag)):
        pattern, allowed = _NAMES[where]
        if len(name) > LONGEST_NAME or not pattern.fullmatch(name):
            what = f"'{short(name)}' cannot be the {where[-1]} of a rule"
            remedy = f"Use {allowed}, {LONGEST_NAME} characters at most."
            problems.add(where, what, remedy)


def check_words(rule: Rule, problems: Problems, vocabulary: Vocabulary) -> None:
    """Note every signal, operator, value and setting that means nothing."""
    for key, group in (("when", rule.when), ("clears", rule.clears)):
        for clause, where in located(group, (key,)):
            _check_clause(rule, clause, where, problems, vocabulary)
    if not vocabulary:
        return
    for number, test in enumerate(rule.tests):
        _check_test(rule, test, ("tests", number), problems, vocabulary)


def _check_clause(
    rule: Rule, clause: Clause, where: YamlPath, problems: Problems, vocabulary: Vocabulary
) -> None:
    value = clause.value
    if problems.full:
        return
    if isinstance(value, str) and value.startswith("$"):
        if value[1:] not in rule.settings:
            remedy = did_you_mean(value[1:], rule.settings, f"Add '{value[1:]}' to 'settings'.")
            problems.add(where, f"no setting is called '{short(value)}'", remedy)
            return
        value = rule.value_of(clause)
    if not vocabulary:
        return
    signal = vocabulary.get(clause.signal)
    if signal is None:
        remedy = did_you_mean(clause.signal, vocabulary, "See 'crmrules signals'.")
        problems.add(where, f"no signal is called '{short(clause.signal)}'", remedy)
        return
    if isinstance(value, tuple) and len(value) > LONGEST_LIST:
        problems.add(where, f"a list of {len(value)} values", f"Keep to {LONGEST_LIST}.")
    trouble = misfit(signal, clause.operator, value)
    if trouble:
        problems.add(where, f"{clause.signal}: {trouble[0]}", trouble[1])


def _check_test(
    rule: Rule, test: RuleTest, where: YamlPath, problems: Problems, vocabulary: Vocabulary
) -> None:
    for name, value in test.given.items():
        if problems.full:
            return
        signal = vocabulary.get(name)
        if signal is None:
            remedy = did_you_mean(name, vocabulary, "See 'crmrules signals'.")
            problems.add((*where, "given", name), f"no signal is called '{short(name)}'", remedy)
            continue
        trouble = misfit(signal, "is", value)
        if trouble:
            problems.add((*where, "given", name), f"{name}: {trouble[0]}", trouble[1])
    for name in test.settings:
        if name not in rule.settings and not problems.full:
            remedy = did_you_mean(name, rule.settings, "Remove it.")
            problems.add(
                (*where, "settings", name), f"no setting is called '{short(name)}'", remedy
            )


def misfit(signal: Signal, operator: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with comparing the signal so, and the remedy; None where it fits."""
    kind = {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}[signal.kind]
    try:
        comparable(signal.kind, operator, value)
    except ValueError as problem:
        return f"{problem}", f"The signal is {kind}."
    if signal.values:
        for entry in value if isinstance(value, tuple) else (value,):
            if entry not in signal.values:
                known = f"Use one of: {', '.join(signal.values)}."
                return f"it is never '{short(entry)}'", did_you_mean(
                    str(entry), signal.values, known
                )
    return None
