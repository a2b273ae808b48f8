"""Engagements as conversations."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hubspot_rows import (
    REP,
    at,
    child,
    deal,
    engagement,
    on_company,
    only_activity,
    org,
    ours,
    read,
)

from crmrules.model import ActivityKind, Direction

PAST, AHEAD = "2026-09-10T10:00:00Z", "2026-12-10T10:00:00Z"
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
BUSY = "9d9162e7-6cf3-4944-bf63-4dff82258764"
VOICEMAIL = "b2cf5968-551e-4856-9783-52b3da59a7d0"
LIVE_MESSAGE = "a4c4c377-d246-4b32-a13b-75a56a4cd0ff"
NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"
WRONG = "17b47fee-58de-441e-a44c-c6300d46f273"
OWN_WORD = "00000000-0000-4000-8000-000000000000"


def meeting(**more):
    return only_activity(engagement("meeting", **({"hs_meeting_start_time": PAST} | more)))


def test_an_activity_says_what_when_with_whom_and_by_whom():
    found = only_activity(
        engagement(
            "meeting",
            contacts=("77", "78", "77"),
            hs_meeting_title="Demo",
            hs_meeting_body="<p>went well</p>",
            hs_internal_meeting_notes="<p>#concern: price</p>",
            hs_meeting_start_time=PAST,
            hs_timestamp="2026-09-11T10:00:00Z",
            hs_createdate="2026-09-02T00:00:00Z",
            hs_lastmodifieddate="2026-09-12T00:00:00Z",
            hubspot_owner_id=REP,
        )
    )
    assert (found.record, found.kind, found.subject) == (
        "meeting/500",
        ActivityKind.MEETING,
        "Demo",
    )
    assert (found.at, found.known_at) == (at("2026-09-10T10:00"), at("2026-09-02T00:00"))
    assert (found.people, found.by, found.with_customer) == (("77", "78"), REP, True)
    assert (found.text, found.edited_at) == ("went well\n#concern: price", at("2026-09-12T00:00"))
    assert found.on_account is False


def test_without_its_own_times_an_activity_was_when_it_was_made():
    found = only_activity(engagement("note", made="2026-08-01T00:00:00Z"))
    made = at("2026-08-01T00:00")
    assert (found.at, found.known_at, found.edited_at) == (made, made, made)


@pytest.mark.parametrize(
    ("outcome", "held"),
    [
        ("COMPLETED", True),
        ("NO_SHOW", False),
        ("CANCELED", False),
        ("RESCHEDULED", False),
        ("SCHEDULED", None),
        ("", None),
        (None, None),
        ("SOMETHING_ELSE", None),
    ],
)
def test_a_meeting_was_held_when_its_outcome_says_so_and_scheduled_says_nothing(outcome, held):
    assert meeting(hs_meeting_outcome=outcome).held is held
    assert meeting(hs_meeting_outcome=outcome, hs_meeting_start_time=AHEAD).held is held


def test_a_meeting_that_a_calendar_called_off_was_not_held():
    assert meeting(hs_meeting_title="Canceled: Demo").held is False
    assert meeting(hs_meeting_title="Canceled: Demo", hs_meeting_outcome="SCHEDULED").held is False
    assert meeting(hs_meeting_title="Canceled: Demo", hs_meeting_outcome="COMPLETED").held is True


def test_a_mapped_property_says_whether_a_meeting_was_held_where_its_outcome_does_not():
    mapping = org(fields={"Event.showed_up": "held"})
    for word, held in (("yes", True), ("No show", False), (None, None), ("maybe", None)):
        row = engagement("meeting", hs_meeting_start_time=PAST, showed_up=word)
        assert only_activity(row, mapping=mapping).held is held, word
        done = engagement("meeting", showed_up=word, hs_meeting_outcome="COMPLETED")
        assert only_activity(done, mapping=mapping).held is True


def call(**more):
    return only_activity(engagement("call", hs_timestamp=PAST, **more))


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({"hs_call_disposition": CONNECTED}, True),
        ({"hs_call_disposition": CONNECTED.upper(), "hs_call_status": "NO_ANSWER"}, True),
        ({"hs_call_disposition": BUSY}, False),
        ({"hs_call_disposition": NO_ANSWER}, False),
        ({"hs_call_disposition": WRONG}, False),
        ({"hs_call_disposition": LIVE_MESSAGE, "hs_call_duration": "300000"}, False),
        (
            {
                "hs_call_disposition": VOICEMAIL,
                "hs_call_status": "COMPLETED",
                "hs_call_duration": "300000",
            },
            False,
        ),
        ({"hs_call_disposition": OWN_WORD}, None),
        ({"hs_call_disposition": OWN_WORD, "hs_call_duration": "300000"}, None),
        ({"hs_call_status": "COMPLETED"}, None),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "119999"}, None),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "120000"}, True),
        (
            {
                "hs_call_disposition": OWN_WORD,
                "hs_call_status": "COMPLETED",
                "hs_call_duration": "120000",
            },
            True,
        ),
        ({"hs_call_status": "COMPLETED", "hs_call_duration": "0"}, False),
        ({"hs_call_duration": "0"}, False),
        ({"hs_call_status": "NO_ANSWER", "hs_call_duration": "300000"}, False),
        ({"hs_call_status": "BUSY"}, False),
        ({"hs_call_status": "FAILED"}, False),
        ({"hs_call_status": "CANCELED"}, False),
        ({"hs_call_status": "MISSED"}, False),
        ({"hs_call_status": "RINGING", "hs_call_duration": "300000"}, None),
        ({}, None),
    ],
)
def test_a_call_connected_only_when_the_crm_says_so(more, held):
    assert call(**more).held is held


def test_a_call_has_the_direction_the_crm_says():
    assert call(hs_call_direction="INBOUND").direction is Direction.INBOUND
    assert call(hs_call_direction="OUTBOUND").direction is Direction.OUTBOUND
    assert call().direction is None
    assert call(hs_call_title="Intro", hs_call_body="a<br>b").text == "a\nb"


@pytest.mark.parametrize(
    ("way", "direction"),
    [
        ("INCOMING_EMAIL", Direction.INBOUND),
        ("EMAIL", Direction.OUTBOUND),
        ("FORWARDED_EMAIL", None),
        ("", None),
    ],
)
def test_a_mail_goes_the_way_the_crm_says(way, direction):
    found = only_activity(engagement("email", hs_timestamp=PAST, hs_email_direction=way))
    assert (found.direction, found.at) == (direction, at("2026-09-10T10:00"))


def test_a_mail_that_came_in_is_from_the_customer_even_when_nobody_is_linked():
    def mail(way, contacts):
        return only_activity(engagement("email", contacts=contacts, hs_email_direction=way))

    assert mail("INCOMING_EMAIL", ()).with_customer is True
    assert mail("INCOMING_EMAIL", None).with_customer is True
    assert mail("EMAIL", ()).with_customer is None
    assert mail("EMAIL", ("77",)).with_customer is True


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"hs_email_status": "SENT"}, True),
        ({"hs_email_status": "BOUNCED"}, True),
        ({}, True),
        ({"hs_email_status": "FAILED"}, False),
        ({"hs_email_status": "DRAFT"}, False),
        ({"hs_email_direction": "DRAFT_EMAIL"}, False),
    ],
)
def test_a_mail_that_never_left_is_left_out_and_one_that_bounced_was_an_attempt(more, kept):
    row = engagement("email", **({"hs_email_direction": "EMAIL"} | more))
    assert len(read(deal(), row).activities) == kept


def test_the_text_of_a_mail_is_its_plain_one_and_else_that_of_its_markup():
    both = engagement("email", hs_email_text="a <b>", hs_email_html="<p>c</p>")
    assert only_activity(both).text == "a <b>"
    assert only_activity(engagement("email", hs_email_html="<p>c</p><p>d</p>")).text == "c\n\nd"
    assert only_activity(engagement("email", hs_email_subject="s")).subject == "s"


def test_a_note_is_a_note_and_the_words_of_a_mail_are_not_the_reps():
    found = only_activity(engagement("note", hs_note_body="x", hs_timestamp=PAST))
    assert (found.kind, found.held, found.direction) == (ActivityKind.NOTE, None, None)
    mail = engagement("email", hs_email_html="<p>#concern: price</p>")
    assert read(deal(), mail).concerns == ()


@pytest.mark.parametrize("kind", ["note", "task", "meeting", "call"])
def test_tags_are_read_wherever_a_rep_writes(kind):
    name = {
        "note": "hs_note_body",
        "task": "hs_task_body",
        "meeting": "hs_internal_meeting_notes",
        "call": "hs_call_body",
    }[kind]
    body = "<ul><li>#concern: price</li><li>#need! speed</li></ul>"
    stamps = {"made": "2026-09-01T00:00:00Z", "hs_lastmodifieddate": "2026-09-05T00:00:00Z"}
    found = read(deal(), engagement(kind, **{name: body}, **stamps))
    (concern,) = found.concerns
    assert (concern.topic, concern.record) == ("price", f"{kind}/500")
    assert concern.known_at == at("2026-09-05T00:00")
    assert found.needs[0].explicit is True
    assert found.as_of(at("2026-09-04T00:00")).concerns == ()


def test_a_planned_task_is_known_to_have_happened_only_once_it_was_closed():
    done = engagement(
        "task",
        hs_task_subject="Send offer",
        hs_task_status="COMPLETED",
        hs_timestamp="2026-09-20T09:00:00Z",
        hs_task_completion_date="2026-09-22T09:00:00Z",
    )
    found = only_activity(done)
    assert (found.kind, found.subject) == (ActivityKind.TASK, "Send offer")
    assert (found.known_at, found.at) == (at("2026-09-22T09:00"), at("2026-09-22T09:00"))
    still = engagement(
        "task",
        hs_task_status="NOT_STARTED",
        hs_timestamp="2026-09-20T09:00:00Z",
        hs_task_completion_date="2026-09-22T09:00:00Z",
    )
    assert only_activity(still).at == at("2026-09-20T09:00")
    assert only_activity(still).known_at == at("2026-09-01T09:00")


def test_a_task_logged_afterwards_took_place_on_its_day():
    logged = engagement(
        "task",
        made="2026-09-22T09:00:00Z",
        hs_task_status="COMPLETED",
        hs_timestamp="2026-09-20T09:00:00Z",
        hs_task_completion_date="2026-09-22T09:00:30Z",
    )
    assert only_activity(logged).at == at("2026-09-20T09:00")


def test_our_own_task_is_never_an_activity():
    assert read(deal(), ours()).activities == ()
    blank = ours(crmrules_key=" ")
    assert [one.record for one in read(deal(), blank).activities] == ["task/900"]


def test_no_linked_contact_says_nothing_and_unread_ones_are_unknown():
    for kind in ("meeting", "call", "note", "task"):
        nobody = only_activity(engagement(kind, contacts=()))
        assert (nobody.people, nobody.with_customer) == ((), None)
        unread = only_activity(engagement(kind, contacts=None))
        assert (unread.people, unread.with_customer) == (None, None)


def test_a_record_of_the_company_is_on_the_account():
    row = on_company(engagement("meeting"))
    assert only_activity(row).on_account is True


def test_a_record_on_the_deal_and_on_its_company_is_one_activity_of_the_deal():
    own = engagement("meeting")
    for rows in ((own, on_company(own)), (on_company(own), own)):
        (only,) = read(deal(), *rows).activities
        assert only.on_account is False


def test_records_of_two_kinds_with_one_id_are_two_activities():
    assert len(read(deal(), engagement("meeting"), engagement("call")).activities) == 2


def test_what_no_longer_exists_is_no_activity():
    row = engagement("meeting")
    gone = replace(row, gone=True)
    archived = replace(row, body={**row.body, "archived": True})
    assert read(deal(), gone).activities == read(deal(), archived).activities == ()


def test_activities_stand_in_the_order_in_which_they_took_place():
    found = read(
        deal(),
        engagement("call", "0", hs_timestamp=AHEAD),
        engagement("note", "2", hs_timestamp=PAST),
        engagement("call", "1", hs_timestamp=PAST),
        child("quote", "4"),
    )
    assert [one.record for one in found.activities] == ["call/1", "note/2", "call/0"]


@pytest.mark.parametrize(
    ("status", "waiting"),
    [
        ("WAITING", True),
        ("COMPLETED", False),
        ("DEFERRED", False),
        ("NOT_STARTED", False),
        ("SOMETHING", None),
        (None, None),
    ],
)
def test_a_task_that_waits_is_the_customers_turn_until_it_is_due(status, waiting):
    # Half past eleven in the evening in London is the next day in Berlin.
    found = only_activity(
        engagement("task", hs_task_status=status, hs_timestamp="2026-09-20T22:30:00Z")
    )
    assert (found.waiting, found.due) == (waiting, date(2026, 9, 21))
    assert meeting(hs_timestamp=PAST).due is None


def test_in_the_past_nobody_knows_what_a_task_waited_for():
    waits = engagement("task", hs_task_status="WAITING", hs_timestamp=PAST)
    (then,) = read(deal(), waits).as_of(at("2026-09-15T00:00")).activities
    assert (then.waiting, then.due) == (None, None)


@pytest.mark.parametrize(
    ("contacts", "party"), [(("77",), 1), (("77", "78", "77"), 2), ((), None), (None, None)]
)
def test_every_contact_who_took_part_is_counted(contacts, party):
    found = only_activity(engagement("meeting", contacts=contacts))
    assert found.party == party
