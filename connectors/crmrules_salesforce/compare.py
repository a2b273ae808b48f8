"""What an org has under our names against what has to be there, component by component.

Know before changing: what is there is kept (labels, texts, further values, further rights) and only
what would make a write fail or a rule blind is changed; what cannot be changed is a conflict. A
picklist that is deployed loses the values that are not named, so those that are there are sent
along. Whatever people look at (views, reports, the layout) is theirs once it exists: it is made
where it is missing and never changed.

It sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from crmrules.provisioning import Step
from crmrules_salesforce.package import NS, Component, Element

FLAGS = "Opportunity.CrmRules_Flags__c"
_SETTINGS = "in Setup, Object Manager"
_LONG = {"Text": 1, "LongTextArea": 1}
_TRUE = ("unique", "externalId", "caseSensitive")


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to do about one component; ``component`` is what would be deployed, None: nothing."""

    step: Step
    component: Component | None = None


def difference(wanted: Component, found: Element | None) -> Difference:
    """Return what is to do about one component; ``found`` None: the org does not have it."""
    if wanted.kind == "CustomField":
        return _field(wanted, found)
    if wanted.kind == "PermissionSet":
        return _permission_set(wanted, found)
    step = Step("keep" if found is not None else "create_component", wanted.kind, wanted.name)
    return Difference(step, None if found is not None else wanted)


def with_flags(component: Component, flags: Sequence[str]) -> Component:
    """Return the flag field with a value for each of these flags, in addition to the shipped ones.

    A flag of one's own is labelled by its name.
    """
    if component.name != FLAGS:
        return component
    root = component.root
    for flag in sorted(set(flags) - set(_values(root))):
        _definition(root).append(_value(flag, flag.replace("_", " ").capitalize()))
    return replace(component, xml=etree.tostring(root))


def describes(root: Element) -> str:
    """Return a field in a few words: its type and what matters about it."""
    kind, values = _text(root, "type"), _values(root)
    length = f" {_text(root, 'length')}" if kind in _LONG else ""
    told = [f"{kind}{length}", *(name for name in _TRUE if _text(root, name) == "true")]
    if values:
        shown = ", ".join(values) if len(values) <= 5 else f"{len(values)} values"
        told.append(shown)
    return "; ".join(told)


def _field(wanted: Component, found: Element | None) -> Difference:
    owner, _, name = wanted.name.partition(".")
    root = wanted.root
    if found is None:
        return Difference(Step("create_field", owner, name, describes(root)), wanted)
    kind, theirs = _text(root, "type"), _text(found, "type") or "formula"
    problem = _conflict(root, found, kind, theirs)
    if problem:
        remedy = f"If it is not used, delete it {_SETTINGS}; else rename it there."
        return Difference(Step("conflict", owner, name, problem, remedy))
    changed, told = _changes(root, found)
    missing = [value for value in _values(root) if value not in _values(found)]
    for value in missing:
        _definition(found).append(_value(value, _labels(root)[value]))
    if not changed and not missing:
        return Difference(Step("keep", owner, name, describes(found)))
    if missing:
        there = len(_values(found)) - len(missing)
        told.append(f"{', '.join(missing)} ({there} values there are kept)")
    step = Step("change_field" if changed else "add_options", owner, name, "; ".join(told))
    return Difference(step, replace(wanted, xml=_file(wanted.kind, found, name)))


def _conflict(root: Element, found: Element, kind: str, theirs: str) -> str:
    """Return what is in the way of using a field as ours; empty when nothing is."""
    if theirs != kind:
        return f"is of type {theirs}, not {kind}"
    if found.find(NS + "formula") is not None:
        return "is a formula"
    if _values(root) and found.find(f"{NS}valueSet/{NS}valueSetName") is not None:
        return "uses a global value set"
    return ""


def _changes(root: Element, found: Element) -> tuple[bool, list[str]]:
    """Bring what is found to what a write needs; return whether anything changed, and what."""
    told = []
    kind = _text(root, "type")
    wanted, there = _text(root, "length"), _text(found, "length")
    if kind in _LONG and int(there or 0) < int(wanted):
        _set(found, "length", wanted)
        told.append(f"length {there} -> {wanted}")
    for name in _TRUE:
        if _text(root, name) == "true" and _text(found, name) != "true":
            _set(found, name, "true")
            told.append(name)
    values = found.find(NS + "valueSet")
    if values is not None and _restricted(found) and not _restricted(root):
        _set(values, "restricted", "false")
        told.append("unrestricted")
    return bool(told), told


