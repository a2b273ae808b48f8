"""Read folders of rule files and an overlay into one ``RuleBook``.

Every file is read before anything is said, and everything wrong with all of them is one error.
``hash`` names the content, wherever the files lie, so a run can say which rules it judged by.
It neither tests rules (``rulecheck``) nor compiles them (``engine``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from crmrules import overlay as overlays
from crmrules import yamlsource
from crmrules.errors import UsageError
from crmrules.problems import Problems, RuleProblem, did_you_mean
from crmrules.rule import Mode, Rule, TaskText
from crmrules.rulefile import RuleFile, Vocabulary, located, read
from crmrules.signals._registry import SIGNALS
from crmrules.yamlsource import Document

__all__ = [
    "RuleBook",
    "RuleProblem",
    "did_you_mean",
    "inspect",
    "load",
    "located",
    "shipped",
]


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules in the order of their ids, the overlay applied.

    ``documents`` holds the file of each rule, for line numbers; ``translations`` the texts in other
    languages, by rule id and language; ``pack`` the rules as their files say them, without overlay.
    """

    rules: tuple[Rule, ...]
    hash: str
    documents: Mapping[str, Document] = field(default_factory=dict, repr=False)
    translations: Mapping[str, Mapping[str, TaskText]] = field(default_factory=dict)
    pack: tuple[Rule, ...] = field(default=(), repr=False)

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """The rules that are judged: all but the disabled ones."""
        return tuple(rule for rule in self.rules if rule.mode is not Mode.DISABLED)

    def in_language(self, language: str) -> RuleBook:
        """Return the rules with the overlay's texts in a language, where it has any; "": as is.

        Raises ``UsageError`` where it has none for any rule.
        """
        if not language:
            return self
        texts = {
            name: many[language] for name, many in self.translations.items() if language in many
        }
        if not texts:
            known = sorted({one for many in self.translations.values() for one in many})
            raise UsageError(
                f"no rule has texts in '{language}'",
                where="[tasks] language",
                remedy=did_you_mean(language, known, "Add 'translations' to the overlay."),
            )
        spoken = tuple(
            rule.model_copy(update={"then": rule.then.model_copy(update={"task": texts[rule.id]})})
            if rule.id in texts
            else rule
            for rule in self.rules
        )
        return replace(self, rules=spoken, hash=_hash(spoken, self.translations))

    def rule(self, name: str) -> Rule:
        """Return a rule by id; ``UsageError`` with a did-you-mean where there is none."""
        for rule in self.rules:
            if rule.id == name:
                return rule
        known = [rule.id for rule in self.rules]
        remedy = did_you_mean(name, known, "See 'crmrules rules list'.")
        raise UsageError(f"no rule is called '{name}'", remedy=remedy)


def load(folders: Sequence[Path], overlay: Path | None = None) -> RuleBook:
    """Return the rules of the folders; one ``UsageError`` names every problem of all files."""
    book, problems = inspect(folders, overlay)
    if problems:
        raise UsageError(
            told(problems), remedy="Correct these lines, then run 'crmrules rules check'."
        )
    return book


def told(problems: Sequence[RuleProblem]) -> str:
    """Return all problems as one message."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"{count} in the rule files\n" + "\n".join(f"  {problem}" for problem in problems)


def inspect(
    folders: Sequence[Path], overlay: Path | None = None, vocabulary: Vocabulary | None = None
) -> tuple[RuleBook, list[RuleProblem]]:
    """Return the rules that could be read, and every problem, in the order of files and lines."""
    words = SIGNALS if vocabulary is None else vocabulary
    problems: list[RuleProblem] = []
    files = [read(path, vocabulary=words) for path in _paths(folders, problems)]
    rules: dict[str, Rule] = {}
    documents: dict[str, Document] = {}
    for file in files:
        problems += file.problems
        if file.rule is not None:
            _keep(file, file.rule, rules, documents, problems)
    document = Document(None, {}) if overlay is None else yamlsource.read(overlay)
    book, found = _overlaid(rules, documents, document, str(overlay), words)
    return book, sorted(problems + found, key=lambda problem: (problem.path, problem.line))


def overlaid(pack: RuleBook, document: Document, path: str) -> tuple[RuleBook, list[RuleProblem]]:
    """Return a pack's rules under an overlay that was read already, and what is wrong with it.

    ``path`` names the overlay in problems.
    """
    rules = {rule.id: rule for rule in pack.pack}
    return _overlaid(rules, pack.documents, document, path, SIGNALS)


def _overlaid(
    rules: Mapping[str, Rule],
    documents: Mapping[str, Document],
    document: Document,
    path: str,
    words: Vocabulary,
) -> tuple[RuleBook, list[RuleProblem]]:
    problems = Problems(path, document)
    problems.found += [RuleProblem(path, *trouble) for trouble in document.troubles]
    result = overlays.apply(rules, document, problems, words)
    ordered = tuple(result.rules[name] for name in sorted(result.rules))
    digest = _hash(ordered, result.translations)
    pack = tuple(rules[name] for name in sorted(rules))
    return RuleBook(ordered, digest, documents, result.translations, pack), problems.found


def shipped() -> Path:
    """Return the folder of the pack that comes with crmrules, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "shipped" / "rules", package.parents[1] / "rules"):
        if folder.is_dir():
            return folder
    raise UsageError("the shipped rules are missing", remedy="Install crmrules again.")


def _paths(folders: Sequence[Path], problems: list[RuleProblem]) -> Iterator[Path]:
    for folder in folders:
        found = sorted(
            path
            for path in folder.rglob("*")
            if path.suffix in (".yml", ".yaml")
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
        if not found:
            what = "no rule files here" if folder.is_dir() else "no such folder"
            remedy = "Check 'rules' in crmrules.toml; rule files end in .yml."
            problems.append(RuleProblem(str(folder), 1, what, remedy))
        yield from found


def _keep(
    file: RuleFile,
    rule: Rule,
    rules: dict[str, Rule],
    documents: dict[str, Document],
    problems: list[RuleProblem],
) -> None:
    if rule.id in rules:
        line = file.document.line(("id",))
        what = f"the id '{rule.id}' is already used in {rules[rule.id].path}"
        problems.append(RuleProblem(file.path, line, what, "Give each rule an id of its own."))
    else:
        rules[rule.id], documents[rule.id] = rule, file.document


def _hash(rules: Sequence[Rule], translations: Mapping[str, Mapping[str, TaskText]]) -> str:
    content = {
        "rules": [rule.model_dump(mode="json", exclude={"path"}) for rule in rules],
        "translations": {
            name: {language: text.model_dump(mode="json") for language, text in texts.items()}
            for name, texts in translations.items()
        },
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
