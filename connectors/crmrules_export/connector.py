"""An export folder as a connector: everything is read, nothing can be written.

Know before changing: the moment of judgement is ``as_of``, inside the data: the settings' own,
else the latest stamp that any record carries, else the latest close date of a closed opportunity. A
clock would make every opportunity of an old export look abandoned. Every pull is a full one.

It keeps nothing between runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeGuard

from crmrules.connector import (
    Batch,
    Organization,
    Outcome,
    Preflight,
    Problem,
    Result,
    Row,
    Stored,
    Usage,
    Write,
)
from crmrules.errors import UsageError
from crmrules.mapping import Mapping as Words
from crmrules.model import Opportunity, OurTask
from crmrules.raw import as_moment, day, text
from crmrules_export.config import Config, read
from crmrules_export.dates import Dates
from crmrules_export.files import Source, discover
from crmrules_export.records import PARENTS, Records
from crmrules_salesforce.rows import Table, normalize, pipeline, to_row, with_fields
from crmrules_salesforce.tables import mail_texts

_BATCH = 500
_STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
_YEARS = (1970, 2200)  # in which an export can have been made
_NEEDED_FOR = {
    "role": "people",
    "history": "changes",
    "task": "activities",
    "event": "activities",
    "line": "lines",
    "quote": "quotes",
    "competitor": "competitors",
}


class ExportConnector:
    """One folder of exported records. ``now`` counts only where the data carries no date at all."""

    name = "export"

    def __init__(self, config: Config, *, mapping: Words, now: Callable[[], datetime]) -> None:
        self._config, self._mapping, self._now = config, mapping, now
        self.usage = Usage()
        self._tables = with_fields((*mapping.paths(), *mail_texts(mapping)))
        self._preflight: Preflight | None = None
        self._as_of: datetime | None = config.as_of
        objects = {table.object for table in self._tables.values()} | set(PARENTS.values())
        sources, self._others = discover(config.path, objects, config.objects)
        self._records = Records(sources, self._tables, Dates(config.dates, config.time_zone))
        present = {source.object for source in sources}
        self._readable = frozenset(k for k, t in self._tables.items() if t.object in present)

    @property
    def as_of(self) -> datetime:
        """The moment that this export shows."""
        self.check()
        return self._as_of or self._now()

    def check(self) -> Preflight:
        """Read everything once. Raises UsageError for a file, a date or a setting that is wrong."""
        if self._preflight is None:
            if "opportunity" not in self._readable:
                raise UsageError(
                    f"there is no Opportunity.csv and no JSON tree of opportunities in "
                    f"{self._config.path}",
                    where="[export] path",
                    remedy="Export Opportunity with API names, or see [export.objects].",
                )
            stages = self._scan()
            problems = (*self._gaps(), *self._mapping.stage_problems(stages))
            if not _YEARS[0] <= (self._as_of or self._now()).year <= _YEARS[1]:
                raise UsageError(
                    f"the latest stamp is of the year {(self._as_of or self._now()).year}",
                    where="[export] as_of",
                    remedy="Set as_of to the moment at which the export was made.",
                )
            organization = Organization(self._config.organization_id, production=False)
            self._preflight = Preflight(organization, problems)
        return self._preflight

    def _scan(self) -> set[tuple[str, str]]:
        """Look at every record: dates are checked, the latest stamp and all stages are noted."""
        stages: set[tuple[str, str]] = set()
        latest = ""
        closed: date | None = None
        for table, row in self._rows():
            stamps = (row.stamp, *(row.body.get(name) for name in _STAMPS))
            latest = max([latest, *(stamp for stamp in stamps if _is_stamp(stamp))])
            if table.key == "opportunity":
                stages.add((pipeline(row.body), str(row.body.get("StageName") or "")))
                if row.closed_on is not None and (closed is None or row.closed_on > closed):
                    closed = row.closed_on
        if self._as_of is None and latest:
            found = datetime.fromisoformat(latest)
            self._as_of = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif self._as_of is None and closed is not None:
            self._as_of = datetime(closed.year, closed.month, closed.day, tzinfo=UTC)
        stages.discard(("default", ""))
        return stages

    def _gaps(self) -> Iterator[Problem]:
        for name in self._others:
            yield Problem(
                f"{name} is not used: it holds no object that rules look at",
                "Nothing to do; name it in [export.objects] if it should be read.",
            )
        for key, table in self._tables.items():
            if key not in self._readable and key in _NEEDED_FOR:
                yield Problem(
                    f"there is no {table.object}.csv",
                    f"Export {table.object} too; without it those values are unknown.",
                    signals=(_NEEDED_FOR[key],),
                )
        for source in self._records.sources:
            yield from self._columns(source)

    def _columns(self, source: Source) -> Iterator[Problem]:
        have = {name.casefold() for name in source.known_as}
        known = self._records.known(source.object) | {"Id"}
        extra = [n for n in source.known_as if n.casefold() not in {k.casefold() for k in known}]
        lacking = sorted(n for n in known if n.casefold() not in have and "." not in n)
        if extra:
            yield Problem(
                f"{source.path.name}: not used: {', '.join(extra)}",
                "Nothing to do; name a custom field in [mapping.fields] if rules should see it.",
            )
        if lacking:
            yield Problem(
                f"{source.path.name}: no column {', '.join(lacking)}",
                "Export these columns too where the organization has them; they are unknown now.",
            )

    def may_write(self) -> Sequence[Problem]:
        """Return nothing: a folder takes no write, and says so by its capabilities."""
        return ()

    def pull(self, stored: Stored | None) -> Iterator[Batch]:
        """Yield everything the folder holds; there is nothing incremental about a folder."""
        del stored
        self.check()
        page: list[Row] = []
        for _, row in self._rows():
            page.append(row)
            if len(page) == _BATCH:
                yield Batch(page)
                page = []
        kinds = frozenset(table.object for table in self._tables.values())
        yield Batch(page, complete=kinds)

    def _rows(self) -> Iterator[tuple[Table, Row]]:
        tables: dict[str, list[Table]] = {}
        for table in self._tables.values():
            tables.setdefault(table.object, []).append(table)
        for owner, candidates in tables.items():
            for record in self._records.of(owner):
                full = self._records.full(candidates[0], record)
                for table in candidates:
                    row = to_row(table, full)
                    if row is not None:
                        yield table, self._with_outcome(row)
                        break

    def _with_outcome(self, row: Row) -> Row:
        """Let the stage's name say what absent columns do not."""
        if row.kind != "Opportunity" or "IsClosed" in row.body:
            return row
        won = self._mapping.outcome(text(row.body, "StageName"))
        close = day(row.body, "CloseDate")
        if won is None or close is None:
            return row
        return replace(row, won=won, closed_on=close)

    def normalize(self, opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
        """Translate all rows about one opportunity; None when its own row is not among them."""
        organization = self.check().organization
        return normalize(opportunity, rows, self._mapping, organization, self.as_of, self._readable)

    def remember(self) -> Mapping[str, Any]:
        """Return nothing: the folder is on this machine, and is looked at again."""
        return {}

    def recall(self, memory: Mapping[str, Any], now: datetime) -> None:
        """Do nothing, for the same reason."""
        del memory, now

    def tasks_by_key(self, wanted: Mapping[str, str]) -> Mapping[str, OurTask]:
        """Return nothing: no task was ever written through an export."""
        del wanted
        return {}

    def unlinked_tasks(self) -> Sequence[OurTask]:
        """Return nothing, for the same reason."""
        return ()

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Refuse every write."""
        refused = Outcome(
            Result.CONFIG,
            error="an export cannot be written to",
            remedy="Use 'crmrules plan' on an export; connect to the CRM itself to sync.",
        )
        return [refused for _ in writes]


def _is_stamp(value: Any) -> TypeGuard[str]:
    """Return whether a value is a moment in the form all of them have; a JSON tree can hold any."""
    return isinstance(value, str) and as_moment(value) is not None


def connect(
    section: Mapping[str, Any],
    *,
    mapping: Words,
    folder: Path = Path(),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ExportConnector:
    """Return the connector of an ``[export]`` section; relative paths start from ``folder``.

    Raises UsageError for settings, files or column names that are wrong.
    """
    return ExportConnector(read(section, folder), mapping=mapping, now=now)
