from __future__ import annotations

import pytest

from crmrules.connector import Result
from crmrules.errors import CrmRulesError, GuardError, RetryableError
from crmrules_salesforce.errors import (
    CODES,
    LocatorGoneError,
    TooLargeError,
    error_for,
    meaning,
    outcome,
)
from crmrules_salesforce.records import long_id

OUTCOMES = {
    Result.RETRY: ["UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT"],
    Result.DEFERRED: ["ENTITY_IS_LOCKED", "REQUEST_LIMIT_EXCEEDED"],
    Result.MOOT: ["ENTITY_IS_DELETED"],
    Result.UNCERTAIN: ["SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"],
    Result.CONFIG: [
        *("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "NOT_FOUND"),
        *("INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"),
        *("STORAGE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "DUPLICATE_EXTERNAL_ID"),
        *("EXCEEDED_ID_LIMIT", "MALFORMED_QUERY", "TXN_SECURITY_METERING_ERROR"),
    ],
    Result.REJECTED: [
        *("STRING_TOO_LONG", "REQUIRED_FIELD_MISSING", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        *("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
        *("INACTIVE_OWNER_OR_USER", "DUPLICATES_DETECTED", "A_CODE_NOBODY_KNOWS"),
    ],
}


@pytest.mark.parametrize(
    ("code", "result"), [(code, result) for result, codes in OUTCOMES.items() for code in codes]
)
def test_a_code_means_what_to_do_next(code, result):
    assert meaning(code).result is result


def test_no_code_of_salesforce_is_taken_for_success(shared_data):
    codes = (shared_data / "salesforce_recorded" / "statuscodes.txt").read_text().split()
    assert len(codes) == 592
    for code in [*codes, *CODES]:
        found = outcome(code, "said so")
        assert found.result not in {Result.DONE, Result.ALREADY}
        assert found.remedy
        assert "said so" in found.error


@pytest.mark.fault("H13")
@pytest.mark.parametrize("status", [*range(300, 309), *range(400, 452), *range(500, 512)])
@pytest.mark.parametrize("body", ["<html>", [], None, [{"errorCode": "X", "message": "y"}], {}])
def test_every_status_is_an_error_with_a_remedy(status, body):
    found = error_for(status, body, "here")
    assert isinstance(found, CrmRulesError)
    assert found.remedy
    transient = status in {406, 408, 413, 414, 420, 429, 431, 500, 502, 503, 504}
    assert isinstance(found, RetryableError) is transient


def limit(message):
    return error_for(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}], "x")


@pytest.mark.fault("H2")
def test_the_day_limit_stops_and_the_concurrency_limit_does_not():
    assert isinstance(limit("TotalRequests Limit exceeded."), GuardError)
    concurrent = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    assert isinstance(limit(concurrent), RetryableError)


def test_queries_fail_in_ways_the_planner_can_answer():
    gone = error_for(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "m"}], "x")
    slow = error_for(400, [{"errorCode": "QUERY_TIMEOUT", "message": "m"}], "x")
    assert isinstance(gone, LocatorGoneError)
    assert isinstance(slow, TooLargeError)


def test_a_short_id_gets_the_suffix_salesforce_gives_it():
    assert long_id("001U000001c83gK") == "001U000001c83gKIAQ"
    assert long_id("01gD0000002HU6K") == "01gD0000002HU6KIAW"
    assert long_id("<unknown>") is None
