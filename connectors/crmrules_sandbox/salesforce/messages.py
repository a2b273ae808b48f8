"""A request and a response of the REST API, free of HTTP, so a composite can make its own.

Know before changing: a body is plain Python data; ``server`` turns it into bytes once. The data may
be the org's own rows, so nobody changes a body after making it.

Does not do: parse bytes, check tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.wire import messages as wire


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` without the query part; header names in lower case; ``parts`` after the version."""

    method: str
    path: str
    user_id: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    version: str = ""
    parts: tuple[str, ...] = ()
    nested: bool = False

    @property
    def root(self) -> str:
        """The first part of every URL in an answer, such as ``/services/data/v63.0``."""
        return f"/services/data/v{self.version}"

    def mapping(self) -> Mapping[str, Any]:
        """Return the body as a JSON object; raises ApiError JSON_PARSER_ERROR if it is none."""
        if not isinstance(self.body, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required.")
        return self.body


@dataclass(slots=True)
class Response(wire.Response):
    """An answer; ``failed_items`` tells a composite with allOrNone that records inside failed."""

    failed_items: bool = False
