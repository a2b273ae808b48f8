"""The only door to google-re2, whose matching takes time linear in the text, whatever the pattern.

Know before changing: texts come from anybody who can write us a mail, so a pattern that backtracks
would be a way to stop a run. The package is optional: it is looked for when a text signal is
switched on, not before.

It holds no pattern.
"""

from __future__ import annotations

from typing import Any

from crmrules.errors import UsageError


def compiled(expression: str, *, where: str) -> Any:
    """Return a compiled expression; UsageError where it is none, or the package is missing."""
    try:
        import re2  # noqa: PLC0415 - an optional package, wanted only here
    except ImportError:
        raise UsageError(
            "text signals need the package google-re2, which is not installed",
            where="[text] signals",
            remedy="Run pip install 'crmrules[text]', or remove the signals.",
        ) from None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20  # bytes; all phrases of a kind are one expression
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        raise UsageError(
            f"a phrase cannot be read: {_said(error)}",
            where=where,
            remedy="Brackets come in pairs; '?' follows a bracket.",
        ) from None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
