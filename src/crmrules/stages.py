"""A CRM's own list of stages, where it has one: a part of the port that is not for every CRM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Stage(NamedTuple):
    """A stage of the list; ``won`` None: of an open opportunity."""

    pipeline: str
    id: str  # the word that [phases.<pipeline>] goes by
    label: str
    won: bool | None


@runtime_checkable
class TellsStages(Protocol):
    """A connector that knows the list; without one, the stages in use are all anybody knows."""

    def stages(self) -> Sequence[Stage]:
        """Return the stages in use, in the CRM's own order; after ``check``."""
