"""The setup of an org as its Metadata API shows it: components, deployments, and what they open.

Know before changing: a deployment is worked on bit by bit, each time anybody asks for setup: first
it waits, then it runs, then it is done. All of it or nothing is kept, unless it asks otherwise. A
field that was deployed here is hidden from every user, administrators too, until a permission set
shows it to them. Fields an org was made with are seen by all, as everything else is.

Does not do: retrieve, Apex tests, packages with a namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from crmrules_sandbox.salesforce.deploying import in_the_way, owners, problems
from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.schema import field_of
from crmrules_sandbox.salesforce.unpacking import NS, Key, Package, Problem, unpack
from crmrules_sandbox.salesforce.values import stamp

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org

_NOBODY: frozenset[str] = frozenset()
ADMINISTRATOR = "admin@sandbox.example"
_FLAGS = ("checkOnly", "ignoreWarnings", "rollbackOnError")


@dataclass(slots=True)
class Job:
    """One deployment; ``steps`` is how often it will be looked at before it is done."""

    id: str
    user_id: str
    package: Package
    options: Mapping[str, Any]
    created: str
    steps: int
    status: str = "Pending"
    failures: list[Problem] = field(default_factory=list)
    successes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """True when nothing more will happen."""
        return self.status not in ("Pending", "InProgress")


class Metadata:
    """The components of one org. ``in_use``: full name -> what else uses a component, in words.

    ``patience`` is how many looks a deployment takes.
    """

    def __init__(self, org: Org) -> None:
        self.org = org
        self.jobs: dict[str, Job] = {}
        self.in_use: dict[str, str] = {}
        self.patience = 2
        self.administrators: set[str] = set()
        self._components: dict[Key, ET.Element] = {}
        self._source: Path | None = None
        self._made: set[Key] = set()

    # -- what is there ----------------------------------------------------------------------------
    @property
    def components(self) -> dict[Key, ET.Element]:
        """Everything that was deployed, by kind and full name."""
        if self._source is not None:
            folder, self._source = self._source, None
            self._components = _read(folder)
        return self._components

    def preload(self, folder: Path) -> None:
        """Have what SFDX source holds: the org's fields were made from it already."""
        self._source = folder

    def administrator(self) -> str:
        """Return the id of a user who may change the setup; made on first use."""
        with self.org.lock:
            users = self.org.store.tables["User"].values()
            found = next((u["Id"] for u in users if u.get("Username") == ADMINISTRATOR), None)
            if found is None:
                found = self.org.store.new_id("User")
                row = {
                    "Id": found,
                    "Username": ADMINISTRATOR,
                    "LastName": "Admin",
                    "IsActive": True,
                }
                self.org.load({"User": [row]})
            self.administrators.add(found)
            return str(found)

    def read(self, kind: str, names: Iterable[str]) -> dict[str, ET.Element]:
        """Return those components of a kind that exist, by full name."""
        self.advance()
        return {n: self.components[kind, n] for n in names if (kind, n) in self.components}

    def withheld(self, sobject: str, user_id: str, right: str = "readable") -> frozenset[str]:
        """Return the fields of an object that no permission set of this user opens."""
        if not self._made:
            return _NOBODY
        made = {name for owner, name in self._made if owner == sobject}
        if not made:
            return _NOBODY
        given = self.org.store.tables["PermissionSetAssignment"].values()
        sets = self.org.store.tables["PermissionSet"]
        for row in given:
            held = sets.get(row.get("PermissionSetId", ""))
            if row.get("AssigneeId") == user_id and held is not None:
                made -= _opened(self.components["PermissionSet", held["Name"]], sobject, right)
        return frozenset(made)

    # -- deploying --------------------------------------------------------------------------------
    def start(self, data: bytes, options: Mapping[str, Any], user_id: str) -> Job:
        """Take a zip; it is worked on later."""
        number = len(self.jobs) + 1
        job = Job(
            sfid("0Af", number),
            user_id,
            unpack(data),
            {"rollbackOnError": False, "ignoreWarnings": False, "checkOnly": False, **options},
            stamp(self.org.now()),
            self.patience,
        )
        self.jobs[job.id] = job
        return job

    def advance(self) -> None:
        """Work on every deployment that is not done, a step each."""
        for job in self.jobs.values():
            if job.done:
                continue
            job.steps -= 1
            job.status = "InProgress"
            if job.steps <= 0:
                self._run(job)

    def _run(self, job: Job) -> None:
        package, there = job.package, self.components
        refused = [*package.problems, *problems(self.org, there, package)]
        leaving = set(package.deleted)
        for key in package.deleted:
            told = in_the_way(self.org, there, key, leaving) if key in there else ""
            refused += [Problem(*key, told)] if told else []
        job.failures = refused
        bad = {(one.kind, one.name) for one in refused}
        keep_going = not refused or not job.options["rollbackOnError"]
        if keep_going and not job.options["checkOnly"]:
            for key, element in package.brought.items():
                if key not in bad:
                    job.successes.append(self._bring(key, element))
            for key in package.deleted:
                if key not in bad:
                    job.successes.append(self._take(key))
        job.status = "Failed" if refused and not job.successes else "Succeeded"
        if refused and job.successes:
            job.status = "SucceededPartial"

    def _bring(self, key: Key, element: ET.Element) -> dict[str, Any]:
        kind, name = key
        created = key not in self.components
        self.components[key] = element
        if kind == "CustomField":
            owner, _, short = name.partition(".")
            for sobject in owners(owner):
                if short not in self.org.schema[sobject].fields:
                    self._made.add((sobject, short))
                self.org.set_field(sobject, short, field_of(element, name))
        elif kind == "PermissionSet" and created:
            row = {"Name": name, "Label": element.findtext(NS + "label"), "IsCustom": True}
            self.org.load({"PermissionSet": [row]})
        return _success(key, created=created)

    def _take(self, key: Key) -> dict[str, Any]:
        kind, name = key
        if key not in self.components:
            warning = {"problemType": "Warning", "problem": f"No {kind} named: {name} found"}
            return {**_success(key), **warning}
        del self.components[key]
        if kind == "CustomField":
            owner, _, short = name.partition(".")
            for sobject in owners(owner):
                self._made.discard((sobject, short))
                self.org.set_field(sobject, short, None)
            self._clean(name, short)
        elif kind == "PermissionSet":
            rows = self.org.store.tables["PermissionSet"].values()
            for record in [row["Id"] for row in rows if row["Name"] == name]:
                self.org.store.remove("PermissionSet", record)
        return _success(key, deleted=True)

    def _clean(self, name: str, short: str) -> None:
        """Take a deleted field off layouts and permission sets, as an org does by itself."""
        owner = name.partition(".")[0]
        for (kind, _), element in self.components.items():
            for parent in element.iter():
                for child in list(parent):
                    told = child.findtext(NS + "field")
                    of = {f"{each}.{short}" for each in owners(owner)}
                    if (kind == "PermissionSet" and told in of) or (
                        kind == "Layout" and told == short
                    ):
                        parent.remove(child)


