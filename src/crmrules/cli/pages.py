"""``crmrules rules docs``, and what ``rules show`` knows of a rule beyond its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from crmrules import statements
from crmrules.errors import CrmRulesError, UsageError
from crmrules.rule import Rule
from crmrules.rulebook import RuleBook
from crmrules.rulepages import About, pages
from crmrules.rulepages.facts import Here, known


def about(book: RuleBook, rule: Rule, here: Sequence[Here]) -> About:
    """Return a rule with all that is known of it."""
    shipped = {one.id: one for one in book.pack}
    told = [one for one in statements.load() if rule.id in one.rules]
    return About(rule, shipped[rule.id], here, told, sorted(book.translations.get(rule.id, ())))


def here(config: Path | None, book: RuleBook, *, quiet: bool = False) -> list[Here]:
    """Return what the organizations know that the configuration may be about.

    Empty without a configuration or a store yet. A store that cannot be read is said on stderr,
    unless ``quiet``: what the rule files say is still worth showing.
    """
    from crmrules.cli.targets import stored

    private = {rule.id for rule in (*book.rules, *book.pack) if rule.private}
    try:
        with stored(config) as (store, names):
            return [] if store is None else known(store, names, book.pack, private)
    except CrmRulesError as error:
        if not quiet:
            click.echo(f"what became of the rules here is not known: {error}", err=True)
        return []


def write(config: Path | None, book: RuleBook, out: Path, form: str) -> int:
    """Write a page for every rule and the index; return how many rules there are.

    Raises UsageError where the folder cannot be written.
    """
    found = here(config, book)
    abouts = [about(book, rule, found) for rule in book.rules]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in pages(abouts, form):
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the pages cannot be written: {error.strerror}",
            where=str(out),
            remedy="Name a folder you may write with --out.",
        ) from error
    return len(abouts)
