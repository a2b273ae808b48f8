"""``crmrules unprovision``: take everything of ours out of the CRM, with an administrator's token.

Know before changing: it shows the whole list, asks, and removes what it showed; a script says
``--yes``. What is ours is told from the CRM, so that it works when the state is lost.

It decides nothing: ``takedown`` removes, this shows and asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from crmrules import log
from crmrules.cli import wire
from crmrules.cli.admin import OPTION, admin_token, provisioner
from crmrules.cli.options import common, emit, formatted
from crmrules.errors import CrmRulesError, UsageError
from crmrules.provisioning import Ours
from crmrules.settings import Settings, load
from crmrules.state import Store
from crmrules.takedown import TakenDown, remembered, take_down

_NEXT = f"Next: crmrules unprovision {OPTION} FILE"


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@admin_token
@click.option(
    "--including-edited", is_flag=True, help="Also what people put something of their own into."
)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@common
@formatted
def unprovision(
    config: Path | None, log_format: log.Format | None, verbose: int, output: str, **how: Any
) -> int:
    """Remove everything crmrules ever wrote in the CRM: tasks, values, fields; after showing it.

    What is ours is found in the CRM by our keys and names; the state only adds to it. A task that a
    person edited stays unless --including-edited; a completed one is removed. Stopped anywhere, it
    can be run again. It proves at the end that nothing of ours is left.

    Exits 0 done or nothing to do, 2 for usage, 3 for missing rights, 4 where something is left,
    75 while a sync is running.

    Example: crmrules unprovision --dry-run
    """
    log.configure(log_format, verbose=verbose)
    settings, base = load(config)
    if not how["dry_run"] and not how["yes"] and output == "json":
        raise UsageError(
            "JSON leaves nobody to ask",
            where="--format json",
            remedy="Add --yes, or look first with --dry-run.",
        )
    it = provisioner(settings, base, how["admin_token_file"], dry_run=how["dry_run"])
    store = wire.existing_store(settings, base)
    try:
        return _Run(it, store, settings, base, output, **how).run()
    except CrmRulesError as error:
        if it.removed:
            click.echo(f"Removed before it stopped: {told(it.removed)}. Run it again.", err=True)
        if how["admin_token_file"] is not None and (error.where or "").endswith("token_file"):
            error.where = OPTION
        raise
    finally:
        it.close()
        if store is not None:
            store.close()


class _Run:
    """One run of the command; the keyword arguments are its options."""

    def __init__(
        self,
        it: Any,
        store: Store | None,
        settings: Settings,
        base: Path,
        output: str,
        *,
        dry_run: bool,
        including_edited: bool,
        yes: bool,
        admin_token_file: Path | None,
    ) -> None:
        del admin_token_file
        self.it, self.store, self.settings, self.base = it, store, settings, base
        self.text, self.dry_run = output == "text", dry_run
        self.edited, self.yes = including_edited, yes
        self.org = ""

    def run(self) -> int:
        self.org = org = self.it.organization()
        things = self.it.ours(remembered(self.store, org))
        going = [one for one in things if self.edited or not one.edited]
        self._show(things, going)
        if self.dry_run or not going:
            return self._looked(things, going)
        if not self.yes:
            try:
                click.confirm(f"Remove {told(going)} from {self.it.place}?", abort=True)
            except click.Abort:
                click.echo("Nothing was removed.", err=True)
                raise
        done = take_down(self.it, self.store, org, things, including_edited=self.edited)
        code = 4 if done.left else 0
        if self.text:
            for line in self._proof(done):
                click.echo(line)
        else:
            emit(self._json(things) | {name: _plain(getattr(done, name)) for name in _DONE})
        return code

    def _show(self, things: Sequence[Ours], going: Sequence[Ours]) -> None:
        if not self.text:
            return
        click.echo(self.it.place)
        for line in lines(things, including_edited=self.edited):
            click.echo(line)
        stays = len(things) - len(going)
        if stays:
            click.echo(
                f"{stays} with something of people's own stay; this list is the last that names "
                "them. To remove them too: --including-edited"
            )

    def _looked(self, things: Sequence[Ours], going: Sequence[Ours]) -> int:
        if not self.text:
            emit(self._json(things) | {name: [] for name in _DONE})
        elif going:
            click.echo(f"{told(going)}. Nothing was removed. {_NEXT}")
        else:
            click.echo("Nothing of ours is there to remove.")
            self._tell_stays()
        return 0

    def _json(self, things: Sequence[Ours]) -> dict[str, Any]:
        return {"dry_run": self.dry_run, "place": self.it.place, "things": _plain(things)}

    def _proof(self, done: TakenDown) -> Iterator[str]:
        for step in done.steps:
            if step.action == "refused":
                yield f"! {step.object} {step.name}: {step.detail}\n    -> {step.remedy}"
        yield f"Removed {told(self.it.removed)}."
        if done.left:
            yield f"Looked again: {told(done.left)} of ours still there. Run it again."
            return
        kept = f", but for {told(done.stayed)} that people edited" if done.stayed else ""
        yield f"Looked again: nothing of ours is left in {self.it.place}{kept}."
        yield from self._stays()

    def _tell_stays(self) -> None:
        for line in self._stays():
            click.echo(line)

    def _stays(self) -> Iterator[str]:
        yield "What stays, and is yours to remove:"
        for line in self.it.stays:
            yield f"  {line}"
        files = ["crmrules.toml", *filter(None, [self.settings.overlay])]
        state = wire.state_place(self.settings, self.base)
        yield f"  In {self.base}: {', '.join(files)}, and the files of keys."
        if self._shared():
            yield (
                f"  The state, {state}: keep it, it holds other organizations too. Name another in "
                "[state] url before crmrules is used with this one again."
            )
        else:
            yield f"  The state, {state}: delete it before crmrules is used here again."

    def _shared(self) -> bool:
        """Return whether the state is that of another organization as well."""
        stored = [] if self.store is None else self.store.organizations()
        return any(one != self.org for one in stored)


_DONE = ("steps", "stayed", "left")


def _plain(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]


def told(things: Sequence[Ours]) -> str:
    """Return how many of each kind, in words: 2 tasks, 1 field."""
    count = Counter(one.kind.replace("_", " ") for one in things)
    return ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in count.items()) or "nothing"


def lines(things: Sequence[Ours], *, including_edited: bool) -> Iterator[str]:
    """Yield the list like a diff: - goes, = stays."""
    width = max((len(one.name) for one in things), default=0)
    about = max((len(one.object) for one in things), default=0)
    for one in things:
        sign = "=" if one.edited and not including_edited else "-"
        edited = "edited by a person" if one.edited else ""
        more = ", ".join(filter(None, [one.detail, edited]))
        text = f"{sign} {one.object:<{about}} {one.name:<{width}}  {one.label}"
        yield f"{text} ({more})" if more else text
