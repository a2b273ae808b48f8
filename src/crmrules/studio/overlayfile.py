"""The overlay file: changed in place, so that comments and order stay, and never half written."""

from __future__ import annotations

import difflib
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from crmrules.errors import UsageError

_WIDTH = 100  # characters of a line, as in rule files


def read(path: Path | None) -> bytes:
    """Return what the file holds, b"" where there is none yet. Raises UsageError."""
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(
            f"the overlay {path} cannot be read: {error.strerror}",
            where="overlay",
            remedy="Check the rights of the file.",
        ) from error


def put(overlay: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Set the value at a place, or take it out (None), and what is empty then, too."""
    *outer, last = place
    levels = [overlay]
    for name in outer:
        inner = levels[-1].get(name)
        if not isinstance(inner, dict):
            if value is None:
                return
            inner = levels[-1][name] = type(overlay)()
        levels.append(inner)
    if value is not None:
        levels[-1][last] = value
        return
    levels[-1].pop(last, None)
    for level, name in reversed(list(zip(levels, outer, strict=False))):
        if not level[name]:
            del level[name]


def edited(data: bytes, edits: Mapping[tuple[str, ...], Any]) -> bytes:
    """Return the file with these values set (None: taken out); the rest of it stays as it is."""
    rounds = YAML()  # keeps comments, and makes nothing but plain values
    rounds.preserve_quotes = True
    rounds.width = _WIDTH
    tree = rounds.load(data.decode("utf-8-sig"))
    begun = bool(tree)  # else there is no value that comments could hang on
    tree = tree if begun else CommentedMap()
    for place, value in sorted(edits.items()):
        put(tree, place, value if place[1:] == ("mode",) else _quoted(value))
    if not tree:  # a file without any value would be refused
        return f"{_comments(data)}{{}}\n".encode()
    out = io.StringIO("" if begun else _comments(data))
    out.seek(0, io.SEEK_END)
    rounds.dump(tree, out)
    return out.getvalue().encode()


def says_nothing(data: bytes) -> bool:
    """Whether a file holds comments at most."""
    return _comments(data) == data.decode("utf-8-sig")


def _comments(data: bytes) -> str:
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    return "".join(line for line in lines if line.lstrip()[:1] in ("", "#"))


def _quoted(value: Any) -> Any:
    """Return texts in quotes, so that none of them is read as anything but a text."""
    if isinstance(value, list | tuple):
        return [_quoted(item) for item in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) else value


def write(path: Path, data: bytes, *, expected: bytes) -> None:
    """Replace the file at once, keeping its rights; a reader sees the old one or the new one.

    Raises UsageError where it no longer holds what is expected: somebody else changed it.
    """
    if read(path) != expected:
        raise UsageError(
            f"{path} was changed by somebody else meanwhile",
            where="overlay",
            remedy="Nothing was saved. Read it again, look at your changes, and save then.",
        )
    target = path.resolve()  # what a link points to is replaced, not the link
    try:
        _replace(target, data)
    except OSError as error:
        raise UsageError(
            f"the overlay {path} cannot be written: {error.strerror}",
            where="overlay",
            remedy="Check the rights of its folder and the space on the disk.",
        ) from error


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def difference(before: bytes, after: bytes, name: str) -> str:
    """Return what changed, as ``diff -u`` tells it."""
    old, new = (data.decode("utf-8-sig").splitlines(keepends=True) for data in (before, after))
    return "".join(difflib.unified_diff(old, new, f"{name} (before)", name))
