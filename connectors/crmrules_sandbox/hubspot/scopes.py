"""Which scopes a call needs: any one of those named for it is enough.

Know before changing: a scope is looked for before the body is. Calls, meetings, notes and tasks
come with the contacts scopes; emails have a legacy scope of their own for reading.

Does not do: grant anything (``Portal.grant``).
"""

from __future__ import annotations

Alternatives = frozenset[str]

_OF_CONTACTS = frozenset({"contacts", "calls", "meetings", "notes", "tasks", "emails"})
EVERYTHING = frozenset(
    {f"crm.objects.{kind}.{way}" for kind in ("deals", "companies", "contacts", "quotes",
     "line_items") for way in ("read", "write")}
    | {f"crm.schemas.{kind}.{way}" for kind in ("deals", "companies", "contacts", "quotes",
       "line_items") for way in ("read", "write")}
    | {"crm.objects.owners.read", "sales-email-read"}
)  # fmt: skip


def reading(kind: str) -> list[Alternatives]:
    """Return what reading records of a type needs."""
    if kind == "emails":
        return [frozenset({"sales-email-read"})]
    return [frozenset({f"crm.objects.{_base(kind)}.read"})]


def writing(kind: str) -> list[Alternatives]:
    """Return what writing records of a type needs."""
    return [frozenset({f"crm.objects.{_base(kind)}.write"})]


def linking(from_kind: str, to_kind: str) -> list[Alternatives]:
    """Return what writing associations of a pair needs: the right to write either end."""
    return [writing(from_kind)[0] | writing(to_kind)[0]]


def reading_links(from_kind: str, to_kind: str) -> list[Alternatives]:
    """Return what reading associations of a pair needs: the right to read both ends."""
    return [*reading(from_kind), *reading(to_kind)]


def reading_schema(kind: str) -> list[Alternatives]:
    """Return what reading definitions of a type needs."""
    base = _base(kind)
    return [frozenset({f"crm.schemas.{base}.read", f"crm.objects.{base}.read"})]


def writing_schema(kind: str) -> list[Alternatives]:
    """Return what defining properties of a type needs; activities accept any of many."""
    if kind in _OF_CONTACTS - {"contacts"}:
        return [frozenset(scope for scope in EVERYTHING if scope.endswith(".write"))]
    return [frozenset({f"crm.schemas.{_base(kind)}.write"})]


def _base(kind: str) -> str:
    return "contacts" if kind in _OF_CONTACTS else kind
