"""The answers inside the answer of a composite call, and whether it is one at all.

Know before changing: a sign-in page of some network may answer 200 with JSON of its own, so nothing
of a shape is taken for granted that Salesforce alone would keep.

It sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmrules.errors import RetryableError


def read_answers(body: Any) -> dict[str, dict[str, Any]]:
    """Return the answers of a composite call; raises RetryableError where it has none."""
    found = answers(body)
    if not found:
        raise RetryableError(
            "the answer is JSON, but none of Salesforce's: something between us replaced it",
            remedy="check proxies and sign-in pages of this network",
        )
    return found


def answers(body: Any) -> dict[str, dict[str, Any]]:
    """Return the answers of a composite call by reference, without those of another shape."""
    listed = body.get("compositeResponse") if isinstance(body, Mapping) else None
    return {
        str(part["referenceId"]): part
        for part in (listed if isinstance(listed, list) else ())
        if isinstance(part, dict)
        and "referenceId" in part
        and "body" in part
        and isinstance(part.get("httpStatusCode"), int)
    }
