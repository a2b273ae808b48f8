"""Salesforce records to rows to opportunities."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules.connector import Organization
from crmrules.mapping import Mapping
from crmrules.model import ActivityKind, Direction, Focus, Phase
from crmrules_salesforce.rows import TABLES, normalize, to_row, with_fields
from crmrules_salesforce.tables import mail_texts

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
OPP, ACC, US, REP = "006A00000000001", "001A00000000001", "005A000000000US", "005A00000000001"
ORG = Organization("00D000000000001", user=US)
CONTACT = "003A00000000001"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def opportunity(**more):
    return {
        "Id": OPP,
        "IsDeleted": False,
        "Name": "Acme - line 3",
        "AccountId": ACC,
        "Account": {"Name": "Acme", "OwnerId": REP, "NumberOfEmployees": 120, "Owner": None},
        "OwnerId": REP,
        "Owner": {"Name": "Rita Rep", "IsActive": True, "ManagerId": None, "Manager": None},
        "StageName": "Negotiation/Review",
        "Amount": 50000.0,
        "CloseDate": "2026-04-30",
        "IsClosed": False,
        "IsWon": False,
        "NextStep": None,
        "CreatedDate": "2026-01-05T08:00:00.000+0000",
        "LastModifiedDate": "2026-03-01T08:00:00.000+0000",
        "SystemModstamp": "2026-03-01T08:00:00.000+0000",
    } | more


def activity(number, **more):
    return {
        "Id": f"00T{number:012}",
        "IsDeleted": False,
        "WhatId": OPP,
        "WhoId": CONTACT,
        "OwnerId": REP,
        "CreatedDate": "2026-02-02T09:00:00.000+0000",
        "LastModifiedDate": "2026-02-02T09:00:00.000+0000",
        "LastModifiedById": REP,
        "SystemModstamp": "2026-02-02T09:00:00.000+0000",
        "Description": None,
        "Subject": None,
        "ActivityDate": None,
    } | more


def task(number, **more):
    return activity(number, TaskSubtype="Task", Status="Completed", IsClosed=True) | more


def event(number, **more):
    return activity(number, StartDateTime="2026-02-10T10:00:00.000+0000", IsChild=False) | more


def snapshot(number, when, stage, amount=50000.0, close="2026-04-30"):
    return {
        "Id": f"008{number:012}",
        "OpportunityId": OPP,
        "CreatedDate": when,
        "StageName": stage,
        "Amount": amount,
        "CloseDate": close,
        "ForecastCategory": "Pipeline",
        "CreatedById": REP,
    }


def read(*pairs, mapping=None, tables=TABLES, **more):
    rows = [to_row(tables[key], record) for key, record in pairs]
    assert None not in rows
    return normalize(OPP, rows, mapping or Mapping(), ORG, NOW, **more)


def one_activity(key, record, **more):
    found = read(("opportunity", opportunity()), (key, record), **more)
    (only,) = found.activities
    return only


def test_the_tables_fit_fifteen_queries_and_contain_what_they_require():
    assert len(TABLES) <= 15
    for table in TABLES.values():
        assert table.required <= set(table.fields), table.key
        assert not table.parent or table.parent in table.fields
        assert table.stamp in table.fields or table.scope == "reference"
    assert len(TABLES["opportunity"].fields) <= 55


def test_a_row_knows_where_it_belongs_and_how_it_ended():
    record = opportunity(IsClosed=True, IsWon=True, StageName="Closed Won")
    row = to_row(TABLES["opportunity"], record)
    assert (row.parent, row.account, row.won) == (OPP, ACC, True)
    assert row.closed_on == date(2026, 4, 30)
    assert row.stamp == "2026-03-01T08:00:00.000+0000"
    gone = to_row(TABLES["task"], task(1, IsDeleted=True))
    assert gone.gone
    assert gone.parent == OPP


@pytest.mark.parametrize(
    ("key", "record"),
    [
        ("task", {"Id": "00T1"}),
        ("task", task(1, WhatId=None)),
        ("task", task(1, WhatId=ACC)),
        ("account_task", task(1)),
        ("event", event(1, IsChild=True)),
        ("task", task(1, IsRecurrence=True)),
        ("role", {"Id": None, "OpportunityId": OPP}),
    ],
)
def test_a_record_that_belongs_to_nothing_we_follow_is_no_row(key, record):
    assert to_row(TABLES[key], record) is None


def test_a_null_parent_has_null_fields_and_an_unread_one_has_none():
    null = to_row(TABLES["opportunity"], opportunity(Account=None))
    assert null.body["Account.Name"] is None
    record = opportunity()
    del record["Account"]
    assert "Account.Name" not in to_row(TABLES["opportunity"], record).body


def test_the_values_of_the_opportunity_arrive():
    found = read(("opportunity", opportunity(Type="New Customer", CrmRules_Flags__c="a;b")))
    assert (found.stage, found.phase) == ("Negotiation/Review", Phase.CONCERNS)
    assert (found.amount, found.close_date) == (50000, date(2026, 4, 30))
    assert found.won is None
    assert found.created_at == at("2026-01-05T08:00")
    assert (found.account.name, found.account.employees) == ("Acme", 120)
    assert found.users[0].name == "Rita Rep"
    assert found.our_fields.flags == ("a", "b")
    assert found.kind == "New Customer"


def test_absent_columns_are_unknown_and_never_a_default():
    found = read(("opportunity", {"Id": OPP}))
    for name in ("name", "account", "owner", "users", "stage", "phase", "amount", "close_date"):
        assert getattr(found, name) is None, name
    assert found.won is None
    assert found.changes is None
    assert found.siblings is None
    assert found.created_at == NOW
    assert found.tracked == frozenset()


def test_a_table_that_was_not_read_is_unknown_where_an_empty_one_is_none():
    full = read(("opportunity", opportunity()))
    assert (full.people, full.activities, full.lines, full.quotes) == ((), (), (), ())
    bare = read(("opportunity", opportunity()), readable=frozenset({"opportunity", "task"}))
    assert (bare.people, bare.activities, bare.lines, bare.quotes) == (None,) * 4
    assert bare.competitors is None


def test_without_its_own_row_or_with_a_deleted_one_there_is_no_opportunity():
    assert normalize(OPP, [to_row(TABLES["task"], task(1))], Mapping(), ORG, NOW) is None
    assert read(("opportunity", opportunity(IsDeleted=True))) is None


HISTORY = (
    ("history", snapshot(1, "2026-01-05T08:00:00.000+0000", "Prospecting", 60000.0)),
    ("history", snapshot(3, "2026-02-20T08:00:00.000+0000", "Negotiation/Review")),
    (
        "history",
        snapshot(2, "2026-02-01T08:00:00.000+0000", "Qualification", 60000.0, "2026-03-31"),
    ),
)


def test_history_rows_become_changes_and_the_first_row_is_none():
    first = HISTORY[0][1] | {"CloseDate": "2026-03-31"}
    found = read(("opportunity", opportunity()), ("history", first), *HISTORY[1:])
    said = [(c.field, c.old, c.new) for c in found.changes]
    assert sorted(said) == [
        ("amount", 60000.0, 50000.0),
        ("close_date", "2026-03-31", "2026-04-30"),
        ("phase", "recognition", "concerns"),
        ("stage", "Prospecting", "Qualification"),
        ("stage", "Qualification", "Negotiation/Review"),
    ]
    assert found.tracked == {"stage", "phase", "amount", "close_date"}
    then = found.as_of(at("2026-02-10T00:00"))
    assert (then.stage, then.phase, then.amount) == ("Qualification", Phase.RECOGNITION, 60000.0)
    assert then.close_date == date(2026, 3, 31)


def test_a_history_that_does_not_end_at_todays_value_promises_nothing():
    found = read(("opportunity", opportunity(Amount=1.0)), *HISTORY)
    assert "amount" not in found.tracked
    assert "stage" in found.tracked


def tracking(number, field, old, new, when="2026-02-20T08:00:00.000+0000"):
    return {
        "Id": f"017{number:012}",
        "OpportunityId": OPP,
        "CreatedDate": when,
        "Field": field,
        "OldValue": old,
        "NewValue": new,
        "CreatedById": REP,
    }


def test_field_history_gives_next_step_and_owner_by_id_only():
    found = read(
        ("opportunity", opportunity(NextStep="send offer")),
        ("field_history", tracking(1, "NextStep", "call", "send offer")),
        ("field_history", tracking(2, "Owner", "Old Rep", "Rita Rep")),
        ("field_history", tracking(3, "Owner", "005A00000000009", REP)),
    )
    assert {c.field: (c.old, c.new) for c in found.changes} == {
        "next_step": ("call", "send offer"),
        "owner": ("005A00000000009", REP),
    }
    assert found.tracked == {"next_step", "owner"}
    assert found.as_of(at("2026-02-01T00:00")).next_step == "call"


def test_it_closed_when_history_says_so_and_not_on_the_close_date():
    closed = opportunity(StageName="Closed Won", IsClosed=True, IsWon=True, CloseDate="2026-12-31")
    rows = [
        *HISTORY,
        ("history", snapshot(4, "2026-03-05T10:00:00.000+0000", "Closed Won")),
        ("history", snapshot(5, "2026-03-06T10:00:00.000+0000", "Closed Won", 1.0)),
    ]
    found = read(("opportunity", closed), *rows)
    assert (found.won, found.closed_at) == (True, at("2026-03-05T10:00"))
    assert read(("opportunity", closed)).closed_at == NOW
    early = read(("opportunity", closed | {"CloseDate": "2026-02-01"}))
    assert early.closed_at == at("2026-02-01T00:00")
    imported = read(("opportunity", closed | {"CloseDate": "2024-02-01"}), rows[3])
    assert imported.closed_at == at("2024-02-01T00:00")


def role(number, **more):
    return {
        "Id": f"00K{number:012}",
        "OpportunityId": OPP,
        "ContactId": CONTACT,
        "Role": "Evaluator",
        "CreatedDate": f"2026-01-{number + 5:02}T08:00:00.000+0000",
        "Contact": {"Name": "Jo Ortiz", "Title": "VP Operations", "EmailBouncedDate": None},
    } | more


def test_one_contact_with_two_roles_is_one_person():
    found = read(
        ("opportunity", opportunity()),
        ("role", role(1)),
        ("role", role(2, Role="Decision Maker", CrmRules_Focus__c=None)),
    )
    (person,) = found.people
    assert (person.id, person.name, person.senior) == (CONTACT, "Jo Ortiz", True)
    assert (person.focus, person.role, person.bounced) == (Focus.POWER, "Evaluator", False)


def test_our_focus_field_wins_over_the_role_and_no_mail_column_is_unknown():
    record = role(1, Role="Decision Maker", CrmRules_Focus__c="dissatisfaction", Contact=None)
    del record["Contact"]
    (person,) = read(("opportunity", opportunity()), ("role", record)).people
    assert person.focus is Focus.DISSATISFACTION
    assert (person.bounced, person.title, person.senior) == (None, None, None)


def test_a_name_in_a_note_marks_the_person_it_fits_or_makes_one():
    note = task(1, Description="#sponsor: J. Ortiz\n#power: CFO A. Ruiz")
    found = read(("opportunity", opportunity()), ("role", role(1)), ("task", note))
    jo, ruiz = found.people
    assert jo.sponsor is True
    assert (ruiz.id, ruiz.focus) == ("note:CFO A. Ruiz", Focus.POWER)


def test_our_task_is_never_an_activity_and_says_who_touched_it():
    ours = {"CrmRules_Key__c": "cr1:1:o:ab", "CrmRules_Rule__c": "conc-gone-dark"}
    found = read(
        ("opportunity", opportunity()),
        ("task", task(1, **ours, LastModifiedById=US, Status="Not Started", IsClosed=False)),
        ("task", task(2, **ours, Status="Deferred", IsClosed=False, ActivityDate="2026-03-20")),
        ("task", task(3, **ours, IsDeleted=True, LastModifiedById=US)),
    )
    assert found.activities == ()
    states = [(t.edited, t.snoozed, t.deleted, t.closed) for t in found.our_tasks]
    assert states == [
        (False, False, False, False),
        (True, True, False, False),
        (False, False, True, True),
    ]
    assert found.our_tasks[1].due == date(2026, 3, 20)


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({"CallDisposition": "Connected"}, True),
        ({"CallDisposition": "Not connected"}, False),
        ({"CallDisposition": "Left voicemail", "CallDurationInSeconds": 300}, False),
        ({"CallDurationInSeconds": 300}, True),
        ({"CallDurationInSeconds": 0}, False),
        ({"CallDurationInSeconds": 40}, None),
        ({}, None),
    ],
)
def test_a_call_connected_only_when_the_crm_says_so(more, held):
    call = one_activity("task", task(1, TaskSubtype="Call", CallType="Outbound", **more))
    assert (call.kind, call.direction) == (ActivityKind.CALL, Direction.OUTBOUND)
    assert call.held is held
    assert call.with_customer is True


def test_a_mail_and_the_task_that_mirrors_it_count_once():
    mirror = task(1, TaskSubtype="Email", Subject="Email: offer")
    mail = {
        "Id": "02s000000000001",
        "RelatedToId": OPP,
        "ActivityId": mirror["Id"],
        "Incoming": True,
        "MessageDate": "2026-02-02T08:55:00.000+0000",
        "Subject": "offer",
        "Status": "3",
        "CreatedDate": "2026-02-02T09:00:00.000+0000",
    }
    found = read(("opportunity", opportunity()), ("task", mirror), ("email", mail))
    (only,) = found.activities
    assert (only.kind, only.direction) == (ActivityKind.EMAIL, Direction.INBOUND)
    assert (only.people, only.at) == ((CONTACT,), at("2026-02-02T08:55"))
    assert read(("opportunity", opportunity()), ("email", mail | {"Status": "5"})).activities == ()


def test_the_text_of_a_mail_is_read_where_it_is_wanted_and_known_since_it_came():
    mail = {"Id": "02s000000000001", "RelatedToId": OPP, "Incoming": True, "Status": "1"}
    mail |= {"MessageDate": "2026-02-01T09:00:00.000+0000", "TextBody": "It is too much."}
    mail |= {"CreatedDate": "2026-02-01T09:01:00.000+0000", "SystemModstamp": "x"}
    assert read(("opportunity", opportunity()), ("email", mail)).activities[0].text is None
    tables = with_fields(mail_texts(Mapping(mail_texts=True)))
    found = read(("opportunity", opportunity()), ("email", mail), tables=tables)
    assert found.activities[0].text == "It is too much."
    then = found.as_of(at("2026-02-01T10:00:00"))
    assert then.activities[0].text == "It is too much."
    assert found.as_of(at("2026-02-01T09:00:30")).activities == ()
    long = read(
        ("opportunity", opportunity()), ("email", mail | {"TextBody": "x" * 99_000}), tables=tables
    )
    assert len(long.activities[0].text) == 60_000
    assert mail_texts(Mapping()) == ()


def test_mail_without_a_message_has_a_direction_only_by_the_marks_of_its_subject():
    def direction(subject):
        return one_activity("task", task(1, TaskSubtype="Email", Subject=subject)).direction

    assert direction("[Outreach] [Email] [In] offer") is Direction.INBOUND
    assert direction("[Outreach] [Email] [Out] offer") is Direction.OUTBOUND
    assert direction("Email: offer") is None


def test_an_open_mail_task_is_a_plan_and_an_overdue_call_did_not_happen():
    still = {"Status": "Not Started", "IsClosed": False, "ActivityDate": "2026-03-01"}
    assert one_activity("task", task(1, TaskSubtype="Email", **still)).kind is ActivityKind.TASK
    assert one_activity("task", task(1, TaskSubtype="Call", **still)).held is False
    ahead = still | {"ActivityDate": "2026-04-01"}
    assert one_activity("task", task(1, TaskSubtype="Call", **ahead)).held is None


@pytest.mark.parametrize(
    "place", ["Pacific/Honolulu", "America/Los_Angeles", "UTC", "Asia/Tokyo", "Pacific/Auckland"]
)
def test_an_event_of_a_whole_day_is_on_its_day_wherever_one_looks_from(place):
    midnight = "2026-02-10T00:00:00.000+0000"
    meeting = one_activity("event", event(1, StartDateTime=midnight, IsAllDayEvent=True))
    assert meeting.at.astimezone(ZoneInfo(place)).date() == date(2026, 2, 10)


@pytest.mark.parametrize(
    ("more", "held", "kind"),
    [
        ({"Subject": "Demo"}, True, ActivityKind.MEETING),
        ({"Subject": "Call"}, True, ActivityKind.CALL),
        ({"Subject": "Canceled: Demo"}, False, ActivityKind.MEETING),
        ({"Subject": "Cancelled - Demo"}, False, ActivityKind.MEETING),
        ({"Subject": "No show: Demo"}, False, ActivityKind.MEETING),
        ({"StartDateTime": "2026-05-01T10:00:00Z"}, None, ActivityKind.MEETING),
    ],
)
def test_a_past_event_was_held_unless_its_subject_says_otherwise(more, held, kind):
    meeting = one_activity("event", event(1, **more))
    assert (meeting.held, meeting.kind, meeting.with_customer) == (held, kind, True)


def test_a_mapped_field_alone_says_whether_an_event_was_held():
    mapping = Mapping(fields={"Event.Outcome__c": "held"})
    tables = with_fields(mapping.paths())
    for word, held in (("Held", True), ("No show", False), (None, None)):
        record = event(1, Outcome__c=word)
        assert one_activity("event", record, mapping=mapping, tables=tables).held is held


def test_an_activity_without_a_contact_says_nothing_about_the_customer():
    assert one_activity("event", event(1, WhoId=None)).with_customer is None
    assert one_activity("event", event(1, WhoId=None)).people == ()
    record = event(1)
    del record["WhoId"]
    assert one_activity("event", record).people is None


def test_a_planned_task_is_known_to_have_happened_only_once_it_was_closed():
    done = one_activity("task", task(1, CompletedDateTime="2026-02-09T09:00:00Z"))
    assert (done.known_at, done.at) == (at("2026-02-09T09:00"), at("2026-02-09T09:00"))
    logged = task(1, ActivityDate="2026-02-01", CompletedDateTime="2026-02-02T09:00:01Z")
    assert one_activity("task", logged).at == at("2026-02-01T00:00")


def test_rows_of_the_account_are_on_the_account():
    record = event(1, WhatId=ACC)
    assert one_activity("account_event", record).on_account is True
    assert one_activity("event", event(1)).on_account is False


def test_other_opportunities_of_the_account_are_siblings_and_add_to_its_revenue():
    won = {"StageName": "Closed Won", "IsClosed": True, "IsWon": True, "CloseDate": "2025-06-01"}
    found = read(
        ("opportunity", opportunity()),
        ("opportunity", opportunity(Id="006A00000000002", Amount=7.0, **won)),
        ("opportunity", opportunity(Id="006A00000000003", AccountId="001A00000000009")),
    )
    (sibling,) = found.siblings
    assert (sibling.id, sibling.won_at) == ("006A00000000002", at("2025-06-01T00:00"))
    assert found.account.won_revenue == 7


def test_notes_count_from_when_their_text_was_last_edited():
    note = task(1, Description="#concern: price", LastModifiedDate="2026-03-02T09:00:00Z")
    found = read(("opportunity", opportunity()), ("task", note))
    (concern,) = found.concerns
    assert (concern.topic, concern.known_at) == ("price", at("2026-03-02T09:00"))
    assert found.as_of(at("2026-03-01T00:00")).concerns == ()


def test_the_words_of_a_mail_are_not_the_reps_notes():
    mail = task(1, TaskSubtype="Email", Description="#concern: price")
    assert read(("opportunity", opportunity()), ("task", mail)).concerns == ()


def test_every_version_of_the_next_step_is_read_and_each_line_once():
    found = read(
        ("opportunity", opportunity(NextStep="#concern: price\n#comp: Acme")),
        ("field_history", tracking(1, "NextStep", None, "#concern: price")),
    )
    assert [c.known_at for c in found.concerns] == [at("2026-02-20T08:00")]
    assert [c.name for c in found.competitors] == ["Acme"]


def test_own_fields_are_read_as_if_their_tag_stood_before_them():
    mapping = Mapping(fields={"Opportunity.Pain__c": "need", "Opportunity.Rivals__c": "competitor"})
    record = opportunity(Pain__c="slow lines\nlost orders", Rivals__c="Acme;Globex")
    found = read(("opportunity", record), mapping=mapping, tables=with_fields(mapping.paths()))
    assert [need.text for need in found.needs] == ["slow lines", "lost orders"]
    assert [rival.name for rival in found.competitors] == ["Acme", "Globex"]
    assert found.needs[0].known_at == at("2026-03-01T08:00")


def test_a_payoff_joins_the_need_of_its_person():
    note = task(1, Description="#need: slow @Jo\n#need: dear @Al\n#payoff: two more lines @Jo")
    found = read(("opportunity", opportunity()), ("task", note))
    assert {need.person: need.payoff for need in found.needs} == {
        "Jo": "two more lines",
        "Al": None,
    }


def test_own_words_for_tags_are_read_and_what_is_not_readable_goes_to_its_author():
    mapping = Mapping(tag_aliases={"bedarf": "need"})
    note = task(1, Description="#bedarf: slow\n#ned: slow", OwnerId="005A00000000009")
    step = opportunity(NextStep="#bedarf!: two lines\n#conern: price")
    found = read(("opportunity", step), ("task", note), mapping=mapping)
    assert [need.text for need in found.needs] == ["slow", "two lines"]
    assert [(one.record, one.author, one.line) for one in found.unread] == [
        (note["Id"], "005A00000000009", "#ned: slow"),
        (OPP, REP, "#conern: price"),
    ]
    assert "#need" in found.unread[0].suggestion
    assert found.as_of(at("2026-02-10T00:00")).unread == found.unread[:1]
    assert read(("opportunity", step), ("task", note)).needs == ()


def test_offers_keep_percent_and_their_own_lines():
    found = read(
        ("opportunity", opportunity()),
        (
            "quote",
            {
                "Id": "0Q0000000000001",
                "OpportunityId": OPP,
                "Status": "Presented",
                "TotalPrice": 90.0,
                "Discount": 10.0,
                "CreatedDate": "2026-02-01T08:00:00Z",
                "LastModifiedDate": "2026-02-03T08:00:00Z",
            },
        ),
        (
            "quote_line",
            {
                "Id": "0QL000000000001",
                "QuoteId": "0Q0000000000001",
                "Quote": {"OpportunityId": OPP},
                "Discount": 12.5,
                "CreatedDate": "2026-02-01T08:00:00Z",
            },
        ),
        ("line", {"Id": "00k000000000001", "OpportunityId": OPP, "Discount": None}),
    )
    (quote,) = found.quotes
    assert (quote.discount, quote.sent_at) == (10, at("2026-02-03T08:00"))
    assert quote.lines[0].discount == 12.5
    assert found.lines[0].discount is None


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["2026-02-30", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "#need:"]
    ),
)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_value_of_any_field_makes_it_raise(data):
    rows = [to_row(TABLES["opportunity"], opportunity())]
    for key, table in TABLES.items():
        record = {name: data.draw(JUNK) for name in table.fields if "." not in name}
        record |= {"Id": f"{key}1", "IsRecurrence": False, "IsChild": False}
        if table.parent and "." not in table.parent:
            record[table.parent] = ACC if table.scope == "account" else OPP
        row = to_row(table, record | {"Id": OPP if key == "opportunity" else record["Id"]})
        rows += [row] if row is not None and row.parent in (OPP, ACC) else []
    found = normalize(OPP, rows, Mapping(), ORG, NOW)
    if found is not None:
        found.as_of(NOW - timedelta(days=30))


@pytest.mark.parametrize(
    ("more", "waiting"),
    [
        ({"Status": "Waiting on someone else", "IsClosed": False}, True),
        ({"Status": "Warten auf Kunde", "IsClosed": False}, True),
        ({"Status": "Waiting on someone else", "IsClosed": True}, False),
        ({"Status": "Deferred", "IsClosed": False}, False),
        ({"Status": "Not Started", "IsClosed": False}, False),
        ({"Status": "Parked", "IsClosed": False}, None),
        ({"Status": None, "IsClosed": False}, None),
    ],
)
def test_an_open_task_in_a_waiting_status_waits_for_the_customer(more, waiting):
    words = Mapping(waiting_statuses={"Waiting on someone else", "Warten auf Kunde"})
    found = one_activity("task", task(1, ActivityDate="2026-03-02", **more), mapping=words)
    assert (found.waiting, found.due) == (waiting, date(2026, 3, 2))
    assert one_activity("event", event(1)).waiting is None


def test_what_may_have_changed_since_is_unknown_in_the_past():
    mapping = Mapping(fields={"Opportunity.Ends__c": "contract_end"})
    offer = {"Id": "0Q0A", "OpportunityId": OPP, "Status": "Presented", "ExpirationDate": "x"}
    later = offer | {"Id": "0Q0B", "ExpirationDate": "2026-04-01"}
    made = {"CreatedDate": "2026-02-03T08:00:00.000+0000"}
    waits = task(1, ActivityDate="2026-03-02", Status="Waiting on someone else", IsClosed=False)
    found = read(
        ("opportunity", opportunity(Ends__c="2026-12-31")),
        ("quote", offer | made),
        ("quote", later | made),
        ("task", waits),
        mapping=mapping,
        tables=with_fields(mapping.paths()),
    )
    assert found.contract_end == date(2026, 12, 31)
    assert [quote.expires_on for quote in found.quotes] == [None, date(2026, 4, 1)]
    assert found.needs == found.reasons == ()
    then = found.as_of(NOW - timedelta(days=1))
    assert then.contract_end is None
    assert [quote.expires_on for quote in then.quotes] == [None, None]
    assert [(one.waiting, one.due) for one in then.activities] == [(None, None)]
    now = found.as_of(NOW)
    assert (now.contract_end, now.activities[0].waiting) == (date(2026, 12, 31), True)


@pytest.mark.parametrize("value", ["", None, "soon"])
def test_an_end_of_the_contract_that_makes_no_sense_is_unknown(value):
    fields = {"Opportunity.Ends__c": "contract_end", "Opportunity.Until__c": "contract_end"}
    mapping = Mapping(fields=fields)
    tables = with_fields(mapping.paths())
    only = read(("opportunity", opportunity(Ends__c=value)), mapping=mapping, tables=tables)
    assert only.contract_end is None
    both = opportunity(Ends__c=value, Until__c="2027-01-31")
    found = read(("opportunity", both), mapping=mapping, tables=tables)
    assert found.contract_end == date(2027, 1, 31)


@pytest.mark.parametrize(("count", "party"), [(1, 1), (3, 3), ("2", 2), (0, None), (None, None)])
def test_an_event_says_how_many_took_part_beside_the_one_it_names(count, party):
    found = one_activity("event", event(1, WhoCount=count))
    assert (found.people, found.party) == ((CONTACT,), party)
    assert found.in_the_past().party is None
    assert one_activity("event", event(1)).party is None
