"""Finding the files of an export and reading their records one by one.

Know before changing: the object is named by the file (CSV) or by the record (JSON tree). A CSV is
read row by row; a JSON tree is read whole, because the tool that writes it stops at a few hundred
records a file. Text is UTF-8, with or without a mark, UTF-16 with one, else cp1252, which every
byte fits. An export may come from anybody: only plain files inside the folder are opened, so that a
link or a device in it leads nowhere, and none is read without an end.

It does not know what a column means.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from crmrules.errors import UsageError
from crmrules_export.config import Named

_CHUNK = 1 << 16
_FIELD_LIMIT = 1 << 24
_TREE_LIMIT = 1 << 26  # bytes of a JSON tree; 64 MiB are hundreds of thousands of records
_LINE_LIMIT = 1 << 20  # characters of a header
_BELONGS = {"Opportunity": "OpportunityId", "Account": "AccountId", "Quote": "QuoteId"}
_WHAT = {"Task": "WhatId", "Event": "WhatId", "EmailMessage": "RelatedToId"}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of one object; the columns of a JSON tree are those of any of its records.

    ``names`` are the API names that the settings give to columns of the file.
    """

    object: str
    path: Path
    columns: tuple[str, ...]
    tree: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Yield the records; blank cells are None. Raises UsageError for a file that is broken."""
        if self.tree:
            yield from (r for kind, r in _tree(self.path) if kind == self.object)
        else:
            records = _csv(self.path, self.columns)
            yield from (self._renamed(record) for record in records) if self.names else records

    def _renamed(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        taken = set(self.names.values())
        rest = {column: value for column, value in record.items() if column not in taken}
        return rest | {name: record.get(column) for name, column in self.names.items()}

    @property
    def known_as(self) -> tuple[str, ...]:
        """The columns by the names that they are read by."""
        taken = set(self.names.values())
        return (*(column for column in self.columns if column not in taken), *self.names)


def discover(
    folder: Path, objects: Iterable[str], named: Mapping[str, Named] | None = None
) -> tuple[list[Source], list[str]]:
    """Return the files that hold any of the objects, and the names of the others.

    Raises UsageError where the settings name an object, a file or a column that does not exist.
    """
    given = named or {}
    objects = set(objects)
    sources: list[Source] = [_given(folder, name, given[name], objects) for name in sorted(given)]
    names = {form: name for name in objects - set(given) for form in _forms(name)}
    used, others = {source.path for source in sources}, list[str]()
    for path in sorted(set(folder.iterdir()) - used):
        suffix = path.suffix.casefold()
        if suffix in (".csv", ".json"):
            _plain_file(path, folder)
        if suffix == ".csv" and path.stem.casefold() in names:
            sources.append(Source(names[path.stem.casefold()], path, header(path)))
        elif suffix == ".json" and not path.stem.casefold().endswith("-plan"):
            known = _columns(path, set(names.values()))
            sources += [Source(kind, path, columns, tree=True) for kind, columns in known.items()]
            others += [] if known else [path.name]
        elif suffix == ".csv":
            others.append(path.name)
    return sources, others


def _given(folder: Path, name: str, named: Named, objects: Iterable[str]) -> Source:
    where = f"[export.objects.{name}]"
    if name not in objects:
        raise _unknown(f"there is no object '{name}' that rules look at", where, name, objects)
    path = folder / named.file
    if not path.is_file():
        there = [entry.name for entry in folder.iterdir()]
        raise _unknown(f"there is no file {path}", f"{where} file", named.file, there)
    _plain_file(path, folder)
    columns = header(path)
    for column in named.columns.values():
        if column not in columns:
            what = f"{named.file} has no column '{column}'"
            raise _unknown(what, f"{where} columns", column, columns)
    return Source(name, path, columns, names=named.columns)


def _plain_file(path: Path, folder: Path) -> None:
    """Raise UsageError for what is no plain file inside the folder."""
    if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
        return
    what = "leads out of the folder of the export" if path.is_file() else "is no plain file"
    raise UsageError(what, where=str(path), remedy="Put a copy of the file itself into the folder.")


def _unknown(what: str, where: str, name: str, there: Iterable[str]) -> UsageError:
    close = difflib.get_close_matches(name, list(there), n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(sorted(there))}."
    return UsageError(what, where=where, remedy=hint)


def _columns(path: Path, objects: set[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for kind, record in _tree(path):
        if kind in objects:
            found.setdefault(kind, {}).update(dict.fromkeys(record))
    return {kind: tuple(columns) for kind, columns in sorted(found.items())}


def _forms(name: str) -> set[str]:
    word = name.casefold()
    return {word, f"{word}s", f"{word[:-1]}ies" if word.endswith("y") else word}


def encoding(path: Path) -> str:
    """Return how a file's text is encoded, after reading all of it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return "utf-16"
            file.seek(0)
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    except OSError as error:
        raise _unreadable(path, error) from error
    return "utf-8-sig"


