"""What HubSpot accepts, read from the source of its own Python package.

``hubspot-sdk`` (Apache-2.0) is generated from HubSpot's specification, so its source says path,
method, query and body of every operation. It is read with ``ast``: no client is made and nothing is
sent. It knows 2026-03 only; a request to 2026-09 is asked under 2026-03.

It does not know limits (``limits``), nor what an answer looks like.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import hubspot_sdk
import jsonschema

from hubspot_contract.schemas import Schema, mended, schema

ROOT = Path(hubspot_sdk.__file__).parent
PLACES = (
    *("account", "crm/objects", "crm/associations", "crm/associations_schema"),
    *("crm/properties", "crm/owners.py", "crm/pipelines.py"),
)
VERSIONS = ("2026-03", "2026-09")
TYPES = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-7": "products",
    "0-8": "line_items",
    "0-14": "quotes",
    "0-27": "tasks",
    "0-46": "notes",
    "0-47": "meetings",
    "0-48": "calls",
    "0-49": "emails",
}
"""Object types that have a number and a name; the package uses now one, now the other."""
VERBS = {
    **{f"_{verb}": verb.upper() for verb in ("get", "post", "put", "patch", "delete")},
    "_get_api_list": "GET",
}
TYPE_NAMES = ("object_type", "from_object_type", "to_object_type")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the package, the keys an operation sends of it, and whether it sends a list."""

    module: str
    name: str
    keys: frozenset[str] | None
    many: bool = False

    def schema(self) -> Schema:
        """Return its schema."""
        one = schema(getattr(importlib.import_module(self.module), self.name), self.keys)
        return {"type": "array", "items": one} if self.many else one


@dataclass(frozen=True)
class Operation:
    """One operation: ``template`` has placeholders in braces and plain names of object types."""

    method: str
    template: str
    body: Kind | None
    query: Kind | None

    @cached_property
    def placeholders(self) -> list[str]:
        """The names in braces."""
        return re.findall(r"\{(\w+)\}", self.template)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path of this operation looks like."""
        parts = re.split(r"\{(\w+)\}", self.template)
        literal = [
            re.escape(part) if n % 2 == 0 else f"(?P<{part}>[^/]+)" for n, part in enumerate(parts)
        ]
        return re.compile("".join(literal))

    @cached_property
    def validator(self) -> Any:
        """What checks a body."""
        assert self.body is not None
        return jsonschema.Draft202012Validator(mended(self.template, self.body.schema()))

    @cached_property
    def parameters(self) -> Schema:
        """Query parameters by name."""
        found: Schema = {} if self.query is None else self.query.schema()["properties"]
        return found


class SdkContract:
    """Every operation we may meet, and what is wrong with a request."""

    def __init__(self) -> None:
        self.operations = sorted(harvest(), key=lambda one: len(one.placeholders))
        self.types = set(TYPES.values()) | {
            found[1]
            for one in self.operations
            if (found := re.match(r"/crm/objects/[^/]+/([^/{}]+)", one.template))
        }

    def problems(
        self, method: str, path: str, query: list[tuple[str, str]], body: Any
    ) -> list[str]:
        """Return what HubSpot's specification does not know about a request; empty if nothing."""
        operation = self.operation(method, path)
        if operation is None:
            return [f"{method} {path}: there is no such operation"]
        return [*_query(operation, query), *_body(operation, body)]

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation with the fewest placeholders that has this path."""
        plain = canonical(path)
        for one in self.operations:
            found = one.pattern.fullmatch(plain) if one.method == method else None
            if found and all(self._is_type(found.groupdict().get(name)) for name in TYPE_NAMES):
                return one
        return None

    def _is_type(self, name: str | None) -> bool:
        return (
            name is None or name in self.types or re.fullmatch(r"2-\d+|p\d+_\w+", name) is not None
        )


def canonical(path: str) -> str:
    """Return a path under the package's version, with object types by name."""
    parts = ["2026-03" if part in VERSIONS else TYPES.get(part, part) for part in path.split("/")]
    return "/".join(parts)


