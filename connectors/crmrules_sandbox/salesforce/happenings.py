"""Writes contacts between people as Salesforce activities: events, calls, mails, notes.

Know before changing: a mail is an EmailMessage *and* the task Enhanced Email makes for it
(``ActivityId``), so whoever counts both counts twice, as in a real org. An event has one
EventRelation per attendee and one for what it is about. A contact is never logged before the
opportunity exists nor in the future; only meetings may lie ahead.

Does not do: decide who talks to whom and when (``stories``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmrules_sandbox.salesforce import phrases
from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.salesforce.outline import Talk

_SENT, _READ = "3", "1"
DOMAIN = "orderlink.example"


@dataclass(slots=True)
class Scene:
    """Whom and what an activity is about; ``born`` is the earliest moment it may be logged."""

    ledger: Ledger
    opportunity: Row
    account: Row
    owner: Row
    born: datetime
    people: list[Row] = field(default_factory=list)
    language: str = "en"
    latest: datetime | None = None

    def write(self, talk: Talk) -> None:
        """Add the records of one contact."""
        at = self.ledger.moment(talk.ago)
        if talk.ago > 0:
            at = max(at, self.born + timedelta(minutes=20))
        main = self.people[talk.who[0]] if talk.who and talk.who[0] < len(self.people) else None
        if talk.kind in ("meeting", "review"):
            self._meeting(
                talk, at, [self.people[who] for who in talk.who if who < len(self.people)]
            )
        elif talk.kind in ("call", "voicemail"):
            self._call(talk, at, main)
        elif talk.kind == "note":
            about = self._task(talk, at, main, "Task", "Note to file")
            about["Description"] = talk.note
        else:
            self._mail(talk, at, main)
        if talk.ago > 0 and not talk.on_account:
            self.latest = max(at, self.latest or at)

    def _about(self, talk: Talk) -> str:
        return str((self.account if talk.on_account else self.opportunity)["Id"])

    def _who(self, talk: Talk, person: Row | None) -> str:
        text = talk.note or ""
        if person is None:
            return text.replace(" {who}", "")
        first, last = str(person["FirstName"]), str(person["LastName"])
        return text.replace("{who}", phrases.mention(first, last)).replace(
            "{name}", f"{first[0]}. {last}"
        )

    def _meeting(self, talk: Talk, at: datetime, attendees: list[Row]) -> None:
        rng, ledger = self.ledger.rng, self.ledger
        ahead = talk.ago < 0
        start = at.replace(minute=rng.choice((0, 30)), second=0)
        if not ahead:
            start = max(start, self.born + timedelta(minutes=15))
        minutes = rng.choice((30, 60, 60, 90))
        booked = ledger.moment(rng.uniform(1, 2.5) if ahead else talk.ago + rng.uniform(2, 6))
        booked = min(max(booked, self.born + timedelta(minutes=10)), start)
        texts: tuple[str, ...] = phrases.FUTURE_SUBJECTS if ahead else phrases.MEETING_SUBJECTS
        described = None if ahead else rng.choice(phrases.MEETING[self.language])
        if described and talk.note:
            described += "\n" + self._who(talk, attendees[0] if attendees else None)
        end = start + timedelta(minutes=minutes)
        texts = phrases.DEVELOP if talk.kind == "review" else texts
        event = ledger.add(
            "Event",
            booked,
            self.owner["Id"],
            Subject=f"{rng.choice(texts)} {self.account['Name']}",
            StartDateTime=stamp(start),
            EndDateTime=stamp(end),
            ActivityDateTime=stamp(start),
            ActivityDate=start.date().isoformat(),
            DurationInMinutes=minutes,
            Description=described,
            WhatId=self._about(talk),
            WhoId=attendees[0]["Id"] if attendees else None,
            AccountId=self.account["Id"],
            OwnerId=self.owner["Id"],
            EventSubtype="Event",
            ShowAs="Busy",
            IsAllDayEvent=False,
            IsPrivate=False,
            IsChild=False,
            IsArchived=talk.ago > 366,
            Location=rng.choice(("Video call", "Customer site", None)),
        )
        ledger.touch(event, min(end, ledger.now) if not ahead else booked)
        self._relations(event, booked, attendees)

    def _relations(self, event: Row, booked: datetime, attendees: list[Row]) -> None:
        about = [(person["Id"], False) for person in attendees] + [(event["WhatId"], True)]
        for place, (record, is_what) in enumerate(about):
            self.ledger.add(
                "EventRelation",
                booked,
                self.owner["Id"],
                EventId=event["Id"],
                RelationId=record,
                AccountId=self.account["Id"],
                IsWhat=is_what,
                IsParent=is_what or place == 0,
                IsInvitee=not is_what and place > 0,
                Status=None if is_what or place == 0 else "Accepted",
            )

    def _task(
        self, talk: Talk, at: datetime, person: Row | None, subtype: str, subject: str
    ) -> Row:
        logged = min(at + timedelta(minutes=12), self.ledger.now)
        return self.ledger.add(
            "Task",
            logged,
            self.owner["Id"],
            Subject=subject,
            TaskSubtype=subtype,
            Type=None if subtype == "Task" else subtype,
            Status="Completed",
            IsClosed=True,
            Priority="Normal",
            IsHighPriority=False,
            ActivityDate=at.date().isoformat(),
            CompletedDateTime=stamp(logged),
            WhatId=self._about(talk),
            WhoId=person["Id"] if person else None,
            AccountId=self.account["Id"],
            OwnerId=self.owner["Id"],
            Description=None,
            CallType=None,
            CallDisposition=None,
            CallDurationInSeconds=None,
            IsArchived=talk.ago > 366,
        )

    def _call(self, talk: Talk, at: datetime, person: Row | None) -> None:
        rng = self.ledger.rng
        answered = talk.kind == "call"
        row = self._task(talk, at, person, "Call", "Call" if answered else "Call attempt")
        row["CallType"] = "Outbound" if not answered or rng.random() < 0.7 else "Inbound"
        row["CallDisposition"] = "Connected" if answered else "Left voicemail"
        row["CallDurationInSeconds"] = rng.randrange(240, 1900) if answered else 0
        if answered:
            row["Description"] = rng.choice(phrases.CALL)
            if talk.note:
                row["Description"] += "\n" + self._who(talk, person)

    def _mail(self, talk: Talk, at: datetime, person: Row | None) -> None:
        rng = self.ledger.rng
        incoming = talk.kind == "mail_in"
        texts: tuple[tuple[str, str], ...] = phrases.MAIL_IN if incoming else phrases.MAIL_OUT
        if talk.kind in ("mail_chase", "mail_thanks"):
            texts = phrases.CHASE if talk.kind == "mail_chase" else phrases.THANKS
        subject, body = rng.choice(texts)
        body = body.format(first=person["FirstName"] if person else "all")
        task = self._task(talk, at, person, "Email", f"Email: {subject}")
        task["Description"] = body
        if talk.by_hand:
            return
        theirs = person["Email"] if person else f"office@{self.account['Website']}"
        ours = self.owner["Email"]
        self.ledger.add(
            "EmailMessage",
            at,
            self.owner["Id"],
            ActivityId=task["Id"],
            RelatedToId=self._about(talk),
            Incoming=incoming,
            MessageDate=stamp(at),
            Subject=subject,
            TextBody=body,
            FromAddress=theirs if incoming else ours,
            FromName=(person["Name"] if person else None) if incoming else self.owner["Name"],
            ToAddress=ours if incoming else theirs,
            CcAddress=None,
            Status=_READ if incoming else _SENT,
            HasAttachment=rng.random() < 0.2,
        )
