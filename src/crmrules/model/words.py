"""The closed vocabularies of the model."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where the buyer is in the decision, not where the seller is in the pipeline."""

    RECOGNITION = "recognition"
    EVALUATION = "evaluation"
    CONCERNS = "concerns"
    IMPLEMENTATION = "implementation"
    DEVELOPMENT = "development"

    @property
    def order(self) -> int:
        """Position in the buying process, 0 for recognition of needs."""
        return list(Phase).index(self)


class Focus(StrEnum):
    """Why a person in the account talks to us."""

    RECEPTIVITY = "receptivity"
    DISSATISFACTION = "dissatisfaction"
    POWER = "power"


class ActivityKind(StrEnum):
    """What happened between us and the account."""

    MEETING = "meeting"
    CALL = "call"
    EMAIL = "email"
    TASK = "task"
    NOTE = "note"


class Direction(StrEnum):
    """Who spoke: the customer to us, or we to the customer."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class ConcernState(StrEnum):
    """Where a concern stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    REOPENED = "reopened"
