"""Writes conversations as HubSpot activities: meetings, calls, emails, notes, tasks.

Know before changing: a body is HTML with the note's lines as breaks, as the editor makes it. A
meeting's outcome and notes come when it is over. A mail logged by hand is an email nobody gave a
direction; one about the company is linked to no deal.

Does not do: decide who talks to whom and when (``scenario``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape

from crmrules_sandbox.hubspot.book import Book, Value
from crmrules_sandbox.hubspot.records import Owner, Record
from crmrules_sandbox.scenario.model import Conversation

CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
VOICEMAIL = "b2cf5968-551e-4856-9783-52b3da59a7d0"
"""Ids of the two call outcomes used, of those every portal starts with."""

OUTCOMES = {"cancelled": "CANCELED", "missed": "NO_SHOW", "moved": "RESCHEDULED"}
"""What became of a meeting that did not take place -> its outcome."""


def html(text: str) -> str:
    """Return plain text as the editor's HTML: a paragraph each, breaks inside."""
    return "".join(
        f"<p>{'<br>'.join(escape(line, quote=False) for line in part.split(chr(10)))}</p>"
        for part in text.split("\n\n")
    )


@dataclass(slots=True)
class Scene:
    """Whom and what an activity is about; ``people`` are contacts by person id."""

    book: Book
    now: datetime
    deal: Record
    company: Record
    owner: Owner
    people: dict[str, Record]

    def write(self, talk: Conversation) -> Record:
        """Add the record of one conversation and return it."""
        make = {
            "meeting": self._meeting,
            "call": self._call,
            "mail": self._mail,
            "note": self._note,
            "task": self._task,
        }[talk.kind]
        record = make(talk)
        for person in talk.people:
            self.book.link(record, self.people[person])
        self.book.link(record, self.company if talk.on_account else self.deal)
        return record

    def _add(
        self, kind: str, talk: Conversation, properties: dict[str, Value], at: datetime
    ) -> Record:
        owned: dict[str, Value] = {"hs_timestamp": talk.start, "hubspot_owner_id": self.owner.id}
        return self.book.add(kind, at, self.owner, owned | properties)

    def _meeting(self, talk: Conversation) -> Record:
        end = talk.end or talk.start
        properties: dict[str, Value] = {
            "hs_meeting_title": talk.subject,
            "hs_meeting_start_time": talk.start,
            "hs_meeting_end_time": end,
            "hs_meeting_location": talk.place,
            "hs_meeting_outcome": "SCHEDULED",
        }
        record = self._add("meetings", talk, properties, talk.entered)
        if talk.fate is not None:
            over = max(min(talk.start, self.now), talk.entered)
            self.book.change(record, over, self.owner, "hs_meeting_outcome", OUTCOMES[talk.fate])
        elif talk.start <= self.now:
            over = max(min(end, self.now), talk.entered)
            self.book.change(record, over, self.owner, "hs_meeting_outcome", "COMPLETED")
            body = html(talk.body) if talk.body else None
            self.book.change(record, over, self.owner, "hs_meeting_body", body)
        return record

    def _call(self, talk: Conversation) -> Record:
        properties: dict[str, Value] = {
            "hs_call_title": talk.subject,
            "hs_call_body": html(talk.body) if talk.body else None,
            "hs_call_direction": "INBOUND" if talk.direction == "in" else "OUTBOUND",
            "hs_call_disposition": CONNECTED if talk.answered else VOICEMAIL,
            "hs_call_duration": None if talk.seconds is None else talk.seconds * 1000,
            "hs_call_status": "COMPLETED" if talk.answered else "NO_ANSWER",
        }
        return self._add("calls", talk, properties, talk.entered)

    def _mail(self, talk: Conversation) -> Record:
        properties: dict[str, Value] = {
            "hs_email_subject": talk.subject,
            "hs_email_text": talk.body,
            "hs_email_html": html(talk.body) if talk.body else None,
            "hs_email_status": "SENT",
        }
        if not talk.by_hand:
            properties |= self._addressed(talk)
        return self._add("emails", talk, properties, talk.entered if talk.by_hand else talk.start)

    def _addressed(self, talk: Conversation) -> dict[str, Value]:
        ours, theirs = self.owner.email, f"office@{self._value(self.company, 'domain')}"
        if talk.people:
            theirs = self._value(self.people[talk.people[0]], "email")
        incoming = talk.direction == "in"
        return {
            "hs_email_direction": "INCOMING_EMAIL" if incoming else "EMAIL",
            "hs_email_from_email": theirs if incoming else ours,
            "hs_email_to_email": ours if incoming else theirs,
        }

    def _note(self, talk: Conversation) -> Record:
        properties: dict[str, Value] = {"hs_note_body": html(talk.body) if talk.body else None}
        return self._add("notes", talk, properties, talk.entered)

    def _task(self, talk: Conversation) -> Record:
        properties: dict[str, Value] = {
            "hs_task_subject": talk.subject,
            "hs_task_body": html(talk.body) if talk.body else None,
            "hs_task_status": "WAITING" if talk.waiting else "COMPLETED",
        }
        return self._add("tasks", talk, properties, talk.entered)

    @staticmethod
    def _value(record: Record, name: str) -> str:
        return record.history[name][-1].value
