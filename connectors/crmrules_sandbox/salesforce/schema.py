"""The objects and fields of the sandbox org, as frozen values.

Know before changing: the standard objects are data (``standard_core.json`` and
``standard_more.json``), one line per field:
``label | type length-or-precision | flags | targets > relationship``. Flags are n nillable,
c createable, u updateable, f filterable, d defaulted on create, i id lookup, p permissionable
(field-level security can hide it), r restricted picklist. ``@audit`` stands for the five stamps a
record carries. The core file agrees with recorded describes (a test compares every flag); the other
holds documented facts. Custom fields come only from the SFDX source, never from here.

Does not do: keep rows, decide who sees a field, or answer requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

_METADATA = "{http://soap.sforce.com/2006/04/metadata}"

_AUDIT = {
    "CreatedDate": "Created Date | datetime | fd",
    "CreatedById": "Created By ID | reference | fd | User > CreatedBy",
    "LastModifiedDate": "Last Modified Date | datetime | fd",
    "LastModifiedById": "Last Modified By ID | reference | fd | User > LastModifiedBy",
    "SystemModstamp": "System Modstamp | datetime | fd",
}

FEATURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "quotes": ("Quote", "QuoteLineItem"),
        "field_history": ("OpportunityFieldHistory",),
        "enhanced_email": ("EmailMessage",),
        "competitors": ("OpportunityCompetitor",),
        "multi_currency": (),
    }
)
"""Feature name -> objects an org without the feature does not have."""

_UNGROUPABLE = frozenset(
    {"datetime", "double", "currency", "percent", "combobox", "multipicklist", "anyType"}
)

_METADATA_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Lookup": "reference",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``type`` is the word of a describe: string, datetime, reference..."""

    name: str
    type: str
    label: str
    length: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    custom: bool = False
    calculated: bool = False
    defaulted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    picklist: tuple[str, ...] = ()
    restricted: bool = False
    permissionable: bool = False
    id_lookup: bool = False
    precision: int = 0
    scale: int = 0
    digits: int = 0

    @property
    def polymorphic(self) -> bool:
        """True if the relationship can lead to several objects; a query then sees Name and Type."""
        return len(self.reference_to) > 1

    @property
    def groupable(self) -> bool:
        """True if GROUP BY takes the field; agrees with the recorded describes."""
        return (self.filterable or self.type == "boolean") and self.type not in _UNGROUPABLE

    @property
    def aggregatable(self) -> bool:
        """True if COUNT, MIN and MAX take the field; agrees with the recorded describes."""
        return self.filterable and self.type not in ("boolean", "multipicklist")


@dataclass(frozen=True, slots=True)
class SObject:
    """One object; ``children`` maps a child relationship name to (child object, its field)."""

    name: str
    label: str
    prefix: str
    fields: Mapping[str, Field]
    children: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    createable: bool = True
    updateable: bool = True
    queryable: bool = True
    plural: str = ""
    traits: frozenset[str] = frozenset()

    @property
    def deletable(self) -> bool:
        """True if a record can be deleted through the API."""
        return "deletable" in self.traits


def _field(name: str, spec: str, picklists: Mapping[str, list[str]]) -> Field:
    label, kind, flags, *rest = (part.strip() for part in spec.split("|"))
    type_, _, size = kind.partition(" ")
    whole, _, fraction = size.partition(".")
    number = int(whole) if whole else 0
    precise = type_ in ("currency", "double", "percent")
    targets, _, relationship = rest[0].partition(">") if rest else ("", "", "")
    return Field(
        name=name,
        type=type_,
        label=label,
        length=18 if type_ in ("id", "reference") else 0 if precise or type_ == "int" else number,
        nillable="n" in flags,
        createable="c" in flags,
        updateable="u" in flags,
        filterable="f" in flags,
        defaulted="d" in flags,
        id_lookup="i" in flags,
        permissionable="p" in flags,
        restricted="r" in flags,
        reference_to=tuple(t.strip() for t in targets.split(",") if t.strip()),
        relationship_name=relationship.strip() or None,
        picklist=tuple(picklists.get(name, ())),
        precision=number if precise else 0,
        scale=int(fraction) if fraction else 0,
        digits=number if type_ == "int" else 0,
    )


def _sobject(name: str, body: Mapping[str, Any]) -> SObject:
    specs: dict[str, str] = {}
    for key, spec in body["fields"].items():
        specs.update(_AUDIT if key == "@audit" else {key: spec})
    traits = frozenset(body["traits"].split())
    children = {
        relation: (target.partition(".")[0], target.partition(".")[2])
        for relation, target in body["children"].items()
    }
    return SObject(
        name=name,
        label=body["label"],
        plural=body["plural"],
        prefix=body["prefix"],
        fields=MappingProxyType({k: _field(k, s, body["picklists"]) for k, s in specs.items()}),
        children=MappingProxyType(children),
        createable="createable" in traits,
        updateable="updateable" in traits,
        queryable="queryable" in traits,
        traits=traits,
    )


