"""Local changes to shipped rules, by rule id, from one file of the organization.

Only mode, settings (between floor and ceiling), subject and body, and translations may change; the
condition never does, so what a rule *means* is the same in every organization. Shipped files stay
untouched. It adds no rule and removes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from crmrules.engine.fitting import FITTING
from crmrules.problems import Problems, did_you_mean, short
from crmrules.rule import Mode, Rule, Setting, TaskText
from crmrules.rulefile import Vocabulary, check_words
from crmrules.texts import NAMES, in_words, placeholders, unsafe
from crmrules.yamlsource import Document, YamlPath

KEYS = ("mode", "settings", "subject", "body", "translations")
Translations = Mapping[str, TaskText]  # language -> text


@dataclass(slots=True)
class Overlaid:
    """Rules after the overlay, and texts in other languages by rule id."""

    rules: dict[str, Rule]
    translations: dict[str, dict[str, TaskText]] = field(default_factory=dict)


def apply(
    rules: Mapping[str, Rule], document: Document, problems: Problems, vocabulary: Vocabulary
) -> Overlaid:
    """Return the rules with every change that could be read; the rest is in ``problems``."""
    result = Overlaid(dict(rules))
    if document.value is None:
        return result
    if not isinstance(document.value, dict):
        problems.add((), "an overlay maps rule ids to changes", "Write '<rule id>: {mode: live}'.")
        return result
    for name, changes in document.value.items():
        if problems.full:
            break
        if name not in rules:
            remedy = did_you_mean(name, rules, "See 'crmrules rules list'.")
            problems.add((name,), f"no rule is called '{short(name)}'", remedy)
        elif not isinstance(changes, dict):
            problems.add((name,), "changes are a mapping", "Write '{mode: live}'.")
        else:
            _apply_one(result, rules[name], changes, problems, vocabulary)
    return result


def _apply_one(
    result: Overlaid,
    rule: Rule,
    changes: dict[str, Any],
    problems: Problems,
    vocabulary: Vocabulary,
) -> None:
    for key in sorted(changes.keys() - set(KEYS)):
        if problems.full:
            break
        remedy = did_you_mean(key, KEYS, f"Only {', '.join(KEYS)} may change here.")
        problems.add((rule.id, key), f"'{short(key)}' cannot be changed by an overlay", remedy)
    update: dict[str, Any] = {}
    if "mode" in changes:
        update["mode"] = _mode(changes["mode"], (rule.id, "mode"), problems, rule.mode)
    if "settings" in changes:
        update["settings"] = _settings(rule, changes["settings"], problems)
    texts: dict[str, Any] = {key: changes[key] for key in ("subject", "body") if key in changes}
    if texts:
        task = _task(rule, texts, (rule.id,), problems, vocabulary)
        update["then"] = rule.then.model_copy(update={"task": task})
    if "translations" in changes:
        result.translations[rule.id] = _translations(
            rule, changes["translations"], problems, vocabulary
        )
    changed = rule.model_copy(update=update)
    before = len(problems.found)
    own = Problems(problems.path, Document(None, {}))
    check_words(changed, own, vocabulary)
    if own.found and before == len(problems.found):
        already = Problems(rule.path, Document(None, {}))
        check_words(rule, already, vocabulary)
        if not already.found:
            problems.add((rule.id, "settings"), own.found[0].what, own.found[0].remedy)
    result.rules[rule.id] = changed


def _mode(value: Any, where: YamlPath, problems: Problems, otherwise: Mode) -> Mode:
    words = [str(mode) for mode in Mode]
    if value in words:
        return Mode(value)
    remedy = did_you_mean(str(value), words, f"Use one of: {', '.join(words)}.")
    problems.add(where, f"no mode is called '{str(value)[:40]}'", remedy)
    return otherwise


def _settings(rule: Rule, changes: Any, problems: Problems) -> dict[str, Setting]:
    settings = dict(rule.settings)
    if not isinstance(changes, dict):
        problems.add((rule.id, "settings"), "settings are a mapping", "Write '{points: 8}'.")
        return settings
    for name, value in changes.items():
        where = (rule.id, "settings", name)
        if problems.full:
            break
        if name not in settings:
            remedy = did_you_mean(name, settings, f"It has: {', '.join(settings) or 'none'}.")
            problems.add(where, f"{rule.id} has no setting '{short(name)}'", remedy)
            continue
        trouble = _outside(settings[name], value)
        if trouble:
            problems.add(where, f"{name}: {trouble[0]}", trouble[1])
        else:
            settings[name] = settings[name].model_copy(update={"value": value})
    return settings


def _outside(setting: Setting, value: Any) -> tuple[str, str] | None:
    """Return why a setting cannot have this value, and the remedy."""
    families: list[tuple[type, ...]] = [(bool,), (str,), (int, float)]
    [family] = [kinds for kinds in families if type(setting.value) in kinds]
    if type(value) not in family:
        return "another kind of value than before", f"The shipped value is {setting.value!r}."
    if isinstance(value, str) or type(value) not in FITTING:
        return None
    if setting.floor is not None and value < setting.floor:
        return f"{value:g} is below the floor {setting.floor:g}", _bound(setting, "more")
    if setting.ceiling is not None and value > setting.ceiling:
        return f"{value:g} is above the ceiling {setting.ceiling:g}", _bound(setting, "less")
    return None


def _bound(setting: Setting, which: str) -> str:
    limit = setting.floor if which == "more" else setting.ceiling
    why = f" The shipped {in_words(setting.value)}: {setting.why}." if setting.why else ""
    return f"Set {limit:g} or {which}.{why}"


def _translations(
    rule: Rule, value: Any, problems: Problems, vocabulary: Vocabulary
) -> dict[str, TaskText]:
    where: YamlPath = (rule.id, "translations")
    if not isinstance(value, dict):
        problems.add(where, "translations map languages to texts", "Write 'de: {subject: ...}'.")
        return {}
    made: dict[str, TaskText] = {}
    for language, texts in value.items():
        if not isinstance(texts, dict) or texts.keys() != {"subject", "body"}:
            problems.add((*where, language), "a translation has 'subject' and 'body'", "Add them.")
        else:
            made[language] = _task(rule, texts, (*where, language), problems, vocabulary)
    return made


def _task(
    rule: Rule, texts: dict[str, Any], where: YamlPath, problems: Problems, vocabulary: Vocabulary
) -> TaskText:
    """Return the task with these texts; as it was where one of them could not be filled in."""
    task = rule.then.task
    try:
        made = TaskText.model_validate({**task.model_dump(), **texts})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            path = (*where, *one["loc"])
            problems.add(path, f"'{one['loc'][0]}': {one['msg'].lower()}", "Correct the text.")
        return task
    before = len(problems.found)
    lines = [((*where, "subject"), made.subject)] if "subject" in texts else []
    lines += [((*where, "body", n), line) for n, line in enumerate(made.body) if "body" in texts]
    for path, line in lines:
        for what, remedy in unsafe(line, NAMES | vocabulary.keys(), rule.settings):
            if vocabulary or "no placeholder is called" not in what:
                problems.add(path, what, remedy)
    if rule.private and "subject" in texts and placeholders(made.subject):
        what = "the subject of a private rule names something"
        problems.add((*where, "subject"), what, "Use the same words for everybody.")
    return made if len(problems.found) == before else task
