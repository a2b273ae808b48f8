"""From the configuration: when to run, and who is told how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from crmrules import log
from crmrules.cli.wire import existing_store, state_url
from crmrules.cron import Cron
from crmrules.errors import UsageError
from crmrules.observe import Targets
from crmrules.operation import destination, span
from crmrules.raw import zone
from crmrules.schedule import Plan
from crmrules.section import secret_file
from crmrules.settings import Settings, find, load
from crmrules.state import Store


def schedule(settings: Settings) -> Plan:
    """Return when to run, as configured."""
    wanted = settings.schedule
    name = wanted.time_zone or settings.tasks.time_zone
    return Plan(Cron(wanted.cron, zone(name) or UTC), wanted.jitter)


def targets(settings: Settings, base: Path, config: Path | None) -> Targets:
    """Return who is to be told. Raises UsageError where a secret's file cannot be used."""
    wanted, pinned = settings.observe, pin(settings)
    cron = schedule(settings).cron
    text = wanted.textfile
    return Targets(
        org=pinned or settings.connector,
        name=name(settings, config),
        state_url=state_url(settings.state.url, base),
        pinned=pinned,
        cron=cron,
        period=cron.period(datetime.now(UTC)),
        max_age=span(wanted.max_age) if wanted.max_age else None,
        textfile=base / Path(text).expanduser() if text else None,
        heartbeat=_url(settings, base, "heartbeat_url"),
        notice=_url(settings, base, "notice_url"),
        otlp=wanted.otlp_endpoint,
    )


def pin(settings: Settings) -> str | None:
    """Return the id of the organization that the configuration names; None: it names none."""
    section = settings.section(settings.connector)
    found = section.get("organization_id") or section.get("portal_id")
    return str(found) if found else None


def ours(settings: Settings, stored: Sequence[str]) -> list[str]:
    """Return those of a store's organizations that a configuration may be about.

    Where it names one, that one alone, and none while it is not stored; else all of them.
    """
    told = pin(settings)
    if told is None:
        return list(stored)
    return [one for one in stored if one == told or _shortened(one) == told]


@contextmanager
def stored(config: Path | None) -> Iterator[tuple[Store | None, list[str]]]:
    """Yield the store, and which of its organizations the configuration may be about.

    None without a configuration, and where nothing is stored yet: none is made. Raises UsageError
    and StateError where either cannot be read.
    """
    if config is None and find(Path.cwd()) is None:
        yield None, []
        return
    log.configure()  # what the store has to say belongs on stderr
    settings, base = load(config)
    store = existing_store(settings, base)
    if store is None:
        yield None, []
        return
    with store:
        yield store, ours(settings, store.organizations())


def _shortened(organization: str) -> str:
    """Return an id of Salesforce with 15 characters, which a configuration may name as well."""
    return organization[:15] if len(organization) == 18 else organization


def asked_for(settings: Settings, stored: Sequence[str], asked: str | None) -> str | None:
    """Return the organization that is asked for, else the one that is named; None: neither is."""
    told = pin(settings)
    if asked is not None or told is None:
        return asked
    return next(iter(ours(settings, stored)), told)


def name(settings: Settings, config: Path | None) -> str:
    """Return what tells this configuration from others in one state store.

    The organization it names, so that it may move; else where the file is.
    """
    told = pin(settings)
    if told is None:
        found = config or find(Path.cwd().resolve())
        told = str(found.resolve()) if found else ""
    return f"{settings.connector}:{told}"


def _url(settings: Settings, base: Path, key: str) -> str:
    """Return an address that is a secret, given directly or as a file; "": none is."""
    found: str = getattr(settings.observe, key)
    file: str = getattr(settings.observe, f"{key}_file")
    where = f"[observe] {key}"
    if not found and file:
        where += "_file"
        found = secret_file(base / Path(file).expanduser(), where=where)
    if not found:
        return ""
    log.keep_secret(found.rstrip("/"))  # as it is used, and within what was written
    try:
        return destination(found)
    except ValueError as error:
        raise UsageError(f"the address {error}", where=where, remedy="Name another one.") from None
