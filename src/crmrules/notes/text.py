"""Cutting a text into tagged entries, and an entry into its text, person and attributes.

Know before changing: escaped characters travel as noncharacters of Unicode (which no text may
carry) from ``protect`` to ``plain``, so no step in between can mistake them for syntax. Every
pattern here is linear: notes come from outside.

It does not know what a tag means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SPECIAL = '\\|#@(=,;"'
_SAFE = "".join(chr(0xFDD0 + i) for i in range(len(SPECIAL)))
_TO_SAFE = dict(zip(SPECIAL, _SAFE, strict=True))
_FROM_SAFE = str.maketrans(_SAFE, SPECIAL)
_DROP = dict.fromkeys(range(0xFDD0, 0xFDF0))
_ESCAPE = re.compile(r'\\([\\|#@(=,;"])')
_LIMIT = 131_072  # the longest text field Salesforce has; the rest of a longer one is not read

TAG_WORD = re.compile(r"[^\W\d_][\w-]{0,39}")  # what may follow a #
_TAG = re.compile(rf"(?:(?<=\s)|^)#({TAG_WORD.pattern})(?:([!]?)\s{{0,3}}([:：])|(!)|(?=\s|$))")  # noqa: RUF001 - the wide colon is what some keyboards give
_PERSON = re.compile(r'(?:(?<=\s)|^)@(?:"([^"]*)"|([^\W\d_][^\s|@,;:()]*))')
_PARTICLE = frozenset(
    {"van", "von", "de", "der", "den", "di", "da", "del", "la", "le", "bin", "al"}
)
_NAME = re.compile(r"\s([^\s|@,;:()=]+)(?=[\s,;:()|@]|$)")
_QUOTES = (('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"))


def protect(text: str) -> str:
    """Return clean text in which an escaped character can no longer be taken for syntax."""
    clean = text[:_LIMIT].encode("utf-8", "replace").decode("utf-8").translate(_DROP)
    return _ESCAPE.sub(lambda found: _TO_SAFE[found[1]], clean)


def plain(text: str) -> str:
    """Return the text as it was meant, on one line."""
    return " ".join(text.split()).translate(_FROM_SAFE)


def escape(text: str, also: str = "") -> str:
    """Return one line of text that reads back as itself; ``also``: more characters to escape."""
    clean = text.encode("utf-8", "replace").decode("utf-8").translate(_DROP)
    special = frozenset("\\|#@(=" + also)
    return "".join("\\" + c if c in special else c for c in " ".join(clean.split()))


def unquote(text: str) -> str:
    """Return the text without the quotation marks around the whole of it."""
    for left, right in _QUOTES:
        if len(text) > 1 and text.startswith(left) and text.endswith(right):
            return text[1:-1].strip()
    return text


class Entry(NamedTuple):
    """One tag and what follows it up to the next one; ``marked`` when it ends in ! or a colon."""

    tag: str
    strong: bool
    marked: bool
    body: str
    line: str


def entries(text: str) -> Iterator[Entry]:
    """Yield the tagged entries of a protected text; a bare tag counts only where a line starts."""
    for line in text.splitlines():
        found = [tag for tag in _TAG.finditer(line) if _counts(tag, line)]
        ends = [*(tag.start() for tag in found), len(line)][1:]
        for tag, end in zip(found, ends, strict=True):
            strong = tag[2] == "!" or tag[4] == "!"
            marked = strong or tag[3] is not None
            whole = plain(line[tag.start() : end])
            yield Entry(tag[1].casefold(), strong, marked, line[tag.end() : end], whole)


def _counts(tag: re.Match[str], line: str) -> bool:
    marked = tag[3] is not None or tag[4] is not None
    return marked or not line[: tag.start()].strip(" \t-*•>")


def take_person(text: str) -> tuple[str, str | None]:
    """Return the text without its first ``@person``, and that person."""
    found = _PERSON.search(text)
    if found is None:
        return text, None
    if found[1] is not None:
        return _without(text, found.start(), found.end()), plain(found[1]) or None
    name, end = [found[2]], found.end()
    while len(name) < 5 and (more := _NAME.match(text, end)) and _is_name(name[-1], more[1]):
        name.append(more[1])
        end = more.end()
    person = plain(" ".join(name))
    if len(name[-1]) > 2 and person.endswith("."):
        person = person.rstrip(".")  # the end of the sentence, not of an initial
    return _without(text, found.start(), end), person or None


def _is_name(before: str, word: str) -> bool:
    initial = len(before) == 2 and before.endswith(".")
    return word[0].isupper() or initial or word in _PARTICLE


def _without(text: str, start: int, end: int) -> str:
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()


def take_ending(text: str, words: frozenset[str]) -> tuple[str, str | None]:
    """Return the text without a last ``(word)``, and that word if it is one of those given."""
    found = re.search(r"\(([^()]{1,40})\)[\s.]*$", text)
    if found is None or found[1].strip().casefold() not in words:
        return text, None
    return text[: found.start()].strip(), found[1].strip().casefold()


def take_attributes(text: str, keys: frozenset[str]) -> tuple[str, dict[str, str]]:
    """Return the text without its ``key=value`` parts of the given keys, and those parts."""
    if not keys or "=" not in text:
        return text, {}
    pattern = re.compile(
        rf"(?:(?<=\s)|^)({'|'.join(sorted(keys))})\s{{0,3}}=", re.IGNORECASE | re.ASCII
    )
    found = list(pattern.finditer(text))
    if not found:
        return text, {}
    ends = [match.start() for match in found[1:]] + [len(text)]
    values = {
        match[1].casefold(): text[match.end() : end].strip()
        for match, end in zip(found, ends, strict=True)
    }
    return text[: found[0].start()].strip(), values
