"""The one way a request fails: an HTTP status, an error code, a message, the fields at fault.

Know before changing: the same failure is written two ways. At the top level it is
``{"message", "errorCode"}``; inside the result of a collection the code is called ``statusCode``
and ``fields`` is always there (recorded responses of both kinds).

Does not do: failures of the token endpoint, which speak OAuth (``auth``), and errors in a query,
which carry their own type (``soql.errors``).
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refused request or record; ``fields`` is None where the real answer has no such key."""

    def __init__(
        self, status: int, code: str, message: str, fields: list[str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        super().__init__(f"{status} {code}: {message}")

    def body(self) -> list[dict[str, Any]]:
        """Return the body of a failed request."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error]

    def item(self, record_id: str | None = None) -> dict[str, Any]:
        """Return the result of one failed record of a collection."""
        error = {"statusCode": self.code, "message": self.message, "fields": self.fields or []}
        known: dict[str, Any] = {} if record_id is None else {"id": record_id}
        return {**known, "success": False, "errors": [error]}


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Make the answer to an unknown path, object, external id field or record."""
    return ApiError(404, "NOT_FOUND", message)


def no_such_column(name: str, sobject: str) -> ApiError:
    """Make the answer to a written field that does not exist or that the user may not see."""
    return ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}")


def no_access(message: str = "insufficient access rights on object id") -> ApiError:
    """Make the answer to a write the user has no right to."""
    return ApiError(400, "INSUFFICIENT_ACCESS_OR_READONLY", message, [])
