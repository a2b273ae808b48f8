"""Exports under file and column names of their own."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from crmrules.errors import UsageError
from crmrules.mapping import Mapping
from crmrules_export import connect

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DEALS = "key,who,step,end\n1,Genco Pura Olive,Won,2017-03-01\n2,Genco Pura Olives,Lost,2017-03-02\n"
OPPORTUNITY = {
    "file": "deals.csv",
    "columns": {"Id": "key", "Name": "key", "AccountId": "who", "StageName": "step"}
    | {"CloseDate": "end"},
}
FIRMS = "firm,people\nGenco Pura Olive,10\nGenco Pura Olives,20\n"
ACCOUNT = {
    "file": "firms.csv",
    "columns": {"Id": "firm", "Name": "firm", "NumberOfEmployees": "people"},
}


def opened(folder, **objects):
    (folder / "deals.csv").write_text(DEALS)
    (folder / "firms.csv").write_text(FIRMS)
    words = Mapping(won_stages=["Won"], lost_stages=["Lost"])
    section = {"path": str(folder), "objects": objects}
    return connect(section, mapping=words, now=lambda: NOW)


def opportunities(connector):
    rows = defaultdict(list)
    for batch in connector.pull(None):
        for row in batch.rows:
            rows[row.parent].append(row)
    found = (connector.normalize(parent, rows[parent]) for parent in rows)
    return {item.id: item for item in found if item is not None}


def test_files_and_columns_of_other_names_are_read(tmp_path):
    connector = opened(tmp_path, Opportunity=OPPORTUNITY, Account=ACCOUNT)
    found = opportunities(connector)
    assert [found[key].won for key in "12"] == [True, False]
    said = [problem.what for problem in connector.check().problems]
    assert not any("deals.csv: not used" in what or "is not used" in what for what in said)


def test_names_that_begin_alike_are_different_accounts(tmp_path):
    found = opportunities(opened(tmp_path, Opportunity=OPPORTUNITY, Account=ACCOUNT))
    assert found["1"].account.name == "Genco Pura Olive"
    assert found["2"].account.name == "Genco Pura Olives"


@pytest.mark.parametrize(
    ("objects", "parts"),
    [
        ({"Oportunity": OPPORTUNITY}, ("no object 'Oportunity'", "'Opportunity'?")),
        ({"Opportunity": OPPORTUNITY | {"file": "deal.csv"}}, ("no file", "'deals.csv'?")),
        (
            {"Opportunity": {"file": "deals.csv", "columns": {"Id": "kee"}}},
            ("deals.csv has no column 'kee'", "'key'?"),
        ),
        ({"Opportunity": OPPORTUNITY | {"colums": {}}}, ("objects.Opportunity.colums",)),
    ],
)
def test_a_wrong_name_is_said_with_the_one_probably_meant(tmp_path, objects, parts):
    with pytest.raises(UsageError) as error:
        opened(tmp_path, **objects)
    assert all(part in f"{error.value} {error.value.remedy}" for part in parts)