def _query(operation: Operation, query: list[tuple[str, str]]) -> Iterator[str]:
    for name, value in query:
        if name not in operation.parameters:
            yield f"there is no query parameter {name!r}"
            continue
        kind = operation.parameters[name]
        if kind.get("type") == "integer" and not re.fullmatch(r"\d+", value):
            yield f"query parameter {name!r} is a number, not {value!r}"
        if kind.get("type") == "boolean" and value not in ("true", "false"):
            yield f"query parameter {name!r} is true or false, not {value!r}"
        if "enum" in kind and value not in kind["enum"]:
            yield f"query parameter {name!r} is one of {kind['enum']}, not {value!r}"


def _body(operation: Operation, body: Any) -> Iterator[str]:
    if operation.body is None:
        if body is not None:
            yield f"{operation.method} {operation.template} takes no body"
        return
    if body is None:
        yield "the body is missing"
        return
    for error in operation.validator.iter_errors(body):
        place = "/".join(map(str, error.absolute_path)) or "(body)"
        yield f"{place}: {error.message[:160]}"


@cache
def contract() -> SdkContract:
    """Return the one contract: reading the package takes half a second."""
    return SdkContract()


def harvest() -> Iterator[Operation]:
    """Read every operation from the synchronous resources of the package."""
    for place in PLACES:
        top = ROOT / "resources" / place
        for file in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names = dict(_imports(tree, file))
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and re.fullmatch(
                    r"(?!Async)\w+Resource", node.name
                ):
                    yield from _operations(node, names)


def _imports(tree: ast.Module, file: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield imported names with the module and the attribute they stand for."""
    package = ["hubspot_sdk", *file.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(package[: len(package) - node.level + 1])
            module = f"{base}.{node.module}" if node.module else base
            for name in node.names:
                yield name.asname or name.name, (module, name.name)


def _operations(resource: ast.ClassDef, names: dict[str, tuple[str, str]]) -> Iterator[Operation]:
    for node in ast.walk(resource):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in VERBS or not node.args:
            continue
        given = {word.arg: word.value for word in node.keywords}
        verb = given.get("method", ast.Constant(VERBS[node.func.attr]))
        assert isinstance(verb, ast.Constant)
        options = given.get("options")
        words = options.keywords if isinstance(options, ast.Call) else []
        query = next((word.value for word in words if word.arg == "query"), None)
        yield Operation(
            str(verb.value).upper(),
            canonical(_path(node.args[0])),
            _kind(given.get("body"), names),
            _kind(query, names),
        )


def _path(node: ast.expr) -> str:
    template = node.args[0] if isinstance(node, ast.Call) else node
    assert isinstance(template, ast.Constant), ast.unparse(node)
    return str(template.value)


def _kind(node: ast.expr | None, names: dict[str, tuple[str, str]]) -> Kind | None:
    """Return the type in ``maybe_transform({...}, module.Type)``."""
    if node is None:
        return None
    assert isinstance(node, ast.Call), ast.unparse(node)
    sent, kind = node.args
    keys = None
    if isinstance(sent, ast.Dict):
        keys = frozenset(str(k.value) for k in sent.keys if isinstance(k, ast.Constant))
    if isinstance(kind, ast.Attribute) and isinstance(kind.value, ast.Name):
        package, module = names[kind.value.id]
        return Kind(f"{package}.{module}", kind.attr, keys)
    if isinstance(kind, ast.Name):
        return Kind(*names[kind.id], keys)
    # Iterable[X]: the body is a bare list, sent by operations that write labels.
    assert isinstance(kind, ast.Subscript), ast.unparse(node)
    assert isinstance(kind.slice, ast.Name)
    return Kind(*names[kind.slice.id], keys, many=True)
