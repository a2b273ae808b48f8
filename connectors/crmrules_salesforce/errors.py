"""What every Salesforce error code means for us: which outcome, and what to do about it.

One table for both places a code appears in (``errorCode`` of a request, ``statusCode`` of an item).
Know before changing: a code that is missing here falls to a pattern and at last to "this record is
refused", so a new code can never stop a run or be taken for success. ``stops`` marks codes after
which no other record will go through either.

It raises for whole requests and classifies for single records; it does not retry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from crmrules.connector import Outcome, Result
from crmrules.errors import (
    AccessError,
    ConnectorError,
    CrmRulesError,
    GuardError,
    RetryableError,
    UsageError,
)


class Meaning(NamedTuple):
    """Outcome of a record with this code, what to do, and whether it would hit every record."""

    result: Result
    remedy: str
    stops: bool = False


class TooLargeError(RetryableError):
    """The request or its answer was too big or too slow: ask for less at once."""


class LocatorGoneError(RetryableError):
    """The cursor of a query has expired: start that query again."""


PERMISSION_SET = "CrmRules Integration"
_FLS = (
    f"grant the field to the integration user in the permission set '{PERMISSION_SET}', or deploy "
    "deploy/salesforce if the org does not have it"
)
_BUG = "this is a mistake of crmrules, please report it with the log of this run"
_LATER = "nothing to do: the next run tries again"

_RETRY, _DEFER, _REJECT = Result.RETRY, Result.DEFERRED, Result.REJECTED
_CONFIG, _MOOT, _UNSURE = Result.CONFIG, Result.MOOT, Result.UNCERTAIN

CODES: Mapping[str, Meaning] = {
    "UNABLE_TO_LOCK_ROW": Meaning(_RETRY, "another process holds the record: " + _LATER),
    "QUERY_TIMEOUT": Meaning(_RETRY, _LATER),
    "INVALID_QUERY_LOCATOR": Meaning(_RETRY, _LATER),
    "SERVER_UNAVAILABLE": Meaning(_UNSURE, "Salesforce is overloaded; " + _LATER),
    "UNKNOWN_EXCEPTION": Meaning(_UNSURE, "an internal error of Salesforce; " + _LATER),
    "BAD_GATEWAY": Meaning(_UNSURE, _LATER),
    "PROCESSING_HALTED": Meaning(_RETRY, _LATER),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Meaning(_RETRY, _LATER),
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": Meaning(_RETRY, _LATER),
    "REQUEST_RUNNING_TOO_LONG": Meaning(_RETRY, _LATER),
    "ENTITY_IS_LOCKED": Meaning(
        _DEFER, "the record is in an approval process; it is tried again in the next run"
    ),
    "ENTITY_IS_DELETED": Meaning(_MOOT, "the record was deleted; nothing is left to do"),
    "INVALID_CROSS_REFERENCE_KEY": Meaning(
        _MOOT, "the record it belongs to is gone or not visible to the integration user"
    ),
    "DUPLICATE_EXTERNAL_ID": Meaning(
        _CONFIG, "make the field CrmRules_Key__c of Activity unique: deploy deploy/salesforce", True
    ),
    "DUPLICATE_VALUE": Meaning(
        _REJECT, "another record has the same value in a unique field; change one of them"
    ),
    "DUPLICATES_DETECTED": Meaning(_REJECT, "a duplicate rule refuses it; look at the rule"),
    "INVALID_FIELD": Meaning(_CONFIG, _FLS, True),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Meaning(_CONFIG, _FLS, True),
    "INVALID_TYPE": Meaning(
        _CONFIG, "switch the feature on, or give the integration user read access to the object"
    ),
    "NOT_FOUND": Meaning(_CONFIG, _FLS),
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning(
        _CONFIG, f"give edit access through sharing or the permission set '{PERMISSION_SET}'"
    ),
    "INSUFFICIENT_ACCESS": Meaning(
        _CONFIG, f"give edit access through sharing or the permission set '{PERMISSION_SET}'"
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Meaning(
        _CONFIG, "give the integration user access to the opportunity and to the task's owner"
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning(
        _REJECT, "an Apex trigger or flow refuses it; show its message to who maintains it"
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning(
        _REJECT, "a validation rule refuses it; exempt the integration user from the rule"
    ),
    "REQUIRED_FIELD_MISSING": Meaning(
        _REJECT, "give the required field a default, or exempt the integration user"
    ),
    "STRING_TOO_LONG": Meaning(_REJECT, "shorten the text in the overlay"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning(
        _REJECT, "add the value to the picklist, or make the picklist unrestricted"
    ),
    "INACTIVE_OWNER_OR_USER": Meaning(
        _REJECT, "set [tasks] fallback_owner to an active user, or reassign the opportunity"
    ),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": Meaning(
        _REJECT, "set [tasks] fallback_owner to a user who may own tasks"
    ),
    "STORAGE_LIMIT_EXCEEDED": Meaning(_CONFIG, "free data storage in the org", True),
    "LIMIT_EXCEEDED": Meaning(_CONFIG, "the org has reached a limit; see its message", True),
    "EXCEEDED_ID_LIMIT": Meaning(_CONFIG, _BUG, True),
    "MALFORMED_QUERY": Meaning(_CONFIG, _BUG),
    "MALFORMED_ID": Meaning(_REJECT, "check the ids in the configuration"),
    "JSON_PARSER_ERROR": Meaning(_CONFIG, _BUG),
    "INVALID_SESSION_ID": Meaning(_DEFER, "sign in again: run crmrules doctor", True),
    "INVALID_LOGIN": Meaning(_CONFIG, "run crmrules doctor", True),
    "API_DISABLED_FOR_ORG": Meaning(_CONFIG, "this edition has no API; ask Salesforce", True),
    "API_CURRENTLY_DISABLED": Meaning(_DEFER, "the API is switched off for now; " + _LATER, True),
    "UNSUPPORTED_API_VERSION": Meaning(_CONFIG, "set [salesforce] api_version to 63.0", True),
    "REQUEST_LIMIT_EXCEEDED": Meaning(
        _DEFER, "the org's daily API calls are used up: wait for the 24 hours to pass", True
    ),
    "TXN_SECURITY_METERING_ERROR": Meaning(
        _CONFIG, "a transaction security policy blocks the query; exempt the integration user"
    ),
    "READ_ONLY_MAINTENANCE": Meaning(_DEFER, "the org is read-only for maintenance; " + _LATER),
}

_PATTERNS: tuple[tuple[str, Meaning], ...] = (
    (r"LIMIT_EXCEEDED|LIMIT_REACHED|MAX(IMUM)?_.*EXCEEDED|^TOO_MANY", CODES["LIMIT_EXCEEDED"]),
    (r"^INSUFFICIENT_|_ACCESS_RESTRICT|NO_ACCESS|NOT_AUTHORIZED", CODES["INSUFFICIENT_ACCESS"]),
    (r"_IS_LOCKED$|_LOCKED$|IN_PROGRESS|IN_PROCESS$", CODES["ENTITY_IS_LOCKED"]),
    (r"^(UNABLE_TO_LOCK|.*TIMEOUT$)", CODES["UNABLE_TO_LOCK_ROW"]),
    (r"_DELETED$|_NOT_FOUND$", Meaning(_MOOT, "a record it needs is gone; nothing is left to do")),
    (
        r"_DISABLED|NOT_ENABLED|NOT_SUPPORTED|^UNSUPPORTED",
        Meaning(_CONFIG, "switch the feature named in the message on in the org"),
    ),
)


def meaning(code: str) -> Meaning:
    """Return what a code means; a code nobody has listed refuses just its record."""
    known = CODES.get(code)
    if known is not None:
        return known
    for pattern, found in _PATTERNS:
        if re.search(pattern, code):
            return found
    return Meaning(_REJECT, f"Salesforce refused the record with {code}; act on its message")


def outcome(code: str, message: str) -> Outcome:
    """Return the outcome of one record refused with this code, its message kept word for word."""
    found = meaning(code)
    return Outcome(found.result, error=f"{code}: {message.strip()}", remedy=found.remedy)


def first_error(body: Any) -> tuple[str, str]:
    """Return code and message of an error body of any of the shapes Salesforce uses."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, Mapping):
        code = body.get("errorCode") or body.get("statusCode") or body.get("error") or ""
        message = body.get("message") or body.get("error_description") or ""
        return str(code), " ".join(str(message).split())[:500]
    return "", ""


