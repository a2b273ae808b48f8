"""Put a run together from the configuration: rules, engine, connector, store, policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from crmrules import log, mapping, plugins, rulebook, text
from crmrules.decide import Job
from crmrules.engine import build
from crmrules.errors import CrmRulesError, UsageError
from crmrules.findings import Limits
from crmrules.findings.calendar import Hours
from crmrules.guards import Guards
from crmrules.plan import Colleague, Policy
from crmrules.raw import zone
from crmrules.rulebook import RuleBook
from crmrules.section import LARGEST_SECRET, exposed_files, is_secret
from crmrules.settings import BUILTIN, Settings, load
from crmrules.state import Retention, Store


@dataclass(frozen=True, slots=True)
class Setup:
    """A configuration and everything made from it. ``base``: where relative paths start."""

    settings: Settings
    base: Path
    book: RuleBook
    store: Store
    connector: Any
    reader: text.Reader | None = None

    def job(
        self,
        *,
        now: datetime | None = None,
        max_writes: int | None = None,
        initial: bool = False,
    ) -> Job:
        """Return a run of all enabled rules, judging by ``now``.

        There is no run of a few: some rules rest on what others say.

        None: by the connector's own moment where its data has one (an export is judged inside its
        data), else by the CRM's own time, and by this machine's clock where the CRM tells none.
        """
        settings = self.settings
        asked = now or getattr(self.connector, "as_of", None)
        guards = Guards(settings.guard.max_writes, settings.guard.max_share_flagged, initial)
        if max_writes is not None:
            guards = replace(guards, max_writes=max_writes)
        return Job(
            connector=self.connector,
            store=self.store,
            rules=self.book.enabled,
            rules_hash=self.book.hash,
            engine=build(self.book.enabled, settings.engine),
            now=asked or datetime.now(UTC),
            by_crm=asked is None,
            policy=policy(settings),
            guards=guards,
            major_amount=settings.rules.major_amount,
            standard_allowance=settings.rules.standard_allowance,
            reader=self.reader,
            pack=self.book.pack,
            keep=Retention(weeks=settings.state.snapshot_weeks),
        )

    def close(self) -> None:
        """Close connections and the store."""
        close = getattr(self.connector, "close", None)
        if close is not None:
            close()
        self.store.close()


def setup(
    config: Path | None, *, log_format: Any = None, verbose: int = 0, now: datetime | None = None
) -> Setup:
    """Read the configuration and make everything from it; nothing is sent yet.

    Raises UsageError naming every problem of the configuration or of the rules.
    """
    log.configure(log_format, verbose=verbose)
    settings, base = load(config)
    return make(settings, base, now=now)


def open_store(config: Path | None, *, log_format: Any = None, verbose: int = 0) -> Store:
    """Return the configured state store alone: no rules are read, no connector is made."""
    log.configure(log_format, verbose=verbose)
    settings, base = load(config)
    return Store(state_url(settings.state.url, base))


def existing_store(settings: Settings, base: Path) -> Store | None:
    """Return the configured store, None where it is a file that is not there: none is made."""
    store = Store(state_url(settings.state.url, base))
    return store if store.file is None or store.file.exists() else None


def state_place(settings: Settings, base: Path) -> str:
    """Say where the state is, without a password."""
    store = Store(state_url(settings.state.url, base))
    return str(store.file or store.url.render_as_string(hide_password=True))


def private_rules(config: Path | None) -> frozenset[str] | None:
    """Return the ids of private rules, the shipped ones included; None: the rules are broken."""
    try:
        books = [load_rules(*load(config)), rulebook.load([rulebook.shipped()])]
    except CrmRulesError:
        return None
    return frozenset(rule.id for book in books for rule in book.rules if rule.private)


def make(settings: Settings, base: Path, *, now: datetime | None = None) -> Setup:
    """Make everything from checked settings."""
    book, reader = load_rules(settings, base), load_reader(settings, base)
    connector = connect(settings, base, now)
    store = Store(state_url(settings.state.url, base))
    return Setup(settings, base, book, store, connector, reader)


def connect(settings: Settings, base: Path, now: datetime | None = None) -> Any:
    """Return the configured connector, with paths of its section resolved."""
    make_connector = plugins.load(plugins.CONNECTORS, settings.connector)
    meaning = mapping.build(
        settings.phases, settings.mapping, mail_texts=bool(settings.text.signals)
    )
    clock = {} if now is None else {"now": lambda: now}
    return make_connector(section(settings, base), mapping=meaning, **clock)


def section(settings: Settings, base: Path) -> dict[str, Any]:
    """Return the connector's own section, paths resolved and its secrets told to the log.

    Raises UsageError where a secret's file, used or not, can be read by other users.
    """
    found = _paths(settings.section(settings.connector), base)
    _announce(found)
    wrong = exposed_files(found, where=settings.connector)
    if wrong:
        raise UsageError(
            "\n".join(f"{error.where}: {error.message}" for error in wrong),
            remedy="; ".join(error.remedy for error in wrong),
        )
    return found


def _announce(section: dict[str, Any]) -> None:
    """Tell the log every secret of a section before it is used."""
    for value in secrets(section):
        log.keep_secret(value)


def secrets(section: dict[str, Any]) -> Iterator[str]:
    """Yield every secret of a section, given directly or as a file.

    A file that cannot be read is left to the connector, which says so with a remedy.
    """
    for name, value in section.items():
        if not is_secret(name) or not isinstance(value, str) or not value:
            continue
        if not name.endswith("_file"):
            yield value
            continue
        with suppress(OSError, UnicodeDecodeError), Path(value).open("rb") as file:
            yield file.read(LARGEST_SECRET).decode("utf-8").strip()


def load_rules(
    settings: Settings, base: Path, overlay: Path | None = None, folders: Sequence[Path] = ()
) -> RuleBook:
    """Return the rules with the overlay applied, both as configured where none is named."""
    configured, over = rule_places(settings, base, overlay)
    book = rulebook.load(folders or configured, over)
    return book.in_language(settings.tasks.language)


def load_reader(settings: Settings, base: Path) -> text.Reader | None:
    """Return what reads texts as configured; None: text signals are off."""
    wanted = settings.text
    folder = _inside(wanted.patterns, base) if wanted.patterns else None
    return text.reader(wanted.signals, wanted.languages, rivals=wanted.competitors, folder=folder)


def rule_places(
    settings: Settings, base: Path, overlay: Path | None = None
) -> tuple[list[Path], Path | None]:
    """Return the configured rule folders and the overlay; UsageError where it does not exist."""
    folders = [
        rulebook.shipped() if folder == BUILTIN else _inside(folder, base)
        for folder in settings.rules.folders
    ]
    if overlay is None and settings.overlay:
        overlay = _inside(settings.overlay, base)
    if overlay is not None and not overlay.is_file():
        raise UsageError(
            f"the overlay {overlay} does not exist",
            where="overlay",
            remedy="Run 'crmrules init' to write one, or remove the key.",
        )
    return folders, overlay


def policy(settings: Settings) -> Policy:
    """Return how findings become writes, from ``[tasks]`` and ``[owners]``."""
    tasks = settings.tasks
    address = tasks.fallback_owner if "@" in tasks.fallback_owner else None
    limits = Limits(tasks.open_per_opportunity, tasks.new_per_owner_per_day, tasks.open_per_owner)
    return Policy(
        settle=timedelta(hours=tasks.settle_hours),
        limits=limits,
        fallback_owner=None if address else tasks.fallback_owner or None,
        fallback_address=address,
        completed_status=tasks.completed_status,
        cancelled_status=tasks.cancelled_status or tasks.completed_status,
        time_zone=zone(tasks.time_zone) or UTC,
        country=tasks.country or None,
        hours=Hours.parse(tasks.working_hours) if tasks.working_hours else None,
        owners={
            name.lower() if "@" in name else name: Colleague(
                zone(one.time_zone), one.country or None, one.manager or None
            )
            for name, one in settings.owners.items()
        },
        holdout=tasks.holdout_share,
    )


def _inside(path: str, base: Path) -> Path:
    return base / Path(path).expanduser()


def _paths(section: dict[str, Any], base: Path) -> dict[str, Any]:
    """Let paths in a connector's section start from the configuration's folder."""
    return {
        name: str(_inside(value, base)) if value and _is_path(name, value) else value
        for name, value in section.items()
    }


def _is_path(name: str, value: Any) -> bool:
    return isinstance(value, str) and (name.endswith("_file") or name in ("path", "ca_bundle"))


def state_url(url: str, base: Path) -> str:
    """Return the store's address, a relative file resolved, its password told to the log."""
    with suppress(ValueError):  # whoever opens it says what is wrong
        password = urlsplit(url).password or ""
        log.keep_secret(password)
        log.keep_secret(unquote(password))
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return prefix + str(base / url.removeprefix(prefix))
    return url
