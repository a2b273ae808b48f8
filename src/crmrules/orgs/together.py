"""Which configurations may be synced together, and which of them only one after the other.

A SQLite file takes one writer, and a run holds it while it pulls: configurations that share one
follow each other. What the environment sets counts for all of them, so no secret may stand there,
and nothing that tells of one organization alone.

It opens no database and signs in nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from crmrules.errors import CrmRulesError, UsageError
from crmrules.section import is_secret
from crmrules.settings import Settings, load

_PREFIX = "CRMRULES_"
_FILE = "sqlite:///"
_SECTIONS = ("salesforce", "hubspot", "export", "plugin", "observe")  # where secrets stand
T = TypeVar("T")


def refuse_shared_secrets(environment: Mapping[str, str]) -> None:
    """Raise UsageError where the environment holds what one organization alone should get."""
    found = sorted(name for name in environment if _of_one_alone(name))
    if found:
        raise UsageError(
            "with --all the environment counts for every configuration, so it must hold no "
            f"credentials, and nothing of one of them alone: {', '.join(found)}",
            where="environment",
            remedy="Write it into each configuration instead, a secret as the file that holds it "
            "(<key>_file, chmod 600), and unset these.",
        )


def _of_one_alone(name: str) -> bool:
    """Return whether a variable sets a secret, its file, a whole section, or a text file of one."""
    if not name.upper().startswith(_PREFIX):
        return False
    section, _, key = name[len(_PREFIX) :].lower().partition("__")
    alone = (section, key) == ("observe", "textfile")  # of one process, or it counts wrong
    return section in _SECTIONS and (not key or is_secret(key) or alone)


def refuse_doubles(configs: Sequence[Path]) -> None:
    """Raise UsageError where one file is named twice."""
    seen: dict[Path, Path] = {}
    for config in configs:
        first = seen.setdefault(config.resolve(), config)
        if first is not config:
            raise UsageError(
                f"{first} and {config} are the same file" if first != config else "named twice",
                where=str(config),
                remedy="Name each configuration once.",
            )


def sqlite_of(config: Path) -> Path | None:
    """Return the SQLite file of a configuration's state; None: it is elsewhere, or unknown."""
    try:
        settings, base = load(config)
    except CrmRulesError:  # its own sync says so
        return None
    return _sqlite(settings, base)


def _sqlite(settings: Settings, base: Path) -> Path | None:
    url = settings.state.url
    if not url.startswith("sqlite"):
        return None
    return (base / url.removeprefix(_FILE)).resolve()


def queues(configs: Iterable[tuple[Path, T]]) -> list[list[T]]:
    """Return what belongs to each configuration, in queues of those that share a SQLite file."""
    found: dict[Path, list[T]] = {}
    for config, what in configs:
        found.setdefault(sqlite_of(config) or config, []).append(what)
    return list(found.values())


def refuse_sqlite(configs: Iterable[Path]) -> None:
    """Raise UsageError where state is a file, which workers on other machines cannot see."""
    found = [str(config) for config in configs if sqlite_of(config) is not None]
    if found:
        raise UsageError(
            "workers on other machines cannot see a SQLite file, but the state of these is one: "
            f"{', '.join(found)}",
            where="[state] url",
            remedy="Put the state on PostgreSQL (docs/state.md), or use --dask local.",
        )
