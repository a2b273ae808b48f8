"""Read the pattern files: those that come with crmrules, and a folder of one's own.

Know before changing: this is the one module of the package that reads files, when a run is put
together and never while it judges. A file of one's own replaces the shipped one of its language, or
adds a language.

It interprets no phrase.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from crmrules import yamlsource
from crmrules.errors import UsageError
from crmrules.text.wordbook import Wordbook, wordbook

SHIPPED = Path(__file__).resolve().parent / "patterns"


def languages(folder: Path | None = None) -> list[str]:
    """Return the languages there are pattern files for."""
    places = (SHIPPED, *([folder] if folder is not None else []))
    return sorted({path.stem for place in places for path in place.glob("*.yml")})


def load(wanted: Iterable[str], folder: Path | None = None) -> tuple[Wordbook, ...]:
    """Return the patterns of these languages; UsageError where one is missing or wrong."""
    if folder is not None and not folder.is_dir():
        raise UsageError(
            f"the folder {folder} does not exist",
            where="[text] patterns",
            remedy="Correct the path, or remove the key to use the shipped patterns.",
        )
    return tuple(_one(language, folder) for language in wanted)


def _one(language: str, folder: Path | None) -> Wordbook:
    known = languages(folder)
    if language not in known:
        close = difflib.get_close_matches(language, known, n=1)
        hint = f"Did you mean '{close[0]}'? " if close else ""
        raise UsageError(
            f"there are no patterns for the language '{language}'",
            where="[text] languages",
            remedy=f"{hint}There are {', '.join(known)}; add {language}.yml to the folder that "
            "[text] patterns names.",
        )
    own = folder / f"{language}.yml" if folder is not None else None
    path = own if own is not None and own.is_file() else SHIPPED / f"{language}.yml"
    document = yamlsource.read(path, words=True)
    if document.troubles:
        lines = "\n".join(f"  {path}:{one.line}: {one.what}" for one in document.troubles)
        raise UsageError(
            f"cannot be read: {len(document.troubles)} problem(s)\n{lines}",
            where=str(path),
            remedy="It must be a YAML file in UTF-8, like the shipped ones.",
        )
    return wordbook(document.value, where=str(path), line=document.line)
