"""The portal's pipelines, and what their stages mean.

Know before changing: stage ids are digits and say nothing; two pipelines share labels, so whoever
goes by labels is wrong. ``STAGE_PHASES`` is for the demo's settings and stands for what an admin
would write.

Does not do: decide which stage an opportunity is in (``scenario``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmrules_sandbox.hubspot.records import Pipeline, Stage
from crmrules_sandbox.scenario.outline import CHANCES, EVALUATION, LOST, NEGOTIATION, STAGES, WON

PIPELINE = "default"
_FIRST, _STEP = 990_140_217, 6  # stage ids are numbers without an order one could rely on

STAGE_IDS: Mapping[str, str] = MappingProxyType(
    {name: str(_FIRST + _STEP * (place * 7 % 11)) for place, name in enumerate(CHANCES)}
)
"""Stage word of the scenario -> stage id."""

STAGE_PHASES: Mapping[str, str] = MappingProxyType(
    {STAGE_IDS[name]: "recognition" for name in STAGES if name not in (*EVALUATION, NEGOTIATION)}
    | {STAGE_IDS[name]: "evaluation" for name in EVALUATION}
    | {STAGE_IDS[NEGOTIATION]: "concerns"}
    | {STAGE_IDS[WON]: "implementation", STAGE_IDS[LOST]: "none"}
)
"""Stage id -> buying phase, ``none`` for a stage that has none on purpose."""


def pipelines() -> list[Pipeline]:
    """Return the pipeline every deal is in and one nobody uses."""
    used = tuple(
        Stage(STAGE_IDS[name], name, place, name in (WON, LOST), str(chance / 100))
        for place, (name, chance) in enumerate(CHANCES.items())
    )
    unused = (
        Stage("1044817310", NEGOTIATION, 0, closed=False, probability="0.8"),
        Stage("1044817311", WON, 1, closed=True, probability="1.0"),
        Stage("1044817312", LOST, 2, closed=True, probability="0.0"),
    )
    return [
        Pipeline(PIPELINE, "Sales Pipeline", 0, used),
        Pipeline("74003215", "Renewals", 1, unused),
    ]
