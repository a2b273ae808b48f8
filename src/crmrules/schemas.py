"""JSON Schemas for editors: of a rule file, of an overlay of these rules, of ``crmrules.toml``.

They complete names and show what they mean; ``rules check`` stays the judge. What they accept is at
most wider than what is read: a setting that does not exist, say, is beyond a schema. The keywords
``enumDescriptions`` and ``markdownDescription`` are those that YAML and TOML editors show.

They come from the same types and the same vocabulary as the reader; a test holds the two together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crmrules.baseline import COVERED
from crmrules.engine.fitting import FITTING
from crmrules.rule import Mode, Rule, Severity
from crmrules.signals._registry import SIGNALS, Signal

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

OPERATORS: Mapping[str, str] = {
    "is": "Holds when the signal is this value.",
    "is_not": "Holds when the signal is known and another value.",
    "one_of": "Holds when the signal is one of these.",
    "not_one_of": "Holds when the signal is known and none of these.",
    "at_least": "Holds when the signal is this number or more.",
    "at_most": "Holds when the signal is this number or less.",
    "above": "Holds when the signal is more than this number.",
    "below": "Holds when the signal is less than this number.",
}
MODES: Mapping[str, str] = {
    Mode.LIVE: "Findings become tasks and flags.",
    Mode.SHADOW: "Findings are counted, nothing is written.",
    Mode.DISABLED: "The rule is not judged; tasks that nobody touched are cancelled.",
}
SEVERITIES: Mapping[str, str] = {
    Severity.P1: "Due within 2 business days; an open one makes the opportunity critical.",
    Severity.P2: "Due within 5 business days.",
    Severity.P3: "Told in the weekly digest.",
}
KEYS: Mapping[str, str] = {
    "id": "Name of the rule, and of its file: a-z, 0-9 and '-', the chapter's prefix first.",
    "title": "What is the case when it fires, in one line.",
    "mode": "What becomes of a finding. Shipped rules start in shadow; the overlay sets it.",
    "recommended": "The mode its maintainer would set once you have looked at what it finds.",
    "severity": "How soon somebody should look.",
    "phases": "The buying phases in which it is judged.",
    "why": "Why it matters, for those who read the finding.",
    "source": "The statement of the book, or the experience, that it rests on.",
    "false_positives": "When it fires and should not.",
    "to": "Whose task it is.",
    "copy_manager": "The manager gets a copy once the owner has had five business days.",
    "private": "About a rep's own words: the task tells nobody but the owner.",
    "review": "The day by which somebody looks at the rule again, as 2027-05-01.",
    "maintainer": "Who answers for it.",
    "majors_only": "Judged only on major opportunities.",
    "coverage": "Data that winners must fill; else the rule stays in shadow.",
    "dated_event": "A P1 about an event with a date: it asks at once.",
    "expires_in_days": "Ends the finding after so many days, where only time can.",
    "settings": "Numbers and words to tune, by name; conditions use them as $name.",
    "when": "Fires when this holds.",
    "clears": "Ends the finding when this holds, whatever 'when' says.",
    "then": "What to leave in the CRM.",
    "hides": "Rules whose findings wait while this one is open on the opportunity.",
    "tests": "Examples, told in signals, and what the rule must say about them.",
    "value": "The value it ships with.",
    "unit": "What it counts.",
    "floor": "It is never set below this.",
    "ceiling": "It is never set above this.",
    "subject": "The task's first line, verb first; of a list the first with all values known.",
    "body": "Two to four lines that ask.",
    "due_in_days": "Business days.",
    "due_before": "A signal that counts days to an event: due one business day before it.",
    "task": "The task a finding turns into.",
    "flag": "The word in the opportunity's flags: a-z, 0-9 and '_'.",
    "rule": "Id of a rule that waits.",
    "same": "Only where both findings are about the same person or criterion.",
    "until_day": "Only in the first days of the finding.",
    "name": "What the example shows.",
    "given": "Signals and their values; those left out are unknown.",
    "expect": "What the rule must say.",
}
_TYPES = {bool: "boolean", int: "number", float: "number", str: "string"}


def rule_file(rules: Iterable[Rule] = ()) -> Schema:
    """Return the schema of a rule file; ``rules`` are offered where a rule is named."""
    made: Schema = copy.deepcopy(Rule.model_json_schema())
    definitions = made["$defs"]
    for name in ("Clause", "Group"):
        definitions.pop(name, None)
    made["properties"].pop("path", None)
    _without_titles(made)
    for shape in (made, *definitions.values()):
        for key, value in shape.get("properties", {}).items():
            value["description"] = KEYS[key]
    # One shape for both kinds of entries, not two alternatives: an editor that has to guess which
    # is meant completes and complains worse.
    definitions["group"] = _one_of_these(_joins())
    definitions["entry"] = _one_of_these(_joins() | dict(_signals(_comparison)))
    definitions["Mode"] |= _told(MODES)
    definitions["Severity"] |= _told(SEVERITIES)
    for key in ("when", "clears"):
        made["properties"][key] = {"$ref": "#/$defs/group", "description": KEYS[key]}
    made["properties"]["coverage"]["items"] = {"enum": list(COVERED)}
    definitions["TaskText"]["properties"]["due_before"]["enum"] = [None, *sorted(counting_days())]
    given = definitions["RuleTest"]["properties"]["given"]
    given.pop("additionalProperties")
    given |= {"additionalProperties": False, "properties": dict(_signals(_value))}
    known = sorted(rule.id for rule in rules)
    if known:
        rule = definitions["Hides"]["properties"]["rule"]
        rule |= {"anyOf": [{"enum": known}, {"type": "string"}]}
        rule.pop("type")
    return {"$schema": DIALECT, **made, "title": "A crmrules rule file"}


def overlay(rules: Iterable[Rule]) -> Schema:
    """Return the schema of an overlay: these rules, the settings each of them has, their bounds.

    ``rules`` are the pack's, without the overlay: its values are the ones a setting ships with.
    """
    entries = {rule.id: _entry(rule) for rule in rules}
    text = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    translation = {
        "type": "object",
        "additionalProperties": False,
        "required": ["subject", "body"],
        "properties": _texts(),
    }
    return {
        "$schema": DIALECT,
        "title": "A crmrules overlay",
        "$defs": {"text": text, "translation": translation},
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": entries,
    }


def _entry(rule: Rule) -> Schema:
    return {
        "type": "object",
        "description": f"{rule.title}. {' '.join(rule.why.split())}",
        "additionalProperties": False,
        "properties": {
            "mode": {
                "type": "string",
                **_told(MODES),
                "description": f"Ships as {rule.mode}; recommended: {rule.recommended}.",
            },
            "settings": {
                "type": "object",
                "description": KEYS["settings"],
                "additionalProperties": False,
                "properties": {name: _setting(rule, name) for name in rule.settings},
            },
            **_texts(),
            "translations": {
                "type": "object",
                "description": "Texts by language, as de; [tasks] language chooses one.",
                "additionalProperties": {"$ref": "#/$defs/translation"},
            },
        },
    }


def _texts() -> Schema:
    body = {"type": "array", "minItems": 2, "maxItems": 4, "items": {"$ref": "#/$defs/text"}}
    return {
        "subject": {"$ref": "#/$defs/text", "description": KEYS["subject"]},
        "body": body | {"description": KEYS["body"]},
    }


def _setting(rule: Rule, name: str) -> Schema:
    setting = rule.settings[name]
    about = f"{setting.unit}: {setting.why}" if setting.unit else setting.why
    made: Schema = {
        "type": _TYPES[type(setting.value)],
        "default": setting.value,
        "description": f"{about}. Ships as {setting.value}.",
    }
    if setting.floor is not None and made["type"] == "number":
        made["minimum"] = setting.floor
    if setting.ceiling is not None and made["type"] == "number":
        made["maximum"] = setting.ceiling
    words = {
        SIGNALS[clause.signal].values
        for group in (rule.when, rule.clears)
        for clause in group.clauses()
        if clause.value == f"${name}" and clause.signal in SIGNALS
    }
    if len(words) == 1 and all(words):
        made["enum"] = list(words.pop())
    return made


def counting_days() -> Iterator[str]:
    """Yield the signals that ``due_before`` may name: numbers whose unit is days."""
    yield from (s.name for s in SIGNALS.values() if s.unit == "days" and s.kind in (int, float))


def _told(words: Mapping[str, str]) -> Schema:
    return {"enum": [str(one) for one in words], "enumDescriptions": list(words.values())}


def _without_titles(node: Any) -> None:
    """Drop the titles that only repeat a key's name; a property called "title" stays."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        for value in node.values():
            _without_titles(value)
    elif isinstance(node, list):
        for value in node:
            _without_titles(value)


