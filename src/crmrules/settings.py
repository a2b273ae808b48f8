"""``crmrules.toml`` and the environment, as one checked value.

Every key can be set as ``CRMRULES_<SECTION>__<KEY>``; the environment wins over the file. Unknown
keys are errors with a suggestion, and all problems are reported at once. A connector's own section
is kept as it is: the connector checks it, because only it knows the words.

It opens no connection and reads no secret; ``<key>_file`` is read by the connector that needs it. A
secret that stands in the file itself is refused.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from crmrules.errors import UsageError
from crmrules.findings.calendar import Hours, known_country
from crmrules.operation import ObserveSettings, ScheduleSettings, Strict, TimeZone
from crmrules.section import refuse_secrets
from crmrules.text.kinds import SIGNALS as TEXT_SIGNALS

FILE = "crmrules.toml"
_MOST_BYTES = 1024 * 1024
_LONGEST_SETTLE = 24 * 365  # hours
BUILTIN = "builtin:major-account"


def _country(code: str) -> str:
    if code and not known_country(code):
        raise ValueError(f"the holidays of '{code}' are not known; write DE, or DE-BY for a part")
    return code


Country = Annotated[str, AfterValidator(_country)]


class RuleSettings(Strict):
    """Which rule folders, and what is normal where the organization is too small to tell."""

    folders: list[str] = Field(default=[BUILTIN])
    major_amount: float | None = None  # an opportunity this large is major; unset: all are
    standard_allowance: float = Field(default=0.0, ge=0, le=100)  # discount in percent


class StateSettings(Strict):
    """Where the state store is."""

    url: str = "sqlite:///crmrules.db"
    snapshot_weeks: int = Field(default=60, ge=0, le=520)  # of the past kept; 0: none


class TaskSettings(Strict):
    """How much may be asked of people, and in which words of the CRM."""

    open_per_opportunity: int = Field(default=2, ge=0)
    new_per_owner_per_day: int = Field(default=5, ge=0)
    open_per_owner: int = Field(default=12, ge=0)
    fallback_owner: str = ""
    settle_hours: float = Field(default=12, ge=0, le=_LONGEST_SETTLE)
    completed_status: str = "Completed"
    cancelled_status: str = ""
    time_zone: TimeZone = ""  # of the organization, where the CRM does not say
    country: Country = ""  # whose public holidays count, where nothing better is known
    working_hours: str = "08:00-18:00"  # local; "": new tasks are made at any time
    language: str = Field(default="", max_length=20)  # of the texts, where the overlay has them
    holdout_share: float = Field(default=0, ge=0, le=0.5)

    @field_validator("working_hours")
    @classmethod
    def _span(cls, text: str) -> str:
        if text:
            Hours.parse(text)
        return text


class OwnerSettings(Strict):
    """What the CRM does not say of one of our people, named by id or e-mail address."""

    time_zone: TimeZone = ""
    country: Country = ""
    manager: str = ""  # the manager's id in the CRM


class GuardSettings(Strict):
    """What stops a run before its first write."""

    max_writes: int = Field(default=500, ge=0)
    max_share_flagged: float = Field(default=0.3, ge=0, le=1)
    max_minutes: float = Field(default=240, gt=0)


class TextSettings(Strict):
    """Which text signals are on. None are, unless they are named here."""

    signals: list[str] = Field(default=[])
    languages: list[str] = Field(default=["en"])
    competitors: list[str] = Field(default=[])  # names as people write them
    patterns: str = ""  # folder with pattern files of one's own

    @field_validator("signals")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in TEXT_SIGNALS:
                close = difflib.get_close_matches(name, TEXT_SIGNALS, n=1)
                hint = f"did you mean '{close[0]}'?" if close else ", ".join(TEXT_SIGNALS)
                raise ValueError(f"there is no text signal '{name}' ({hint})")
        return names

    @field_validator("competitors")
    @classmethod
    def _named(cls, names: list[str]) -> list[str]:
        if any(not name.strip() for name in names):
            raise ValueError("a competitor needs a name")
        return names


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="CRMRULES_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    connector: str = "salesforce"
    engine: str = "auto"
    rules: RuleSettings = RuleSettings()
    overlay: str = ""
    state: StateSettings = StateSettings()
    salesforce: dict[str, Any] = {}
    hubspot: dict[str, Any] = {}
    export: dict[str, Any] = {}
    plugin: dict[str, Any] = {}  # the section of an installed connector with another name
    phases: dict[str, dict[str, str]] = {}
    mapping: dict[str, Any] = {}
    tasks: TaskSettings = TaskSettings()
    owners: dict[str, OwnerSettings] = {}
    guard: GuardSettings = GuardSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    observe: ObserveSettings = ObserveSettings()
    text: TextSettings = TextSettings()

    @field_validator("rules", mode="before")
    @classmethod
    def _list_of_folders(cls, value: Any) -> Any:
        return {"folders": value} if isinstance(value, list) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which arrives as the initial values."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    def section(self, connector: str) -> dict[str, Any]:
        """Return a connector's own section; a plugin's is not known here."""
        return dict(getattr(self, connector, self.plugin) or {})


def find(start: Path) -> Path | None:
    """Return the nearest ``crmrules.toml`` from a folder upwards."""
    return next((f / FILE for f in (start, *start.parents) if (f / FILE).is_file()), None)


def load(path: Path | None, *, start: Path | None = None) -> tuple[Settings, Path]:
    """Return the settings and the folder that relative paths in them start from.

    Raises UsageError naming every problem of the file, or every place that was searched.
    """
    start = (start or Path.cwd()).resolve()
    found = path if path is not None else find(start)
    if found is None:
        raise UsageError(
            f"there is no {FILE} in {start} or any folder above it",
            remedy="Run 'crmrules init' to write one, or name it with --config PATH.",
        )
    raw = _read(found)
    settings = parse(raw, where=str(found))
    refuse_secrets(raw, settings.section, where=str(found))
    return settings, found.resolve().parent


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageError(
                "the file is larger than 1 MiB", where=str(path), remedy="Check which file it is."
            )
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else error
        raise UsageError(
            f"not TOML: {said}", where=str(path), remedy="Mend that line; strings need quotes."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}",
            where=str(path),
            remedy="Check the path and that this user may read it.",
        ) from error
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise UsageError(
            "not TOML: a number is too long", where=str(path), remedy="Write a smaller number."
        ) from None


class _Told(Settings):
    """Settings that the environment has no say in."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what was given alone."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def parse(raw: dict[str, Any], *, where: str, environment: bool = True) -> Settings:
    """Return checked settings; raises UsageError naming every problem.

    ``environment`` False: its variables are another configuration's, and have no say here.
    """
    given = dict(raw)
    if isinstance(given.get("rules"), list):  # so that the environment can add a key to it
        given["rules"] = {"folders": given["rules"]}
    plugin = given.get("connector")
    if isinstance(plugin, str) and plugin in given and plugin not in Settings.model_fields:
        given["plugin"] = given.pop(plugin)  # the section of a connector we do not know
    try:
        return Settings(**given) if environment else _Told(**given)
    except (SettingsError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else error
        raise UsageError(
            f"an environment variable cannot be read: {said}",
            where="environment",
            remedy="Set single keys: CRMRULES_<SECTION>__<KEY>=value.",
        ) from None
    except ValidationError as error:
        problems = [_sentence(problem) for problem in error.errors()]
        lines = "\n".join(f"  {line}" for line in problems)
        raise UsageError(
            f"{len(problems)} problem(s) in the configuration\n{lines}",
            where=where,
            remedy="Mend these keys; docs/configuration.md lists all of them.",
        ) from None


def _sentence(problem: Any) -> str:
    path = [str(part) for part in problem["loc"]]
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(path[-1], _names(path[:-1]), n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        return f"{name}: there is no such key{hint}"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"


def _names(path: list[str]) -> list[str]:
    model: Any = Settings
    for part in path:
        model = model.model_fields[part].annotation
    return list(getattr(model, "model_fields", {}))
