"""The ``[export]`` section.

Know before changing: every wrong key is reported in one error, with a remedy.

It opens no file of the export.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from crmrules.errors import UsageError
from crmrules.raw import zone

Order = Literal["iso", "mdy", "dmy"]


class Named(BaseModel):
    """One object in a file of another name. ``columns``: API name -> column; one may serve many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    columns: dict[str, str] = {}


class Config(BaseModel):
    """Where the export is and how to read it.

    ``dates`` is the order of day and month in dates that are not ISO 8601; ``time_zone`` that of
    times without one; ``as_of`` the moment the export was made, where the data does not show it.
    ``objects`` names the file and the columns of an object whose export has other names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    dialect: Literal["salesforce"] = "salesforce"
    dates: Order = "iso"
    time_zone: str = "UTC"
    as_of: datetime | None = None
    organization_id: str = "export"
    objects: dict[str, Named] = {}

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        if zone(name) is None:
            raise ValueError(f"'{name}' is not a time zone such as Europe/Berlin")
        return name

    @field_validator("as_of")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def read(section: Mapping[str, Any], folder: Path) -> Config:
    """Return the checked section; relative paths start from ``folder``. Raises UsageError."""
    try:
        config = Config(**section)
    except ValidationError as error:
        lines = "\n".join(f"  {_sentence(problem)}" for problem in error.errors())
        raise UsageError(
            f"{error.error_count()} problem(s) in the export's settings\n{lines}",
            where="[export]",
            remedy='Mend these keys; at least path is needed, for example path = "export/".',
        ) from None
    path = folder / config.path
    if not path.is_dir():
        raise UsageError(
            f"{path} is not a folder",
            where="[export] path",
            remedy="Name the folder that holds the exported files, one per object.",
        )
    return config.model_copy(update={"path": path})


def _sentence(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, list(Config.model_fields), n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        return f"{name}: there is no such key{hint}"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
