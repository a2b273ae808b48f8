"""``crmrules rules diff``: what another version of the pack changes here, in words."""

from __future__ import annotations

from pathlib import Path

import click

from crmrules import __version__, yamlsource
from crmrules.difference import Difference, Pack, compare_packs, from_record, of, read
from crmrules.errors import CrmRulesError, UsageError
from crmrules.rulebook import inspect, told
from crmrules.state.packs import PackRow
from crmrules.yamlsource import Document

_NONE = Document({}, {})


def difference(
    config: Path | None, places: tuple[list[Path], Path | None], base: Path | None, to: Path | None
) -> Difference:
    """Return what differs. ``base`` None: the pack that ran before; ``to`` None: the one here.

    Raises UsageError where there is nothing to compare with, or a file cannot be read.
    """
    folders, overlay = places
    ours = _NONE if overlay is None else yamlsource.read(overlay)
    if ours.troubles:
        first = ours.troubles[0]
        raise UsageError(first.what, where=f"{overlay}:{first.line}", remedy=first.remedy)
    here = _here(folders)
    if to is not None:
        return compare_packs(here if base is None else read(base), read(to), ours)
    before = read(base) if base is not None else _before(config, here)
    return compare_packs(before, here, ours)


def _here(folders: list[Path]) -> Pack:
    book, problems = inspect(folders)
    if problems:
        remedy = "Correct these lines, then run 'crmrules rules check'."
        raise UsageError(told(problems), remedy=remedy)
    return of(f"the rules here (crmrules {__version__})", book.pack)


def _before(config: Path | None, here: Pack) -> Pack:
    """Return the pack that ran last and is not the one here; else the error that says why not."""
    from crmrules.difference import recorded

    hash_, _ = recorded([here.rules[name] for name in sorted(here.rules)])
    rows = _recorded(config)
    for row in rows:
        if row.hash != hash_:
            name = f"the pack that ran until {row.last_at:%Y-%m-%d} (crmrules {row.version})"
            return from_record(name, row.body)
    said = "no sync has kept a pack yet" if not rows else "only this pack has ever run here"
    raise UsageError(
        f"there is no earlier pack to compare with: {said}",
        remedy="Name one: 'crmrules rules diff --from FOLDER', or a wheel of an older crmrules.",
    )


def _recorded(config: Path | None) -> list[PackRow]:
    """Return the packs that ran in the organizations of a configuration, the last one first."""
    from crmrules.cli.targets import stored

    found: list[PackRow] = []
    try:
        with stored(config) as (store, names):
            for org in [] if store is None else map(store.for_org, names):
                with org.reading() as tx:
                    found += tx.packs.all()
    except CrmRulesError as error:
        raise UsageError(
            f"the packs that ran are not known: {error.message}",
            remedy=f"{error.remedy} Or name one: 'crmrules rules diff --from FOLDER'.",
        ) from error
    return sorted(found, key=lambda row: row.last_at, reverse=True)


def show(found: Difference, output: str) -> int:
    """Print the difference; return 2 where the overlay has to change first."""
    from crmrules.cli.options import emit
    from crmrules.difference import words

    if output == "json":
        emit(words.as_json(found))
    elif output == "markdown":
        click.echo(words.markdown(found), nl=False)
    else:
        for line in words.lines(found):
            click.echo(line)
    return 2 if found.conflicts else 0