def _one_of_these(properties: Schema) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": properties,
    }


def _joins() -> Schema:
    entries = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/entry"}}
    return {
        "all": entries | {"description": "Holds when every entry does."},
        "any": entries | {"description": "Holds when one entry does."},
    }


def _signals(shape: Any) -> Iterator[tuple[str, Schema]]:
    for name, signal in sorted(SIGNALS.items()):
        yield name, shape(signal) | {"description": meaning(signal)}


def meaning(signal: Signal) -> str:
    """Return what an editor shows of a signal."""
    kind = {bool: "yes or no", int: "whole number", float: "number", str: "text"}[signal.kind]
    unit = f", {signal.unit}" if signal.unit else ""
    return (
        f"{signal.meaning} ({kind}{unit}) Unknown where {signal.unknown}."
        f" Salesforce: {signal.salesforce}. HubSpot: {signal.hubspot}."
    )


def _value(signal: Signal) -> Schema:
    made: Schema = {"type": _TYPES[signal.kind]}
    return made | {"enum": list(signal.values)} if signal.values else made


def _comparison(signal: Signal) -> Schema:
    one = _value(signal)
    reference = {"type": "string", "pattern": r"^\$[a-z][a-z0-9_]*$"}
    single = {"anyOf": [one, reference]}
    several = {"type": "array", "items": one, "minItems": 1}
    return _one_of_these(
        {
            operator: (several if operator.endswith("one_of") else single)
            | {"description": OPERATORS[operator]}
            for operator in FITTING[signal.kind]
        }
    )
