"""Fields that the made-up organization added itself.

Know before changing: a field is there only where a row fills it, so that an org from a seed has the
shipped custom fields and no other. To crmrules such a field means something only where the settings
map it.

Does not do: the fields crmrules ships (``deploy/salesforce``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from crmrules_sandbox.salesforce.schema import Field, SObject

CONTRACT_END = "Contract_End__c"
OWN: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "Opportunity": (
            Field(CONTRACT_END, "date", "Contract End", custom=True, permissionable=True),
        )
    }
)
"""Object -> its own fields."""


def with_own(
    schema: Mapping[str, SObject], records: Mapping[str, Iterable[Mapping[str, Any]]]
) -> dict[str, SObject]:
    """Return the schema with the own fields that any row fills."""
    grown = dict(schema)
    for name, fields in OWN.items():
        filled = {key for row in records.get(name, ()) for key in row}
        used = {field.name: field for field in fields if field.name in filled}
        more = MappingProxyType({**grown[name].fields, **used})
        grown[name] = replace(grown[name], fields=more)
    return grown
