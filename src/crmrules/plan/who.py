"""Who is asked about an opportunity, and when that person works.

What the CRM says of somebody counts; where it is silent, ``[owners]`` of the configuration; where
that is silent too, what the organization is set to (decisions, 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmrules.findings.calendar import Calendar
from crmrules.model import Opportunity, User
from crmrules.plan.types import Policy
from crmrules.raw import zone
from crmrules.rule import Rule


@dataclass(frozen=True, slots=True)
class Staff:
    """Our people around one opportunity."""

    opportunity: Opportunity
    users: Mapping[str, User]
    policy: Policy

    @classmethod
    def around(cls, opportunity: Opportunity, policy: Policy) -> Staff:
        """Return the people an opportunity knows."""
        return cls(opportunity, {user.id: user for user in opportunity.users or ()}, policy)

    def owner(self, rule: Rule) -> str | None:
        """Return whom to ask: active owner, else account owner, else manager, else the queue.

        Somebody whose record cannot be read counts as active: the CRM refuses the task if not.
        """
        account = self.opportunity.account
        first, second = self.opportunity.owner, account.owner if account else None
        if rule.to == "account_owner":
            first, second = second or first, first
        managers = (self._manager(user) for user in (first, second))
        for user in (first, second, *managers, self.policy.fallback_owner):
            if user and self.active(user):
                return user
        return None

    def active(self, user: str) -> bool:
        """Return whether somebody can be asked; who is not known may be."""
        return user not in self.users or self.users[user].active is not False

    def manager(self, user: str) -> str | None:
        """Return somebody's active manager; None: there is none, or nobody knows who it is."""
        manager = self._manager(user)
        return manager if manager and manager != user and self.active(manager) else None

    def name(self, user: str) -> str | None:
        """Return somebody's name; None: not known."""
        return self.users[user].name if user in self.users else None

    def calendar(self, user: str) -> Calendar:
        """Return where and when somebody works."""
        policy, known = self.policy, self.users.get(user)
        local = zone(known.time_zone) if known is not None else None
        country = known.country if known is not None else None
        return Calendar(
            local or self._told(user, "time_zone") or policy.time_zone,
            country or self._told(user, "country") or policy.country,
            policy.hours,
        )

    def _manager(self, user: str | None) -> str | None:
        if user is None:
            return None
        known = self.users.get(user)
        return (known.manager if known is not None else None) or self._told(user, "manager")

    def _told(self, user: str, what: str) -> Any:
        """Return what ``[owners]`` says of somebody, by id or by e-mail address."""
        known = self.users.get(user)
        mail = (known.email or "").lower() if known is not None else ""
        said = self.policy.owners.get(user) or self.policy.owners.get(mail)
        return getattr(said, what) if said is not None else None
