"""Tasks, events and e-mails as conversations; our own tasks as our own tasks.

Know before changing, because each of these is a choice:

* A task with our key is ours, whoever it belongs to now, and never an activity.
* A logged task took place on its day if that is before the day it was closed; a planned one when it
  was closed, and only then is it known that it took place. An open e-mail task is only a plan.
* An event in the past was held unless its subject starts like "Canceled" or "No show"; Salesforce
  has no field for it, so the mapping may name one, which then counts alone.
* An event of a whole day starts at midnight UTC, whoever looks at it: it is taken as at a time that
  falls on that day almost everywhere.
* A customer took part when ``WhoId`` is a contact or a lead. An empty ``WhoId`` says nothing.
* A call connected when its result says so, or after two minutes; a result that says otherwise, or
  no second at all, means not. Anything else is unknown.
* Mail direction comes from ``EmailMessage.Incoming``, else from the marks that mail tools put into
  subjects, else it is unknown. An e-mail and the task that mirrors it are one activity.
* An open task waits for the customer when its status is one of the mapping's waiting ones.

It parses no note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time

from crmrules.assemble import talks
from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import Activity, ActivityKind, Direction, OurTask
from crmrules.raw import Body, day, first, flag, moment, number, start_of, text

KEY, RULE = "CrmRules_Key__c", "CrmRules_Rule__c"
LONGEST_MAIL = 60_000  # characters; the rest is what was quoted
_DRAFT = "5"  # EmailMessage.Status: 0 new, 1 read, 2 replied, 3 sent, 4 forwarded, 5 draft
_PEOPLE = ("003", "00Q")  # key prefixes of Contact and Lead
_MIDDLE = time(10, 30)  # UTC; the same day from UTC-10 to UTC+13

_IN = re.compile(
    r"\[(?:in|inbound|received)\]|^\s*(?:inbound|incoming|received|<<|←)", re.IGNORECASE
)
_OUT = re.compile(r"\[(?:out|outbound|sent)\]|^\s*(?:outbound|sent|>>|→)", re.IGNORECASE)
_MISSED = re.compile(
    r"no[ -]?answer|not[ -]?connected|voice ?mail|left (?:a )?(?:message|vm)|busy|wrong|bad number|"
    r"unreachable|not reached|gate ?keeper|no[ -]?show|did not|didn't|missed|cancel",
    re.IGNORECASE,
)
_SPOKE = re.compile(
    r"connect|spoke|reached|convers|answered|talked|discuss|positive|interested|completed|meeting",
    re.IGNORECASE,
)
_WORDS = {
    "call": ActivityKind.CALL,
    "email": ActivityKind.EMAIL,
    "list email": ActivityKind.EMAIL,
    "meeting": ActivityKind.MEETING,
}


def is_ours(row: Row) -> bool:
    """Return whether a row is a task that we wrote."""
    return row.kind == "Task" and text(row.body, KEY) is not None


def our_task(row: Row, mapping: Mapping, users: frozenset[str], observed_at: datetime) -> OurTask:
    """Return one task of ours; ``users`` are the ids we act as.

    It counts as edited unless the last change is surely ours: then nothing is overwritten.
    """
    body = row.body
    status = text(body, "Status")
    closed = flag(body, "IsClosed")
    if closed is None:
        closed = mapping.closed(status) is True
    return OurTask(
        record=row.id,
        known_at=first([moment(body, "CreatedDate")], observed_at),
        key=text(body, KEY) or "",
        id=row.id,
        rule=text(body, RULE),
        owner=text(body, "OwnerId"),
        subject=text(body, "Subject"),
        body=text(body, "Description"),
        due=day(body, "ActivityDate"),
        status=status,
        closed=closed,
        closed_at=moment(body, "CompletedDateTime"),
        deleted=row.gone or flag(body, "IsDeleted") is True,
        snoozed=not closed and mapping.snoozed(status),
        edited=text(body, "LastModifiedById") not in users,
    )


def activities(
    rows: Iterable[Row], mapping: Mapping, account: str | None, observed_at: datetime
) -> tuple[Activity, ...]:
    """Return all activities of an opportunity and its account, by time.

    The rows are of records that still exist and of no task of ours.
    """
    tasks, events, mails = _sorted_out(rows)
    found = []
    for mail in mails:
        mirror = tasks.pop(text(mail.body, "ActivityId") or "", None)
        found.append(_mail(mail, mirror, account, observed_at))
    found += [_task(row, mapping, account, observed_at) for row in tasks.values()]
    found += [_event(row, mapping, account, observed_at) for row in events]
    found.sort(key=lambda activity: (activity.at, activity.record))
    return tuple(found)


def _sorted_out(rows: Iterable[Row]) -> tuple[dict[str, Row], list[Row], list[Row]]:
    tasks: dict[str, Row] = {}
    events, mails = [], []
    for row in rows:
        if row.kind == "Task":
            tasks[row.id] = row
        elif row.kind == "Event":
            events.append(row)
        elif text(row.body, "Status") != _DRAFT:
            mails.append(row)
    return tasks, events, mails


def _task(row: Row, mapping: Mapping, account: str | None, observed_at: datetime) -> Activity:
    body = row.body
    closed = flag(body, "IsClosed")
    if closed is None:
        closed = mapping.closed(text(body, "Status"))
    kind = _kind(body)
    if kind is ActivityKind.EMAIL and closed is False:
        kind = ActivityKind.TASK
    created = first([moment(body, "CreatedDate")], observed_at)
    done = moment(body, "CompletedDateTime") if closed else None
    direction, due = _direction(body, kind), day(body, "ActivityDate")
    return Activity(
        record=row.id,
        known_at=max(created, done or created),
        kind=kind,
        at=talks.took_place(None if due is None else start_of(due), created, done),
        direction=direction,
        held=_task_held(body, kind, closed, observed_at),
        with_customer=_with_customer(body),
        people=_people(body),
        by=text(body, "OwnerId"),
        subject=text(body, "Subject"),
        text=text(body, "Description"),
        edited_at=moment(body, "LastModifiedDate") or created,
        waiting=False if closed else mapping.waits(text(body, "Status")),
        due=due,
        on_account=_on_account(row, account),
    )


def _kind(body: Body) -> ActivityKind:
    """Read the subtype, which the CRM sets, before the type and the subject, which people set."""
    subject = (text(body, "Subject") or "").casefold()
    for word in (text(body, "TaskSubtype"), text(body, "Type"), subject.partition(":")[0]):
        if word is not None and (kind := _WORDS.get(word.strip().casefold())) is not None:
            return kind
    return ActivityKind.TASK


def _direction(body: Body, kind: ActivityKind) -> Direction | None:
    if kind is ActivityKind.CALL:
        word = (text(body, "CallType") or "").casefold()
        if word in set(Direction):
            return Direction(word)
    elif kind is not ActivityKind.EMAIL:
        return None
    elif text(body, "TaskSubtype") == "List Email":
        return Direction.OUTBOUND
    subject = text(body, "Subject") or ""
    if _IN.search(subject):
        return Direction.INBOUND
    return Direction.OUTBOUND if _OUT.search(subject) else None


def _task_held(
    body: Body, kind: ActivityKind, closed: bool | None, observed_at: datetime
) -> bool | None:
    if kind not in (ActivityKind.CALL, ActivityKind.MEETING) or closed is None:
        return None
    if not closed:
        due: date | None = day(body, "ActivityDate")
        return False if due is not None and due < observed_at.date() else None
    if talks.NOT_HELD.match(text(body, "Subject") or ""):
        return False
    return True if kind is ActivityKind.MEETING else _connected(body)


def _connected(body: Body) -> bool | None:
    result = text(body, "CallDisposition") or ""
    if _MISSED.search(result):
        return False
    if _SPOKE.search(result):
        return True
    return talks.connected(number(body, "CallDurationInSeconds"))


def _with_customer(body: Body) -> bool | None:
    if text(body, "CallType") == "Internal":
        return False
    return True if (text(body, "WhoId") or "").startswith(_PEOPLE) else None


def _people(body: Body) -> tuple[str, ...] | None:
    if "WhoId" not in body:
        return None
    who = text(body, "WhoId")
    return (who,) if who is not None else ()


def _party(body: Body) -> int | None:
    """Return how many contacts and leads take part; ``WhoId`` is the first of them."""
    count = number(body, "WhoCount")
    return int(count) if count is not None and count >= 1 else None


def _on_account(row: Row, account: str | None) -> bool:
    return account is not None and row.parent == account


def _event(row: Row, mapping: Mapping, account: str | None, observed_at: datetime) -> Activity:
    body = row.body
    created = first([moment(body, "CreatedDate")], observed_at)
    at = first([moment(body, "StartDateTime"), moment(body, "ActivityDate")], created)
    if flag(body, "IsAllDayEvent"):
        at = at.replace(hour=_MIDDLE.hour, minute=_MIDDLE.minute)
    subject = text(body, "Subject")
    call = (subject or "").casefold().partition(":")[0].strip() == "call"
    return Activity(
        record=row.id,
        known_at=created,
        kind=ActivityKind.CALL if call else ActivityKind.MEETING,
        at=at,
        held=_event_held(body, mapping, subject, past=at <= observed_at),
        with_customer=_with_customer(body),
        people=_people(body),
        party=_party(body),
        by=text(body, "OwnerId"),
        subject=subject,
        text=text(body, "Description"),
        edited_at=moment(body, "LastModifiedDate") or created,
        on_account=_on_account(row, account),
    )


def _event_held(body: Body, mapping: Mapping, subject: str | None, *, past: bool) -> bool | None:
    names = mapping.sources("Event", "held")
    if names:
        return talks.held(body, names)
    if talks.NOT_HELD.match(subject or ""):
        return False
    return True if past else None


def _mail(mail: Row, mirror: Row | None, account: str | None, observed_at: datetime) -> Activity:
    body = mail.body
    task: Body = mirror.body if mirror is not None else {}
    created = first([moment(body, "CreatedDate")], observed_at)
    incoming = flag(body, "Incoming")
    directions = {True: Direction.INBOUND, False: Direction.OUTBOUND}
    own = text(body, "TextBody")
    known: Sequence[str] = (text(body, "Subject") or "", text(task, "Subject") or "")
    return Activity(
        record=mail.id,
        known_at=created,
        kind=ActivityKind.EMAIL,
        at=first([moment(body, "MessageDate")], created),
        direction=None if incoming is None else directions[incoming],
        with_customer=True if incoming else _with_customer(task),
        people=_people(task),
        by=text(task, "OwnerId") or text(body, "CreatedById"),
        subject=next((subject for subject in known if subject), None),
        text=(own or text(task, "Description") or "")[:LONGEST_MAIL] or None,
        # A mail is not edited, the task that mirrors it may be.
        edited_at=created if own else first([moment(task, "LastModifiedDate")], created),
        on_account=_on_account(mail, account),
    )
