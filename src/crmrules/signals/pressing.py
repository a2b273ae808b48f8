"""Signals of chasing: how often we wrote without an answer, and how near a deadline of ours is.

Know before changing: they count and never read; what our mails say stands in ``own_words``. Our
quarters are taken to be those of the calendar.
"""

from __future__ import annotations

from datetime import date, timedelta

from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days_ago, decided, records, unanswered


@signal(
    unit="mails and calls",
    unknown="activities cannot be read, or do not say whether the customer took part",
    salesforce="EmailMessage.Incoming, Task",
    hubspot="emails: hs_email_direction, calls",
)
def unanswered_in_7_days(view: View) -> Reading[int]:
    """Our mails and attempts to call in the last 7 days, if the customer said nothing in them."""
    answers = decided(view, days_ago(view, 7))
    if isinstance(answers, Unknown):
        return answers
    written = {one.record for one in view.mentions or () if one.kind == "auto_reply"}
    if any(one.record not in written for one in answers):
        return Known(0)
    ours = unanswered(view, days_ago(view, 7))
    return Known(len(ours), records(ours))


@signal(
    unit="days",
    unknown="never",
    salesforce="the calendar; Quote.ExpirationDate",
    hubspot="the calendar; quotes: hs_expiration_date",
)
def days_to_our_deadline(view: View) -> Reading[int]:
    """Days until the end of the calendar quarter, or until a quote of ours expires if sooner."""
    today = view.now.date()
    ends = [(quarter_end(today), view.opportunity.record)]
    ends += [
        (quote.expires_on, quote.record)
        for quote in view.opportunity.quotes or ()
        if quote.expires_on is not None and quote.expires_on >= today
    ]
    day, record = min(ends)
    return Known((day - today).days, (record,))


def quarter_end(day: date) -> date:
    """Return the last day of a day's calendar quarter."""
    month = 3 * ((day.month - 1) // 3) + 4
    following = date(day.year + (month > 12), month - 12 if month > 12 else month, 1)
    return following - timedelta(days=1)
