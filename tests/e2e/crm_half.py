"""What a CRM's half of the tests' world has to do, in words that are no CRM's own.

Stages are the scenario's; a task is a dict of ``TASK`` with ``id`` and ``deleted``, its status in
lower case and its body as text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

TASK = ("key", "rule", "opportunity", "linked", "subject", "body", "status", "due", "owner")
"""Of a task of ours: what the dumps compare."""


class Half(ABC):
    """A sandbox as the tests see it."""

    name: ClassVar[str]
    connector: ClassVar[type]
    told: ClassVar[Mapping[str, tuple[str, ...]]]  # subject of a refusal -> words it must hold
    reads: ClassVar[str]  # regular expression for the calls that change nothing
    quiet_calls: ClassVar[int]  # the most a sync may cost when nothing happened
    uncounted_calls: ClassVar[int]  # of a run, calls that the CRM does not count
    writing_calls: ClassVar[int]  # what writing costs where a batch holds everything

    folder: Path
    seed: int
    opportunities: int
    tls: bool
    unique_key: bool
    now: datetime
    server: Any
    token: str

    @abstractmethod
    def begin(self) -> Any:
        """Make the sandbox and return its server."""

    @abstractmethod
    def prepare(self) -> None:
        """Do what is left to do once there is a configuration."""

    @abstractmethod
    def section(self) -> dict[str, Any]:
        """Return the configuration's section that reaches the sandbox."""

    def phases(self) -> dict[str, dict[str, str]]:
        """Return ``[phases]``."""
        return {}

    @abstractmethod
    def snapshot(self) -> Any:
        """Return a copy of all records, for ``restore``."""

    @abstractmethod
    def restore(self, kept: Any) -> None: ...

    @abstractmethod
    def our_tasks(self, *, deleted: bool = True) -> list[dict[str, Any]]:
        """Return our tasks, oldest first."""

    @abstractmethod
    def fields(self) -> dict[str, dict[str, Any]]:
        """Return opportunity -> our fields as a plan words them; None (flags: []) is empty."""

    @abstractmethod
    def stages(self) -> dict[str, str]:
        """Return opportunity -> stage, of those that are not deleted."""

    @abstractmethod
    def owner_of(self, opportunity: str) -> str: ...

    @abstractmethod
    def owners(self) -> list[str]:
        """Return the people who may own something now."""

    def work_in(self, zone: str) -> None:
        """Let everybody work in a time zone, where this CRM knows anybody's."""
        del zone

    def manage(self, boss: str) -> None:
        """Make somebody the manager of all others, where this CRM knows managers."""
        del boss

    @abstractmethod
    def move(self, opportunity: str, stage: str) -> None:
        """Move an opportunity to a stage, as its owner."""

    @abstractmethod
    def reassign(self, opportunity: str, owner: str) -> None: ...

    @abstractmethod
    def edit(self, task: dict[str, Any], **values: str) -> None:
        """Change subject, body, due or status of a task, as its owner."""

    @abstractmethod
    def delete(self, task: dict[str, Any]) -> None: ...

    @abstractmethod
    def put_away(self, task: dict[str, Any]) -> None:
        """Take a task out of the opportunity's sight without deleting it, as this CRM allows."""

    @abstractmethod
    def delete_opportunity(self, opportunity: str) -> None: ...

    @abstractmethod
    def leave(self, owner: str) -> None:
        """Let somebody leave, who then can own nothing new."""

    @abstractmethod
    def late(self, write: dict[str, Any]) -> None:
        """Let a create that was given up on be committed after all."""

    @abstractmethod
    def keys_in_the_bin(self, *, block: bool) -> None:
        """Say whether a deleted task keeps its key from being used again."""

    @abstractmethod
    def lock(self, opportunity: str) -> None:
        """Let the CRM refuse every write to one opportunity."""

    @abstractmethod
    def unlock(self, opportunity: str) -> None: ...

    @abstractmethod
    def fault(self, kind: str, on: str = "write", **more: Any) -> Any:
        """Return a fault of the sandbox; ``on``: pull (reading opportunities) or write."""

    @abstractmethod
    def new_day(self) -> None:
        """Give back all calls of the day."""

    @abstractmethod
    def point_to(self, url: str) -> None:
        """Configure another address."""

    @abstractmethod
    def pin_another(self) -> None:
        """Configure another organization than this one."""

    @abstractmethod
    def make_production(self) -> None: ...

    @abstractmethod
    def hide_opportunities(self) -> None:
        """Take the right to read opportunities away."""

    @abstractmethod
    def make_read_only(self, name: str) -> None:
        """Make a field of ours (``flags`` or ``key``) one that may not be written."""

    @abstractmethod
    def hide(self, name: str) -> None:
        """Make a field of ours one that cannot even be seen."""

    @abstractmethod
    def show(self, name: str) -> None:
        """Undo ``make_read_only`` or ``hide``."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the environment for a process of its own."""

    @abstractmethod
    def process_ended(self) -> None:
        """Look at what a process of its own left behind."""
