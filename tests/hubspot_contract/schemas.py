"""Strict JSON Schemas from the types of HubSpot's own Python package.

Know before changing: objects are closed, because a misspelt key is what a type checker cannot see
in a dict and HubSpot silently ignores. What the package's types say wrongly stands in ``FAULTS``,
each with its reason, and nowhere else.

It knows nothing of paths; ``sdk`` says which type belongs to which operation.
"""

from __future__ import annotations

import re
import types
import typing
from collections import abc
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typing_extensions as te
from hubspot_sdk._utils import PropertyInfo

Schema = dict[str, Any]
PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    datetime: {"type": "string"},
    object: {},
    Any: {},
}
WRAPPERS = (te.Required, typing.Required, te.NotRequired, te.Annotated, typing.Annotated)


def schema(kind: Any, keys: Collection[str] | None = None) -> Schema:
    """Return the schema of a type; ``keys``: the Python names of a TypedDict's keys that count.

    Raises TypeError or KeyError for a kind it does not know: nothing is left unchecked in silence.
    """
    if te.is_typeddict(kind):
        return _closed(kind, keys)
    inner = typing.get_args(kind)
    return _composed(typing.get_origin(kind), inner) if inner else dict(PLAIN[kind])


def _composed(origin: Any, inner: tuple[Any, ...]) -> Schema:
    if origin in WRAPPERS:
        return schema(inner[0])
    if origin in (typing.Literal, te.Literal):
        return {"enum": list(inner)}
    if origin in (dict, abc.Mapping):
        return {"type": "object", "additionalProperties": schema(inner[1])}
    if origin in (list, abc.Iterable, abc.Sequence):
        return {"type": "array", "items": schema(inner[0])}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema(one) for one in inner]}
    raise TypeError(f"no schema for {origin!r} of {inner!r}")


def _closed(kind: Any, keys: Collection[str] | None) -> Schema:
    hints = te.get_type_hints(kind, include_extras=True)
    chosen = {name: hint for name, hint in hints.items() if keys is None or name in keys}
    return {
        "type": "object",
        "properties": {alias(name, hint): schema(hint) for name, hint in chosen.items()},
        "required": [alias(n, hint) for n, hint in chosen.items() if _required(kind, n, hint)],
        "additionalProperties": False,
    }


def _required(kind: Any, name: str, hint: Any) -> bool:
    # Annotations that are texts hide Required[] from __required_keys__.
    return name in kind.__required_keys__ or typing.get_origin(hint) is te.Required


def alias(name: str, hint: Any) -> str:
    """Return the name a key has in JSON."""
    named = (note.alias for note in _notes(hint) if isinstance(note, PropertyInfo))
    return next((found for found in named if found), name)


def _notes(hint: Any) -> Iterator[Any]:
    yield from getattr(hint, "__metadata__", ())
    if typing.get_origin(hint) in WRAPPERS:
        yield from _notes(typing.get_args(hint)[0])


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the package's types say wrongly about the operations whose path matches."""

    path: str
    reason: str
    mend: Callable[[Schema], None]

    def concerns(self, path: str) -> bool:
        """Return whether an operation has this fault."""
        return re.search(self.path, path) is not None


def _nothing_required(made: Schema) -> None:
    made["required"] = []


def _sorts_are_objects(made: Schema) -> None:
    made["properties"]["sorts"] = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "propertyName": {"type": "string"},
                "direction": {"enum": ["ASCENDING", "DESCENDING"]},
            },
            "required": ["propertyName", "direction"],
            "additionalProperties": False,
        },
    }


def _history_is_optional(made: Schema) -> None:
    made["required"].remove("propertiesWithHistory")


def _from_is_required(made: Schema) -> None:
    made["properties"]["inputs"]["items"]["required"].append("from")


def _upsert_names_its_property(made: Schema) -> None:
    made["properties"]["inputs"]["items"]["required"].append("idProperty")


FAULTS = (
    Fault(
        r"^/crm/objects/[^/]+/[^/]+/search$",
        "every key is called required; the first page of a search has no 'after', and most have no "
        "'query'",
        _nothing_required,
    ),
    Fault(
        r"^/crm/objects/[^/]+/[^/]+/search$",
        "sorts are called strings; the search guide sends objects with propertyName and direction",
        _sorts_are_objects,
    ),
    Fault(
        r"^/crm/objects/[^/]+/[^/]+/batch/read$",
        "propertiesWithHistory is called required; it halves the batch, so it is sent on purpose",
        _history_is_optional,
    ),
    Fault(
        r"^/crm/associations/[^/]+/[^/]+/[^/]+/batch/(create|archive|associate/default|labels/archive)$",
        "'from' is a reserved word in Python, and so lost its 'required'",
        _from_is_required,
    ),
    Fault(
        r"^/crm/objects/[^/]+/[^/]+/batch/upsert$",
        "idProperty is called optional; without it an upsert is refused",
        _upsert_names_its_property,
    ),
)


def mended(path: str, made: Schema) -> Schema:
    """Return the schema of an operation's body without the known faults."""
    for fault in FAULTS:
        if fault.concerns(path):
            fault.mend(made)
    return made