@cache
def _standard() -> Mapping[str, SObject]:
    found: dict[str, SObject] = {}
    for name in ("standard_core.json", "standard_more.json"):
        text = files(__package__).joinpath(name).read_text(encoding="utf-8")
        found.update({key: _sobject(key, body) for key, body in json.loads(text).items()})
    return MappingProxyType(found)


def standard_schema() -> dict[str, SObject]:
    """Every standard object with every feature switched on; the dict is yours to change."""
    return dict(_standard())


def without_features(schema: Mapping[str, SObject], off: Iterable[str]) -> dict[str, SObject]:
    """Return the schema of an org that lacks the named ``FEATURES``.

    Objects go, and so do references and child relationships that lead only to them; without
    ``multi_currency`` the CurrencyIsoCode fields go. Raises KeyError for an unknown feature.
    """
    features = frozenset(off)
    gone = {name for feature in features for name in FEATURES[feature]}
    left: dict[str, SObject] = {}
    for name, sobject in schema.items():
        if name in gone:
            continue
        fields = {
            key: replace(f, reference_to=tuple(t for t in f.reference_to if t not in gone))
            for key, f in sobject.fields.items()
            if not (f.reference_to and gone.issuperset(f.reference_to))
            and not (key == "CurrencyIsoCode" and "multi_currency" in features)
        }
        children = {k: v for k, v in sobject.children.items() if v[0] not in gone}
        left[name] = replace(
            sobject, fields=MappingProxyType(fields), children=MappingProxyType(children)
        )
    return left


def _text(node: ET.Element, tag: str, default: str = "") -> str:
    found = node.findtext(_METADATA + tag)
    return default if found is None else found.strip()


def custom_field(path: Path) -> Field:
    """Read one ``*.field-meta.xml``; raises ValueError for a type the sandbox does not know."""
    root = ET.parse(path).getroot()  # noqa: S314 - our own source tree, not input # nosec B314
    return field_of(root, path.name)


def field_of(root: ET.Element, told: str) -> Field:
    """Return the field that metadata describes; ``told`` names it in a ValueError."""
    metadata_type = _text(root, "type")
    if metadata_type not in _METADATA_TYPES:
        message = f"{told}: the sandbox has no field type {metadata_type!r}"
        raise ValueError(message)
    type_ = _METADATA_TYPES[metadata_type]
    values = root.iterfind(f"{_METADATA}valueSet/{_METADATA}valueSetDefinition/{_METADATA}value")
    required = _text(root, "required") == "true" or type_ == "boolean"
    target = _text(root, "referenceTo")
    length = {"TextArea": 255, "Picklist": 255, "MultiselectPicklist": 4099}.get(metadata_type, 0)
    return Field(
        name=_text(root, "fullName"),
        type=type_,
        label=_text(root, "label"),
        length=int(_text(root, "length", str(length))),
        nillable=not required,
        filterable=metadata_type != "LongTextArea",
        unique=_text(root, "unique") == "true",
        external_id=_text(root, "externalId") == "true",
        id_lookup=_text(root, "externalId") == "true",
        case_sensitive=_text(root, "caseSensitive") == "true",
        custom=True,
        defaulted=type_ == "boolean",
        reference_to=(target,) if target else (),
        relationship_name=_text(root, "fullName").replace("__c", "__r") if target else None,
        picklist=tuple(_text(value, "fullName") for value in values),
        restricted=_restricted(root),
        permissionable=not required,
        precision=int(_text(root, "precision", "0")),
        scale=int(_text(root, "scale", "0")),
    )


def _restricted(root: ET.Element) -> bool:
    return root.findtext(f"{_METADATA}valueSet/{_METADATA}restricted") == "true"


def load_deploy(folder: Path, schema: Mapping[str, SObject]) -> dict[str, SObject]:
    """Add the custom fields of the SFDX source under ``folder`` to the schema.

    Fields of Activity become fields of Task and of Event, as in a real org. Raises ValueError if
    the folder holds no field, or one of an object the schema lacks.
    """
    grown = dict(schema)
    paths = sorted(folder.rglob("objects/*/fields/*.field-meta.xml"))
    if not paths:
        message = f"{folder}: no custom field found; expected SFDX source (objects/X/fields)"
        raise ValueError(message)
    for path in paths:
        owner = path.parent.parent.name
        for name in ("Task", "Event") if owner == "Activity" else (owner,):
            if name not in grown:
                message = f"{path.name}: the sandbox has no object {name}"
                raise ValueError(message)
            new = custom_field(path)
            fields = MappingProxyType({**grown[name].fields, new.name: new})
            grown[name] = replace(grown[name], fields=fields)
    return grown
