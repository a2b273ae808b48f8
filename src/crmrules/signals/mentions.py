"""Signals of what customers' texts and our notes about them speak of: hints, not findings.

Know before changing: a classifier suggests and a person decides, so these only stand in the texts
of tasks ("they spoke of price 4 days ago") and no rule fires on one. Each is unknown where nothing
was found, so that the text falls back to its shorter form.

They count sentences of customers and of notes, never ours.
"""

from __future__ import annotations

from crmrules.model import Speaker
from crmrules.signals._mentions import HS_MAIL, MAIL, NO_TEXTS, mentioned
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days


def _days_since(view: View, name: str, *kinds: str) -> Reading[int]:
    found = mentioned(view, name, *kinds)
    if isinstance(found, Unknown):
        return found
    theirs = [one for one in found if one.speaker is not Speaker.US]
    if not theirs:
        return Unknown("no text speaks of it")
    return Known(days(theirs[-1].at, view.now), (theirs[-1].record,))


@signal(unit="days", unknown=f"{NO_TEXTS}, or none says so", salesforce=MAIL, hubspot=HS_MAIL)
def days_since_price_mention(view: View) -> Reading[int]:
    """Days since a text of theirs, or a note about them, called the price a problem."""
    return _days_since(view, "price", "price")


@signal(unit="days", unknown=f"{NO_TEXTS}, or none says so", salesforce=MAIL, hubspot=HS_MAIL)
def days_since_rival_mention(view: View) -> Reading[int]:
    """Days since a text of theirs, or a note about them, named a competitor."""
    return _days_since(view, "competitor", "competitor")


@signal(unit="days", unknown=f"{NO_TEXTS}, or none says so", salesforce=MAIL, hubspot=HS_MAIL)
def days_since_worry_voiced(view: View) -> Reading[int]:
    """Days since a text of theirs, or a note about them, told a worry, new or come back."""
    return _days_since(view, "concern", "concern", "concern_reopened")


@signal(unit="days", unknown=f"{NO_TEXTS}, or none says so", salesforce=MAIL, hubspot=HS_MAIL)
def days_since_want_voiced(view: View) -> Reading[int]:
    """Days since a text of theirs, or a note about them, said what they want."""
    return _days_since(view, "need", "need_explicit")


@signal(unit="days", unknown=f"{NO_TEXTS}, or none says so", salesforce=MAIL, hubspot=HS_MAIL)
def days_since_delay_explained(view: View) -> Reading[int]:
    """Days since a text of theirs, or a note about them, gave a reason for putting it off."""
    return _days_since(view, "postponement", "postponed_reason")
