"""What somebody wrote this time: no quoted mail, signature, boilerplate or HTML; in sentences.

Know before changing: one call script once made 1,761 "matches" elsewhere, so what was not written
for the occasion goes first, and rather too much of it than too little. All expressions of this
module look at one character or one line and cannot backtrack over a text.

It knows no kind of mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape

from crmrules.text.phrases import Negation, Phrases, plain
from crmrules.text.wordbook import Wordbook

LONGEST = 20_000  # characters of one text that are looked at
_LONGEST_ABBREVIATION = 20  # characters, and some before it
SHORT = 6  # words at most in a line that ends a letter
_TAG = re.compile(r"<(?:/?[a-zA-Z]|!--)[^<>]{0,500}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr)\b[^<>]{0,100}>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(style|script|head)\b[^<>]{0,500}>", re.IGNORECASE)
_BULLET = re.compile(r"^[-*•·–o]\s+|^\d{1,2}[.)]\s+")  # noqa: RUF001
_END = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[\"'(\[]?[^\W_a-zß-ÿ])")
_ABBREVIATED = re.compile(
    r"(?:^|\s)(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|approx|ca|etc|incl|vs|z\.\s?B|d\.\s?h)\.$"
)


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans texts in some languages."""

    _quoted: tuple[Phrases, ...]
    _introduced: tuple[Phrases, ...]
    _closing: tuple[Phrases, ...]
    _disclaimer: tuple[Phrases, ...]
    _subjects: tuple[Phrases, ...]
    _automatic: tuple[Phrases, ...]

    @classmethod
    def of(cls, books: Iterable[Wordbook]) -> Cleaner:
        """Return the cleaner of these languages."""
        books = tuple(books)

        def each(pick: str, part: str) -> tuple[Phrases, ...]:
            return tuple(
                Phrases.of(
                    getattr(getattr(book, part), pick),
                    book.lists,
                    Negation(),
                    where=f"{book.language}.yml: {part}.{pick}",
                )
                for book in books
            )

        return cls(
            each("quoted", "cut"),
            each("introduced", "cut"),
            each("closing", "cut"),
            each("disclaimer", "cut"),
            each("subject", "automatic"),
            each("text", "automatic"),
        )

    def automatic(self, subject: str | None, text: str | None) -> bool:
        """Return whether nobody wrote this message for the occasion."""
        title, body = plain(_unmarked(subject or "")), plain((text or "")[:LONGEST])
        begins = any(phrases.place(title) == 0 for phrases in self._subjects)
        return begins or any(phrases.said(body) for phrases in self._automatic)

    def sentences(self, text: str) -> list[str]:
        """Return what the author wrote this time, sentence by sentence."""
        lines = self._own_lines(_without_html(text[:LONGEST]).splitlines())
        found: list[str] = []
        for paragraph in _paragraphs(lines):
            whole = plain(paragraph)
            if not any(phrases.said(whole) for phrases in self._disclaimer):
                found += split(paragraph)
        return found

    def _own_lines(self, lines: Sequence[str]) -> list[str]:
        kept: list[str] = []
        for raw in lines:
            line = raw.strip()
            if line.startswith(">"):
                continue
            words = plain(line)
            if line in ("--", "\u2014", "__") or self._older(line, words):
                break
            if kept and len(words.split()) <= SHORT and _begins(self._closing, words):
                break
            kept.append(line)
        return kept

    def _older(self, line: str, words: str) -> bool:
        """Return whether an older message begins with this line."""
        introduced = line.endswith(":") and any(p.said(words) for p in self._introduced)
        return introduced or _begins(self._quoted, words)


def _begins(choices: Iterable[Phrases], words: str) -> bool:
    return any(phrases.place(words) == 0 for phrases in choices)


def _unmarked(subject: str) -> str:
    """Return a subject without the marks of answers and forwards."""
    return re.sub(r"^(?:\s*(?:re|aw|fw|fwd|wg)\s*:)+", "", subject, flags=re.IGNORECASE)


def _without_html(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    opened = _HIDDEN.search(text)
    while opened is not None:
        end = text.lower().find(f"</{opened[1].lower()}", opened.end())
        text = text[: opened.start()] + (text[end:] if end >= 0 else "")
        opened = _HIDDEN.search(text)
    return unescape(_TAG.sub(" ", _BREAK.sub("\n", text))).replace("\xa0", " ")


def _paragraphs(lines: Iterable[str]) -> Iterable[str]:
    """Join lines that were broken only to fit; a bullet or a new sentence begins anew."""
    current = ""
    for line in lines:
        bare = _BULLET.sub("", line)
        goes_on = current and bare == line and line[:1].islower() and current[-1] not in ".!?:"
        if goes_on:
            current = f"{current} {line}"
            continue
        if current:
            yield current
        current = bare
    if current:
        yield current


def split(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph; an abbreviation ends none."""
    found: list[str] = []
    for part in _END.split(paragraph):
        if found and _ABBREVIATED.search(found[-1][-_LONGEST_ABBREVIATION:]):
            found[-1] = f"{found[-1]} {part}"
        elif part.strip():
            found.append(part.strip())
    return found
