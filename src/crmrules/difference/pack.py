"""The rules of a pack as its files say them: from folders, a wheel, an archive, or a past run.

A pack of another version may know signals that this program does not, so its rules are read for
their form alone. A file that cannot be read even so is named in ``unread``, never guessed.

It applies no overlay.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import orjson
from pydantic import ValidationError

from crmrules import rulefile, yamlsource
from crmrules.errors import UsageError
from crmrules.rule import Rule
from crmrules.yamlsource import MOST_BYTES, Document

MOST_FILES = 2000  # rule files of one archive
_IN_WHEEL = "crmrules/shipped/rules/"
_MOST_RECORDED = 64 * MOST_BYTES


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules by id. ``name``: what to call it to people; ``unread``: files that made no rule."""

    name: str
    rules: Mapping[str, Rule] = field(repr=False)
    unread: tuple[str, ...] = ()


def of(name: str, rules: Iterable[Rule]) -> Pack:
    """Return rules that were read already as a pack."""
    return Pack(name, {rule.id: rule for rule in rules})


def read(path: Path) -> Pack:
    """Return the pack in a folder, a wheel or a zip file; UsageError where there is none."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".yaml"))
        return _read(path, ((str(file.relative_to(path)), yamlsource.read(file)) for file in files))
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(path, _members(archive, path))
    except (zipfile.BadZipFile, OSError, RuntimeError, zlib.error) as error:
        raise UsageError(
            f"no rules can be read from {path}: {error}",
            remedy="Name a folder of rule files, a crmrules wheel, or a zip file.",
        ) from error


def _members(archive: zipfile.ZipFile, path: Path) -> Iterator[tuple[str, Document]]:
    """Yield the rule files: those of a wheel's shipped rules, else all of the archive."""
    found = [one for one in archive.infolist() if one.filename.endswith((".yml", ".yaml"))]
    found = [one for one in found if one.filename.startswith(_IN_WHEEL)] or found
    if len(found) > MOST_FILES:
        raise UsageError(
            f"{path} has {len(found)} rule files; {MOST_FILES} is the most",
            remedy="Name an archive of rules alone.",
        )
    for one in sorted(found, key=lambda each: each.filename):
        with archive.open(one) as file:
            yield one.filename.removeprefix(_IN_WHEEL), yamlsource.parse(file.read(MOST_BYTES + 1))


def _read(path: Path, documents: Iterable[tuple[str, Document]]) -> Pack:
    rules: dict[str, Rule] = {}
    unread = []
    for name, document in documents:
        rule = rulefile.parse(document, name, vocabulary={}).rule
        if rule is None:
            unread.append(PurePosixPath(name).as_posix())
        else:
            rules.setdefault(rule.id, rule)
    if not rules:
        raise UsageError(
            f"no rule can be read from {path}",
            remedy="Name a folder of rule files, a crmrules wheel, or a zip file.",
        )
    return Pack(path.name, rules, tuple(unread))


def recorded(rules: Sequence[Rule]) -> tuple[str, bytes]:
    """Return a pack as a run keeps it, and the hash that names its content.

    Inline tests are left out: they say nothing of what a pack does.
    """
    kept = [rule.model_dump(mode="json", exclude={"path", "tests"}) for rule in rules]
    content = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest(), zlib.compress(content, 9)


def from_record(name: str, body: bytes) -> Pack:
    """Return a pack that a run kept; a rule of a form that is not known any more is ``unread``."""
    rules: dict[str, Rule] = {}
    unread = []
    for one in orjson.loads(zlib.decompressobj().decompress(body, _MOST_RECORDED)):
        try:
            rule = Rule.model_validate(one)
        except ValidationError:
            unread.append(str(one.get("id", "?")))
        else:
            rules[rule.id] = rule
    return Pack(name, rules, tuple(unread))
