"""Association types: the ids HubSpot defines for each pair, and the labels a portal adds.

Know before changing: every direction has an id of its own. ``Primary`` sits beside the plain type,
not in its place. The ids are HubSpot's (read from its public client and documentation).

Does not do: keep associations (``links``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Pair = tuple[str, str]

PLAIN: Mapping[Pair, int] = {
    ("deals", "contacts"): 3, ("contacts", "deals"): 4,
    ("deals", "companies"): 341, ("companies", "deals"): 342,
    ("contacts", "companies"): 279, ("companies", "contacts"): 280,
    ("deals", "line_items"): 19, ("line_items", "deals"): 20,
    ("deals", "quotes"): 63, ("quotes", "deals"): 64,
    ("quotes", "line_items"): 67, ("line_items", "quotes"): 68,
    ("quotes", "contacts"): 69, ("contacts", "quotes"): 70,
    ("quotes", "companies"): 71, ("companies", "quotes"): 72,
    ("companies", "calls"): 181, ("calls", "companies"): 182,
    ("companies", "emails"): 185, ("emails", "companies"): 186,
    ("companies", "meetings"): 187, ("meetings", "companies"): 188,
    ("companies", "notes"): 189, ("notes", "companies"): 190,
    ("companies", "tasks"): 191, ("tasks", "companies"): 192,
    ("contacts", "calls"): 193, ("calls", "contacts"): 194,
    ("contacts", "emails"): 197, ("emails", "contacts"): 198,
    ("contacts", "meetings"): 199, ("meetings", "contacts"): 200,
    ("contacts", "notes"): 201, ("notes", "contacts"): 202,
    ("contacts", "tasks"): 203, ("tasks", "contacts"): 204,
    ("deals", "calls"): 205, ("calls", "deals"): 206,
    ("deals", "emails"): 209, ("emails", "deals"): 210,
    ("deals", "meetings"): 211, ("meetings", "deals"): 212,
    ("deals", "notes"): 213, ("notes", "deals"): 214,
    ("deals", "tasks"): 215, ("tasks", "deals"): 216,
}  # fmt: skip
PRIMARY: Mapping[Pair, int] = {
    ("deals", "companies"): 5, ("companies", "deals"): 6,
    ("contacts", "companies"): 1, ("companies", "contacts"): 2,
}  # fmt: skip
_FIRST_LABEL = 101


class Kinds:
    """The association types of one portal, its own labels included."""

    def __init__(self) -> None:
        self._labels: dict[tuple[str, str, str], int] = {}

    def label_id(self, from_type: str, to_type: str, label: str) -> int:
        """Return the type id of a label of the portal's own, made when first told of it."""
        for pair in ((from_type, to_type), (to_type, from_type)):
            self._labels.setdefault((*pair, label), _FIRST_LABEL + len(self._labels))
        return self._labels[from_type, to_type, label]

    def of(self, from_type: str, to_type: str) -> Iterator[dict[str, Any]]:
        """Yield every type of a pair, as the labels endpoint answers it."""
        pair = (from_type, to_type)
        if pair in PLAIN:
            yield {"category": "HUBSPOT_DEFINED", "typeId": PLAIN[pair], "label": None}
        if pair in PRIMARY:
            yield {"category": "HUBSPOT_DEFINED", "typeId": PRIMARY[pair], "label": "Primary"}
        for (start, end, label), number in self._labels.items():
            if (start, end) == pair:
                yield {"category": "USER_DEFINED", "typeId": number, "label": label}

    def describe(
        self, from_type: str, to_type: str, labels: tuple[str, ...], *, primary: bool
    ) -> list[dict[str, Any]]:
        """Return the types one association has."""
        told = {None, *labels, *(["Primary"] if primary else [])}
        for label in labels:
            self.label_id(from_type, to_type, label)
        return [each for each in self.of(from_type, to_type) if each["label"] in told]

    def find(self, from_type: str, to_type: str, type_id: Any) -> dict[str, Any] | None:
        """Return the type of a pair with that id; None if there is none."""
        return next((k for k in self.of(from_type, to_type) if k["typeId"] == type_id), None)