def _opened(permission_set: ET.Element, sobject: str, right: str) -> set[str]:
    """Return the fields of an object that a permission set opens."""
    entries = permission_set.iterfind(NS + "fieldPermissions")
    named = [e.findtext(NS + "field", "") for e in entries if e.findtext(NS + right) == "true"]
    return {name.partition(".")[2] for name in named if name.partition(".")[0] == sobject}


def _success(key: Key, *, created: bool = False, deleted: bool = False) -> dict[str, Any]:
    return {
        "changed": not created,
        "componentType": key[0],
        "created": created,
        "deleted": deleted,
        "fullName": key[1],
        "success": True,
    }


def _read(folder: Path) -> dict[Key, ET.Element]:
    """Return the fields and permission sets of SFDX source, but not what is optional in it."""
    found: dict[Key, ET.Element] = {}
    for path in sorted(folder.rglob("objects/*/fields/*.field-meta.xml")):
        element = ET.parse(path).getroot()  # noqa: S314 - our own source tree # nosec B314
        owner, name = path.parents[1].name, path.name.removesuffix(".field-meta.xml")
        found["CustomField", f"{owner}.{name}"] = element
    for part in ("force-app", "quotes"):
        for path in sorted((folder / part).rglob("*.permissionset-meta.xml")):
            element = ET.parse(path).getroot()  # noqa: S314 - our own source tree # nosec B314
            found["PermissionSet", path.name.removesuffix(".permissionset-meta.xml")] = element
    return found
