"""Scenario files: one JSON object per scenario, its keys the fields of ``model``.

Know before changing: the file is typed by the dataclasses alone, so a new field needs nothing here.
A key, word or id nobody knows is refused with the place it stands at, for a misspelt key read as
"not given" would quietly tell another story. Fields left at their default are not written.

Does not do: judge whether a scenario makes sense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from crmrules_sandbox.scenario.model import Scenario
from crmrules_sandbox.scenario.outline import CHANCES


def dump(scenario: Scenario, path: Path | str) -> None:
    """Write the scenario to a file that ``load`` reads back as an equal one."""
    text = json.dumps(_plain(scenario), ensure_ascii=False, indent=1)
    Path(path).write_text(text + "\n", encoding="utf-8")


def load(path: Path | str) -> Scenario:
    """Return the scenario of a file; raises ValueError, naming the place, if it is not one."""
    try:
        read = json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as problem:
        raise ValueError(f"{path} is no JSON: {problem}") from problem
    scenario: Scenario = _read(Scenario, read, "scenario")
    _check(scenario)
    return scenario


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {
            each.name: _plain(held)
            for each in fields(value)
            if (held := getattr(value, each.name)) != each.default
        }
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


@cache
def _fields(kind: type) -> dict[str, tuple[Any, Field[Any]]]:
    """Return each field's name with its type and definition."""
    hints = get_type_hints(kind)
    return {each.name: (hints[each.name], each) for each in fields(kind)}


def _read(kind: Any, value: Any, place: str) -> Any:
    """Return the value as the type says; raises ValueError with the place."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        chosen = [each for each in get_args(kind) if each is not NoneType]
        return None if value is None else _read(chosen[0], value, place)
    if origin is tuple and isinstance(value, list):
        inner = get_args(kind)[0]
        return tuple(_read(inner, each, f"{place}[{n}]") for n, each in enumerate(value))
    if is_dataclass(kind) and isinstance(value, Mapping):
        return _made(kind, value, place)  # type: ignore[arg-type]
    if kind in (datetime, date) and isinstance(value, str):
        return _dated(kind, value, place)
    return _simple(kind, value, place)


def _simple(kind: Any, value: Any, place: str) -> Any:
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise ValueError(f"{place}: {value!r} is none of {', '.join(get_args(kind))}")
    if kind is float and type(value) is int:
        return float(value)
    if kind in (str, int, float, bool) and type(value) is kind:
        return value
    expected = "list" if get_origin(kind) is tuple else getattr(kind, "__name__", str(kind))
    raise ValueError(f"{place}: expected {expected}, got {value!r}")


def _made(kind: type, value: Mapping[str, Any], place: str) -> Any:
    known = _fields(kind)
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"{place}: unknown key {', '.join(unknown)}; known: {', '.join(known)}")
    required = [name for name, (_, each) in known.items() if each.default is MISSING]
    if missing := [name for name in required if name not in value]:
        raise ValueError(f"{place}: missing {', '.join(missing)}")
    return kind(
        **{key: _read(known[key][0], each, f"{place}.{key}") for key, each in value.items()}
    )


def _dated(kind: type[date], value: str, place: str) -> date:
    try:
        read = kind.fromisoformat(value)
    except ValueError as problem:
        raise ValueError(f"{place}: {problem}") from problem
    if isinstance(read, datetime) and read.tzinfo is None:
        raise ValueError(f"{place}: {value!r} names no time zone")
    return read


def _check(scenario: Scenario) -> None:
    """Raise ValueError for ids that come twice or that nobody has, and for unknown stages."""
    told = [
        *(scenario.colleagues, scenario.products, scenario.companies, scenario.people),
        scenario.opportunities,
        *(each.conversations for each in scenario.opportunities),
        *(each.quotes for each in scenario.opportunities),
    ]
    known: set[str] = set()
    for one in (one for group in told for one in group):
        if one.id in known:  # type: ignore[attr-defined]
            raise ValueError(f"scenario: {one.id} comes twice")  # type: ignore[attr-defined]
        known.add(one.id)  # type: ignore[attr-defined]
    for place, name in _references(scenario):
        if name is not None and name not in known:
            raise ValueError(f"{place}: nobody has the id {name}")
    for each in scenario.opportunities:
        if not (each.stages and each.amounts and each.closes):
            raise ValueError(f"{each.id}: needs a first stage, amount and close date")
        for move in each.stages:
            if move.stage not in CHANCES:
                raise ValueError(
                    f"{each.id}.stages: {move.stage!r} is none of {', '.join(CHANCES)}"
                )


def _references(scenario: Scenario) -> list[tuple[str, str | None]]:
    """Return every id that refers to something, with the id it stands at."""
    found: list[tuple[str, str | None]] = []
    found += [(each.id, each.manager) for each in scenario.colleagues]
    for company in scenario.companies:
        found += [(company.id, company.owner), (company.id, company.parent)]
    for person in scenario.people:
        found += [(person.id, person.company), (person.id, person.owner)]
    for one in scenario.opportunities:
        found += [(one.id, one.company), (one.id, one.owner)]
        found += [(one.id, role.person) for role in one.roles]
        found += [(one.id, line.product) for line in one.lines]
        found += [(talk.id, person) for talk in one.conversations for person in talk.people]
        found += [(quote.id, line.product) for quote in one.quotes for line in quote.lines]
    return found
