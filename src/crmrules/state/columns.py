"""The column types of the state store, and its JSON.

A moment is kept as fixed-width UTC text, so that it sorts alike and reads alike on every database.
Text that cannot be read back as what it must be means a damaged store: StateError, never a
traceback.

It does not define tables; ``schema`` does.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import Dialect, LargeBinary, Text, TypeDecorator

from crmrules.errors import StateError

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
DAMAGED = (
    "Move the file away and run 'crmrules sync --full': the state is rebuilt from the CRM,"
    " and tasks are found again by their key."
)


def damaged(what: str) -> StateError:
    """Return the error of a store whose content cannot be what was written."""
    return StateError(f"the state store is damaged: {what}", remedy=DAMAGED)


def dumps(value: Any) -> bytes:
    """Return a value as JSON. Lone surrogates, which CRM text can hold, are written as escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, default=_plain).encode()


def loads(data: bytes | str) -> Any:
    """Return what ``dumps`` was given. Raises StateError where it is no JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise damaged("a stored value is not JSON") from error


def clean(text: str | None) -> str | None:
    """Return a text that every database takes: no NUL, no lone surrogates."""
    if text is None:
        return None
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _plain(value: Any) -> str:
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the state store")


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Refuse a naive datetime: which moment it means is unknown."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without time zone: {value.isoformat()}")
        return value.astimezone(UTC).strftime(_FORMAT)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read back what was bound."""
        del dialect
        if value is None:
            return None
        try:
            return datetime.strptime(value, _FORMAT).replace(tzinfo=UTC)
        except (ValueError, TypeError) as error:
            raise damaged("a moment cannot be read") from error


class Day(TypeDecorator[date]):
    """A calendar date."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        """Write it the ISO way."""
        del dialect
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """Read back what was bound."""
        del dialect
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except (ValueError, TypeError) as error:
            raise damaged("a date cannot be read") from error


class Json(TypeDecorator[Any]):
    """A JSON value, as bytes: text columns of some databases refuse what CRM text may hold."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Keep None as NULL: "unknown" must not read as the JSON value null."""
        del dialect
        return None if value is None else dumps(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Read back what was bound."""
        del dialect
        return None if value is None else loads(value)
