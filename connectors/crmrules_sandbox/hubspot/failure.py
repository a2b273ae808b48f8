"""The one way a request or an input fails: status, category, message, and what is at fault.

Know before changing: every key of an error body but ``status``, ``message`` and ``correlationId``
is optional, and real answers do leave them out ("resource not found" has no category). Texts that
clients are known to read are the real ones; the tests of shapes say which are recorded.

Does not do: the 429 bodies (``limits``) and what an edge says in HTML (``gateway``).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SCOPES = "https://developers.hubspot.com/scopes"


class ApiError(Exception):
    """A refused request or input; ``more`` are further keys of the body (context, errors, ...)."""

    def __init__(self, status: int, message: str, category: str | None = None, **more: Any) -> None:
        self.status = status
        self.message = message
        self.category = category
        self.more = more
        super().__init__(f"{status} {category}: {message}")

    def body(self) -> dict[str, Any]:
        """Return the body of a failed request."""
        body = {"status": "error", "message": self.message, "correlationId": str(uuid.uuid4())}
        body |= self.more
        return body if self.category is None else {**body, "category": self.category}

    def item(self, context: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
        """Return the entry of one failed input among the ``errors`` of a 207 answer."""
        entry: dict[str, Any] = {"status": "error", "category": self.category}
        entry |= {"message": self.message, "errors": [], "links": {}, **self.more}
        entry["context"] = {**entry.get("context", {}), **(context or {})}
        return entry


def not_found() -> ApiError:
    """Make the answer to a single record that is not there."""
    return ApiError(404, "resource not found")


def no_such_path(path: str) -> ApiError:
    """Make the answer to a path or version HubSpot does not serve."""
    return ApiError(404, f"No handler found for {path}")


def no_such_type(name: str) -> ApiError:
    """Make the answer to an object type nobody knows."""
    return ApiError(400, f"Unable to infer object type from: {name}", "VALIDATION_ERROR")


def invalid(message: str, **more: Any) -> ApiError:
    """Make the answer to a request that breaks a published rule."""
    return ApiError(400, message, "VALIDATION_ERROR", **more)


def bad_json(problem: str) -> ApiError:
    """Make the answer to a body that is not the JSON asked for."""
    return invalid(f"Invalid input JSON on line 1, column 1: {problem}")


def invalid_values(problems: Iterable[tuple[str, str, str]]) -> ApiError:
    """Make the answer to values that do not fit; a problem is (property, code, message)."""
    found = list(problems)
    told = [
        {"isValid": False, "message": message, "error": code, "name": name}
        for name, code, message in found
    ]
    errors = [
        {"message": message, "code": code, "context": {"propertyName": [name]}}
        for name, code, message in found
    ]
    listed = json.dumps(told, separators=(",", ":"))
    return invalid(f"Property values were not valid: {listed}", errors=errors)


def not_set(kind: str, names: Sequence[str]) -> ApiError:
    """Make the answer to a record that lacks a required property."""
    message = f"Error creating {kind}. Some required properties were not set."
    return invalid(message, context={"properties": [*names]})


def missing_scopes(scopes: Iterable[str]) -> ApiError:
    """Make the answer to a token that lacks every one of these scopes."""
    message = (
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {_SCOPES}."
    )
    error = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": sorted(scopes)},
    }
    return ApiError(403, message, "MISSING_SCOPES", errors=[error], links={"scopes": _SCOPES})


def no_session(category: str = "INVALID_AUTHENTICATION") -> ApiError:
    """Make the answer to a token that is missing, unknown or revoked."""
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you "
        "can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return ApiError(401, message, category)


def missing_objects(singular: str, ids: Sequence[str]) -> dict[str, Any]:
    """Return the entry of a 207 answer for records that are not there."""
    message = f"Could not get some {singular} objects, they may be deleted or not exist."
    return ApiError(404, message, "OBJECT_NOT_FOUND").item({"ids": [*ids]})
