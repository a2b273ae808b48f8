"""Options that many commands share, and how results are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from crmrules.errors import UsageError

_YEARS = (1970, 2200)  # judged by moments out of these, dates would leave the calendar
F = TypeVar("F", bound=Callable[..., Any])


def common(function: F) -> F:
    """Add --config, --log-format and -v."""
    for option in (
        click.option("-v", "--verbose", count=True, help="Log more."),
        click.option(
            "--log-format",
            type=click.Choice(["console", "json"]),
            help="How logs look on stderr. [default: console on a terminal, else json]",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Configuration file. [default: crmrules.toml, searched upwards]",
        ),
    ):
        function = option(function)
    return function


def formatted(function: F) -> F:
    """Add --format text|json."""
    option = click.option(
        "--format",
        "output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="JSON goes to stdout and nothing else does.",
    )
    return option(function)


class Moment(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A moment such as 2026-11-23T10:00:00Z or a day, read as UTC where no offset is given."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return an aware UTC moment."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a moment such as 2026-11-23T10:00:00Z", param, ctx)
        if not _YEARS[0] <= moment.year <= _YEARS[1]:
            self.fail(f"'{value}' is not between {_YEARS[0]} and {_YEARS[1]}", param, ctx)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC)


def emit(data: Any) -> None:
    """Print one JSON value on stdout."""
    import orjson

    try:
        text = orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a lone surrogate, which the text of a CRM can hold
        text = json.dumps(data, indent=2, sort_keys=True)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # a sandbox goes on for hours, and somebody reads its address from a pipe


def look_for(folder: Path) -> None:
    """Raise UsageError where the folder of --out is not there, before any work is done for it."""
    if not folder.is_dir():
        raise _unwritable(folder, "there is no such folder")


def write_out(out: Path, text: str) -> None:
    """Write what --out names. Raises UsageError where it cannot be written."""
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from error


def _unwritable(place: Path, why: str) -> UsageError:
    remedy = "Name a place where you may write."
    return UsageError(f"{place} cannot be written: {why}", where="--out", remedy=remedy)


def progress(text: str) -> None:
    """Say on stderr what is going on, where somebody may be watching."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


def no_such(what: str, name: str, known: list[str]) -> UsageError:
    """Return the error for a name that does not exist, with the one that was probably meant."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known[:20])}."
    return UsageError(f"there is no {what} '{name}'", remedy=remedy)
