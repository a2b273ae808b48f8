"""Turns the talks of a plan into conversations: who said what, when, and when it was written down.

Know before changing: the order of draws is part of what a seed means. A contact is never logged
before the opportunity exists nor in the future; only meetings may lie ahead.

Does not do: decide who talks to whom and when (``stories``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crmrules_sandbox.scenario import phrases
from crmrules_sandbox.scenario.clock import Calendar
from crmrules_sandbox.scenario.model import Company, Conversation, Person
from crmrules_sandbox.scenario.outline import Talk

_SHELVED = 366  # days


@dataclass(slots=True)
class Scene:
    """Whom a conversation is with; ``born`` is the earliest moment it may be logged.

    ``numbered`` conversations came before this scene; ``told`` are those of this one.
    """

    calendar: Calendar
    company: Company
    born: datetime
    members: list[Person]
    language: str
    numbered: int
    told: list[Conversation] = field(default_factory=list)
    heard: datetime | None = None

    def add(self, talk: Talk) -> None:
        """Add one conversation."""
        at = self.calendar.moment(talk.ago)
        if talk.ago > 0:
            at = max(at, self.born + timedelta(minutes=20))
        people = [self.members[who] for who in talk.who if who < len(self.members)]
        # Whoever is named first but never came leaves the talk without a main person.
        main = self.members[talk.who[0]] if talk.who and talk.who[0] < len(self.members) else None
        if talk.kind in ("meeting", "review"):
            told = self._meeting(talk, at, people)
        elif talk.kind in ("call", "voicemail"):
            told = self._call(talk, at, main)
        elif talk.kind == "note":
            told = self._logged(talk, at, main, kind="note", subject="Note to file", body=talk.note)
        else:
            told = self._mail(talk, at, main)
        self.told.append(told)
        if talk.ago > 0 and not talk.on_account:
            self.heard = max(at, self.heard or at)

    def _known(self, talk: Talk, **fields: Any) -> Conversation:
        number = self.numbered + len(self.told) + 1
        return Conversation(
            id=f"talk-{number}",
            on_account=talk.on_account,
            by_hand=talk.by_hand,
            shelved=talk.ago > _SHELVED,
            **fields,
        )

    def _meeting(self, talk: Talk, at: datetime, attendees: list[Person]) -> Conversation:
        rng, calendar = self.calendar.rng, self.calendar
        ahead = talk.ago < 0
        start = at.replace(minute=rng.choice((0, 30)), second=0)
        if not ahead:
            start = max(start, self.born + timedelta(minutes=15))
        minutes = rng.choice((30, 60, 60, 90))
        booked = calendar.moment(rng.uniform(1, 2.5) if ahead else talk.ago + rng.uniform(2, 6))
        booked = min(max(booked, self.born + timedelta(minutes=10)), start)
        texts: tuple[str, ...] = phrases.FUTURE_SUBJECTS if ahead else phrases.MEETING_SUBJECTS
        described = None if ahead else rng.choice(phrases.MEETING[self.language])
        if described and talk.note:
            described += "\n" + _signed(talk.note, attendees[0] if attendees else None)
        texts = phrases.DEVELOP if talk.kind == "review" else texts
        return self._known(
            talk,
            kind="meeting",
            start=start,
            entered=booked,
            end=start + timedelta(minutes=minutes),
            people=tuple(person.id for person in attendees),
            subject=f"{rng.choice(texts)} {self.company.name}",
            body=described,
            place=rng.choice(("Video call", "Customer site", None)),
        )

    def _logged(
        self, talk: Talk, at: datetime, person: Person | None, **fields: Any
    ) -> Conversation:
        return self._known(
            talk,
            start=at,
            entered=min(at + timedelta(minutes=12), self.calendar.now),
            people=(person.id,) if person else (),
            **fields,
        )

    def _call(self, talk: Talk, at: datetime, person: Person | None) -> Conversation:
        rng = self.calendar.rng
        answered = talk.kind == "call"
        body, seconds, direction = None, 0, "out"
        if answered:
            direction = "out" if rng.random() < 0.7 else "in"
            seconds = rng.randrange(240, 1900)
            body = rng.choice(phrases.CALL)
            if talk.note:
                body += "\n" + _signed(talk.note, person)
        return self._logged(
            talk,
            at,
            person,
            kind="call",
            subject="Call" if answered else "Call attempt",
            body=body,
            direction=direction,
            answered=answered,
            seconds=seconds,
        )

    def _mail(self, talk: Talk, at: datetime, person: Person | None) -> Conversation:
        rng = self.calendar.rng
        incoming = talk.kind == "mail_in"
        texts: tuple[tuple[str, str], ...] = phrases.MAIL_IN if incoming else phrases.MAIL_OUT
        if talk.kind in ("mail_chase", "mail_thanks"):
            texts = phrases.CHASE if talk.kind == "mail_chase" else phrases.THANKS
        subject, body = rng.choice(texts)
        return self._logged(
            talk,
            at,
            person,
            kind="mail",
            subject=subject,
            body=body.format(first=person.first if person else "all"),
            direction="in" if incoming else "out",
            attachment=not talk.by_hand and rng.random() < 0.2,
        )


def _signed(note: str, person: Person | None) -> str:
    """Return a note with the person filled in where it names one."""
    if person is None:
        return note.replace(" {who}", "")
    named = note.replace("{who}", phrases.mention(person.first, person.last))
    return named.replace("{name}", f"{person.first[0]}. {person.last}")
