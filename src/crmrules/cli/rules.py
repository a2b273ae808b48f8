"""``crmrules rules``: list, show and check the pack; its JSON Schema for editors."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted, no_such, write_out


@click.group()
def rules() -> None:
    """List, show, check and compare rule files; write their pages and schemas."""


def _places(
    config: Path | None, folders: tuple[Path, ...] = (), overlay: Path | None = None
) -> tuple[list[Path], Path | None]:
    """Return the folders named, else those of the configuration, else the shipped ones."""
    from crmrules import rulebook
    from crmrules.cli.wire import rule_places
    from crmrules.settings import find, load

    if folders:
        return list(folders), overlay
    if config is None and find(Path.cwd()) is None:
        return [rulebook.shipped()], overlay
    settings, base = load(config)
    return rule_places(settings, base, overlay)


def _book(config: Path | None) -> Any:
    from crmrules import rulebook

    return rulebook.load(*_places(config))


@rules.command("list")
@click.option("--coverage", is_flag=True, help="By statements of the book, with their rules.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --coverage: write the matrix there as a Markdown page.",
)
@common
@formatted
def list_rules(
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    *,
    coverage: bool,
    out: Path | None,
) -> int:
    """List every rule: mode, severity, phases and title.

    Exits 2 with --coverage where a statement has no rule or a rule serves none.

    Example: crmrules rules list --coverage
    """
    del log_format, verbose
    book = _book(config)
    if coverage:
        return _coverage(book, output, out)
    if output == "json":
        emit([_card(rule) for rule in book.rules])
        return 0
    for rule in book.rules:
        phases = ", ".join(rule.phases)
        click.echo(f"{rule.id:<32} {rule.mode:<8} {rule.severity}  {rule.title}  [{phases}]")
    modes = Counter(str(rule.mode) for rule in book.rules)
    counts = ", ".join(f"{n} {mode}" for mode, n in modes.items())
    click.echo(f"{len(book.rules)} rules: {counts}", err=True)
    return 0


def _coverage(book: Any, output: str, out: Path | None) -> int:
    """Print or write the statement matrix; what is not traced is an error."""
    from crmrules import statements

    told = statements.load()
    missing = statements.gaps(told, book.rules)
    if out is not None:
        write_out(out, statements.page(told, book.rules))
    elif output == "json":
        rows = [{"takeaway": s.takeaway, "statement": s.text, "rules": [*s.rules]} for s in told]
        signals = {rule.id: [*statements.signals_of(rule)] for rule in book.rules}
        emit({"statements": rows, "signals": signals, "gaps": missing})
    else:
        for line in statements.lines(told, book.rules):
            click.echo(line)
    for gap in missing:
        click.echo(f"gap: {gap}", err=True)
    return 2 if missing else 0


def _card(rule: Any) -> dict[str, Any]:
    card: dict[str, Any] = rule.model_dump(mode="json", exclude={"tests"})
    return card


@rules.command()
@click.argument("rule_id")
@common
@formatted
def show(
    rule_id: str, config: Path | None, log_format: str | None, verbose: int, output: str
) -> None:
    """Show one rule with everything known of it.

    Example: crmrules rules show nego-early-concession
    """
    del log_format, verbose
    book = _book(config)
    found = {rule.id: rule for rule in book.rules}
    if rule_id not in found:
        raise no_such("rule", rule_id, list(found))
    rule = found[rule_id]
    from crmrules.cli import pages, reps
    from crmrules.cli.text import rule_card
    from crmrules.rulepages import as_json, of_here, plain

    said = reps.of_rule(config, rule)
    about = pages.about(book, rule, pages.here(config, book, quiet=True))
    if output == "json":
        tests = [test.model_dump(mode="json") for test in rule.tests]
        known = as_json(about)
        emit(_card(rule) | {"tests": tests, "reps": reps.card_json(rule, said)} | known)
        return
    more = plain(of_here(about, reps=False))
    click.echo("\n".join((rule_card(rule), *reps.card_lines(rule, said), *more)))


@rules.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--overlay", type=click.Path(path_type=Path, exists=True), help="Overlay to apply.")
@common
@formatted
def check(
    folders: tuple[Path, ...],
    overlay: Path | None,
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
) -> int:
    """Check rule files: words, types, texts, inline tests on every engine, clause coverage.

    The tests run on the numbers the rules ship with; an overlay is checked for its own words.

    Exits 2 when something is wrong, naming every problem of every file.

    Example: crmrules rules check rules/
    """
    del log_format, verbose
    from crmrules.engine import available
    from crmrules.rulecheck import check_folders

    engines = available()
    book, problems = check_folders(*_places(config, folders, overlay), engines)
    if output == "json":
        emit(
            [{"path": p.path, "line": p.line, "what": p.what, "remedy": p.remedy} for p in problems]
        )
        return 2 if problems else 0
    for problem in problems:
        click.echo(f"{problem.path}:{problem.line}: {problem.what}\n  -> {problem.remedy}")
    tests = sum(len(rule.tests) for rule in book.rules)
    on = ", ".join(engines)
    if problems:
        click.echo(f"{len(problems)} problem(s) in {len(book.rules)} rules", err=True)
        return 2
    click.echo(f"{len(book.rules)} rules, {tests} inline tests on {on}: all clauses covered")
    return 0


@rules.command()
@click.option(
    "--from",
    "base",
    type=click.Path(path_type=Path, exists=True),
    help="Folder, wheel or zip file to compare from. [default: the pack that ran before]",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, exists=True),
    help="Folder, wheel or zip file to compare with. [default: the rules here]",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Markdown is for a pull request.",
)
@common
def diff(
    base: Path | None,
    to: Path | None,
    output: str,
    config: Path | None,
    log_format: str | None,
    verbose: int,
) -> int:
    """Say in words what an upgrade of the rules changes under your overlay.

    Which rules fire on more or fewer, what your overlay keeps away, which of its lines must change.

    Exits 2 where lines of the overlay must change before a sync can run.

    Example: crmrules rules diff --to crmrules-2.0-py3-none-any.whl
    """
    del log_format, verbose
    from crmrules.cli import upgrade

    return upgrade.show(upgrade.difference(config, _places(config), base, to), output)


@rules.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("crmrules-rules"),
    show_default=True,
    help="Folder to write.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["html", "markdown"]),
    default="html",
    show_default=True,
    help="HTML works offline; Markdown is for a wiki or a repository.",
)
@common
def docs(out: Path, output: str, config: Path | None, log_format: str | None, verbose: int) -> None:
    """Write a page for every rule: why, when, thresholds, and what became of it here.

    Example: crmrules rules docs --out rule-pages
    """
    del log_format, verbose
    from crmrules.cli import pages

    count = pages.write(config, _book(config), out, output)
    click.echo(
        f"{count} rules: {(out / ('index.html' if output == 'html' else 'index.md')).resolve()}"
    )


@rules.command()
@click.option(
    "--of",
    "what",
    type=click.Choice(["rule", "overlay", "config"]),
    default="rule",
    show_default=True,
    help="A rule file, the overlay of the configured rules, or crmrules.toml.",
)
@common
def schema(what: str, config: Path | None, log_format: str | None, verbose: int) -> None:
    """Print a JSON Schema, so that an editor completes names and shows what they mean.

    Example: crmrules rules schema --of overlay > overlay.schema.json
    """
    del log_format, verbose
    from crmrules.cli.schema import of

    emit(of(what, [] if what == "config" else _places(config)[0]))
