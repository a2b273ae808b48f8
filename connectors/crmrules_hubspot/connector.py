"""HubSpot as a connector: look, pull, translate, write.

Know before changing: ``check`` makes the four preflight calls and everything else works with what
they found, so a pull or a write without it starts with it. What the pull finds out (owners, kinds
that may not be read) is kept for ``normalize``. Nothing is kept between runs.

It decides nothing; each step lives in the module named after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from crmrules.connector import Batch, Outcome, Preflight, Problem, Row, Stored, Usage, Write
from crmrules.errors import AccessError
from crmrules.mapping import Mapping
from crmrules.model import Opportunity, OurTask
from crmrules.stages import Stage
from crmrules_hubspot.api import Api
from crmrules_hubspot.config import Config
from crmrules_hubspot.fetch import Fetch
from crmrules_hubspot.inspection import (
    inspect,
    may_write,
    needs_confirmation,
    production_problem,
)
from crmrules_hubspot.kinds import with_fields
from crmrules_hubspot.opportunity import normalize
from crmrules_hubspot.ours import our_task
from crmrules_hubspot.portal import Owner, Portal
from crmrules_hubspot.reader import Reader
from crmrules_hubspot.rows import around
from crmrules_hubspot.tasks import Lookup
from crmrules_hubspot.transport import Transport
from crmrules_hubspot.words import with_defaults
from crmrules_hubspot.writer import Looks, Writer

UNSEEN_MAIL = (
    "HubSpot shows mail that was sent or logged through a connected inbox, to keys with the scope "
    "sales-email-read. Connect the inboxes of those who sell, and log replies."
)
"""What the emails API gives (hubspot.md, 2, least scopes)."""


class HubSpotConnector:
    """One HubSpot portal, by one token. ``mapping`` is ``crmrules.mapping.Mapping``."""

    name = "hubspot"

    def __init__(
        self,
        config: Config,
        *,
        mapping: Mapping,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        random: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._config, self._configured, self._now = config, mapping, now
        self._mapping = with_defaults(mapping)
        self._transport = Transport(config, now=now, sleep=sleep, random=random, clock=clock)
        self._api = Api(self._transport)
        self._kinds = with_fields(mapping, config.role_sources)
        self._found: tuple[Portal, Preflight] | None = None
        self._recalled: Portal | None = None
        self._observed: datetime | None = None

    @property
    def usage(self) -> Usage:
        """Calls so far, and the least that could have done for what was read."""
        return self._transport.usage

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def check(self) -> Preflight:
        """Look. Raises AccessError: not let in, or the wrong portal; UsageError: unknown stages."""
        self._found = inspect(self._config, self._api, self._configured, self._mapping)
        self._observed = self._transport.server_time or self._now()
        now = self._transport.server_time
        return replace(self._found[1], now=now, unseen_mail=UNSEEN_MAIL)

    def stages(self) -> Sequence[Stage]:
        """Return the stages of every pipeline of deals, in their order."""
        portal, _ = self._checked()
        return [
            Stage(one.pipeline, one.id, one.label, one.won if one.closed else None)
            for one in portal.stages.values()
        ]

    def may_write(self) -> Sequence[Problem]:
        """Name the scopes for writing that the token lacks."""
        return tuple(may_write(self._api))

    def pull(self, stored: Stored | None) -> Iterator[Batch]:
        """Yield everything in scope (None), or what changed since what is stored."""
        portal, preflight = self._checked()
        start = self._transport.server_time or self._now()
        self._observed = start
        owners = {owner.id: owner for owner in map(_owner, self._api.owners())}
        fetch = Fetch(self._api, self._kinds)
        reader = Reader(fetch, portal.stages, start)
        yield from reader.full() if stored is None else reader.changes(stored)
        self.usage.floor = fetch.floor
        self._found = replace(portal, owners=owners, readable=fetch.readable), preflight

    def normalize(self, opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
        """Translate all rows about one opportunity; None when its own row is not among them."""
        portal = self._recalled or self._checked()[0]
        return normalize(opportunity, rows, self._mapping, portal, self._observed or self._now())

    def colleagues(self, address: str) -> Sequence[str]:
        """Return the active owners with this address."""
        wanted = address.lower()
        owners = self._checked()[0].owners.values()
        return [o.id for o in owners if o.active and (o.email or "").lower() == wanted]

    def remember(self) -> AnyMapping[str, Any]:
        """Return the account, its stages and owners, what could be read, and when."""
        observed = self._observed or self._now()
        return self._checked()[0].json() | {"observed": observed.isoformat()}

    def recall(self, memory: AnyMapping[str, Any], now: datetime) -> None:
        """Take it back: ``normalize`` then makes no call."""
        self._recalled = Portal.of(memory, self._config.role_sources)
        self._observed = max(now, datetime.fromisoformat(memory["observed"]))

    def tasks_by_key(self, wanted: AnyMapping[str, str]) -> AnyMapping[str, OurTask]:
        """Read our tasks back by key, deleted ones included.

        A key whose task was purged is absent. Two tasks of one key (possible only without the
        unique property) give the one that is not deleted.
        """
        portal, preflight = self._checked()
        able, observed = preflight.capabilities, self._observed or self._now()
        lookup = Lookup(self._api, self._kinds, unique=able.unique_key)
        return {
            key: our_task(around("task", about, record), self._mapping, portal.zone, observed)
            for key, (about, record) in lookup.find(wanted).items()
        }

    def unlinked_tasks(self) -> Sequence[OurTask]:
        """Read our tasks that say nothing of an opportunity, deleted ones included."""
        portal, preflight = self._checked()
        if not preflight.capabilities.tasks:
            return []  # there is no key to look for
        observed = self._observed or self._now()
        lookup = Lookup(self._api, self._kinds, unique=preflight.capabilities.unique_key)
        return [
            our_task(around("task", "", record), self._mapping, portal.zone, observed)
            for record in lookup.unlinked()
        ]

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Make the writes, one outcome each, in order.

        Raises AccessError for a production account that nobody has confirmed.
        """
        portal, preflight = self._checked()
        if needs_confirmation(portal.organization, self._config):
            problem = production_problem(portal.organization)
            raise AccessError(problem.what, remedy=problem.remedy)
        unique = preflight.capabilities.unique_key
        lookup = Lookup(self._api, self._kinds, unique=unique)
        looks = Looks(self.tasks_by_key, lookup.unseen, self._touched)
        return Writer(self._api, portal.zone, looks).write(writes) if writes else []

    def _touched(self, ids: Collection[str]) -> set[str]:
        """Return which of our tasks somebody else has changed, or deleted."""
        portal, _ = self._checked()
        found = Fetch(self._api, self._kinds).with_history(ids)
        observed = self._observed or self._now()
        rows = {one: around("task", "", record) for one, record in found.items()}
        told = {
            one: our_task(row, self._mapping, portal.zone, observed) for one, row in rows.items()
        }
        return set(ids) - {one for one, task in told.items() if not task.edited}

    def _checked(self) -> tuple[Portal, Preflight]:
        if self._found is None:
            self.check()
        assert self._found is not None  # noqa: S101 - for the type checker
        return self._found


def _owner(record: AnyMapping[str, object]) -> Owner:
    names = [str(record.get(name) or "") for name in ("firstName", "lastName")]
    user = record.get("userId")
    return Owner(
        id=str(record["id"]),
        user_id=int(str(user)) if user is not None else None,
        email=str(record["email"]) if record.get("email") else None,
        name=" ".join(name for name in names if name) or None,
        active=not record.get("archived"),
    )
