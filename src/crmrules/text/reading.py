"""From an opportunity to its mentions: which texts are read, whose they are, what is found in them.

Whose words they are: an inbound mail is the customer's, an outbound one ours. Notes and logs of
calls and meetings are summaries by our people in the third person: they often tell what the
customer said and never how we said it. So they are nobody's: what only a customer can say counts
there, what only we can say does not. Turns of a transcript belong to whoever spoke.

Know before changing: what stands on the account and not on the opportunity is left out, and so is
whatever lies ahead of the moment of judging, or was edited since. The texts stay here; only
mentions leave.

It finds nothing itself: a classifier does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crmrules.model import Activity, ActivityKind, Direction, Mention, Opportunity, Speaker
from crmrules.text import kinds
from crmrules.text.clean import Cleaner
from crmrules.text.port import Classifier, Text
from crmrules.text.transcript import sides, turns


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads opportunities; ``signals`` are those that are switched on."""

    classifier: Classifier
    cleaner: Cleaner
    signals: frozenset[str]

    def read(self, opportunity: Opportunity, now: datetime) -> tuple[Mention, ...]:
        """Return everything found in the texts of an opportunity as it was known at ``now``."""
        mails, texts, scripts = [], list(self._next_step(opportunity)), []
        for activity in opportunity.activities or ():
            if activity.on_account or activity.at > now or not activity.text:
                continue
            if self._automatic(activity):
                mails.append(_told(activity, kinds.AUTO_REPLY, Speaker.CUSTOMER))
                continue
            spoken = list(self._spoken(activity, opportunity))
            if spoken and any(text.speaker is Speaker.US for text in spoken):
                scripts.append(_told(activity, kinds.TRANSCRIPT, None))
            texts += spoken or self._written(activity)
        if "questions" not in self.signals:
            scripts = []
        return (*mails, *scripts, *self.classifier.mentions(texts))

    def _automatic(self, activity: Activity) -> bool:
        inbound = activity.kind is ActivityKind.EMAIL and activity.direction is Direction.INBOUND
        return inbound and self.cleaner.automatic(activity.subject, activity.text)

    def _written(self, activity: Activity) -> Iterator[Text]:
        speaker = speaker_of(activity)
        for sentence in self.cleaner.sentences(activity.text or ""):
            yield Text(sentence, activity.record, activity.at, speaker)

    def _spoken(self, activity: Activity, opportunity: Opportunity) -> Iterator[Text]:
        if activity.kind is ActivityKind.EMAIL:
            return
        found = turns(activity.text or "")
        ours = [user.name for user in opportunity.users or () if user.name]
        theirs = [person.name for person in opportunity.people or ()]
        side = sides(found, ours, theirs) if found else {}
        for turn in found:
            for sentence in self.cleaner.sentences(turn.words):
                speaker = side[turn.voice]
                yield Text(sentence, activity.record, activity.at, speaker, verbatim=True)

    def _next_step(self, opportunity: Opportunity) -> Iterator[Text]:
        if not opportunity.next_step:
            return
        changed = [c.known_at for c in opportunity.changes or () if c.field == "next_step"]
        at = max(changed, default=opportunity.known_at)
        for sentence in self.cleaner.sentences(opportunity.next_step):
            yield Text(sentence, opportunity.record, at)


def speaker_of(activity: Activity) -> Speaker | None:
    """Return whose words an activity's text is; None: a summary, or nobody can tell."""
    if activity.kind is not ActivityKind.EMAIL or activity.direction is None:
        return None
    return Speaker.CUSTOMER if activity.direction is Direction.INBOUND else Speaker.US


def _told(activity: Activity, kind: str, speaker: Speaker | None) -> Mention:
    return Mention(kind=kind, record=activity.record, at=activity.at, speaker=speaker)
