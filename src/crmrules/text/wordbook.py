"""What a language's pattern file says, checked.

Know before changing: the files are read by people who know sales, not expressions, so a mistake is
told with the key it stands under. A file of one's own replaces the shipped one of its language as a
whole.

It reads no file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from crmrules.errors import UsageError

Lines = tuple[str, ...]
_MOST = 100  # problems told of one file


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NegationWords(_Part):
    """What turns a phrase round, and what ends its reach."""

    words: Lines = ()
    endings: Lines = ()
    stops: Lines = ()


class Cuts(_Part):
    """How the parts of a message begin that its author did not write this time."""

    quoted: Lines = ()  # everything from such a line on is an older message
    introduced: Lines = ()  # the same, where the line ends with a colon, wherever it says this
    closing: Lines = ()  # a short line like this ends the message; a signature follows
    disclaimer: Lines = ()  # a paragraph that says one of these is boilerplate


class Automatic(_Part):
    """How messages begin, or what they say, that nobody wrote for the occasion."""

    subject: Lines = ()
    text: Lines = ()


class Some(_Part):
    """Phrases, and those that speak against it in the same sentence."""

    any: Lines = ()
    unless: Lines = ()


class Rivals(_Part):
    """Other words for a rival, and what is said for and against one."""

    names: Lines = ()
    good: Lines = ()
    bad: Lines = ()
    unless: Lines = ()


class Worries(_Part):
    """A worry voiced, settled, or back; what it is about."""

    open: Lines = ()
    resolved: Lines = ()
    reopened: Lines = ()
    unless: Lines = ()
    topics: dict[str, Lines] = {}


class Wishes(_Part):
    """A problem of theirs, and a want."""

    implied: Lines = ()
    explicit: Lines = ()
    unless: Lines = ()


class Delay(_Part):
    """Putting it off, and giving a reason for it."""

    any: Lines = ()
    reason: Lines = ()
    unless: Lines = ()


class Questions(_Part):
    """How a seller's questions are told apart; the first type that fits counts."""

    none: Lines = ()
    payoff: Lines = ()
    implication: Lines = ()
    problem: Lines = ()
    situation: Lines = ()


class Wordbook(_Part):
    """One language."""

    language: str
    negation: NegationWords = NegationWords()
    lists: dict[str, Lines] = {}
    cut: Cuts = Cuts()
    automatic: Automatic = Automatic()
    price: Some = Some()
    competitor: Rivals = Rivals()
    concern: Worries = Worries()
    need: Wishes = Wishes()
    postponement: Delay = Delay()
    minimise: Some = Some()
    prescribe: Some = Some()
    pressure: Some = Some()
    questions: Questions = Questions()


def wordbook(data: Any, *, where: str, line: Callable[[tuple[str | int, ...]], int]) -> Wordbook:
    """Return a language's patterns; UsageError names every problem of the file.

    ``line`` tells on which line of the file the value with a path stands.
    """
    try:
        return Wordbook.model_validate(data)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[:_MOST]
        lines = "\n".join(
            f"  {where}:{line(problem['loc'])}: "
            f"{'.'.join(str(part)[:40] for part in problem['loc'])}: {problem['msg']}"
            for problem in told
        )
        raise UsageError(
            f"{error.error_count()} problem(s) in the patterns\n{lines}",
            where=where,
            remedy="Mend these keys; the shipped file of the language is an example.",
        ) from None
