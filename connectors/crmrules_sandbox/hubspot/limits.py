"""How many calls an app may make: a day's, ten seconds', and a second's searches.

Know before changing: windows roll by the portal's clock. A refused call is not counted and was not
processed. Searches and associations are exempt from the ten seconds and send no headers, except,
by a switch, what is left of the day, which recorded searches did send.

Does not do: wait.
"""

from __future__ import annotations

import uuid
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

_TEN, _ONE = timedelta(seconds=10), timedelta(seconds=1)
_NAMES = {
    "TEN_SECONDLY_ROLLING": "ten_secondly_rolling",
    "SECONDLY": "secondly",
    "DAILY": "daily",
}


class Meter:
    """Counts the calls of one app to one portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.used = 0
        self._day: object = None
        self._recent: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()

    def used_today(self) -> int:
        """Return the calls counted since midnight of the account's time zone."""
        day = self.portal.now().astimezone(self.portal.zone).date()
        if day != self._day:
            self._day, self.used = day, 0
        return self.used

    def resets_at(self) -> datetime:
        """Return the next midnight of the account's time zone."""
        local = self.portal.now().astimezone(self.portal.zone)
        return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def use_up_the_day(self) -> None:
        """Let every further call of the day be refused."""
        self.used_today()
        self.used = max(self.used, self.portal.daily_limit)

    def take(self, family: str) -> str | None:
        """Count a call of that family; return the policy that refuses it, or None."""
        if self.used_today() >= self.portal.daily_limit:
            return "DAILY"
        now = self.portal.now()
        if self.portal.pace and family == "search":
            if not _room(self._searches, now - _ONE, self.portal.search_limit):
                return "SECONDLY"
            self._searches.append(now)
        elif self.portal.pace and family != "associations":
            if not _room(self._recent, now - _TEN, self.portal.interval_limit):
                return "TEN_SECONDLY_ROLLING"
            self._recent.append(now)
        self.used += 1
        return None

    def headers(self, family: str) -> dict[str, str]:
        """Return the rate-limit headers of an answer."""
        daily = {
            "X-HubSpot-RateLimit-Daily": str(self.portal.daily_limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.portal.daily_limit - self.used_today()),
        }
        if family in ("search", "associations"):
            return daily if self.portal.quirks.daily_on_search else {}
        left = self.portal.interval_limit - (len(self._recent) or 1)
        return daily | {
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(self.portal.interval_limit),
            "X-HubSpot-RateLimit-Remaining": str(max(0, left)),
        }


def _room(calls: deque[datetime], since: datetime, most: int) -> bool:
    while calls and calls[0] <= since:
        calls.popleft()
    return len(calls) < most


def refusal(policy: str, app_id: int, retry_after: str | None) -> Response:
    """Return the 429 answer of a policy."""
    body = {
        "status": "error",
        "message": f"You have reached your {_NAMES.get(policy, policy.lower())} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": str(uuid.uuid4()),
        "policyName": policy,
        "groupName": f"publicapi:private-apps-api-calls:{app_id}",
    }
    if policy == "SECONDLY":
        body["category"] = "RATE_LIMITS"
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Response(429, body, headers, cost=0)
