"""What several chapters ask of mentions: whether they can be told, and which there are.

Know before changing: "nothing was found" may only be said where the signal is on and the texts
could be read. A mail of ours without its text may have said anything.

It registers no signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crmrules.model import ActivityKind, Direction, Mention, Speaker
from crmrules.signals._registry import Unknown, View
from crmrules.signals._time import NO_ACTIVITY

OFF = Unknown("text signals are off")
MAIL = "EmailMessage.TextBody, Task and Event descriptions; [text] signals"
HS_MAIL = "emails: hs_email_text, notes, meetings, calls; [text] signals"
OUR_MAIL = "EmailMessage.TextBody where Incoming is false; [text] signals"
HS_OUR_MAIL = "outgoing emails: hs_email_text; [text] signals"
NO_TEXTS = "text signals are off, or the texts of mails cannot be read"


def mentioned(view: View, signal: str, *kinds: str) -> tuple[Mention, ...] | Unknown:
    """Return the mentions of these kinds up to now, the earliest first."""
    if view.mentions is None:
        return OFF
    if signal not in view.text_signals:
        return Unknown(f"the text signal '{signal}' is off")
    if view.opportunity.activities is None:
        return NO_ACTIVITY
    found = [one for one in view.mentions if one.kind in kinds and one.at <= view.now]
    return tuple(sorted(found, key=lambda one: (one.at, one.record)))


def ours(view: View, signal: str, kind: str, after: datetime) -> tuple[Mention, ...] | Unknown:
    """Return what our mails said after a moment; unknown where one came without its text."""
    found = mentioned(view, signal, kind)
    if isinstance(found, Unknown):
        return found
    sent = [
        one
        for one in view.opportunity.activities or ()
        if one.kind is ActivityKind.EMAIL
        and one.direction is not Direction.INBOUND
        and not one.on_account
        and after < one.at <= view.now
    ]
    if any(one.direction is None for one in sent):
        return Unknown("some mails do not say whether they are ours")
    if any(not one.text for one in sent):
        return Unknown("the texts of our mails cannot be read")
    return tuple(one for one in found if one.speaker is Speaker.US and one.at > after)


def places(found: Sequence[Mention]) -> tuple[str, ...]:
    """Return the records mentions stand in, each once."""
    return tuple(dict.fromkeys(one.record for one in found))
