"""Names, numbers and relations: what can be seen without running a rule.

Each function checks one thing and notes what it finds. No rule is judged here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from crmrules.baseline import COVERED
from crmrules.engine.possible import closest
from crmrules.engine.values import needed
from crmrules.engine.ways import Demand, Way, to_fire, ways
from crmrules.engine.ways import Want as Wanted
from crmrules.errors import UsageError
from crmrules.problems import did_you_mean
from crmrules.rule import Mode, Rule, Severity
from crmrules.rulecheck._common import Checking, words
from crmrules.texts import placeholders

PREFIXES = {
    "buying": "buy",
    "entry": "entry",
    "needs": "needs",
    "criteria": "crit",
    "competition": "comp",
    "concerns": "conc",
    "negotiation": "nego",
    "account": "post",
}
READING_ORDER = tuple(Rule.model_fields)


def name_fits_its_place(c: Checking) -> None:
    """Hold file name and id together, and the id to the chapter that its folder names."""
    if not c.rule.path:
        return
    path = Path(c.rule.path)
    if path.stem != c.rule.id:
        what = f"the id is '{c.rule.id}'"
        c.note(("id",), what, f"Rename the file to {c.rule.id}.yml, or change the id.")
    prefix = PREFIXES.get(path.parent.name)
    if prefix and not c.rule.id.startswith(f"{prefix}-"):
        what = f"an id in {path.parent.name}/ starts with '{prefix}-'"
        c.note(("id",), what, "Rename the rule, or move the file.")


def flag_is_its_own(c: Checking) -> None:
    """Two rules never share a flag: it would not tell which of them it stands for."""
    for other in c.book.rules:
        if other.id < c.rule.id and other.then.flag == c.rule.then.flag:
            what = f"the flag '{c.rule.then.flag}' is already that of {other.id}"
            c.note(("then", "flag"), what, "Give each rule a flag of its own.")


def phases_are_told_once(c: Checking) -> None:
    """At least one phase, none twice."""
    if not c.rule.phases:
        c.note(("phases",), "no phase", "Name the buying phases in which the rule makes sense.")
    for phase, times in Counter(c.rule.phases).items():
        if times > 1:
            c.note(("phases",), f"the phase '{phase}' is there twice", "Keep one.")


def keys_are_in_reading_order(c: Checking) -> None:
    """Let every file read alike: what, why, numbers, condition, consequence, proof."""
    value = None if c.document is None else c.document.value
    if isinstance(value, dict):
        present = [key for key in value if key in READING_ORDER]
        expected = [key for key in READING_ORDER if key in present]
        for key, should in zip(present, expected, strict=True):
            if key != should:
                c.note((key,), f"'{should}' should stand here", "Order: " + " ".join(expected))
                return


def review_is_a_date(c: Checking) -> None:
    """``review`` is an ISO date."""
    try:
        date.fromisoformat(c.rule.review)
    except ValueError:
        what = f"'{c.rule.review}' is no date"
        c.note(("review",), what, "Write year-month-day, such as 2027-03-01.")


def reasons_are_given(c: Checking) -> None:
    """Why, source, false positives and an owner are part of a rule."""
    for key in ("title", "why", "source", "maintainer"):
        if not getattr(c.rule, key).strip():
            c.note((key,), f"'{key}' is empty", "Write one sentence.")
    if not any(entry.strip() for entry in c.rule.false_positives):
        c.note(("false_positives",), "no false positive is named", "Name when it is wrong.")


def coverage_names_are_known(c: Checking) -> None:
    """Every gate is on data that is measured; else the rule would stay in shadow for ever."""
    for name in c.rule.coverage:
        if name not in COVERED:
            remedy = did_you_mean(name, COVERED, f"Use one of: {', '.join(COVERED)}.")
            c.note(("coverage",), f"no coverage is measured of '{name}'", remedy)


def settings_are_used_and_sound(c: Checking) -> None:
    """Every setting is compared with or shown, and lies between its floor and its ceiling."""
    clauses = (*c.rule.when.clauses(), *c.rule.clears.clauses())
    used = {one.value[1:] for one in clauses if isinstance(one.value, str) and one.value[:1] == "$"}
    for text in (c.rule.then.task.subject, *c.rule.then.task.body):
        used |= placeholders(text)
    for name, setting in c.rule.settings.items():
        where = ("settings", name)
        if name not in used:
            c.note(where, f"the setting '{name}' is never used", "Use it as $" + name)
        if name in c.vocabulary:
            c.note(where, f"'{name}' is also a signal", "Rename the setting.")
        value = setting.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low = setting.floor if setting.floor is not None else value
            high = setting.ceiling if setting.ceiling is not None else value
            if not low <= value <= high:
                c.note(where, f"{value} is outside its floor or ceiling", "Correct one of them.")


def the_event_of_due_before_is_asked_for(c: Checking) -> None:
    """``due_before`` names a signal of days, and ``when`` holds only where that is known."""
    name, where = c.rule.then.task.due_before, ("then", "task", "due_before")
    if name is None:
        return
    signal = c.vocabulary.get(name)
    if signal is None:
        remedy = did_you_mean(name, c.vocabulary, "See 'crmrules signals'.")
        c.note(where, f"no signal is called '{name}'", remedy)
    elif signal.kind not in (int, float) or signal.unit != "days":
        c.note(where, f"'{name}' does not count days", "Name a signal whose unit is days.")
    elif name not in {clause.signal for clause in c.rule.when.clauses()}:
        what = f"'when' does not compare '{name}', so it may be unknown when the task is made"
        c.note(where, what, "Add a clause such as 'at_most: $ahead'.")


def condition_and_clearing_are_possible(c: Checking) -> None:
    """Find values that make the rule fire, and values that clear it."""
    try:
        if not any(_possible(c, way) for way in to_fire(c.rule)):
            what = "nothing can make this rule fire: 'when' contradicts itself or 'clears'"
            c.note(("when",), what, "Loosen one of the clauses.")
        clearing = [way for way in ways(c.rule.clears, Wanted.TRUE) if _possible(c, way)]
    except UsageError as error:
        c.note(("when",), error.message, error.remedy)
        return
    if not clearing:
        c.note(("clears",), "'clears' contradicts itself", "Loosen one of its clauses.")
    elif c.rule.expires_in_days is None and all(_only_time(way) for way in clearing):
        what = "only time can clear this rule"
        c.note(("clears",), what, "Add a clause that the task can change, or set expires_in_days.")


def private_rules_keep_to_themselves(c: Checking) -> None:
    """Keep a private rule disabled until somebody wants it, copying nobody, hiding nothing."""
    if not c.rule.private:
        return
    if c.rule.recommended is not Mode.DISABLED:
        what = f"a private rule is recommended as {c.rule.recommended}"
        c.note(("recommended",), what, "Write disabled: each team decides for itself.")
    if c.rule.copy_manager:
        c.note(("copy_manager",), "a private rule copies the manager", "Remove it.")
    if c.rule.hides:
        c.note(("hides",), "a private rule hides others, which would show it", "Remove it.")


def hiding_is_sound(c: Checking) -> None:
    """Refuse hiding what is not there, what is more urgent, and what hides back."""
    by_id = {rule.id: rule for rule in c.book.rules}
    for number, hidden in enumerate(c.rule.hides):
        where = ("hides", number)
        other = by_id.get(hidden.rule)
        if other is None:
            remedy = did_you_mean(hidden.rule, by_id, "Remove it, or add that rule.")
            c.note(where, f"no rule is called '{hidden.rule}'", remedy)
        elif other.severity is Severity.P1 and c.rule.severity is not Severity.P1:
            what = f"{other.id} is P1 and would be hidden by a {c.rule.severity}"
            c.note(where, what, "Turn it round, or remove it.")
        if hidden.rule == c.rule.id:
            c.note(where, f"{c.rule.id} hides itself", "Remove it.")
        elif c.rule.id in _hidden_from(hidden.rule, by_id):
            what = f"{c.rule.id} and {hidden.rule} hide each other"
            c.note(where, what, "Remove one of the two.")


def _hidden_from(start: str, by_id: dict[str, Rule]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        rule = by_id.get(waiting.pop())
        fresh = {one.rule for one in rule.hides} - seen if rule else set()
        seen |= fresh
        waiting += fresh
    return seen


def _possible(c: Checking, way: Way) -> bool:
    """Return whether some values meet every demand of the way."""
    return all(
        closest(c.vocabulary[name].kind, tests, None, c.vocabulary[name])[0]
        for name, tests in _by_signal(c, way)
    )


def _by_signal(c: Checking, way: Way) -> Iterator[tuple[str, list[tuple[Demand, Any]]]]:
    signals = dict.fromkeys(demand.clause.signal for demand in way)
    for name in signals:
        own = [demand for demand in way if demand.clause.signal == name]
        yield name, [(demand, needed(c.rule, demand.clause, c.kinds)) for demand in own]


def _only_time(way: Way) -> bool:
    return all(demand.clause.signal in words("only_time_changes") for demand in way)


CHECKS = (
    name_fits_its_place,
    flag_is_its_own,
    phases_are_told_once,
    keys_are_in_reading_order,
    review_is_a_date,
    reasons_are_given,
    coverage_names_are_known,
    settings_are_used_and_sound,
    the_event_of_due_before_is_asked_for,
    condition_and_clearing_are_possible,
    private_rules_keep_to_themselves,
    hiding_is_sound,
)
