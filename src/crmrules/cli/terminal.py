"""What may reach a terminal: no character that steers it, whatever a CRM, a file or an error says.

Know before changing: it stands around everything a command prints, so no command has to think of
it. A log on a terminal has colours and goes past it (``beneath``); its values are escaped there.

It prints nothing itself.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from crmrules.letters import encodable, shown


class Guarded:
    """A text stream through which nothing dangerous passes; ``beneath`` is the stream itself."""

    encoding, errors = "utf-8", "strict"  # it takes every text; what beneath lacks is escaped

    def __init__(self, beneath: Any) -> None:
        self.beneath = beneath

    def write(self, text: str) -> int:
        """Write a text, made harmless."""
        encoding = getattr(self.beneath, "encoding", None) or "utf-8"
        self.beneath.write(encodable(shown(text), encoding))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # bytes would go past
            raise AttributeError(name)
        return getattr(self.beneath, name)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let everything that is printed pass through a guard."""
    out, err = Guarded(sys.stdout), Guarded(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
