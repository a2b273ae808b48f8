"""What another version of the pack changes, for an organization with an overlay.

``relation`` tells whether a rule fires on more or fewer, ``fields`` what differs part by part,
``upgrade`` puts three rule sets together, ``words`` shows it, ``pack`` reads other versions.

It judges nothing and writes nothing.
"""

from __future__ import annotations

from crmrules.difference.pack import Pack, from_record, of, read, recorded
from crmrules.difference.relation import Comparison, Relation, compare
from crmrules.difference.upgrade import Difference, compare_packs

__all__ = [
    "Comparison",
    "Difference",
    "Pack",
    "Relation",
    "compare",
    "compare_packs",
    "from_record",
    "of",
    "read",
    "recorded",
]
