"""Fill the placeholders of task texts. A text may be a list: the first complete one is used.

Values come from the CRM, so they are hostile until proven otherwise: they are inserted once (never
read again for placeholders), cut, and freed of control characters and of the marks that turn the
direction of writing round. There is no attribute access and no expression: ``{name}`` or
``{name:spec}`` with the specs ``g``, ``d``, ``.2f``, ``,`` and ``ordinal``, nothing else.
It knows no language but the English ordinal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from crmrules import letters
from crmrules.errors import UsageError
from crmrules.rule import Text
from crmrules.signals._registry import Value

NAMES = frozenset(
    (
        *("account", "opportunity", "owner", "contact", "power", "person", "event_day"),
        *("need", "need_by", "need_1", "need_2", "criterion", "criteria"),
    )
)
"""Placeholders that are no signal and no setting (``values``, ``plan.tasks``)."""
LONGEST_VALUE = 80  # UTF-16 code units of one inserted value
ALWAYS_KNOWN = {"account": "this account"}  # the words where even the name is unknown

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?::([^{}]*))?\}")
_SPEC = re.compile(r"g|d|\.[0-6]f|,|ordinal")
_REVERSING = frozenset("\u061c\u200b\u200e\u200f\ufeff") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2060, 0x2070))
}


def alternatives(text: Text) -> tuple[str, ...]:
    """Return the alternatives of a text, the preferred one first."""
    return (text,) if isinstance(text, str) else text


def in_words(value: Value) -> str:
    """Return a value as people read it: yes or no, and two decimals at most."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 2) + 0:.2f}".rstrip("0").rstrip(".")  # + 0: never "-0"
    return safe(value) if isinstance(value, str) else str(value)


def placeholders(text: Text) -> frozenset[str]:
    """Return every name used in any alternative."""
    return frozenset(
        found[1] for entry in alternatives(text) for found in _PLACEHOLDER.finditer(entry)
    )


def complaints(text: Text) -> list[str]:
    """Return what is wrong with the braces and specs of a text; empty where nothing is."""
    wrong: list[str] = []
    for entry in alternatives(text):
        rest = _PLACEHOLDER.sub("", entry)
        if "{" in rest or "}" in rest:
            wrong.append(f"a brace that belongs to no placeholder in '{entry[:60]}'")
        for found in _PLACEHOLDER.finditer(entry):
            spec = found[2]
            if spec is not None and not _SPEC.fullmatch(spec):
                wrong.append(
                    f"'{{{found[1]}:{spec}}}': no such format; use g, d, .1f, , or ordinal"
                )
    return wrong


def unsafe(text: Text, names: Iterable[str], settings: Iterable[str]) -> list[tuple[str, str]]:
    """Return why a text cannot be filled in on every opportunity, with remedies.

    ``names``: of every placeholder there is; ``settings`` have a value always.
    """
    found = [(trouble, "Write {name} or {name:g}.") for trouble in complaints(text)]
    known = {*names, *settings}
    found += [
        (f"no placeholder is called '{{{name}}}'", "See 'crmrules signals'.")
        for name in sorted(placeholders(text) - known)
    ]
    last = alternatives(text)[-1:]
    extra = placeholders(last) - ALWAYS_KNOWN.keys() - set(settings)
    if not found and (extra or not last):
        what = f"no words for when '{', '.join(sorted(extra))}' is not known"
        found.append((what, "Add a last alternative with no placeholder but {account}."))
    return found


def render(text: Text, values: Mapping[str, Value | None], limit: int | None = None) -> str:
    """Return the first alternative whose placeholders all have a value, filled in.

    None is a value that is not known, and so is a text of which nothing can be seen. ``limit`` cuts
    the result, in UTF-16 code units. Raises ``UsageError`` where no alternative is complete; a
    checked rule has one that always is.
    """
    told = {name: safe(v) if isinstance(v, str) else v for name, v in values.items()}
    known = {**ALWAYS_KNOWN, **{name: v for name, v in told.items() if v is not None and v != ""}}
    for entry in alternatives(text):
        if placeholders(entry) <= known.keys():
            filled = _PLACEHOLDER.sub(lambda found: _insert(known[found[1]], found[2]), entry)
            return filled if limit is None else cut(filled, limit)
    missing = sorted(placeholders(alternatives(text)[-1]) - known.keys())
    raise UsageError(
        f"a text needs {', '.join(missing)}, which is not known here",
        remedy="Add a last alternative to the text that uses no placeholder but {account}.",
    )


def safe(value: str, limit: int = LONGEST_VALUE) -> str:
    """Return text from outside as it may stand in a task: one line, no control marks, cut."""
    plain = "".join(
        " " if char.isspace() else char
        for char in value[: 16 * limit]
        if char.isspace() or (char not in _REVERSING and unicodedata.category(char)[0] != "C")
    )
    return cut(letters.calm(" ".join(plain.split())), limit)


def cut(text: str, limit: int, *, words: bool = False) -> str:
    """Return at most ``limit`` UTF-16 code units, ending in "..." where something was cut.

    ``words``: between two words, where one ends in the second half of what fits.
    """
    short = letters.cut(text, limit)
    if not words or short == text:
        return short
    kept = short.removesuffix("...")
    whole = kept if text[len(kept) : len(kept) + 1].isspace() else kept.rpartition(" ")[0]
    return f"{whole.rstrip()}..." if len(whole) > limit // 2 else short


def _insert(value: Value, spec: str | None) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value, spec or "g")


def _number(value: float, spec: str) -> str:
    if spec == "d":
        return str(round(value))
    if spec == "ordinal":
        return _ordinal(round(value))
    if spec == ",":
        return _plain(f"{round(value, 2):,.2f}")
    if spec != "g" and _SPEC.fullmatch(spec):
        return format(value, spec)
    return _plain(f"{value:.4f}")


def _plain(number: str) -> str:
    shorter = number.rstrip("0").rstrip(".")
    return "0" if shorter == "-0" else shorter


def _ordinal(number: int) -> str:
    if abs(number) % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(abs(number) % 10, 'th') }"
