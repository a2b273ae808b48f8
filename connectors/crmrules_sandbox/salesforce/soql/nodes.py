"""The parsed query, as frozen values.

Know before changing: names are as the client wrote them and every node knows its position in the
text, because errors are raised later, when the schema is known, and must still draw the caret.

Does not do: check that anything named exists.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """A field path such as ``Account.Owner.Name``; ``parts`` never includes the object's alias."""

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """The path with dots."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a path: an aggregate, a date part; ``path`` is None for ``COUNT()``."""

    function: str
    path: Path | None
    position: int


Expression = Path | Call


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; ``kind`` is string, number, date, datetime, boolean, null or range.

    A range is a date literal: ``value`` is its name in capitals, ``count`` its ``:n``. Of a string,
    ``pieces`` keeps which characters were escaped, for LIKE.
    """

    kind: str
    value: str | float | bool | None
    position: int
    count: int | None = None
    pieces: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator value(s)``; the operator is in capitals, ``NOT IN`` with one space."""

    left: Expression
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """``path IN (SELECT ...)``; ``negated`` for NOT IN."""

    left: Path
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """A negated condition."""

    inner: Condition
    position: int


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by one operator, AND or OR."""

    operator: str
    parts: tuple[Condition, ...]


Condition = Comparison | SemiJoin | Not | Junction


@dataclass(frozen=True, slots=True)
class Column:
    """One item of a SELECT list that is not a subquery."""

    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """One item of ORDER BY."""

    expression: Expression
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A query or subquery; in a child subquery ``source`` is the relationship's name."""

    columns: tuple[Column, ...]
    children: tuple[Query, ...]
    source: str
    position: int
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    alias: str | None = None

    @property
    def counts_rows(self) -> bool:
        """True for ``SELECT COUNT() FROM ...``, which answers with a number and no records."""
        first = self.columns[0].expression if len(self.columns) == 1 else None
        return isinstance(first, Call) and first.function == "COUNT" and first.path is None
