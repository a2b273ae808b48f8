"""Values are text: which text fits a property, how it is stored, how moments are written.

Know before changing: a moment is stored the way reads give it, ISO in UTC with milliseconds; writes
may say ISO, a date, or milliseconds since 1970. ``""`` clears a property and always fits.

Does not do: read-only, unique and required (``writes``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from crmrules_sandbox.hubspot.schema import Definition

Problem = tuple[str, str, str]
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def stamp(moment: datetime) -> str:
    """Return a moment the way the API writes it."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(text: str) -> datetime | None:
    """Return the moment a text says (ISO, a date, or milliseconds); None if it says none."""
    try:
        if text.lstrip("-").isdigit():
            seconds, rest = divmod(int(text), 1000)
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def fit(definition: Definition, value: Any) -> str:
    """Return the text to store; raises ValueError(code, message) for one that does not fit."""
    text = _as_text(value)
    if text == "":
        return ""
    checks: dict[str, Callable[[Definition, str], str]] = {
        "number": _number, "datetime": _datetime, "date": _date, "bool": _bool,
        "enumeration": _enumeration,
    }  # fmt: skip
    check = checks.get(definition["type"])
    return text if check is None else check(definition, text)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _number(_: Definition, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError("INVALID_LONG" if text.isalpha() else "INVALID_DOUBLE", _not("long", text))
    return text


def _datetime(_: Definition, text: str) -> str:
    if (found := moment(text)) is None:
        raise ValueError("INVALID_LONG", _not("long", text))
    return stamp(found)


def _date(_: Definition, text: str) -> str:
    found = moment(text)
    if found is None:
        raise ValueError("INVALID_DATE", _not("date", text))
    if (found.hour, found.minute, found.second, found.microsecond) != (0, 0, 0, 0):
        raise ValueError("INVALID_DATE", f"{text} is at {found.time()} UTC, not midnight!")
    return found.date().isoformat()


def _bool(_: Definition, text: str) -> str:
    if text not in ("true", "false"):
        raise ValueError("INVALID_BOOLEAN", _not("boolean", text))
    return text


def _enumeration(definition: Definition, text: str) -> str:
    if definition.get("externalOptions") or not definition["options"]:
        return text
    allowed = [option["value"] for option in definition["options"]]
    several = definition["fieldType"] == "checkbox"
    chosen = [each for each in text.split(";") if each] if several else [text]
    for each in chosen:
        if each not in allowed:
            listed = ", ".join(option["label"] for option in definition["options"])
            message = f"{each} was not one of the allowed options: [{listed}]"
            raise ValueError("INVALID_OPTION", message)
    return ";".join(dict.fromkeys(chosen)) if several else text


def _not(kind: str, text: str) -> str:
    return f"{text} was not a valid {kind}."
