"""Changes to the overlay that are not saved yet.

A change is one value at one place of the overlay: ``(rule, "mode")``, ``(rule, "settings", name)``,
``(rule, "subject")`` or ``(rule, "body")``. A value that is set back to what the pack says is taken
out of the overlay, so that a later pack may change it. The rules that result are read by the very
code that reads an overlay file.

Texts are those that tasks are written in: where the overlay has a rule's in the configured
language, a changed text is put there, and the rule's own words stay.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmrules import yamlsource
from crmrules.errors import UsageError
from crmrules.rule import Rule
from crmrules.rulebook import RuleBook, overlaid
from crmrules.studio import overlayfile
from crmrules.yamlsource import Document, YamlPath

Place = tuple[str, ...]
_TEXTS = ("subject", "body")


@dataclass(frozen=True, slots=True)
class Removed:
    """Instead of a value: what the pack says applies."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change as people read it. ``before`` and ``after`` are what the rule says."""

    place: Place
    before: Any
    after: Any
    removed: bool  # the overlay says nothing of it any more


@dataclass(slots=True)
class Draft:
    """The overlay as it is on disk (``path``; None: the configuration names none) and its changes.

    ``pack``: the rules as their files say them. ``language``: of the texts, "" for the rules' own.
    """

    pack: RuleBook
    path: Path | None
    language: str = ""
    _changes: dict[Place, Any] = field(default_factory=dict)
    _data: bytes = b""
    _saved: dict[str, Any] = field(default_factory=dict)
    _book: RuleBook = field(init=False)
    _made: RuleBook | None = None  # with all changes; a page asks for it many times between two

    def __post_init__(self) -> None:
        self.read()

    def read(self) -> None:
        """Read the file anew; changes that are not saved stay.

        Raises UsageError where it cannot be read or says what no overlay may.
        """
        data = overlayfile.read(self.path)
        nothing = overlayfile.says_nothing(data)
        document = Document({}, {}) if nothing else yamlsource.parse(data)
        name = str(self.path or "overlay")
        book, problems = overlaid(self.pack, document, name)
        if problems:
            first = problems[0]
            raise UsageError(
                f"the overlay cannot be read: {first.what}",
                where=f"{name}:{first.line}",
                remedy=first.remedy,
            )
        self._data, self._saved, self._book = data, document.value or {}, book
        self._made = None

    @property
    def saved(self) -> RuleBook:
        """The rules as the overlay on disk makes them."""
        return self._book.in_language(self.language)

    def rules(self) -> RuleBook:
        """Return the rules with all changes. What was refused never became a change."""
        if self._made is None:
            self._made = self._read(self._changes)[0].in_language(self.language)
        return self._made

    def changes(self) -> list[Change]:
        """Return what is not saved yet, by rule and place."""
        saved, now = self._by_id(self.saved), self._by_id(self.rules())
        return [
            Change(place, said(saved[place[0]], place), said(now[place[0]], place), _gone(value))
            for place, value in sorted(self._changes.items())
        ]

    def change(self, rule: str, values: Mapping[Place, Any]) -> dict[Place, str]:
        """Take values of one rule over, by their places without its id; return what is refused.

        Nothing is taken over where anything is refused; the result says why, by place.
        """
        wanted = {place: value for place, value in self._changes.items() if place[0] != rule}
        pack, saved = self._by_id(self.pack)[rule], self._by_id(self.saved)[rule]
        for name, value in values.items():
            place = (rule, *name)
            if not _same(value, said(saved, place)):
                back = self._in_file(place) == place and _same(value, said(pack, place))
                wanted[place] = Removed() if back else value
        book, refused = self._read(wanted)
        if not refused:
            self._changes, self._made = wanted, book.in_language(self.language)
        return {place[1:]: why for place, why in refused.items()}

    def discard(self, place: Place | None = None) -> None:
        """Forget one change, or all of them."""
        if place is None:
            self._changes = {}
        else:
            self._changes.pop(place, None)
        self._made = None

    def save(self) -> str:
        """Write the overlay and return the difference, as ``diff -u`` tells it.

        Raises UsageError where it changed on disk meanwhile: then nothing is written.
        """
        if self.path is None:
            raise UsageError(
                "the configuration names no overlay to save to",
                where="overlay",
                remedy='Add overlay = "overlay.yaml" to crmrules.toml and start studio again.',
            )
        text = self._text()
        overlayfile.write(self.path, text, expected=self._data)
        told = overlayfile.difference(self._data, text, self.path.name)
        self._changes = {}
        self.read()
        return told

    def preview_text(self) -> str:
        """Return the overlay file as saving would leave it."""
        return self._text().decode()

    def _text(self) -> bytes:
        return overlayfile.edited(self._data, self._edits(self._changes))

    def _edits(self, changes: Mapping[Place, Any]) -> dict[Place, Any]:
        """Return the changes by their places in the file; None: what is taken out of it."""
        return {self._in_file(p): None if _gone(value) else value for p, value in changes.items()}

    def _in_file(self, place: Place) -> Place:
        """Return where the overlay has a value: a text may be there in the language of tasks."""
        rule, *rest = place
        translated = self.language in self._book.translations.get(rule, ())
        if translated and place[1] in _TEXTS:
            return (rule, "translations", self.language, *rest)
        return place

    def _read(self, changes: Mapping[Place, Any]) -> tuple[RuleBook, dict[Place, str]]:
        """Return the rules with these changes, and why which places of the overlay are refused."""
        merged: dict[str, Any] = copy.deepcopy(self._saved)
        for edit, value in self._edits(changes).items():
            overlayfile.put(merged, edit, value)
        places: list[YamlPath] = [()]
        lines = {place: n for n, place in enumerate(_places(merged, places))}
        book, problems = overlaid(self.pack, Document(merged, lines), "overlay")
        told = {_text_place(places[p.line]): f"{p.what}. {p.remedy}" for p in reversed(problems)}
        return book, told

    @staticmethod
    def _by_id(book: RuleBook) -> dict[str, Rule]:
        return {rule.id: rule for rule in book.rules}


def said(rule: Rule, place: Place) -> Any:
    """Return what a rule says at a place of the overlay."""
    what = place[1]
    if what == "settings":
        return rule.settings[place[2]].value
    return str(rule.mode) if what == "mode" else getattr(rule.then.task, what)


def _gone(value: Any) -> bool:
    return isinstance(value, Removed)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one: 1 and 1.0 are, True and 1 are not, lists and tuples are."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _places(value: Any, found: list[YamlPath]) -> list[YamlPath]:
    """List every place in a value, each at its own number."""
    stack: list[tuple[YamlPath, Any]] = [((), value)]
    while stack:
        place, part = stack.pop()
        inner = part if isinstance(part, dict) else {}
        if isinstance(part, list | tuple):
            inner = dict(enumerate(part))
        found += [(*place, name) for name in inner]
        stack += [((*place, name), value) for name, value in inner.items()]
    return found


def _text_place(place: YamlPath) -> Place:
    """Return the place of the change that a refusal is about: a text counts as a whole."""
    words = tuple(map(str, place))
    if len(words) > 3 and words[1] == "translations":
        words = (words[0], *words[3:])
    return words[:2] if len(words) > 1 and words[1] in _TEXTS else words
