"""What HubSpot's error answers mean: what to do next, and for whom the sentence is.

Know before changing: every part of an error body is optional, and its message is for people, so a
decision rests on the HTTP status and ``category`` first. A 403 for a missing scope names the scopes
of which any one is enough (``requiredGranularScopes``; older bodies: ``requiredScopes``). A 429 was
not processed. A code nobody has listed refuses its record and nothing else.

It raises for whole requests and classifies for single records; it does not retry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crmrules.connector import Outcome, Result
from crmrules.errors import (
    AccessError,
    ConnectorError,
    CrmRulesError,
    GuardError,
    RetryableError,
    UsageError,
)

_KEYS = "in HubSpot: Development > Keys > Service keys"
FEATURES: Mapping[str, str] = {
    "crm.objects.deals.read": "the opportunities themselves",
    "crm.objects.contacts.read": "people, calls, meetings, notes and our own tasks",
    "crm.objects.companies.read": "accounts",
    "crm.objects.owners.read": "whom to ask",
    "crm.objects.quotes.read": "quotes",
    "crm.objects.line_items.read": "product lines and their discounts",
    "sales-email-read": "mail, who wrote to whom",
    "crm.objects.deals.write": "status, flags and summary on the opportunity",
    "crm.objects.contacts.write": "tasks",
    "crm.schemas.deals.read": "whether our properties exist",
    "crm.schemas.deals.write": "making our properties (crmrules provision)",
}
"""Scope -> what needs it (hubspot.md, 2, least scopes)."""

TRANSIENT = frozenset({408, 423, 429, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses after which the same call may work; 477: the account is being moved."""


class MissingScopeError(AccessError):
    """The token lacks a scope; any one of ``scopes`` is enough."""

    def __init__(self, scopes: tuple[str, ...], where: str) -> None:
        self.scopes = scopes
        named = " or ".join(scopes) or "a scope that HubSpot does not name"
        needed = next((FEATURES[scope] for scope in scopes if scope in FEATURES), where)
        super().__init__(
            f"the token lacks the scope {named}, needed for {needed}",
            remedy=f"add the scope to the service key ({_KEYS}), or do without {needed}",
            where="[hubspot] access_token_file",
        )


class RefusedError(ConnectorError):
    """A 4xx that speaks of what was sent: nothing of it was done."""

    def __init__(self, status: int, body: Any, where: str) -> None:
        self.status, self.body = status, body
        super().__init__(
            said(status, body),
            remedy="act on what HubSpot says; if it makes no sense, report it with the run's log",
            where=where,
        )


