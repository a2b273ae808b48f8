"""What is normal in this organization: thresholds taken from its own won opportunities.

Computed once per run and passed to every signal, so that signals stay pure. Under ``ENOUGH`` won
opportunities in a group the answer is None, and the number stated in the rule holds.
It reads no clock and no CRM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ENOUGH = 30  # won opportunities a percentile needs (catalogue, section 1, "Calibration")
COVERAGE_GATE = 0.30  # share of won opportunities that must fill X for "X is missing" to mean it


@dataclass(frozen=True, slots=True)
class Baseline:
    """The organization's own numbers.

    ``major_amount``: an opportunity of at least this amount is major; None: the gate is off.
    ``won_median``: median won amount by (pipeline, kind) and by (pipeline, None).
    ``percentiles``: (pipeline, phase, measure, percent) -> value.
    ``coverage``: name of a piece of data -> share of won opportunities of the last 12 months with it.
    ``inbound_share``: share of open opportunities with any inbound mail seen.
    """

    won: int = 0
    major_amount: float | None = None
    won_median: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    percentiles: Mapping[tuple[str, str | None, str, int], float] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    inbound_share: float | None = None
    standard_allowance: float = 0.0  # discount in percent that every such customer gets
    top_half_revenue: float | None = None  # median revenue of accounts that bought

    def calibrated(self, pipeline: str, phase: str | None, measure: str, stated: float) -> float:
        """Return the larger of the stated number and the P75 of won ones, where there are enough."""
        found = self.percentiles.get((pipeline, phase, measure, 75))
        return stated if found is None else max(stated, found)