def header(path: Path) -> tuple[str, ...]:
    """Return the column names of a CSV; raises UsageError when there are none, or one twice."""
    with path.open(encoding=encoding(path), errors="replace", newline="") as file:
        reader = csv.reader(_lines(file), delimiter=_comma(path))
        try:
            columns = tuple(name.strip() for name in next(reader, ()))
        except csv.Error as error:
            raise _no_csv(path, 1, error) from error
    double = sorted({name for name in columns if name and columns.count(name) > 1})
    if double or not any(columns):
        raise UsageError(
            f"the column {double[0]} is there twice" if double else "there is no header row",
            where=str(path),
            remedy="Export it again with API names as column names, each once.",
        )
    return columns


def _comma(path: Path) -> str:
    with path.open(encoding=encoding(path), errors="replace") as file:
        line = file.readline(_LINE_LIMIT)
    return max(",;\t", key=line.count)


def _csv(path: Path, columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(_FIELD_LIMIT)  # long mail bodies exceed the module's own limit
    with path.open(encoding=encoding(path), errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=_comma(path), strict=True)
        try:
            next(reader, None)
            for cells in reader:
                if cells:
                    yield {name: cell.strip() or None for name, cell in zip(columns, cells)}  # noqa: B905 - a short row lacks its last cells
        except csv.Error as error:
            raise _no_csv(path, reader.line_num, error) from error


def _lines(file: IO[str]) -> Iterator[str]:
    """Yield the lines of a file, one that has no end in pieces."""
    while line := file.readline(_LINE_LIMIT):
        yield line


def _no_csv(path: Path, line: int, error: csv.Error) -> UsageError:
    return UsageError(
        f"line {line} is not CSV: {error}",
        where=str(path),
        remedy="Export the file again; it looks cut off or edited.",
    )


def _tree(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (object, record) of a JSON tree, children after their parent."""
    try:
        if path.stat().st_size > _TREE_LIMIT:
            raise ValueError(f"larger than {_TREE_LIMIT >> 20} MiB")  # noqa: TRY301 - told below
        content = json.loads(path.read_text(encoding=encoding(path), errors="replace"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"not JSON: {str(error)[:200]}",
            where=str(path),
            remedy="Export the file again, or take it out of the folder.",
        ) from error
    found: list[tuple[str, Mapping[str, Any]]] = []
    if isinstance(content, dict):
        _collect(content.get("records"), found, {})
    return found


def _collect(
    records: Any, found: list[tuple[str, Mapping[str, Any]]], inherited: Mapping[str, str]
) -> None:
    for record in records if isinstance(records, list) else ():
        attributes = record.get("attributes") if isinstance(record, dict) else None
        kind = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(attributes, dict) or not isinstance(kind, str):
            continue
        flat = {name: _plain(name, value) for name, value in record.items() if name != "attributes"}
        if flat.get("Id") is None:
            flat["Id"] = attributes.get("referenceId")
        parent = inherited.get("id")
        if parent is not None:
            flat.setdefault(_WHAT.get(kind) or _BELONGS.get(inherited["kind"], "ParentId"), parent)
        children = [v for v in flat.values() if isinstance(v, dict) and "records" in v]
        found.append((kind, flat))
        for child in children:
            _collect(child["records"], found, {"kind": kind, "id": str(flat["Id"])})


def _plain(name: str, value: Any) -> Any:
    """Return a value; in an id field, the id that a reference such as @AccountRef1 stands for."""
    reference = name.endswith("Id") and isinstance(value, str) and value.startswith("@")
    return value[1:] if reference else value


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot be read: {error.strerror or 'unknown reason'}",
        where=str(path),
        remedy="Check that this user may read the file.",
    )
