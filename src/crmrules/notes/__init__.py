r"""The tagged-note grammar: facts that people type where they type anyway.

    #need: loses half a day a week re-keying orders @J. Ortiz
    #need! wants order entry gone before the peak @J. Ortiz impact=40k/quarter
    #criterion: go-live under 8 weeks | crucial | us=4 acme=2 | source=customer | hard

Know before changing: ``parse`` forgives and never raises, whatever the text; ``write`` gives a line
that ``parse`` reads back as the same piece. What could not be read is returned, with a suggestion,
and never changed in the CRM. A backslash before one of ``\ | # @ ( = , ; "`` makes it plain text.

It does not decide what a fact means for a rule, and it reads no CRM.
"""

from __future__ import annotations

from crmrules.model import Unread
from crmrules.notes.pieces import Named, Notes, Payoff, join
from crmrules.notes.reading import ANSWERS, TAGS, parse
from crmrules.notes.text import TAG_WORD
from crmrules.notes.writing import write

__all__ = [
    "ANSWERS",
    "TAGS",
    "TAG_WORD",
    "Named",
    "Notes",
    "Payoff",
    "Unread",
    "join",
    "parse",
    "write",
]
