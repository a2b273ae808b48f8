"""Writes conversations as Salesforce activities: events, calls, mails, notes.

Know before changing: a mail is an EmailMessage *and* the task Enhanced Email makes for it
(``ActivityId``), so whoever counts both counts twice, as in a real org. An event has one
EventRelation per attendee and one for what it is about. No standard field says that an event did
not take place; its subject does, in the words calendars put before it. One that was moved is called
off there, and the new one is another event.

Does not do: decide who talks to whom and when (``scenario``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.scenario.model import Conversation

_SENT, _READ = "3", "1"
_FATES = {"cancelled": "Canceled: ", "moved": "Canceled: ", "missed": "No show: "}
_WAITING = "Waiting on someone else"


@dataclass(slots=True)
class Scene:
    """Whom and what an activity is about; ``people`` are contact rows by person id."""

    ledger: Ledger
    opportunity: Row
    account: Row
    owner: Row
    people: dict[str, Row]

    def write(self, talk: Conversation) -> tuple[str, ...]:
        """Add the records of one conversation and return their ids, the telling one first."""
        attendees = [self.people[one] for one in talk.people]
        main = attendees[0] if attendees else None
        if talk.kind == "meeting":
            return (self._meeting(talk, attendees),)
        if talk.kind == "mail":
            return self._mail(talk, main)
        subtype = "Call" if talk.kind == "call" else "Task"
        row = self._task(talk, main, subtype, talk.subject)
        if talk.kind == "call":
            row["CallType"] = "Inbound" if talk.direction == "in" else "Outbound"
            row["CallDisposition"] = "Connected" if talk.answered else "Left voicemail"
            row["CallDurationInSeconds"] = talk.seconds
        if talk.waiting:
            row |= {"Status": _WAITING, "IsClosed": False, "CompletedDateTime": None}
        return (row["Id"],)

    def _about(self, talk: Conversation) -> str:
        return str((self.account if talk.on_account else self.opportunity)["Id"])

    def _meeting(self, talk: Conversation, attendees: list[Row]) -> str:
        end = talk.end or talk.start
        event = self.ledger.add(
            "Event",
            talk.entered,
            self.owner["Id"],
            Subject=_FATES.get(talk.fate or "", "") + talk.subject,
            StartDateTime=stamp(talk.start),
            EndDateTime=stamp(end),
            ActivityDateTime=stamp(talk.start),
            ActivityDate=talk.start.date().isoformat(),
            DurationInMinutes=int((end - talk.start).total_seconds()) // 60,
            Description=talk.body,
            WhatId=self._about(talk),
            WhoId=attendees[0]["Id"] if attendees else None,
            WhoCount=len(attendees) or None,
            AccountId=self.account["Id"],
            OwnerId=self.owner["Id"],
            EventSubtype="Event",
            ShowAs="Busy",
            IsAllDayEvent=False,
            IsPrivate=False,
            IsChild=False,
            IsArchived=talk.shelved,
            Location=talk.place,
        )
        ahead = talk.start > self.ledger.now
        self.ledger.touch(event, talk.entered if ahead else min(end, self.ledger.now))
        self._relations(event, talk.entered, attendees)
        return str(event["Id"])

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

    def _task(self, talk: Conversation, person: Row | None, subtype: str, subject: str) -> Row:
        return self.ledger.add(
            "Task",
            talk.entered,
            self.owner["Id"],
            Subject=subject,
            TaskSubtype=subtype,
            Type=None if subtype == "Task" else subtype,
            Status="Completed",
            IsClosed=True,
            Priority="Normal",
            IsHighPriority=False,
            ActivityDate=talk.start.date().isoformat(),
            CompletedDateTime=stamp(talk.entered),
            WhatId=self._about(talk),
            WhoId=person["Id"] if person else None,
            AccountId=self.account["Id"],
            OwnerId=self.owner["Id"],
            Description=talk.body,
            CallType=None,
            CallDisposition=None,
            CallDurationInSeconds=None,
            IsArchived=talk.shelved,
        )

    def _mail(self, talk: Conversation, person: Row | None) -> tuple[str, ...]:
        task = self._task(talk, person, "Email", f"Email: {talk.subject}")
        if talk.by_hand:
            return (task["Id"],)
        incoming = talk.direction == "in"
        theirs = person["Email"] if person else f"office@{self.account['Website']}"
        ours = self.owner["Email"]
        mail = self.ledger.add(
            "EmailMessage",
            talk.start,
            self.owner["Id"],
            ActivityId=task["Id"],
            RelatedToId=self._about(talk),
            Incoming=incoming,
            MessageDate=stamp(talk.start),
            Subject=talk.subject,
            TextBody=talk.body,
            FromAddress=theirs if incoming else ours,
            FromName=(person["Name"] if person else None) if incoming else self.owner["Name"],
            ToAddress=ours if incoming else theirs,
            CcAddress=None,
            Status=_READ if incoming else _SENT,
            HasAttachment=talk.attachment,
        )
        return (mail["Id"], task["Id"])
