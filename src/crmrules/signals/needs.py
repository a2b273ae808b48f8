"""Signals of needs: what the customer said is wrong, and what they said they want.

Know before changing: needs come from tagged notes and mapped fields only. Where notes cannot be
read and none is known, the answer is unknown; where they can be read and hold none, it is none.

It reads no free text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crmrules.model import Piece
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import records
from crmrules.signals.buying import regressions

_NOTES = "tags in Task, Event and NextStep, or mapped fields"
_HS_NOTES = "tags in notes, tasks, meetings, calls and hs_next_step, or mapped properties"


def readable(view: View, pieces: Sequence[Piece]) -> bool:
    """Return whether "none recorded" may be said: some are, or notes can be read."""
    return bool(pieces) or view.opportunity.activities is not None


@signal(
    unit="needs",
    unknown="none is recorded and notes cannot be read",
    salesforce=f"#need! {_NOTES}",
    hubspot=f"#need! {_HS_NOTES}",
)
def explicit_needs(view: View) -> Reading[int]:
    """Wants the customer has stated, recorded as explicit needs."""
    stated = [need for need in view.opportunity.needs if need.explicit]
    if not readable(view, stated):
        return Unknown("notes cannot be read")
    return Known(len(stated), records(stated))


@signal(
    unit="needs and criteria",
    unknown="the history of the stage is not complete, or notes cannot be read",
    salesforce=f"#need, #criterion {_NOTES}; OpportunityHistory",
    hubspot=f"#need, #criterion {_HS_NOTES}; dealstage history",
)
def needs_confirmed_since_regression(view: View) -> Reading[int]:
    """Needs and criteria recorded after it last moved to an earlier phase."""
    back = regressions(view)
    if isinstance(back, Unknown):
        return back
    if not back:
        return Known(0)
    after: datetime = back[-1][1]
    opportunity = view.opportunity
    fresh = [
        piece for piece in (*opportunity.needs, *opportunity.criteria) if piece.known_at > after
    ]
    if not readable(view, fresh):
        return Unknown("notes cannot be read")
    return Known(len(fresh), records(fresh))
