"""Whether the stage map and the org's stages still fit each other.

Know before changing: a stage is known by its API name or its label, and record types share one list
of stages, so only a stage that no pipeline of the map speaks of is told as one without a phase. A
stage that was renamed or taken away leaves a word in the map that fits nothing any more.

It stops nothing: a stage without a phase makes the phase unknown, never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmrules.connector import Problem
from crmrules.mapping import DEFAULT_PIPELINE
from crmrules.mapping import Mapping as Words
from crmrules.stages import Stage


def stage_problems(words: Words, stages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Name stages in use that have no phase, and mapped stages that the org does not have."""
    if not stages:
        return
    used = [_names(row) for row in stages if row.get("IsActive", True)]
    pipelines = [*words.phases, ""]
    unmapped = [
        names[0]
        for names in used
        if not any(words.knows_stage(pipeline, name) for pipeline in pipelines for name in names)
    ]
    if unmapped:
        yield Problem(
            f"no buying phase for stage {_quoted(unmapped)}",
            "add each to [phases.default] with its phase, or 'none'",
            signals=("phase",),
        )
    there = {_folded(name) for row in stages for name in _names(row)}
    for pipeline, mapped in words.phases.items():
        dead = [name for name in mapped if _folded(name) not in there]
        if dead:
            yield Problem(
                f"[phases.{pipeline}] names stage {_quoted(dead)}, which this org does not have",
                "correct the name if it was renamed in the org, or remove the line",
            )


def listed(stages: Iterable[Mapping[str, Any]]) -> list[Stage]:
    """Return the active stages in their order, by the word that opportunities carry."""
    rows = sorted(
        (row for row in stages if row.get("IsActive", True)),
        key=lambda row: int(row.get("SortOrder") or 0),
    )
    return [
        Stage(
            DEFAULT_PIPELINE,
            _names(row)[0],
            str(row.get("MasterLabel") or _names(row)[0]),
            bool(row.get("IsWon")) if row.get("IsClosed") else None,
        )
        for row in rows
        if _names(row)
    ]


def _names(row: Mapping[str, Any]) -> list[str]:
    found = dict.fromkeys(row.get(name) for name in ("ApiName", "MasterLabel"))
    return [str(name) for name in found if name]


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
