"""Checks one written value against its field and brings it into stored form.

Know before changing: the stored form is what the REST API would return, so a client that compares
what it wrote with what it reads meets the real differences: text is trimmed, an empty text is
null, a moment has whole seconds in UTC, a multi-select picklist is in the order of its definition.

Does not do: references (they need the tables, see ``writes``) and required fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.salesforce.schema import Field

_TRUE = {"true": True, "false": False}


def stamp(moment: datetime) -> str:
    """Return an aware moment as the API writes it, whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment(text: str) -> datetime:
    """Return the aware moment of an API datetime; raises ValueError if it is none."""
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return found.astimezone(UTC)


def _unreadable(field: Field, value: object) -> ApiError:
    message = f"Cannot deserialize instance of {field.type} from value {value}"
    return ApiError(400, "JSON_PARSER_ERROR", message, [])


def _bad_choice(field: Field, value: str) -> ApiError:
    message = f"{field.label}: bad value for restricted picklist field: {value}"
    return ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])


def _boolean(field: Field, value: Any) -> bool:
    found = _TRUE.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise _unreadable(field, value)
    return found


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool):
        raise _unreadable(field, value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _unreadable(field, value) from None
    if field.type == "int":
        return int(number)
    return round(number, field.scale)


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except (TypeError, ValueError):
        raise _unreadable(field, value) from None


def _datetime(field: Field, value: Any) -> str:
    try:
        return stamp(moment(value))
    except (AttributeError, TypeError, ValueError):
        raise _unreadable(field, value) from None


def _text(field: Field, value: Any) -> str | None:
    if isinstance(value, (dict, list)):
        raise _unreadable(field, value)
    # A number in a text field is taken as its text; the real parser does the same.
    text = (value if isinstance(value, str) else str(value)).strip()
    if field.length and len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        raise ApiError(400, "STRING_TOO_LONG", message, [field.name])
    return text or None


def _choice(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and field.restricted and field.picklist and text not in field.picklist:
        raise _bad_choice(field, text)
    return text


def _choices(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None:
        return None
    chosen = dict.fromkeys(part.strip() for part in text.split(";") if part.strip())
    for part in chosen:
        if field.restricted and part not in field.picklist:
            raise _bad_choice(field, part)
    known = [part for part in field.picklist if part in chosen]
    return ";".join([*known, *(part for part in chosen if part not in field.picklist)])


_CONVERT: Mapping[str, Callable[[Field, Any], Any]] = {
    "boolean": _boolean,
    "currency": _number,
    "date": _date,
    "datetime": _datetime,
    "double": _number,
    "int": _number,
    "multipicklist": _choices,
    "percent": _number,
    "picklist": _choice,
}


def stored(field: Field, value: Any) -> Any:
    """Return the value as the org keeps it; None clears the field.

    Raises ApiError JSON_PARSER_ERROR, STRING_TOO_LONG or
    INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.
    """
    if value is None or value == "":
        return False if field.type == "boolean" else None
    convert = _CONVERT.get(field.type)
    return _text(field, value) if convert is None else convert(field, value)
