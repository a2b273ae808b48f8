"""A zip of the Metadata API as components, and back: what a deployment names and what it brings.

Know before changing: a component is kept as the element that a file of its own would have, its full
name as Salesforce writes it. A component named in the manifest that is in no file, and a file that
no manifest names, are refused in the words of the API.

Does not do: judge a component (``deploying``).
"""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

NS = "{http://soap.sforce.com/2006/04/metadata}"
_MANIFESTS = ("destructiveChangesPre.xml", "destructiveChanges.xml", "destructiveChangesPost.xml")
_CHILDREN = {"fields": "CustomField", "listViews": "ListView"}
_FILES = {
    "permissionset": "PermissionSet",
    "layout": "Layout",
    "reportType": "ReportType",
    "report": "Report",
    "dashboard": "Dashboard",
    "eca": "ExternalClientApplication",
    "ecaOauth": "ExtlClntAppOauthSettings",
    "ecaGlblOauth": "ExtlClntAppGlobalOauthSettings",
    "ecaOauthPlcy": "ExtlClntAppOauthConfigurablePolicies",
}
FOLDERS = {"ReportFolder": "Report", "DashboardFolder": "Dashboard"}
"""Kind of a folder -> the kind under which a manifest lists it."""

Key = tuple[str, str]
"""Kind and full name."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a component is refused; ``kind`` and ``name`` as Salesforce shows them."""

    kind: str
    name: str
    text: str
    file: str = ""


@dataclass(slots=True)
class Package:
    """What a zip brings and what it deletes; ``problems`` are those of the zip itself."""

    brought: dict[Key, ET.Element] = field(default_factory=dict)
    deleted: list[Key] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def unpack(data: bytes) -> Package:
    """Read a zip; whatever is wrong with it is among the problems."""
    package = Package()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            files = {name: packed.read(name) for name in packed.namelist() if name[-1] != "/"}
    except zipfile.BadZipFile:
        package.problems.append(Problem("", "package.xml", "Not a zip file"))
        return package
    if "package.xml" not in files:
        package.problems.append(Problem("", "package.xml", "No package.xml found", "package.xml"))
        return package
    try:
        listed = _listed(files.pop("package.xml"))
        for name in _MANIFESTS:
            package.deleted += map(_folder, _listed(files.pop(name)) if name in files else [])
    except ET.ParseError as error:
        text = f"Error parsing file: {error}"
        package.problems.append(Problem("", "package.xml", text, "package.xml"))
        return package
    for path, content in files.items():
        _read(package, path, content)
    _compare(package, listed)
    return package


def _listed(manifest: bytes) -> list[Key]:
    root = ET.fromstring(manifest)  # noqa: S314 - loopback # nosec B314
    return [
        (types.findtext(NS + "name") or "", (member.text or "").rstrip("/"))
        for types in root.iterfind(NS + "types")
        for member in types.iterfind(NS + "members")
    ]


def _folder(key: Key) -> Key:
    """Return a listed report or dashboard without a folder as the folder that it is."""
    kind, name = key
    folder = next((folder for folder, inside in FOLDERS.items() if inside == kind), kind)
    return (kind if "/" in name else folder), name


def _read(package: Package, path: str, content: bytes) -> None:
    folder, _, file = path.partition("/")
    try:
        root = ET.fromstring(content)  # noqa: S314 - loopback # nosec B314
    except ET.ParseError as error:
        package.problems.append(Problem("", path, f"Error parsing file: {error}", path))
        return
    if folder == "objects":
        owner = file.removesuffix(".object")
        for child in root:
            tag = child.tag.removeprefix(NS)
            name = child.findtext(NS + "fullName")
            if tag in _CHILDREN and name:
                package.brought[_CHILDREN[tag], f"{owner}.{name}"] = child
        return
    if file.endswith("-meta.xml"):
        kind = {"reports": "ReportFolder", "dashboards": "DashboardFolder"}.get(folder, "")
        package.brought[kind, file.removesuffix("-meta.xml")] = root
        return
    stem, _, ending = file.rpartition(".")
    package.brought[_FILES.get(ending, ending), stem] = root


def _compare(package: Package, listed: list[Key]) -> None:
    names: Mapping[str, set[str]] = defaultdict(set)
    for kind, name in listed:
        names[kind].add(name)
    found = {(FOLDERS.get(kind, kind), name) for kind, name in package.brought}
    for kind, name in listed:
        if (kind, name) not in found:
            text = (
                f"An object '{name}' of type {kind} was named in package.xml, but was not found in"
                " zipped directory"
            )
            package.problems.append(Problem("", name, text, "package.xml"))
    for kind, name in list(package.brought):
        if name not in names[FOLDERS.get(kind, kind)]:
            package.problems.append(Problem(kind, name, "Not in package.xml"))
