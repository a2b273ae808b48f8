"""The shipped SFDX source as the zip that the Metadata API takes, without ``sf``.

Know before changing: the two layouts differ in four things. A file loses ``-meta.xml``; a folder of
reports loses its own ending; what belongs to an object is gathered in one ``.object`` file; and
``package.xml`` names every component. A test compares the result with what Salesforce's own
library makes of the same source. Source: Metadata API Developer Guide, "Deploying and Retrieving
Metadata with the Zip File", "Deleting Components from an Organization".

It sends nothing and knows no org.
"""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from crmrules.errors import UsageError

METADATA = "http://soap.sforce.com/2006/04/metadata"
NS = f"{{{METADATA}}}"
Element = Any
"""An element of lxml, which has no types of its own."""


@dataclass(frozen=True, slots=True)
class _Type:
    """Where a kind of component lives: its folder, and its ending in the zip and in the source."""

    name: str
    folder: str
    ending: str


_FILES = (
    _Type("PermissionSet", "permissionsets", "permissionset"),
    _Type("Layout", "layouts", "layout"),
    _Type("ReportType", "reportTypes", "reportType"),
    _Type("ReportFolder", "reports", "reportFolder"),
    _Type("Report", "reports", "report"),
    _Type("DashboardFolder", "dashboards", "dashboardFolder"),
    _Type("Dashboard", "dashboards", "dashboard"),
    _Type("ExternalClientApplication", "externalClientApps", "eca"),
    _Type("ExtlClntAppOauthSettings", "extlClntAppOauthSettings", "ecaOauth"),
    _Type("ExtlClntAppGlobalOauthSettings", "extlClntAppGlobalOauthSets", "ecaGlblOauth"),
    _Type("ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies", "ecaOauthPlcy"),
)
_CHILDREN = {"field": ("CustomField", "fields"), "listView": ("ListView", "listViews")}
"""Ending in the source -> kind of component, and its element in an ``.object`` file."""
_MANIFEST = {"ReportFolder": "Report", "DashboardFolder": "Dashboard"}
"""Kinds that a manifest lists under another name."""
_HERE = Path(__file__).resolve()
_SOURCES = (
    _HERE.parents[2] / "deploy" / "salesforce",  # a source tree
    _HERE.parents[1] / "crmrules" / "shipped" / "deploy" / "salesforce",  # an installed wheel
)


@dataclass(frozen=True, slots=True)
class Component:
    """One component; ``name`` is its full name, ``xml`` its file in the source."""

    kind: str
    name: str
    xml: bytes

    @property
    def root(self) -> Element:
        """The document element, anew each time: it is the caller's to change."""
        return parsed(self.xml)


def parsed(xml: bytes) -> Element:
    """Return the document element of XML that may come from elsewhere; nothing is fetched for it.

    Raises ``lxml.etree.XMLSyntaxError``.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_blank_text=True, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    return etree.fromstring(xml, parser)


def source() -> Path:
    """Return the folder of the shipped source; raises UsageError where there is none."""
    for folder in _SOURCES:
        if folder.is_dir():
            return folder
    raise UsageError(
        "this installation lacks deploy/salesforce",
        remedy="install crmrules again; its wheel carries that folder",
    )


@cache
def components(part: str) -> tuple[Component, ...]:
    """Return the components of one part of the source: force-app, quotes, views, reports, app."""
    return read_source(source() / part)


def read_source(folder: Path) -> tuple[Component, ...]:
    """Return the components of SFDX source, by file name. Raises UsageError for an unknown file."""
    return tuple(_read(path) for path in sorted(folder.rglob("*-meta.xml")))


def _read(path: Path) -> Component:
    stem, _, ending = path.name.removesuffix("-meta.xml").rpartition(".")
    if ending in _CHILDREN:
        kind, folder = _CHILDREN[ending]
        if path.parent.name == folder:
            return Component(kind, f"{path.parents[1].name}.{stem}", path.read_bytes())
    for kind_ in _FILES:
        if ending == kind_.ending:
            inside = path.parent.name != kind_.folder  # reports and dashboards lie in folders
            name = f"{path.parent.name}/{stem}" if inside else stem
            return Component(kind_.name, name, path.read_bytes())
    raise UsageError(
        f"{path.name} is of no kind that can be packed",
        remedy="add its kind to crmrules_salesforce/package.py",
    )


def deployment(made: Sequence[Component], version: str) -> bytes:
    """Return the zip that makes or changes these components; ``version`` is like 63.0."""
    return _zip({"package.xml": _manifest(_members(made), version), **files(made)})


def deletion(gone: Iterable[tuple[str, str]], version: str) -> bytes:
    """Return the zip that deletes components, each given as kind and full name."""
    members = defaultdict(list)
    for kind, name in gone:
        members[_MANIFEST.get(kind, kind)].append(name)
    return _zip(
        {
            "package.xml": _manifest({}, version),
            "destructiveChanges.xml": _manifest(members, version),
        }
    )


def files(made: Sequence[Component]) -> dict[str, bytes]:
    """Return the files of the zip but the manifest, by path."""
    types = {kind.name: kind for kind in _FILES}
    found: dict[str, bytes] = {}
    objects: dict[str, Element] = {}
    for one in made:
        if one.kind not in types:
            owner, _, _ = one.name.partition(".")
            parent = objects.setdefault(owner, etree.Element(NS + "CustomObject", nsmap=_NSMAP))
            parent.append(_child(one))
            continue
        kind = types[one.kind]
        folder = one.kind in _MANIFEST
        path = f"{kind.folder}/{one.name}" + ("-meta.xml" if folder else f".{kind.ending}")
        found[path] = one.xml
    for owner, element in objects.items():
        found[f"objects/{owner}.object"] = _bytes(element)
    return found


def _child(one: Component) -> Element:
    """Return a component as the element it is inside its object's file."""
    element = one.root
    element.tag = NS + next(tag for kind, tag in _CHILDREN.values() if kind == one.kind)
    return element


def _members(made: Iterable[Component]) -> dict[str, list[str]]:
    members = defaultdict(list)
    for one in made:
        members[_MANIFEST.get(one.kind, one.kind)].append(one.name)
    return members


_NSMAP = {None: METADATA}


def _manifest(members: dict[str, list[str]], version: str) -> bytes:
    package = etree.Element(NS + "Package", nsmap=_NSMAP)
    for kind in sorted(members):
        types = etree.SubElement(package, NS + "types")
        for name in sorted(members[kind]):
            etree.SubElement(types, NS + "members").text = name
        etree.SubElement(types, NS + "name").text = kind
    etree.SubElement(package, NS + "version").text = version
    return _bytes(package)


def _bytes(element: Element) -> bytes:
    xml: bytes = etree.tostring(element, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


def _zip(entries: dict[str, bytes]) -> bytes:
    """Return a zip with these entries; the same ones give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()
