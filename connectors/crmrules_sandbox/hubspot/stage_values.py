"""Pipelines and stages: is a deal closed, was it won, and the properties each stage brings.

Know before changing: a stage belongs to one pipeline, and its id is unique in the account. Won is
closed with probability 1.0; metadata values are text in every answer.

Does not do: the pipelines endpoint (``account``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.records import Pipeline, Record, Stage
from crmrules_sandbox.hubspot.schema import Definition, definition
from crmrules_sandbox.hubspot.values import Problem, stamp

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

_MOMENTS = ("hs_v2_date_entered_", "hs_v2_date_exited_")
_SPANS = ("hs_v2_latest_time_in_", "hs_v2_cumulative_time_in_")


def stage_of(portal: Portal, stage_id: str | None) -> Stage | None:
    """Return the stage of that id in any pipeline; None if there is none."""
    stages = (stage for pipeline in portal.pipelines for stage in pipeline.stages)
    return next((stage for stage in stages if stage.id == stage_id), None)


def is_won(stage: Stage | None) -> bool:
    """Tell whether a deal in that stage is won."""
    return stage is not None and stage.closed and float(stage.probability) == 1.0


def definitions(pipelines: Iterable[Pipeline]) -> dict[str, Definition]:
    """Return the calculated properties that each stage of these pipelines brings."""
    found = {}
    for stage in (stage for pipeline in pipelines for stage in pipeline.stages):
        for prefix in (*_MOMENTS, *_SPANS):
            data: dict[str, Any] = {
                "name": f"{prefix}{stage.id}",
                "label": f'{prefix[6:].replace("_", " ").strip().capitalize()} "{stage.label}"',
                "groupName": "deal_stages",
                "type": "datetime" if prefix in _MOMENTS else "number",
                "fieldType": "date" if prefix in _MOMENTS else "number",
                "calculated": True,
                "hubspotDefined": True,
                "modificationMetadata": {
                    "archivable": False,
                    "readOnlyDefinition": True,
                    "readOnlyValue": True,
                },
            }
            found[data["name"]] = definition(data, "2019-08-06T02:41:08.029Z")
    return found


def time_value(record: Record, name: str) -> str | None:
    """Return a property a stage brings, told from the history; None if the name is none of them."""
    prefix = next((p for p in (*_MOMENTS, *_SPANS) if name.startswith(p)), None)
    if prefix is None:
        return None
    stays = _stays(record, name.removeprefix(prefix))
    left = [(start, end) for start, end in stays if end is not None]
    if prefix == _MOMENTS[0]:
        return stamp(stays[-1][0]) if stays else None
    if prefix == _MOMENTS[1]:
        return stamp(left[-1][1]) if left else None
    if not left or (prefix == _SPANS[0] and stays[-1][1] is None):
        return None
    chosen = left[-1:] if prefix == _SPANS[0] else left
    return str(sum(int((end - start).total_seconds() * 1000) for start, end in chosen))


def _stays(record: Record, stage_id: str) -> list[tuple[datetime, Any]]:
    versions = record.history.get("dealstage", [])
    ends = [each.at for each in versions[1:]] + [None]
    spans = zip(versions, ends, strict=True)
    return [(each.at, end) for each, end in spans if each.value == stage_id]


def problem_of(portal: Portal, texts: Mapping[str, str], record: Record | None) -> Problem | None:
    """Return what is wrong with the stage and pipeline a write leaves a deal in."""
    if not {"dealstage", "pipeline"} & set(texts):
        return None
    old = {} if record is None else {n: v[-1].value for n, v in record.history.items() if v}
    both = {**old, **texts}
    pipeline_id, stage_id = both.get("pipeline", ""), both.get("dealstage", "")
    pipeline = next((each for each in portal.pipelines if each.id == pipeline_id), None)
    if pipeline_id and pipeline is None:
        listed = ", ".join(each.id for each in portal.pipelines)
        message = f"{pipeline_id} was not one of the allowed options: [{listed}]"
        return "pipeline", "INVALID_OPTION", message
    chosen = [pipeline] if pipeline is not None else portal.pipelines
    allowed = [stage.id for each in chosen for stage in each.stages]
    if stage_id and stage_id not in allowed:
        message = f"{stage_id} was not one of the allowed options: [{', '.join(allowed)}]"
        return "dealstage", "INVALID_OPTION", message
    return None