def _permission_set(wanted: Component, found: Element | None) -> Difference:
    root = wanted.root
    rights = _rights(root)
    if found is None:
        step = Step("create_permission_set", wanted.kind, wanted.name, _counted(rights))
        return Difference(step, wanted)
    there = _rights(found)
    missing = [(right, name) for right, name in rights if (right, name) not in there]
    if not missing:
        more = len(set(there) - set(rights))
        detail = f"has {more} right(s) that crmrules does not ask for" if more else ""
        return Difference(Step("keep", wanted.kind, wanted.name, detail))
    shown = ", ".join(f"{right} {name}" for right, name in missing)
    step = Step("grant", wanted.kind, wanted.name, shown)
    return Difference(step, replace(wanted, xml=_file(wanted.kind, _united(found, root))))


def _counted(rights: Sequence[tuple[str, str]]) -> str:
    edits = sum(right == "edit" and "." in name for right, name in rights)
    reads = sum(right == "read" and "." in name for right, name in rights)
    objects = len({name for right, name in rights if "." not in name and right != "permission"})
    return f"{objects} object(s); {reads} fields to read, {edits} of them to write"


def _rights(root: Element) -> list[tuple[str, str]]:
    """Return the rights of a permission set, each as a word and what it is about."""
    return [*_field_rights(root), *_object_rights(root), *_user_rights(root)]


def _field_rights(root: Element) -> Iterator[tuple[str, str]]:
    for entry in root.iterfind(NS + "fieldPermissions"):
        for right, tag in (("read", "readable"), ("edit", "editable")):
            if _text(entry, tag) == "true":
                yield right, _text(entry, "field")


def _object_rights(root: Element) -> Iterator[tuple[str, str]]:
    for entry in root.iterfind(NS + "objectPermissions"):
        for child in entry:
            if child.text == "true":
                yield etree.QName(child).localname, _text(entry, "object")


def _user_rights(root: Element) -> Iterator[tuple[str, str]]:
    for entry in root.iterfind(NS + "userPermissions"):
        if _text(entry, "enabled") == "true":
            yield "permission", _text(entry, "name")


_KEYS = {"fieldPermissions": "field", "objectPermissions": "object", "userPermissions": "name"}


def _united(found: Element, wanted: Element) -> Element:
    """Return the permission set that is there with every right of ours added to it."""
    entries = {
        (etree.QName(entry).localname, _text(entry, key)): entry
        for tag, key in _KEYS.items()
        for entry in found.iterfind(NS + tag)
    }
    for tag, key in _KEYS.items():
        for entry in wanted.iterfind(NS + tag):
            there = entries.get((tag, _text(entry, key)))
            if there is None:
                found.append(entry)
                continue
            for child in entry:
                if child.text == "true":
                    _set(there, etree.QName(child).localname, "true")
    return found


def _file(kind: str, root: Element, name: str = "") -> bytes:
    """Return something read as the file it would be: named shortly, in the order of the schema."""
    made = etree.Element(NS + kind, nsmap={None: NS[1:-1]})
    children = [child for child in root if etree.QName(child).localname != "fullName"]
    if name:
        etree.SubElement(made, NS + "fullName").text = name
    made.extend(sorted(children, key=lambda child: str(etree.QName(child).localname)))
    etree.cleanup_namespaces(made)
    xml: bytes = etree.tostring(made)
    return xml


def _text(root: Element, tag: str) -> str:
    return (root.findtext(NS + tag) or "").strip()


def _set(root: Element, tag: str, text: str) -> None:
    child = root.find(NS + tag)
    if child is None:
        child = etree.SubElement(root, NS + tag)
    child.text = text


def _restricted(root: Element) -> bool:
    return bool(root.findtext(f"{NS}valueSet/{NS}restricted") == "true")


def _definition(root: Element) -> Element:
    return root.find(f"{NS}valueSet/{NS}valueSetDefinition")


def _labels(root: Element) -> Mapping[str, str]:
    values = root.iterfind(f"{NS}valueSet/{NS}valueSetDefinition/{NS}value")
    return {_text(value, "fullName"): _text(value, "label") for value in values}


def _values(root: Element) -> list[str]:
    """Return the values of a picklist that can be chosen; none for another field."""
    values = root.iterfind(f"{NS}valueSet/{NS}valueSetDefinition/{NS}value")
    return [_text(v, "fullName") for v in values if _text(v, "isActive") != "false"]


def _value(name: str, label: str) -> Element:
    value = etree.Element(NS + "value")
    for tag, text in (("fullName", name), ("default", "false"), ("label", label)):
        etree.SubElement(value, NS + tag).text = text
    return value
