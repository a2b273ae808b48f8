"""The one error of the query language, with the position drawn under the query as Salesforce does.

Know before changing: a message is what a client sees and may match on; the wording follows recorded
answers and published error texts (``No such column``, ``sObject type ... is not supported``).

Does not do: choose the HTTP status; every one of these is a 400.
"""

from __future__ import annotations

_CONTEXT = 60
"""Characters of the query shown on each side of the error."""

_CHECK_DESCRIBE = "Please reference your WSDL or the describe call for the appropriate names."


class SoqlError(Exception):
    """A refused query: ``error_code`` (MALFORMED_QUERY, INVALID_FIELD...) and its ``message``."""

    def __init__(self, error_code: str, message: str) -> None:
        self.error_code = error_code
        self.message = message
        super().__init__(f"{error_code}: {message}")


def at(text: str, position: int, error_code: str, message: str) -> SoqlError:
    """Make an error with the offending piece of ``text`` and a caret under ``position``."""
    position = max(0, min(position, len(text)))
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    begin = max(line_start, position - _CONTEXT)
    end = min(len(text) if line_end < 0 else line_end, position + _CONTEXT)
    row, column = text.count("\n", 0, position) + 1, position - line_start + 1
    shown = f"\n{text[begin:end]}\n{' ' * (position - begin)}^\n"
    return SoqlError(error_code, f"{shown}ERROR at Row:{row}:Column:{column}\n{message}")


def no_column(text: str, position: int, name: str, entity: str) -> SoqlError:
    """Make the error of a field that does not exist or that the user may not see."""
    return at(
        text,
        position,
        "INVALID_FIELD",
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom"
        f" field, be sure to append the '__c' after the custom field name. {_CHECK_DESCRIBE}",
    )


def no_relationship(text: str, position: int, name: str) -> SoqlError:
    """Make the error of a parent or child relationship that does not exist."""
    return at(
        text,
        position,
        "INVALID_FIELD",
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a"
        f" custom relationship, be sure to append the '__r' after the custom relationship name."
        f" {_CHECK_DESCRIBE}",
    )


def no_object(text: str, position: int, name: str) -> SoqlError:
    """Make the error of an object that does not exist or is switched off."""
    return at(
        text,
        position,
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object,"
        f" be sure to append the '__c' after the entity name. {_CHECK_DESCRIBE}",
    )


def malformed(text: str, position: int, message: str) -> SoqlError:
    """Make a syntax error."""
    return at(text, position, "MALFORMED_QUERY", message)
