"""Which records are wanted: the text of every query, from tables and watermarks.

Know before changing: a full pull and the sum of incremental ones must want the same records. Three
levels (decisions 12): all opportunities open or closed within 24 months with history and roles;
activities, offers and competitors of the open ones and those won within 12 months; account-level
activities where something was won within 12 months. A semi-join may not be combined by OR, so
incremental queries take what changed and leave the level to the reader.

It sends nothing and reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from crmrules import scope
from crmrules_salesforce.rights import Described
from crmrules_salesforce.slices import Query
from crmrules_salesforce.tables import Table

OVERLAP = timedelta(minutes=10)
"""Rows of long transactions appear with an older stamp (polling for changes, Salesforce docs)."""
_KEPT = frozenset({"opportunity", "role", "history", "field_history"})
"""Tables wanted for every opportunity closed within 24 months; the others need it open or won."""


def literal(moment: datetime) -> str:
    """Return a moment as a SOQL literal, whole seconds in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def quoted(values: Iterable[str]) -> str:
    """Return texts as a SOQL list; every character that could end a text is escaped."""
    table = {ord("\\"): "\\\\", ord("'"): "\\'", ord("\n"): "\\n", ord("\r"): "\\r", 0: None}
    whole = (value.encode("utf-8", "replace").decode() for value in values)  # no lone surrogates
    return ", ".join(f"'{value.translate(table)}'" for value in whole)


class Levels(scope.Levels):
    """The two dates of the scope, as conditions of a query."""

    __slots__ = ()

    def wanted(self, path: str = "") -> str:
        """Return the condition of an opportunity whose columns and history are wanted."""
        return f"{path}IsClosed = false OR {path}CloseDate >= {self.closed_from}"

    def active(self, path: str = "") -> str:
        """Return the condition of an opportunity whose activities are wanted."""
        return f"{path}IsClosed = false OR ({self.won(path)})"

    def won(self, path: str = "") -> str:
        """Return the condition of a recently won opportunity."""
        return f"{path}IsWon = true AND {path}CloseDate >= {self.won_from}"


def select(table: Table) -> str:
    """Return the SELECT part of a table's query."""
    return f"SELECT {', '.join(table.fields)} FROM {table.object}"  # noqa: S608 - described names # nosec B608


def whole(table: Table, levels: Levels) -> Query:
    """Return the query of a full pull."""
    if table.scope == "account":
        inner = f"SELECT AccountId FROM Opportunity WHERE {levels.won()}"  # noqa: S608 - dates # nosec B608
        where = f"{table.parent} IN ({inner})"
    elif table.scope == "open_or_won":
        where = levels.wanted()
    elif table.prefix:
        inner = f"SELECT Id FROM Opportunity WHERE {levels.active()}"  # noqa: S608 - dates # nosec B608
        where = f"{table.parent} IN ({inner})"
    else:
        path = table.parent.removesuffix("Id") + "."
        where = levels.wanted(path) if table.key in _KEPT else levels.active(path)
    return _query(table, where, all_rows=table.all_rows)


def some(table: Table, parents: Iterable[str]) -> Query:
    """Return the query of all records about the given opportunities or accounts."""
    return _query(table, f"{table.parent} IN ({quoted(parents)})", all_rows=table.all_rows)


def changed(
    table: Table, low: datetime, high: datetime, described: Mapping[str, Described]
) -> Query:
    """Return the query of what changed between two moments, deleted records included."""
    parts = [_between(stamp, low, high) for stamp in _stamps(table, described)]
    where = " OR ".join(parts)
    if table.prefix:
        where = f"{table.parent} != null AND ({where})"
    return _query(table, where, all_rows=True)


def _between(stamp: str, low: datetime, high: datetime) -> str:
    return f"({stamp} >= {literal(low - OVERLAP)} AND {stamp} < {literal(high)})"


def _stamps(table: Table, described: Mapping[str, Described]) -> list[str]:
    """Return the stamps that tell of a change: the record's own and those of shown parents."""
    fields = described.get(table.object, {})
    own = table.stamp if table.stamp in fields else "CreatedDate"
    stamps = [own]
    for relation, parent in (("Account", "Account"), ("Owner", "User"), ("Contact", "Contact")):
        shown = any(path.startswith(f"{relation}.") for path in table.fields)
        if shown and "SystemModstamp" in described.get(parent, {}):
            stamps.append(f"{relation}.SystemModstamp")
    return stamps


def with_history(query: Query, history: Table, low: datetime, high: datetime) -> Query:
    """Return the opportunity query with the field history of the same time inside it.

    A tracked change always moves the opportunity's own stamp, so this saves a query.
    """
    inner = f"SELECT {', '.join(history.fields)} FROM Histories"  # noqa: S608 - described names # nosec B608
    part = f"({inner} WHERE {_between('CreatedDate', low, high)})"
    head, _, source = query.select.rpartition(" FROM ")
    text = f"{head}, {part} FROM {source}"
    return Query(query.name, text, query.where, query.all_rows, splits=False)


def _query(table: Table, where: str, *, all_rows: bool) -> Query:
    splits = "CreatedDate" in table.fields
    return Query(table.key, select(table), where, all_rows, splits)
