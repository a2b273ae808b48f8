"""Phrases as operations people write them, and where they stand in a sentence.

A phrase is plain words. ``(a|b)`` is a choice, ``(a )?`` may be missing, ``word*`` is every ending,
``...`` stands for up to five words, and ``{name}`` for a list of words given beside the phrases.

Know before changing: a sentence is brought to one form first (``plain``): lower case, one space
between words, punctuation as words of its own. So a phrase always means whole words, in any
language. A phrase after a word of negation in the same clause does not count; one that brings its
negation along ("don't have ... budget") does.

It reads no file and knows no kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmrules.errors import UsageError
from crmrules.text.linear import compiled

_WORD = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*|[,;:?!()\u2013\u2014%&]")
_BREAKS = frozenset((",", ";", ":", "?", "!", "(", ")", "\u2013", "\u2014"))
_GAP = "(?: [^ ]+){0,5} "
_NEAR = 5  # words before a phrase in which a negation reaches it
WHOLE = " (?:{})(?: |$)"  # choices, as whole words
_LIST = re.compile(r"\{([a-z_]+)\}")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})  # noqa: RUF001


def plain(sentence: str) -> str:
    """Return a sentence in the form phrases are matched against, a space at both ends."""
    words = _WORD.findall(sentence.translate(_APOSTROPHES).casefold())
    return f" {' '.join(words)} "


@dataclass(frozen=True, slots=True)
class Negation:
    """The words that turn a phrase round: whole ones, endings, and those that end their reach."""

    words: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    stops: frozenset[str] = frozenset()

    def before(self, text: str) -> bool:
        """Return whether a negation reaches past the end of this text."""
        for word in reversed(text.rsplit(maxsplit=_NEAR)[-_NEAR:]):
            if word in _BREAKS or word in self.stops:
                return False
            if word in self.words or (self.endings and word.endswith(self.endings)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Phrases:
    """Some phrases, compiled as one expression."""

    _expression: Any
    _negation: Negation
    source: str = ""  # the choices as one expression; "" where there are none

    @classmethod
    def of(
        cls,
        phrases: Sequence[str],
        lists: Mapping[str, Sequence[str]],
        negation: Negation,
        *,
        where: str,
    ) -> Phrases:
        """Return them compiled; UsageError where one cannot be read. None never match."""
        phrases = [phrase.strip().casefold() for phrase in phrases]  # some letters change here
        named = {name for phrase in phrases for name in _LIST.findall(phrase)}
        if strange := sorted(named - lists.keys()):
            raise UsageError(
                f"no list is called '{strange[0]}'",
                where=where,
                remedy=f"There are {', '.join(sorted(lists))}; more can stand under 'lists'.",
            )
        # One that names an empty list (no rival is configured) could not match anything.
        usable = [p for p in phrases if all(lists[n] for n in _LIST.findall(p))]
        if not usable:
            return cls(None, negation)
        choices = "|".join(_expression(phrase, lists) for phrase in usable)
        return cls(compiled(WHOLE.format(choices), where=where), negation, choices)

    def found(self, text: str) -> bool:
        """Return whether one stands in a plain text and no negation reaches it."""
        return self.place(text) is not None

    def place(self, text: str) -> int | None:
        """Return where the first one begins that no negation reaches; None: there is none."""
        return next((at for at in self._places(text) if not self._negation.before(text[:at])), None)

    def said(self, text: str) -> bool:
        """Return whether one stands in a plain text, negated or not."""
        return next(self._places(text), None) is not None

    def _places(self, text: str) -> Iterator[int]:
        start = 0
        while self._expression is not None:
            match = self._expression.search(text, start)
            if match is None:
                return
            yield match.start()
            start = match.start() + 1


def _expression(phrase: str, lists: Mapping[str, Sequence[str]]) -> str:
    """Translate a phrase in lower case; every other sign stands for itself."""
    parts: list[str] = []
    for piece in re.split(r"( \.\.\. |\{[a-z_]+\}|[()|?* ])", phrase):
        if piece == " ... ":
            parts.append(_GAP)
        elif _LIST.fullmatch(piece):
            words = sorted(lists[piece[1:-1]], key=len, reverse=True)
            forms = "|".join(re.escape(plain(word).strip()) for word in words)
            parts.append(f"(?:{forms})(?:'s)?")
        elif piece == "(":
            parts.append("(?:")
        elif piece == "*":
            parts.append("[^ ]*")
        elif piece in (")", "|", "?", " "):
            parts.append(piece)
        else:
            parts.append(re.escape(piece))
    return "".join(parts)
