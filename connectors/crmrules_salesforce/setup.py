"""What an org has in its setup and in its tables, as an administrator sees it.

Know before changing: metadata shows a component whatever field-level security hides. Who may not
read metadata, as the sync's user, sees fields through their describes only, and there a field that
is hidden looks like one that does not exist.

It changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lxml import etree

from crmrules.errors import AccessError, ConnectorError
from crmrules_salesforce.http import Transport
from crmrules_salesforce.metadata import MetadataApi
from crmrules_salesforce.package import NS, Component, Element

PERMISSION_SET = "CrmRules_Integration"
Found = Mapping[tuple[str, str], Element]
"""Kind and full name of a component -> its definition in the org."""

_TYPES = {
    "string": "Text",
    "textarea": "LongTextArea",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "datetime": "DateTime",
}
"""Type in a describe -> type in metadata, as far as our fields need them."""


class Setup:
    """Reads the setup and the records of one org; ``looking``: as a user who sees no setup."""

    def __init__(self, transport: Transport, api: MetadataApi, *, looking: bool) -> None:
        self._transport, self._api, self._looking = transport, api, looking

    def find(self, wanted: Iterable[Component]) -> Found:
        """Return those components that exist, as far as this user sees them. Raises AccessError."""
        return self._described(wanted) if self._looking else self._read(wanted)

    def _read(self, wanted: Iterable[Component]) -> Found:
        names: dict[str, list[str]] = defaultdict(list)
        for one in wanted:
            names[one.kind].append(one.name)
        return {
            (kind, name): element
            for kind, listed in names.items()
            for name, element in self._api.read(kind, listed).items()
        }

    def _described(self, wanted: Iterable[Component]) -> Found:
        """Return those fields that this user sees, made up like metadata from their describes."""
        fields = [one for one in wanted if one.kind == "CustomField"]
        owners = {one.name.partition(".")[0] for one in fields}
        known = {
            owner: self.fields_of("Task" if owner == "Activity" else owner) for owner in owners
        }
        found: dict[tuple[str, str], Element] = {}
        for one in fields:
            owner, _, name = one.name.partition(".")
            if name in known[owner]:
                found[one.kind, one.name] = _element(one.name, known[owner][name])
        return found

    def fields_of(self, sobject: str) -> dict[str, Mapping[str, Any]]:
        """Return the fields of an object that this user sees, by name; none without the object."""
        try:
            body = self._transport.read("GET", f"sobjects/{sobject}/describe")
        except ConnectorError as error:
            if error.message.startswith("NOT_FOUND"):
                return {}
            raise
        return {str(field["name"]): field for field in body["fields"]}

    def records(self, soql: str, *, all_rows: bool = False) -> list[Mapping[str, Any]]:
        """Return every record of a query; ``all_rows``: archived and deleted ones too."""
        body = self._transport.read("GET", f"{'queryAll' if all_rows else 'query'}?q={quote(soql)}")
        found = list(body["records"])
        while not body.get("done", True):
            path = str(body["nextRecordsUrl"]).removeprefix(self._transport.base)
            body = self._transport.read("GET", path)
            found += body["records"]
        return found

    def count(self, sobject: str, condition: str) -> int:
        """Return how many records meet a condition."""
        soql = f"SELECT COUNT() FROM {sobject} WHERE {condition}"  # noqa: S608 - our names # nosec B608
        return int(self._transport.read("GET", f"query?q={quote(soql)}")["totalSize"])

    def id_of(self, sobject: str, field: str, value: str) -> str | None:
        """Return the id of the one record with this value; None when there is none."""
        select = f"SELECT Id FROM {sobject}"  # noqa: S608 - our names # nosec B608
        rows = self.records(f"{select} WHERE {field} = {text_of(value)}")
        return str(rows[0]["Id"]) if rows else None

    def holders(self, permission_set: str) -> Sequence[str]:
        """Return the usernames of those who have a permission set."""
        select = "SELECT Assignee.Username FROM PermissionSetAssignment"
        rows = self.records(f"{select} WHERE PermissionSet.Name = {text_of(permission_set)}")
        return sorted(str(row["Assignee"]["Username"]) for row in rows)


def user_of(transport: Transport) -> str:
    """Return the username that a transport signs in as. Raises AccessError where nobody says."""
    transport.identify()
    user = transport.token.user
    body = transport.read("GET", f"sobjects/User/{user}") if user else {}
    if not body.get("Username"):
        raise AccessError(
            "the sync's sign-in does not say who it is",
            remedy="set [salesforce] username to the integration user",
            where="--assign",
        )
    return str(body["Username"])


def text_of(value: str) -> str:
    """Return a text as a literal of SOQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _element(name: str, field: Mapping[str, Any]) -> Element:
    """Return a field's describe in the shape of its metadata, as far as it can be compared."""
    root = etree.Element(NS + "CustomField")
    described = {
        "fullName": name,
        "label": str(field.get("label") or name),
        "type": _TYPES.get(str(field["type"]), str(field["type"])),
        "length": str(field.get("length") or ""),
        **{flag: str(bool(field.get(flag))).lower() for flag in ("unique", "externalId")},
        "caseSensitive": str(bool(field.get("caseSensitive"))).lower(),
    }
    for tag, text in described.items():
        etree.SubElement(root, NS + tag).text = text
    values = etree.SubElement(root, NS + "valueSet")
    restricted = str(bool(field.get("restrictedPicklist"))).lower()
    etree.SubElement(values, NS + "restricted").text = restricted
    definition = etree.SubElement(values, NS + "valueSetDefinition")
    for one in field.get("picklistValues") or ():
        value = etree.SubElement(definition, NS + "value")
        etree.SubElement(value, NS + "fullName").text = str(one["value"])
        etree.SubElement(value, NS + "label").text = str(one["label"])
        etree.SubElement(value, NS + "isActive").text = str(bool(one.get("active"))).lower()
    return root
