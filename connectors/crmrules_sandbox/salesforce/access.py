"""What one user may see and do: object rights and field-level security.

Know before changing: a field without read access is *absent*: queries and writes answer as if it
did not exist, and describes leave it out. A visible field without edit access answers
INVALID_FIELD_FOR_INSERT_UPDATE. A new user may do everything; tests and the admin interface take
rights away.

Does not do: sharing of single records, profiles, roles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from crmrules_sandbox.salesforce.schema import SObject

RIGHTS = frozenset({"read", "create", "edit", "delete"})


class Access:
    """The rights of one user; change them through ``Org``, which also moves Last-Modified."""

    def __init__(self) -> None:
        self._hidden: dict[str, set[str]] = defaultdict(set)
        self._read_only: dict[str, set[str]] = defaultdict(set)
        self._denied: dict[str, set[str]] = defaultdict(set)
        self._visible: dict[str, frozenset[str]] = {}

    def hide(self, sobject: str, fields: tuple[str, ...]) -> None:
        """Take away read access to fields."""
        self._hidden[sobject].update(fields)
        self._visible.clear()

    def show(self, sobject: str, fields: tuple[str, ...]) -> None:
        """Give back full access to fields."""
        self._hidden[sobject].difference_update(fields)
        self._read_only[sobject].difference_update(fields)
        self._visible.clear()

    def freeze(self, sobject: str, fields: tuple[str, ...]) -> None:
        """Take away edit access to fields that stay readable."""
        self._read_only[sobject].update(fields)

    def deny(self, sobject: str, rights: tuple[str, ...]) -> None:
        """Take away object rights; raises ValueError for a word that is none of ``RIGHTS``."""
        if unknown := set(rights) - RIGHTS:
            raise ValueError(f"no such right: {', '.join(sorted(unknown))}")
        self._denied[sobject].update(rights)

    def allow(self, sobject: str, rights: tuple[str, ...]) -> None:
        """Give object rights back."""
        self._denied[sobject].difference_update(rights)

    def may(self, right: str, sobject: str) -> bool:
        """Tell whether the user has the right; without read there is no other right."""
        denied = self._denied.get(sobject, ())
        return right not in denied and "read" not in denied

    def editable(self, sobject: str, field: str) -> bool:
        """Tell whether a visible field may be written."""
        return field not in self._read_only.get(sobject, ())

    def forget(self) -> None:
        """Look at the schema anew: fields came or went."""
        self._visible.clear()

    def visible(self, schema: Mapping[str, SObject], sobject: str) -> frozenset[str]:
        """Return the names of the fields the user may read."""
        found = self._visible.get(sobject)
        if found is None:
            found = frozenset(schema[sobject].fields) - self._hidden.get(sobject, set())
            self._visible[sobject] = found
        return found
