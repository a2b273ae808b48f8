"""Read one YAML file safely, with the line of every value.

The scalars are those of YAML 1.2, and what YAML 1.1 would silently read as something else (``off``,
``12:30``, ``007``, a key that is there twice) is refused by line instead of guessed. No tags, no
anchors, no merge keys; size, depth and the number of values are limited, so a hostile file costs
little. It works on the parser's events, so no object is ever made by a tag.
Characters that show nothing or turn the writing round are refused too, however they are written:
a text with them is not what it looks like, and it goes into tasks.
It knows nothing about rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from crmrules.letters import INVISIBLE

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 50
MOST_NODES = 10_000  # reading more would take longer than refusing a hostile file may
MOST_TROUBLES = 100  # told of one file
LONGEST_NUMBER = 30
_LONGEST_PLAIN = 100  # characters of a text that could be taken for another value

YamlPath = tuple[str | int, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True} | dict.fromkeys(
    ("false", "False", "FALSE"), False
)
_OLD_BOOLEANS = frozenset(("y", "n", "yes", "no", "on", "off"))
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_OLD_NUMBER = re.compile(  # base 60, octal, hexadecimal, underscores, infinity
    r"[-+]?([0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|0[0-9_]+(\.[0-9]*)?|0[xob][0-9a-fA-F_]+"
    r"|[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
)


class Trouble(NamedTuple):
    """One thing wrong with a file."""

    line: int
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says: plain dicts, lists and scalars, and the line of each of them."""

    value: Any
    lines: Mapping[YamlPath, int]
    troubles: tuple[Trouble, ...] = ()

    def line(self, path: YamlPath) -> int:
        """Return the line of the value at the path, or of the nearest one around it."""
        for length in range(len(path), 0, -1):
            found = self.lines.get(tuple(path[:length]))
            if found is not None:
                return found
        return 1


def read(path: Path, *, words: bool = False) -> Document:
    """Return what the file says, and in ``troubles`` all that is wrong with it.

    ``words``: every scalar is text, so that "no" and "12" stay what they are.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "not readable"
        return _failed(1, f"cannot be read: {reason}", "Check the name and the permissions.")
    return parse(data, words=words)


def parse(data: bytes, *, words: bool = False) -> Document:
    """Return what the bytes say, under the same terms as ``read``."""
    if len(data) > MOST_BYTES:
        return _failed(1, "the file is larger than 1 MiB", "Split it; one rule is one small file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _failed(line, "not UTF-8 text", "Save the file as UTF-8.")
    composer = _Composer(words=words)
    try:
        value = composer.document(yaml.parse(text, Loader=_LOADER))
    except _StopError as stop:
        troubles = (*composer.troubles, stop.trouble)
        return Document(None, composer.lines, troubles)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = error.problem or "cannot be read"
        return _failed(line, f"not YAML: {said}", "Check the indentation and the quotes.")
    except yaml.YAMLError:
        return _failed(1, "not YAML: a character that is not allowed", "Remove control characters.")
    return Document(value, composer.lines, tuple(composer.troubles))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _failed(line: int, what: str, remedy: str) -> Document:
    return Document(None, {}, (Trouble(line, what, remedy),))


class _StopError(Exception):
    """Reading on is of no use, or would cost too much."""

    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(what)
        self.trouble = Trouble(line, what, remedy)


class _Composer:
    """Builds values from parser events, counting as it goes."""

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self.lines: dict[YamlPath, int] = {}
        self.troubles: list[Trouble] = []
        self._nodes = 0

    def document(self, events: Iterator[Any]) -> Any:
        value: Any = None
        seen = False
        event: Any
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    line = _line(event)
                    raise _StopError(line, "a second document", "Keep one document per file.")
                seen = True
                value = self._node(next(events), events, ())
        if not seen:
            raise _StopError(1, "the file is empty", "Write a rule, or remove the file.")
        return value

    def _node(self, event: Any, events: Iterator[Any], path: YamlPath) -> Any:
        line = _line(event)
        self._guard(event, line, path)
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _guard(self, event: Any, line: int, path: YamlPath) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _StopError(line, f"more than {MOST_NODES} values", "Split the file.")
        if len(path) > MOST_DEPTH:
            raise _StopError(line, f"nested more than {MOST_DEPTH} deep", "Nest less.")
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _StopError(
                line, "an anchor or alias (& or *)", "Write the value out, or quote it."
            )
        if event.tag is not None:
            raise _StopError(line, f"a tag ({event.tag[:40]})", "Remove it, or quote the text.")

    def _sequence(self, events: Iterator[Any], path: YamlPath) -> list[Any]:
        entries: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            entries.append(self._node(event, events, (*path, len(entries))))
        return entries

    def _mapping(self, events: Iterator[Any], path: YamlPath) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            key = self._key(event, line, path)
            twice = key in entries
            self.lines.setdefault((*path, key), line)
            value = self._node(next(events), events, (*path, key))
            if twice:
                self._report(line, f"'{key[:60]}' is there twice", "Keep one of the two.")
            else:
                entries[key] = value
        return entries

    def _key(self, event: Any, line: int, path: YamlPath) -> str:
        self._guard(event, line, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise _StopError(line, "a key that is a list or a mapping", "Use a word as the key.")
        key = self._text(event, line)
        if key == "<<":
            raise _StopError(line, "a merge key (<<)", "Write the values out.")
        if not event.style and not self._words and not isinstance(self._scalar(event, line), str):
            self._report(line, f"the key '{key[:60]}' is no word", "Quote it.")
        return key

    def _text(self, event: Any, line: int) -> str:
        text = str(event.value)
        found = INVISIBLE.search(text)
        if found is not None:
            what = (
                f"a character that shows nothing or turns the writing round (U+{ord(found[0]):04X})"
            )
            self._report(line, what, "Remove it: it is not what it looks like.")
        return text

    def _scalar(self, event: Any, line: int) -> Any:
        text = self._text(event, line)
        if event.style or self._words:  # quoted, or a block: always text
            return text
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if len(text) <= _LONGEST_PLAIN and self._old(text, line):
            return text
        return self._number(text, line)

    def _old(self, text: str, line: int) -> bool:
        """Report what YAML 1.1 reads as something else than text."""
        if text.lower() in _OLD_BOOLEANS:
            remedy = f'Write true or false, or quote it: "{text}".'
            self._report(line, f"'{text}' means true or false in some YAML readers", remedy)
            return True
        if _OLD_NUMBER.match(text):
            remedy = f'Write a plain decimal number, or quote it: "{text[:40]}".'
            self._report(line, f"'{text[:40]}' is a different number in some YAML readers", remedy)
            return True
        return False

    def _number(self, text: str, line: int) -> Any:
        if len(text) > LONGEST_NUMBER and (_INTEGER.match(text) or _FLOAT.match(text)):
            self._report(line, "a number too long to be meant", "Quote it if it is text.")
            return text
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            number = float(text)
            if math.isfinite(number):
                return number
            self._report(line, f"'{text}' is too large a number", "Write a smaller number.")
        return text

    def _report(self, line: int, what: str, remedy: str) -> None:
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(Trouble(line, what, remedy))
