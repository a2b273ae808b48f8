from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crmrules.connector import CreateTask, Organization, Preflight, Result, TaskFields
from crmrules.model import OurTask
from crmrules_salesforce.schema import Schema, Statuses
from crmrules_salesforce.writer import Writer

KEY, TASK = "cr1:1:o:abc", "00T8M000003uKqqUAE"
SAID = "duplicate value found: {} duplicates value on record with id: {}"


class Answers:
    """A transport that gives one prepared answer to each collection."""

    base = "/services/data/v63.0/"

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def write(self, method, path, body):
        self.sent.append(body)
        answer = self.answers.pop(0)
        return {"compositeResponse": [{"referenceId": "w0", **answer}]} if answer else {}

    def pause(self, attempt):
        pass


def refused(message, code="DUPLICATE_VALUE"):
    errors = [{"statusCode": code, "message": message, "fields": []}]
    return {"httpStatusCode": 200, "body": [{"success": False, "errors": errors}]}


def write(answer, there=()):
    schema = Schema(Preflight(Organization("00D")), {}, Statuses(), {})
    known = {
        key: OurTask(record=TASK, known_at=datetime(2026, 1, 1, tzinfo=UTC), key=key, id=TASK)
        for key in there
    }
    asked = []

    def find(keys):
        asked.extend(keys)
        return {key: known[key] for key in keys if key in known}

    transport = Answers(answer)
    fields = TaskFields("s", "b", date(2026, 1, 2), "005", "006", "rule")
    [found] = Writer(transport, schema, find).write([CreateTask(KEY, fields)])
    assert len(transport.sent) == 1
    return found, asked


@pytest.mark.fault("H12")
def test_a_duplicate_of_our_key_is_done_and_its_short_id_is_completed():
    found, asked = write(refused(SAID.format("CrmRules_Key__c", TASK[:15])))
    assert (found.result, found.id, asked) == (Result.ALREADY, TASK, [])


@pytest.mark.fault("H12")
@pytest.mark.parametrize("field", ["CrmRules_Key__c", "<unknown>"])
def test_a_duplicate_that_names_no_record_is_looked_up(field):
    found, asked = write(refused(SAID.format(field, "<unknown>")), there=[KEY])
    assert (found.result, found.id, asked) == (Result.ALREADY, TASK, [KEY])


@pytest.mark.fault("H12")
def test_a_key_taken_by_an_invisible_record_is_done_and_said_so():
    found, _ = write(refused(SAID.format("CrmRules_Key__c", "<unknown>")))
    assert (found.result, found.id) == (Result.ALREADY, None)
    assert "cannot be seen" in found.error


@pytest.mark.parametrize("field", ["Other__c", "<unknown>"])
def test_a_duplicate_of_something_else_is_refused(field):
    found, _ = write(refused(SAID.format(field, "<unknown>")))
    assert found.result is Result.REJECTED


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"httpStatusCode": 500, "body": None},
        {"httpStatusCode": 200, "body": []},
        {"httpStatusCode": 200, "body": "half"},
        {"httpStatusCode": 200, "body": [{"success": False, "errors": []}]},
        refused("An unexpected error", "UNKNOWN_EXCEPTION"),
    ],
)
def test_an_answer_that_says_nothing_is_uncertain(answer):
    assert write(answer)[0].result is Result.UNCERTAIN


def test_a_refused_collection_is_a_matter_of_its_code():
    body = [{"errorCode": "EXCEEDED_ID_LIMIT", "message": "m"}]
    assert write({"httpStatusCode": 400, "body": body})[0].result is Result.CONFIG
