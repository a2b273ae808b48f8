"""What the page's fields say, as values of an overlay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from crmrules.rule import Rule, Scalar
from crmrules.studio.draft import Place


def values_of(rule: Rule, form: Mapping[str, Any]) -> tuple[dict[Place, Any], dict[str, str]]:
    """Return the values of the fields by place, and what cannot be read as a value, by field.

    ``form``: mode, settings.NAME, subject (its alternatives) and body (the alternatives of each
    line), as text.
    """
    values: dict[Place, Any] = {}
    wrong: dict[str, str] = {}
    for name, given in form.items():
        place = tuple(name.split(".", 1))
        if place[0] == "settings" and len(place) == 2 and place[1] in rule.settings:
            try:
                values[place] = _scalar(str(given), rule.settings[place[1]].value)
            except ValueError as error:
                wrong[name] = str(error)
        elif name == "subject":
            values[place] = _text(given)
        elif name == "body" and isinstance(given, list):
            values[place] = [_text(line) for line in given]
        else:
            values[place] = given
    return values, wrong


def _scalar(text: str, like: Scalar) -> Scalar:
    """Return the text as a value of the same kind. Raises ValueError, in words."""
    text = text.strip()
    if isinstance(like, str):
        return text
    if isinstance(like, bool):
        return text == "true"
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is not a number. Write digits, such as 8.") from None
    if not math.isfinite(number):
        raise ValueError("this is not a number. Write digits, such as 8.")
    return int(number) if number.is_integer() else number


def _text(given: Any) -> Any:
    """Return a text as an overlay has it: alone, or as a list of alternatives."""
    texts = [str(one).strip() for one in given] if isinstance(given, list) else [str(given).strip()]
    return texts[0] if len(texts) == 1 else texts
