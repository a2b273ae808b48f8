"""A request to the API with its parts, its query lists and its JSON.

Know before changing: the body is looked at only when a handler asks for it, because HubSpot checks
scopes before bodies. A list in a query may be comma-separated, repeated, or both.

Does not do: answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from crmrules_sandbox.hubspot.failure import ApiError, bad_json, invalid
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.wire.messages import Exchange


@dataclass(frozen=True, slots=True)
class Request:
    """One call; ``found`` holds what the path's pattern named, ``striking`` the faults at it."""

    exchange: Exchange
    found: dict[str, str]
    striking: list[Fault] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address without its query, as links in answers give it."""
        return f"https://{self.exchange.headers.get('host', '')}{self.exchange.path}"

    def listed(self, name: str) -> list[str]:
        """Return a list of the query."""
        pairs = parse_qsl(self.exchange.target.partition("?")[2])
        values = (value for key, value in pairs if key.removesuffix("[]") == name)
        return [each for value in values for each in value.split(",") if each]

    def flag(self, name: str) -> bool:
        """Return a boolean of the query; absent is False."""
        text = self.exchange.query.get(name, "false")
        if text.lower() not in ("true", "false"):
            raise invalid(f"{name} is not a boolean: {text}")
        return text.lower() == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """Return a page size of the query; raises ApiError for one out of range."""
        text = self.exchange.query.get(name, str(default))
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid(f"{name} must be between 1 and {most}")
        return int(text)

    def json(self) -> dict[str, Any]:
        """Return the body; raises ApiError if it is no JSON object."""
        kind = self.exchange.headers.get("content-type", "")
        if not kind.startswith("application/json"):
            raise ApiError(415, "Unsupported Media Type")
        try:
            body = orjson.loads(self.exchange.body)
        except orjson.JSONDecodeError as error:
            raise bad_json(error.msg) from error
        if not isinstance(body, dict):
            raise bad_json("Cannot deserialize value: an object is expected")
        return body

    def inputs(self, most: int) -> list[dict[str, Any]]:
        """Return the inputs of a batch; raises ApiError for none, too many or no list."""
        inputs = self.json().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
            raise bad_json("Some required fields were not set: [inputs]")
        if not inputs:
            raise invalid("Invalid input: inputs must not be empty")
        if len(inputs) > most:
            raise invalid(f"The maximum number of inputs supported in a batch request is {most}")
        return inputs

    def strike(self, kind: str) -> Fault | None:
        """Return the fault of a kind that strikes at this request, if one does."""
        return next((each for each in self.striking if each.kind == kind), None)


def text_of(value: Any, where: str) -> str:
    """Return an id as text; raises ApiError for anything but text or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise bad_json(f"Some required fields were not set: [{where}]")
    return str(value)