def parts(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the error body and the errors inside it, outermost first."""
    if isinstance(body, Mapping):
        yield body
        inner = body.get("errors")
        for one in inner if isinstance(inner, list) else ():
            yield from parts(one)


def category(body: Any) -> str:
    """Return HubSpot's word for the kind of error; "" where there is none."""
    return str(body.get("category") or "") if isinstance(body, Mapping) else ""


def said(status: int, body: Any) -> str:
    """Return what HubSpot said in one line, its messages word for word."""
    words = [str(part["message"]) for part in parts(body) if part.get("message")]
    text = " ".join(" ".join(dict.fromkeys(words)).split())[:500]
    return f"{category(body) or f'HTTP {status}'}: {text}" if text else f"HTTP {status}"


def scopes(body: Any) -> tuple[str, ...]:
    """Return the scopes of which any one would be enough, as the answer names them."""
    found: list[str] = []
    for part in parts(body):
        context = part.get("context")
        for name in ("requiredGranularScopes", "requiredScopes", "missingScopes"):
            value = context.get(name) if isinstance(context, Mapping) else None
            found += [str(one) for one in _listed(value)]
    return tuple(dict.fromkeys(found))


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        return value
    return re.findall(r"[\w.-]+", value) if isinstance(value, str) else ()


def policy(body: Any) -> str:
    """Return which limit a 429 speaks of: DAILY, SECONDLY, TEN_SECONDLY_ROLLING, or ""."""
    return str(body.get("policyName") or "") if isinstance(body, Mapping) else ""


def error_for(status: int, body: Any, where: str) -> CrmRulesError:
    """Return the error of a refused request."""
    text = said(status, body)
    if status == 429 and policy(body) == "DAILY":
        return GuardError(
            f"the portal's API calls of this day are used up ({text})",
            remedy="wait until midnight in the portal's time zone, or ask who else uses them",
            where=where,
        )
    if status in TRANSIENT:
        return RetryableError(text, remedy="try again later; see status.hubspot.com", where=where)
    return _refusal(status, body, text, where)


def _refusal(status: int, body: Any, text: str, where: str) -> CrmRulesError:
    if status == 403 and (category(body) == "MISSING_SCOPES" or scopes(body)):
        return MissingScopeError(scopes(body), where)
    if status in {401, 530}:
        return AccessError(
            f"HubSpot does not accept the token ({text})",
            remedy=f"put the current service key ({_KEYS}) into the file, alone and whole",
            where="[hubspot] access_token_file",
        )
    if status == 403:
        remedy = "check the scopes of the service key and that the feature is part of the plan"
        return AccessError(text, remedy=remedy, where=where)
    if 300 <= status < 400:
        remedy = "set [hubspot] base_url to the API's own address"
        return AccessError("the server redirects to another address", remedy=remedy, where=where)
    if status == 410:
        remedy = "set [hubspot] api_version to a version HubSpot still answers"
        return UsageError("this API version is retired", remedy=remedy, where=where)
    return RefusedError(status, body, where)


_GONE = "the record is gone; nothing is left to do"
_OWNER = "set [tasks] fallback_owner to an active owner, or reassign the opportunity"
_PROVISION = "run 'crmrules provision': the property "
_PATTERNS: tuple[tuple[str, Result, str], ...] = (
    # Codes first: a text may quote any words, its own "does not exist" among them.
    (r"INVALID_OBJECT_IDS|associations? (?:is|are) not valid", Result.MOOT, _GONE),
    (r"INVALID_OWNER|INACTIVE_OWNER", Result.REJECTED, _OWNER),
    (r"PROPERTY_DOESNT_EXIST", Result.CONFIG, f"{_PROVISION}is missing"),
    (
        r"INVALID_OPTION|not one of the allowed options|allowed options",
        Result.CONFIG,
        f"{_PROVISION}lacks an option",
    ),
    (r"READ_ONLY", Result.CONFIG, "the property is read-only: run 'crmrules doctor'"),
    (
        r"required.{0,40}propert|propert.{0,60}required|conditional",
        Result.REJECTED,
        (
            "a validation rule of the portal wants another property first: fill it on the record, "
            "or exempt integrations in the rule; or set [hubspot] api_version = '2026-03' until "
            "then"
        ),
    ),
    (r"property \W*\w+\W* does not exist", Result.CONFIG, f"{_PROVISION}is missing"),
    (r"owner", Result.REJECTED, _OWNER),
)

_TEMPORARY = frozenset(
    {"SERVER_ERROR", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "RATE_LIMITS", "TIMEOUT"}
)


def temporary(error: Any) -> bool:
    """Return whether an error of one record says nothing about the record."""
    return category(error) in _TEMPORARY


def outcome(status: int, error: Any) -> Outcome:
    """Return the outcome of one record that HubSpot refused, its message kept word for word."""
    text = said(status, error)
    words = " ".join([text, *(str(part.get("code") or "") for part in parts(error))])
    if category(error) == "OBJECT_NOT_FOUND" or status == 404:
        return Outcome(Result.MOOT, error=text, remedy=_GONE)
    if category(error) == "MISSING_SCOPES" or scopes(error):
        missing = MissingScopeError(scopes(error), "writing")
        return Outcome(Result.CONFIG, error=missing.message, remedy=missing.remedy)
    for pattern, result, remedy in _PATTERNS:
        if re.search(pattern, words, re.IGNORECASE):
            return Outcome(result, error=text, remedy=remedy)
    return Outcome(Result.REJECTED, error=text, remedy="act on what HubSpot says of this record")


def conflict(status: int, error: Any) -> bool:
    """Return whether a create was refused because a unique value is taken."""
    text = said(status, error)
    return (
        status == 409
        or category(error) == "CONFLICT"
        or re.search(r"already (?:has|exists)|CONFLICTING_UNIQUE_VALUE|unique", text, re.IGNORECASE)
        is not None
    )
