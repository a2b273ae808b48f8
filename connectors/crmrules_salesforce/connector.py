"""Salesforce as a connector: sign in, look, pull, translate, write.

Know before changing: ``check`` makes the one preflight call and everything else works with what it
found, so a pull or a write without it starts with it. Nothing is kept between runs.

It decides nothing; each step lives in the module named after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from crmrules.connector import (
    Batch,
    Organization,
    Outcome,
    Preflight,
    Problem,
    Row,
    Stored,
    Usage,
    Write,
)
from crmrules.errors import AccessError
from crmrules.mapping import Mapping
from crmrules.model import Opportunity, OurTask
from crmrules.stages import Stage
from crmrules_salesforce.activities import our_task
from crmrules_salesforce.composite import read_answers
from crmrules_salesforce.config import Config
from crmrules_salesforce.http import Transport
from crmrules_salesforce.planner import Planner
from crmrules_salesforce.reader import Reader
from crmrules_salesforce.records import TASK_FIELDS, task_row
from crmrules_salesforce.rights import KEY_FIELD
from crmrules_salesforce.rows import normalize
from crmrules_salesforce.schema import (
    Schema,
    needs_confirmation,
    production_problem,
    read_schema,
    subrequests,
)
from crmrules_salesforce.scope import quoted
from crmrules_salesforce.slices import Query
from crmrules_salesforce.stages import listed
from crmrules_salesforce.tables import mail_texts, with_fields
from crmrules_salesforce.writer import Writer

KEYS = 300
"""Keys per query; 300 of them are about 15,000 characters."""

UNSEEN_MAIL = (
    "Mail that Einstein Activity Capture collects is not in Salesforce's own records, unless 'Sync "
    "Email as Salesforce Activity' is on. What reps send from elsewhere must be logged."
)
"""Salesforce Help, "Einstein Activity Capture"; the API gives EmailMessage and tasks alone."""


class SalesforceConnector:
    """One Salesforce org, as one user. ``mapping`` is ``crmrules.mapping.Mapping``."""

    name = "salesforce"

    def __init__(
        self,
        config: Config,
        *,
        mapping: Mapping,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        random: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self._config, self._mapping, self._now = config, mapping, now
        self._transport = Transport(config, now=now, sleep=sleep, random=random, wall=wall)
        self._tables = with_fields((*mapping.paths(), *mail_texts(mapping)))
        self._schema: Schema | None = None
        self._known: tuple[Organization, frozenset[str]] | None = None
        self._observed: datetime | None = None

    @property
    def usage(self) -> Usage:
        """Calls so far, sign-in and preflight included, and the least that could have done."""
        return self._transport.usage

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def check(self) -> Preflight:
        """Sign in and look. Raises AccessError: not let in, or not the configured organization."""
        self._transport.identify()
        body = {
            "allOrNone": False,
            "collateSubrequests": False,
            "compositeRequest": subrequests(self._transport.base, self._tables),
        }
        parts = read_answers(self._transport.read("POST", "composite", body))
        token = self._transport.token
        self._schema = read_schema(self._config, token, parts, self._tables, self._mapping)
        self._known = self._schema.preflight.organization, frozenset(self._schema.tables)
        self._observed = self._transport.server_time or self._now()
        now = self._transport.server_time
        return replace(self._schema.preflight, now=now, unseen_mail=UNSEEN_MAIL)

    def stages(self) -> Sequence[Stage]:
        """Return the active stages, in their order; record types share one list of them."""
        return listed(self._checked().stages)

    def may_write(self) -> Sequence[Problem]:
        """Return nothing: the describes of ``check`` told every right of ours."""
        return ()

    def pull(self, stored: Stored | None) -> Iterator[Batch]:
        """Yield everything in scope (None), or what changed since the watermarks."""
        schema = self._checked()
        start = self._transport.server_time or self._now()
        self._observed = start
        reader = Reader(self._transport, schema, start)
        yield from reader.full() if stored is None else reader.changes(stored.marks())

    def normalize(self, opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
        """Translate all rows about one opportunity; None when its own row is not among them."""
        if self._known is None:
            self.check()
        assert self._known is not None  # noqa: S101 - for the type checker
        observed = self._observed or self._now()
        organization, readable = self._known
        return normalize(opportunity, rows, self._mapping, organization, observed, readable)

    def colleagues(self, address: str) -> Sequence[str]:
        """Return the active users with this address; a call, made only where somebody asks.

        A comparison of text in SOQL knows no case.
        """
        where = f"Email = {quoted([address])} AND IsActive = true"
        pages = Planner(self._transport).read([Query("colleagues", "SELECT Id FROM User", where)])
        return [str(record["Id"]) for page in pages for record in page.records]

    def remember(self) -> AnyMapping[str, Any]:
        """Return the organization, what of it could be read, and when."""
        organization = self._checked().preflight.organization
        observed = self._observed or self._now()
        return {
            "organization": asdict(organization),
            "readable": sorted(self._checked().tables),
            "observed": observed.isoformat(),
        }

    def recall(self, memory: AnyMapping[str, Any], now: datetime) -> None:
        """Take it back: ``normalize`` then makes no call."""
        self._known = Organization(**memory["organization"]), frozenset(memory["readable"])
        self._observed = max(now, datetime.fromisoformat(memory["observed"]))

    def tasks_by_key(self, wanted: AnyMapping[str, str]) -> AnyMapping[str, OurTask]:
        """Read our tasks back by key, deleted and archived ones included.

        A key whose task was purged from the recycle bin is absent. Two tasks of one key (possible
        only without the unique field) give the one that is not deleted.
        """
        keys = list(wanted)
        parts = [_where(keys[start : start + KEYS]) for start in range(0, len(keys), KEYS)]
        found = self._our_tasks(parts)
        return {key: task for key, task in found.items() if key in wanted}

    def unlinked_tasks(self) -> Sequence[OurTask]:
        """Read our tasks that hang on nothing, deleted ones included."""
        return list(self._our_tasks([f"{KEY_FIELD} != null AND WhatId = null"]).values())

    def _our_tasks(self, conditions: Sequence[str]) -> dict[str, OurTask]:
        """Return our tasks that meet one of the conditions, by key."""
        schema = self._checked()
        found: dict[str, OurTask] = {}
        if not conditions or not schema.keyed:
            return found
        visible = [name for name in TASK_FIELDS if name in schema.fields["Task"]]
        select = f"SELECT {', '.join(visible)} FROM Task"  # noqa: S608 - names from the describe # nosec B608
        queries = [
            Query(f"keys {number}", select, condition, all_rows=True)
            for number, condition in enumerate(conditions)
        ]
        users = self._mapping.users | {schema.preflight.organization.user or ""}
        observed = self._observed or self._now()
        for page in Planner(self._transport).read(queries):
            for record in page.records:
                task = our_task(task_row(record), self._mapping, users, observed)
                if task.key not in found or found[task.key].deleted:
                    found[task.key] = task
        return found

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Make the writes, one outcome each, in order.

        Raises AccessError for a production org that nobody has confirmed.
        """
        schema = self._checked()
        organization = schema.preflight.organization
        if needs_confirmation(organization, self._config):
            problem = production_problem(organization)
            raise AccessError(problem.what, remedy=problem.remedy)
        return Writer(self._transport, schema, self.tasks_by_key).write(writes) if writes else []

    def _checked(self) -> Schema:
        if self._schema is None:
            self.check()
        assert self._schema is not None  # noqa: S101 - for the type checker
        return self._schema


def _where(keys: Sequence[str]) -> str:
    return f"{KEY_FIELD} IN ({quoted(keys)})"
