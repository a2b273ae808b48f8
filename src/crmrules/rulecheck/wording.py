"""The task's texts: short, asking, readable, complete whatever is unknown, and never blaming.

Placeholders are filled with typical values before anything is measured. The reading grade is
Flesch-Kincaid with a simple syllable count, for English. Translations are not measured here.
"""

from __future__ import annotations

import re
from typing import Any

from crmrules.problems import did_you_mean
from crmrules.rule import Text
from crmrules.rulecheck._common import Checking, words
from crmrules.texts import alternatives, complaints, placeholders, render
from crmrules.yamlsource import YamlPath

LONGEST_SUBJECT = 95
HARDEST_GRADE = 8.0
PEOPLE = {
    "account": "Northwind Traders",
    "opportunity": "Northwind Traders, 200 seats",
    "contact": "Maria Anders",
    "owner": "Robin Park",
    "power": "Howard Snyder",
    "person": "Howard Snyder",
    "event_day": "Thursday, 26 November",
    "need_1": "re-keying orders takes half a day (Maria Anders, 2026-11-03)",
    "need_2": "late parts stop the line (Howard Snyder, 2026-10-12)",
    "criterion": "go-live under 8 weeks",
    "criteria": "go-live under 8 weeks, price, support at night",
    "need": "wants order entry gone before the peak",
    "need_by": "Maria Anders",
}
ALWAYS = "account"

_WORD = re.compile(r"[A-Za-z']+")
_VOWELS = re.compile(r"[aeiouy]+")


def placeholders_are_known(c: Checking) -> None:
    """Each names a person, the opportunity, a signal or a setting, in a known format."""
    known = PEOPLE.keys() | c.vocabulary.keys() | c.rule.settings.keys()
    for where, text in _texts(c):
        for trouble in complaints(text):
            c.note(where, trouble, "Write {name} or {name:g}.")
        for name in sorted(placeholders(text) - known):
            remedy = did_you_mean(name, known, "See 'crmrules signals'.")
            c.note(where, f"no placeholder is called '{{{name}}}'", remedy)


def last_alternative_is_always_complete(c: Checking) -> None:
    """Demand a last alternative that needs nothing but the account, or a setting."""
    for where, text in _texts(c):
        last = alternatives(text)[-1:]
        extra = placeholders(last) - {ALWAYS} - c.rule.settings.keys()
        if extra or not last:
            name = "', '".join(sorted(extra))
            what = f"no words for when '{name}' is not known"
            c.note(where, what, "Add a last alternative with no placeholder but {account}.")


def subject_is_short_and_starts_with_a_verb(c: Checking) -> None:
    """Every alternative of the subject, filled in."""
    for text in alternatives(c.rule.then.task.subject):
        filled = render(text, _values(c, text))
        if len(filled) > LONGEST_SUBJECT:
            what = f"the subject has {len(filled)} characters: {filled}"
            c.note(("then", "task", "subject"), what, f"Keep it to {LONGEST_SUBJECT}.")
        first = (_WORD.findall(filled) or [""])[0]
        if first.lower() not in words("verbs"):
            what = f"the subject starts with '{first}', which is no verb we know"
            c.note(("then", "task", "subject"), what, "Say what to do: Ask, Find, Check, Hold ...")


def private_subject_tells_nothing(c: Checking) -> None:
    """Let a private rule's subject name nobody: lists of tasks are seen by others."""
    if c.rule.private and placeholders(c.rule.then.task.subject):
        what = "the subject of a private rule names something"
        c.note(("then", "task", "subject"), what, "Use the same words for everybody.")


def body_asks(c: Checking) -> None:
    """At least one line is a question."""
    body = c.rule.then.task.body
    if not any(all("?" in one for one in alternatives(line)) for line in body):
        c.note(("then", "task", "body"), "no line asks anything", "Add a line with a question.")


def nobody_is_blamed(c: Checking) -> None:
    """No blaming words in any text."""
    for where, text in _texts(c):
        for one in alternatives(text):
            plain = f" {' '.join(one.lower().split())} "
            for phrase in sorted(words("blame")):
                if re.search(rf"\b{re.escape(phrase)}\b", plain):
                    c.note(where, f"'{phrase}' blames", "Ask a question instead.")


def texts_are_easy_to_read(c: Checking) -> None:
    """Subject and body together read at grade 8 or below."""
    lines = []
    for _, text in _texts(c):
        preferred = alternatives(text)[0]
        lines.append(render(preferred, _values(c, preferred)))
    reached = grade("\n".join(lines))
    if reached > HARDEST_GRADE:
        what = f"the texts read at grade {reached:.1f}"
        remedy = f"Use shorter words and sentences, for grade {HARDEST_GRADE:g} or below."
        c.note(("then", "task"), what, remedy)


def grade(text: str) -> float:
    """Return the Flesch-Kincaid grade of an English text; a line end ends a sentence."""
    sentences = [part for part in re.split(r"[.!?:;\n]+", text) if _WORD.search(part)]
    found = [word for part in sentences for word in _WORD.findall(part)]
    if not found:
        return 0.0
    syllables = sum(_syllables(word.lower()) for word in found)
    return 0.39 * len(found) / len(sentences) + 11.8 * syllables / len(found) - 15.59


def _syllables(word: str) -> int:
    count = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and count > 1
    silent = silent or (word.endswith("ed") and not word.endswith(("ted", "ded")) and count > 1)
    return max(count - silent, 1)


def _texts(c: Checking) -> list[tuple[YamlPath, Text]]:
    task = c.rule.then.task
    lines: list[tuple[YamlPath, Text]] = [(("then", "task", "subject"), task.subject)]
    return lines + [(("then", "task", "body", n), line) for n, line in enumerate(task.body)]


def _values(c: Checking, text: Text) -> dict[str, Any]:
    """Return a typical value for every placeholder of the text."""
    values: dict[str, Any] = {}
    for name in placeholders(text):
        signal = c.vocabulary.get(name)
        if name in c.rule.settings:
            values[name] = c.rule.settings[name].value
        elif signal is not None:
            samples = {bool: True, int: 12, float: 12.5, str: (signal.values or ("something",))[0]}
            values[name] = samples[signal.kind]
        else:
            values[name] = PEOPLE.get(name, "something")
    return values


CHECKS = (
    placeholders_are_known,
    last_alternative_is_always_complete,
    subject_is_short_and_starts_with_a_verb,
    private_subject_tells_nothing,
    body_asks,
    nobody_is_blamed,
    texts_are_easy_to_read,
)