TRANSIENT = frozenset({406, 408, 420, 429, 500, 502, 503, 504})
"""Statuses after which a read is tried again; 406, 420, 502 and 504 come from Salesforce Edge."""


def error_for(status: int, body: Any, where: str) -> CrmRulesError:
    """Return the error of a refused request: a query, a describe, or a whole call."""
    code, message = first_error(body)
    text = f"{code or f'HTTP {status}'}: {message}" if message else f"{code} (HTTP {status})"
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "Concurrent" in message:
            return RetryableError(text, remedy=_LATER, where=where)
        quota = f"the org's quota of API calls is used up ({message or code})"
        return GuardError(quota, remedy=CODES[code].remedy, where=where)
    if code == "INVALID_QUERY_LOCATOR":
        return LocatorGoneError(text, remedy=_LATER, where=where)
    if code == "QUERY_TIMEOUT" or status in {413, 414, 431}:
        return TooLargeError(text, remedy="narrow what is pulled, or try at a quiet hour")
    if status in TRANSIENT:
        return RetryableError(text, remedy="try again later; see status.salesforce.com")
    return _refusal(status, code, text, where)


def _refusal(status: int, code: str, text: str, where: str) -> CrmRulesError:
    remedy = meaning(code).remedy if code else "run crmrules doctor"
    if 300 <= status < 400:
        remedy = "set [salesforce] instance_url to the org's own My Domain address"
        return AccessError("the server redirects to another address", remedy=remedy, where=where)
    if status == 410 or code == "UNSUPPORTED_API_VERSION":
        remedy = CODES["UNSUPPORTED_API_VERSION"].remedy
        return UsageError("this API version is retired", remedy=remedy, where=where)
    if status in {401, 403}:
        return AccessError(text, remedy=remedy, where=where)
    return ConnectorError(text, remedy=remedy, where=where)
