"""Pipelines, owners, and what an account says of itself.

Know before changing: metadata values are text. Archived owners are listed only on demand, and then
without their user id, which moves to ``userIdIncludingInactive``.

Does not do: change any of it; administrators do that in the product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.failure import invalid, not_found
from crmrules_sandbox.hubspot.limits import Meter
from crmrules_sandbox.hubspot.messages import Request
from crmrules_sandbox.hubspot.records import Owner, Pipeline, Stage
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

_MOST_OWNERS = 500
_MADE = "2024-01-08T09:00:00Z"


def pipelines(portal: Portal, kind: str, _: Request) -> Response:
    """List the pipelines of a type; only deals have any."""
    found = portal.pipelines if kind == "deals" else []
    return Response(200, {"results": [_pipeline(each) for each in found]})


def pipeline(portal: Portal, kind: str, request: Request) -> Response:
    """Read one pipeline."""
    for each in portal.pipelines if kind == "deals" else []:
        if each.id == request.found["id"]:
            return Response(200, _pipeline(each))
    raise not_found()


def owners(portal: Portal, _: str, request: Request) -> Response:
    """List owners, a page at a time."""
    limit = request.number("limit", 100, _MOST_OWNERS)
    archived, after = request.flag("archived"), request.exchange.query.get("after", "0")
    email = request.exchange.query.get("email")
    if not after.isdigit():
        raise invalid(f"The cursor is not valid: {after}")
    found = sorted(
        (
            each
            for each in portal.owners
            if each.archived is archived
            and int(each.id) >= int(after)
            and email in (None, each.email)
        ),
        key=lambda each: int(each.id),
    )
    body: dict[str, Any] = {"results": [_owner(each) for each in found[:limit]]}
    if len(found) > limit:
        cursor = found[limit].id
        body["paging"] = {
            "next": {"after": cursor, "link": f"{request.url}?limit={limit}&after={cursor}"}
        }
    return Response(200, body)


def owner(portal: Portal, _: str, request: Request) -> Response:
    """Read one owner, by owner id or (``idProperty=userId``) by user id."""
    archived = request.flag("archived")
    by_user = request.exchange.query.get("idProperty") == "userId"
    for each in portal.owners:
        key = str(each.user_id) if by_user else each.id
        if key == request.found["id"] and each.archived is archived:
            return Response(200, _owner(each))
    raise not_found()


def details(portal: Portal, _: str, __: Request) -> Response:
    """Tell which account this is."""
    offset = portal.now().astimezone(portal.zone).utcoffset()
    seconds = 0 if offset is None else int(offset.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    body = {
        "portalId": portal.portal_id,
        "accountType": portal.account_type,
        "timeZone": portal.time_zone,
        "companyCurrency": portal.currency,
        "additionalCurrencies": [],
        "utcOffset": f"{sign}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}",
        "utcOffsetMilliseconds": (seconds if sign == "+" else -seconds) * 1000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    return Response(200, body)


def usage(portal: Portal, meter: Meter) -> Response:
    """Tell how many calls the day has seen."""
    entry = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.daily_limit,
        "currentUsage": meter.used_today(),
        "collectedAt": stamp(portal.now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": stamp(meter.resets_at()),
    }
    return Response(200, {"results": [entry]})


def _pipeline(each: Pipeline) -> dict[str, Any]:
    stages = sorted(each.stages, key=lambda stage: stage.order)
    return {
        "id": each.id,
        "label": each.label,
        "displayOrder": each.order,
        "stages": [_stage(stage) for stage in stages],
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "archived": False,
    }


def _stage(each: Stage) -> dict[str, Any]:
    return {
        "id": each.id,
        "label": each.label,
        "displayOrder": each.order,
        "metadata": {"isClosed": str(each.closed).lower(), "probability": each.probability},
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def _owner(each: Owner) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": each.id,
        "type": "PERSON",
        "email": each.email,
        "firstName": each.first_name,
        "lastName": each.last_name,
        "userIdIncludingInactive": each.user_id,
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "archived": each.archived,
    }
    return told if each.archived else {**told, "userId": each.user_id}
