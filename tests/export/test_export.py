"""An export folder as a connector."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmrules.connector import Connector, CreateTask, Result, TaskFields
from crmrules.errors import UsageError
from crmrules.mapping import Mapping
from crmrules.model import Direction, Phase
from crmrules_export import connect

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HEAD = "Id,Name,StageName,CloseDate,CreatedDate"
ROW = "006A00000000001,Acme,Prospecting,2026-05-01,2026-01-05T08:00:00.000Z"


def folder(tmp_path, **files):
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / f"{name}.csv").write_bytes(data)
    return tmp_path


def opened(path, *, mapping=None, **section):
    return connect({"path": str(path), **section}, mapping=mapping or Mapping(), now=lambda: NOW)


def opportunities(connector):
    rows = defaultdict(list)
    for batch in connector.pull(None):
        for row in batch.rows:
            rows[row.parent].append(row)
    found = (connector.normalize(parent, rows[parent]) for parent in rows)
    return {item.id: item for item in found if item is not None}


def test_it_is_a_connector_that_writes_nothing(tmp_path):
    connector = opened(folder(tmp_path, Opportunity=f"{HEAD}\n{ROW}\n"))
    assert isinstance(connector, Connector)
    assert connector.check().capabilities.tasks is False
    task = TaskFields("s", "b", date(2026, 1, 1), "005", "006", "rule")
    (outcome,) = connector.write([CreateTask("k", task)])
    assert outcome.result is Result.CONFIG
    assert outcome.remedy
    assert connector.tasks_by_key({"k": ""}) == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_any_of_three_encodings_is_read(tmp_path, encoding):
    name = "Müller \u2019 Söhne"
    text = f"{HEAD}\n{ROW.replace('Acme', name)}\n"
    found = opportunities(opened(folder(tmp_path, Opportunity=text.encode(encoding))))
    assert found["006A00000000001"].name == name


def test_semicolons_column_case_and_line_breaks_in_cells_are_read(tmp_path):
    text = 'ID;STAGENAME;NEXTSTEP\n006A00000000001;Prospecting;"#concern: price\n#comp: Acme"\n'
    found = opportunities(opened(folder(tmp_path, Opportunity=text)))["006A00000000001"]
    assert found.phase is Phase.RECOGNITION
    assert [c.topic for c in found.concerns] == ["price"]
    assert [c.name for c in found.competitors] == ["Acme"]


def test_an_absent_column_is_unknown_and_named_as_missing(tmp_path):
    connector = opened(folder(tmp_path, Opportunity=f"{HEAD}\n{ROW}\n"))
    found = opportunities(connector)["006A00000000001"]
    for name in ("amount", "owner", "account", "people", "activities", "changes", "quotes"):
        assert getattr(found, name) is None, name
    said = [problem.what for problem in connector.check().problems]
    assert any("no column" in what and "Amount" in what for what in said)
    assert "there is no Task.csv" in said


def test_extra_columns_and_files_are_ignored_but_listed(tmp_path):
    path = folder(tmp_path, Opportunity=f"{HEAD},Shoe Size\n{ROW},43\n", Lead="Id\n00Q1\n")
    said = [problem.what for problem in opened(path).check().problems]
    assert "Opportunity.csv: not used: Shoe Size" in said
    assert any(what.startswith("Lead.csv is not used") for what in said)


@pytest.mark.parametrize("value", ["02/03/24", "2/3/2024", "02.03.2024", "02/03/24 09:15 AM"])
def test_a_date_without_a_stated_order_is_refused_with_file_column_and_value(tmp_path, value):
    path = folder(tmp_path, Opportunity=f"{HEAD}\n{ROW.replace('2026-05-01', value)}\n")
    with pytest.raises(UsageError) as error:
        opened(path).check()
    for part in ("Opportunity.csv", "CloseDate", value, "mdy", "dmy"):
        assert part in str(error.value)


@pytest.mark.parametrize(("order", "expected"), [("mdy", "2024-02-03"), ("dmy", "2024-03-02")])
def test_the_stated_order_is_followed(tmp_path, order, expected):
    path = folder(tmp_path, Opportunity=f"{HEAD}\n{ROW.replace('2026-05-01', '02/03/24')}\n")
    found = opportunities(opened(path, dates=order))["006A00000000001"]
    assert found.close_date == date.fromisoformat(expected)


@pytest.mark.parametrize("value", ["23/02/24", "soon", "2024-02-30", "02/30/24"])
def test_a_date_that_the_stated_order_cannot_read_is_refused(tmp_path, value):
    path = folder(tmp_path, Opportunity=f"{HEAD}\n{ROW.replace('2026-05-01', value)}\n")
    with pytest.raises(UsageError, match="CloseDate"):
        opened(path, dates="mdy").check()


@given(st.dates(date(1970, 1, 1), date(2069, 12, 31)), st.sampled_from(["mdy", "dmy"]))
def test_a_written_date_reads_back_in_its_own_order(value, order):
    from crmrules_export.dates import Dates

    pattern = {"mdy": "%m/%d/%y", "dmy": "%d/%m/%y"}[order]
    text = value.strftime(pattern)
    assert Dates(order, "UTC").iso(text, file="f", column="c") == value.isoformat()


def test_times_without_a_zone_are_in_the_stated_one(tmp_path):
    row = ROW.replace("2026-01-05T08:00:00.000Z", "01/05/26 08:00 PM")
    path = folder(tmp_path, Opportunity=f"{HEAD}\n{row}\n")
    found = opportunities(opened(path, dates="mdy", time_zone="Europe/Berlin"))
    assert found["006A00000000001"].created_at == datetime(2026, 1, 5, 19, tzinfo=UTC)


def test_the_moment_is_inside_the_data_and_the_settings_win(tmp_path):
    text = f"{HEAD},LastModifiedDate\n{ROW},2026-03-01T10:00:00.000+0000\n"
    path = folder(tmp_path, Opportunity=text)
    assert opened(path).as_of == datetime(2026, 3, 1, 10, tzinfo=UTC)
    stated = opened(path, as_of="2026-02-01T00:00:00")
    assert stated.as_of == datetime(2026, 2, 1, tzinfo=UTC)
    (found,) = opportunities(stated).values()
    assert found.observed_at == stated.as_of


def test_without_any_stamp_the_last_closing_is_the_moment(tmp_path):
    text = "Id,StageName,CloseDate\n006A1,Closed Won,2021-03-01\n006A2,Prospecting,2022-01-01\n"
    connector = opened(folder(tmp_path, Opportunity=text))
    assert connector.as_of == datetime(2021, 3, 1, tzinfo=UTC)
    assert opportunities(connector)["006A1"].won is True


def test_parents_come_from_their_own_files(tmp_path):
    path = folder(
        tmp_path,
        Opportunity=f"{HEAD},AccountId,OwnerId\n{ROW},001A00000000001,005A00000000001\n",
        Account="Id,Name,OwnerId\n001A00000000001,Acme Inc,005A00000000002\n",
        User=(
            "Id,FirstName,LastName,IsActive,ManagerId\n"
            "005A00000000001,Rita,Rep,1,005A00000000002\n"
            "005A00000000002,,Boss,0,\n"
        ),
        Contact="Id,FirstName,LastName,Title,EmailBouncedDate\n003A00000000001,Jo,Ortiz,CFO,\n",
        OpportunityContactRole=(
            "Id,OpportunityId,ContactId,Role\n00K1,006A00000000001,003A00000000001,Decision Maker\n"
        ),
        Task=(
            "Id,WhatId,WhoId,TaskSubtype,CallType,Status,CreatedDate\n"
            "00T1,006A00000000001,003A00000000001,Call,Inbound,Completed,2026-02-01T08:00:00Z\n"
            "00T2,001A00000000001,,Task,,Completed,2026-02-01T08:00:00Z\n"
        ),
        Event="Id,WhatId\n",
    )
    connector = opened(path)
    found = opportunities(connector)["006A00000000001"]
    assert found.account.name == "Acme Inc"
    assert found.account.owner_active is False
    rita = found.users[0]
    assert (rita.name, rita.active, rita.manager) == ("Rita Rep", True, "005A00000000002")
    (person,) = found.people
    assert (person.name, person.senior, person.bounced) == ("Jo Ortiz", True, False)
    (call,) = found.activities
    assert (call.direction, call.people) == (Direction.INBOUND, ("003A00000000001",))
    rows = [row for batch in connector.pull(None) for row in batch.rows]
    assert next(row for row in rows if row.id == "00T2").account == "001A00000000001"


def test_a_parent_that_is_not_in_its_file_is_unknown(tmp_path):
    path = folder(
        tmp_path,
        Opportunity=f"{HEAD},AccountId,OwnerId\n{ROW},001A1,005A1\n",
        User="Id,Name,IsActive\n005A9,Else,1\n",
    )
    found = opportunities(opened(path))["006A00000000001"]
    assert (found.account.name, found.account.employees) == ("001A1", None)
    assert (found.users[0].id, found.users[0].active) == ("005A1", None)


def test_a_json_tree_gives_ids_by_reference_and_children_their_parent(tmp_path):
    tree = {
        "records": [
            {
                "attributes": {"type": "Account", "referenceId": "AccountRef1"},
                "Name": "Acme",
                "Opportunities": {
                    "records": [
                        {
                            "attributes": {"type": "Opportunity", "referenceId": "OpportunityRef1"},
                            "Name": "Line 3",
                            "StageName": "Closed Lost",
                            "CloseDate": "2026-01-01",
                        }
                    ]
                },
            },
            {
                "attributes": {"type": "Task", "referenceId": "TaskRef1"},
                "WhatId": "@OpportunityRef1",
                "Description": "@Bob said\n#concern: price",
            },
        ]
    }
    (tmp_path / "all.json").write_text(json.dumps(tree))
    (tmp_path / "all-plan.json").write_text("[]")
    found = opportunities(opened(tmp_path))["OpportunityRef1"]
    assert (found.won, found.account.name) == (False, "Acme")
    assert [c.topic for c in found.concerns] == ["price"]


def test_a_custom_field_is_read_by_its_api_name(tmp_path):
    path = folder(tmp_path, Opportunity=f"{HEAD},Pain__c\n{ROW},slow lines\n")
    mapping = Mapping(fields={"Opportunity.Pain__c": "need"})
    found = opportunities(opened(path, mapping=mapping))["006A00000000001"]
    assert [need.text for need in found.needs] == ["slow lines"]
    assert opportunities(opened(path))["006A00000000001"].needs == ()


def test_an_unmapped_stage_is_a_problem(tmp_path):
    text = f"{HEAD}\n{ROW.replace('Prospecting', 'Parked')}\n"
    said = [p.what for p in opened(folder(tmp_path, Opportunity=text)).check().problems]
    assert "stage 'Parked' of pipeline 'default' has no buying phase" in said


@pytest.mark.parametrize(
    ("files", "section", "part"),
    [
        ({}, {}, "no Opportunity.csv"),
        ({"Opportunity": ""}, {}, "header row"),
        ({"Opportunity": "Id,Id\n1,2\n"}, {}, "Id is there twice"),
        ({"Opportunity": f'{HEAD}\n"006'}, {}, "not CSV"),
        ({"Opportunity": f"{HEAD}\n{ROW}"}, {"dates": "ymd"}, "dates"),
        ({"Opportunity": f"{HEAD}\n{ROW}"}, {"pth": "x"}, "did you mean 'path'"),
        ({"Opportunity": f"{HEAD}\n{ROW}"}, {"time_zone": "Mars"}, "Mars"),
        ({"Opportunity": f"{HEAD}\n{ROW}"}, {"path": "/no/such/folder"}, "not a folder"),
    ],
)
def test_what_is_wrong_with_an_export_is_said_with_a_remedy(tmp_path, files, section, part):
    path = folder(tmp_path, **files)
    with pytest.raises(UsageError) as error:
        connect({"path": str(path), **section}, mapping=Mapping(), now=lambda: NOW).check()
    assert part in str(error.value)
    assert error.value.remedy


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "3", '{"records": 3}', '{"records": [3]}'])
def test_a_broken_or_foreign_json_file_ends_in_a_sentence(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UsageError):
        opened(tmp_path).check()


def test_the_last_page_says_that_the_listing_is_complete(tmp_path):
    rows = "\n".join(ROW.replace("0001,", f"{n:04},") for n in range(1200))
    connector = opened(folder(tmp_path, Opportunity=f"{HEAD}\n{rows}\n"))
    batches = list(connector.pull(object()))
    assert [len(batch.rows) for batch in batches] == [500, 500, 200]
    assert [bool(batch.complete) for batch in batches] == [False, False, True]


def test_a_developer_orgs_export_is_read_as_it_is(shared_data):
    section = {"path": "salesforce_devorg_csv"}
    with pytest.raises(UsageError, match="order of day and month"):
        connect(section, mapping=Mapping(), folder=shared_data).check()
    connector = connect(section | {"dates": "mdy"}, mapping=Mapping(), folder=shared_data)
    found = opportunities(connector)
    assert len(found) == 36
    assert sum(bool(item.changes) for item in found.values()) == 11
    assert all(item.created_at <= connector.as_of for item in found.values())
    assert connector.as_of.year == 2026
    assert all(item.people is None and item.activities is None for item in found.values())
    assert found["006bm00000LKJNTAA5"].account.name == "United Oil & Gas Corp."
    assert found["006bm00000LKJNTAA5"].won is False


def test_the_demo_opportunities_are_read_as_they_are(shared_data):
    section = {"path": "salesforce_demo_opps_cc0"}
    connector = connect(section, mapping=Mapping(), folder=shared_data, now=lambda: NOW)
    found = opportunities(connector)
    assert len(found) == 278
    assert sum(item.won is True for item in found.values()) == 112
    assert sum(item.won is False for item in found.values()) == 17
    assert connector.as_of.year in range(2018, 2022)
    assert all(item.owner is None and item.changes is None for item in found.values())
    assert any(item.next_step == "great win for us" for item in found.values())
