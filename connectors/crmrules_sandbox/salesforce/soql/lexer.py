"""Text of a query to tokens.

Know before changing: keywords are not told apart here, because a field may be called like one; the
parser compares identifiers without case where it expects a keyword. A date literal with a number
(``LAST_N_DAYS:7``) is one token.

Does not do: check that dates exist or that numbers fit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crmrules_sandbox.salesforce.soql.errors import malformed

MAX_QUERY = 100_000
"""Characters of a SOQL statement (SOQL and SOSL Limits)."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<range>[A-Za-z_]+:\d+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<symbol><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)

_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "'": "'",
    '"': '"',
    "\\": "\\",
    "_": "_",
    "%": "%",
}

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


class Token(NamedTuple):
    """A piece of the query: kind (name, symbol, string...), its text and where it starts."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Split a query; the last token has kind ``end``. Raises SoqlError MALFORMED_QUERY."""
    if len(text) > MAX_QUERY:
        message = f"SOQL statements cannot be longer than {MAX_QUERY} characters."
        raise malformed(text, 0, message)
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise malformed(text, position, _complaint(text[position]))
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match.group(), position))
        position = match.end()
    found.append(Token("end", "<EOF>", len(text)))
    return found


def _complaint(character: str) -> str:
    if character == "'":
        return "line breaks or an unclosed quote in a string literal"
    return f"unexpected token: '{character}'"


def pieces(text: str, token: Token) -> list[tuple[str, bool]]:
    """Return the characters of a string token and whether each was escaped.

    LIKE needs the second part: an escaped ``%`` is a percent sign. Raises SoqlError for an escape
    that SOQL does not know.
    """
    body, found, index = token.text[1:-1], [], 0
    while index < len(body):
        match = _ESCAPE.match(body, index)
        if match is None:
            found.append((body[index], False))
            index += 1
            continue
        code = match.group(1)
        if len(code) == 1 and code.lower() not in _ESCAPES:
            where = token.position + 1 + index
            raise malformed(text, where, f"invalid character value sequence: '\\{code}'")
        found.append((_ESCAPES[code.lower()] if len(code) == 1 else chr(int(code[1:], 16)), True))
        index = match.end()
    return found
