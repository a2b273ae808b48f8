"""What the evaluator needs of an org.

Know before changing: ``rows`` returns every stored row, deleted and archived ones too; hiding them
is the evaluator's work, because ``queryAll`` must see them. Values are JSON-ready: a date is
``2026-11-23`` and a datetime ``2026-11-23T10:00:00.000+0000``, so both compare as text.

Does not do: sharing rules; who may see which row is not part of the sandbox.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from crmrules_sandbox.salesforce.schema import SObject


class Tables(Protocol):
    """Schema as the current user sees it, and the rows."""

    def sobject(self, name: str) -> SObject | None:
        """Return the object of that name in any case; None if there is none for this user."""

    def visible(self, sobject: str) -> frozenset[str]:
        """Return the names of the fields the current user may read."""

    def rows(self, sobject: str) -> Collection[Mapping[str, Any]]:
        """Return every stored row of the object, in the order of creation."""

    def get(self, sobject: str, record_id: str) -> Mapping[str, Any] | None:
        """Return the row with that 18-character id; None if there is none."""
