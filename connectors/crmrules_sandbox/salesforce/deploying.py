"""What an org says to a deployment: which components it refuses, and why.

Know before changing: messages are those of published deployment logs where there are any; tests of
a client should look at what is refused more than at the words. The order of checks is that of
dependencies: fields first, then what shows them. A report is refused whose report type comes in the
same deployment, and a chart of a dashboard that does not say its axis and order; a field that
something still shows is not deleted.

Does not do: change anything (``metadata``), or check what this sandbox has no opinion on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from crmrules_sandbox.salesforce.schema import field_of
from crmrules_sandbox.salesforce.unpacking import FOLDERS, NS, Key, Package, Problem

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org

Components = Mapping[Key, ET.Element]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a deployment goes: the org, what it has, and what it will have."""

    org: Org
    there: Components
    together: Components

    def has(self, sobject: str, field: str) -> bool:
        """Tell whether an object will have a field."""
        owner = "Activity" if sobject in ("Task", "Event") else sobject
        if ("CustomField", f"{owner}.{field}") in self.together:
            return True
        return sobject in self.org.schema and field in self.org.schema[sobject].fields


_CHARTS = ("Bar", "Column", "Line", "Pie", "Donut", "Funnel", "Scatter")
_TELL = {"ListView": "List View", "Report": "Report", "ReportType": "Custom Report Type"}
"""Kinds that keep a field from being deleted -> how Salesforce calls them."""


def owners(name: str) -> tuple[str, ...]:
    """Return the objects that have a field of this object in the API: two for an activity's."""
    return ("Task", "Event") if name == "Activity" else (name,)


def problems(org: Org, there: Components, package: Package) -> Iterator[Problem]:
    """Yield what is wrong with bringing these components into an org that has ``there``."""
    place = _Place(org, there, {**there, **package.brought})
    for (kind, name), element in package.brought.items():
        check = _CHECKS.get(kind)
        if check is not None:
            for text in check(place, name, element):
                yield Problem(kind, name, text)


def in_the_way(org: Org, there: Components, key: Key, leaving: set[Key]) -> str:
    """Return why a component cannot be deleted beside those that leave too; empty: it can."""
    kind, name = key
    told = org.metadata.in_use.get(name, "")
    if told:
        return f"This custom field is referenced elsewhere in Salesforce. : {told}"
    if kind == "PermissionSet":
        rows = org.store.tables["PermissionSet"].values()
        ids = {row["Id"] for row in rows if row["Name"] == name}
        given = org.store.tables["PermissionSetAssignment"].values()
        if any(row.get("PermissionSetId") in ids for row in given):
            return "You can't delete this permission set because it's assigned to users."
    short = name.rpartition(".")[2]
    for (other, user), element in there.items():
        if (
            FOLDERS.get(kind) == other
            and user.startswith(f"{name}/")
            and (other, user) not in leaving
        ):
            return f"The folder is not empty: {other} - {user}"
        if (other, user) in leaving or other not in _TELL:
            continue
        text = ET.tostring(element, encoding="unicode")
        if kind == "CustomField" and (f">{short}<" in text or f"${short}<" in text):
            where = f"{_TELL[other]} - {user}"
            return f"This custom field is referenced elsewhere in Salesforce. : {where}"
        if kind == "ReportType" and f">{name}__c<" in text:
            return f"The report type is used by {_TELL[other]} - {user}"
    return ""


def _text(element: ET.Element, tag: str) -> str:
    return (element.findtext(NS + tag) or "").strip()


def _field(place: _Place, name: str, element: ET.Element) -> Iterator[str]:
    owner, _, field = name.partition(".")
    if owner != "Activity" and owner not in place.org.schema:
        yield f"Entity Enumeration Or ID: bad value for restricted picklist field: {owner}"
        return
    if not _text(element, "label"):
        yield "Required field is missing: label"
    try:
        field_of(element, field)
    except ValueError as error:
        yield str(error)
    before = place.there.get(("CustomField", name))
    if before is not None and _text(before, "type") != _text(element, "type"):
        yield f"Cannot change field type from {_text(before, 'type')} to {_text(element, 'type')}"


def _permission_set(place: _Place, _: str, element: ET.Element) -> Iterator[str]:
    for entry in element.iterfind(NS + "objectPermissions"):
        if _text(entry, "object") not in place.org.schema:
            yield f"In field: field - no CustomObject named {_text(entry, 'object')} found"
    for entry in element.iterfind(NS + "fieldPermissions"):
        sobject, _, field = _text(entry, "field").partition(".")
        if sobject == "Activity" or not place.has(sobject, field):
            yield f"In field: field - no CustomField named {sobject}.{field} found"


def _list_view(place: _Place, name: str, element: ET.Element) -> Iterator[str]:
    sobject = name.partition(".")[0]
    columns = [(each.text or "").strip() for each in element.iterfind(NS + "columns")]
    columns += [_text(each, "field") for each in element.iterfind(NS + "filters")]
    for column in columns:
        if column.endswith("__c") and not place.has(sobject, column):
            yield f"Could not resolve list view column: {column}"


def _layout(place: _Place, name: str, element: ET.Element) -> Iterator[str]:
    sobject = name.partition("-")[0]
    for item in element.iter(NS + "layoutItems"):
        field = _text(item, "field")
        if field and not place.has(sobject, field):
            yield f"In field: field - no CustomField named {sobject}.{field} found"


def _report_type(place: _Place, _: str, element: ET.Element) -> Iterator[str]:
    for column in element.iter(NS + "columns"):
        sobject, field = _text(column, "table"), _text(column, "field")
        fields = place.org.schema[sobject].fields.values() if sobject in place.org.schema else ()
        related = any(each.relationship_name == field for each in fields)
        if field.endswith("Id") or not (related or place.has(sobject, field)):
            yield f"Could not find field {field} in table {sobject}"


def _report(place: _Place, name: str, element: ET.Element) -> Iterator[str]:
    if ("ReportFolder", name.partition("/")[0]) not in place.together:
        yield f"Cannot find folder:{name.partition('/')[0]}"
    type_ = place.there.get(("ReportType", _text(element, "reportType").removesuffix("__c")))
    if type_ is None:
        yield f"reportType - {_text(element, 'reportType')}: invalid report type"
        return
    known = {f"{_text(c, 'table')}${_text(c, 'field')}" for c in type_.iter(NS + "columns")}
    for tag in ("field", "column", "dateColumn"):
        for each in element.iter(NS + tag):
            if (each.text or "").strip() not in known:
                yield f"Invalid field name: {each.text}"


def _dashboard(place: _Place, name: str, element: ET.Element) -> Iterator[str]:
    if ("DashboardFolder", name.partition("/")[0]) not in place.together:
        yield f"Cannot find folder:{name.partition('/')[0]}"
    for part in element.iter(NS + "components"):
        report = _text(part, "report")
        if ("Report", report) not in place.together:
            yield f"no Report named {report} found"
        if _text(part, "componentType").startswith(_CHARTS):
            for needed in ("sortBy", "chartAxisRange"):
                if not _text(part, needed):
                    yield f"Chart dashboard components require the {needed} attribute"


_CHECKS = {
    "CustomField": _field,
    "PermissionSet": _permission_set,
    "ListView": _list_view,
    "Layout": _layout,
    "ReportType": _report_type,
    "Report": _report,
    "Dashboard": _dashboard,
}
