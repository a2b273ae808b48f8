"""The one shape every CRM is turned into.

A connector's job ends when it has filled these models; a signal's job starts there. ``None`` always
means *unknown*, never "no" and never zero: an opportunity without contacts has ``people=()``, one
whose CRM does not say has ``people=None``. Every piece keeps the id of the CRM record it came from
and ``known_at``, the moment it became known (aware UTC).

``Opportunity.as_of(moment)`` is the only defence against looking ahead. It drops what was not known
yet, takes values with history from their history, and turns every other changeable value into
unknown, never into today's value.

This module knows no CRM, no rule, no clock and no network.
"""

from crmrules.model.mentions import Mention, Speaker
from crmrules.model.opportunity import (
    HISTORY_FIELDS,
    Opportunity,
)
from crmrules.model.parties import (
    Account,
    OurFields,
    OurTask,
    Sibling,
    User,
)
from crmrules.model.pieces import (
    Activity,
    Change,
    Competitor,
    Concern,
    Concession,
    Criterion,
    Differentiator,
    Frozen,
    Line,
    Need,
    Owed,
    Person,
    Piece,
    Plan,
    Proof,
    Quote,
    Range,
    Reason,
    Reference,
    Success,
    Unread,
)
from crmrules.model.words import (
    ActivityKind,
    ConcernState,
    Direction,
    Focus,
    Phase,
)

__all__ = [
    "Account",
    "Activity",
    "ActivityKind",
    "Change",
    "Competitor",
    "Concern",
    "ConcernState",
    "Concession",
    "Criterion",
    "Differentiator",
    "Direction",
    "Focus",
    "Frozen",
    "HISTORY_FIELDS",
    "Line",
    "Mention",
    "Need",
    "Opportunity",
    "OurFields",
    "OurTask",
    "Owed",
    "Person",
    "Phase",
    "Piece",
    "Plan",
    "Proof",
    "Quote",
    "Range",
    "Reason",
    "Reference",
    "Sibling",
    "Speaker",
    "Success",
    "Unread",
    "User",
]
