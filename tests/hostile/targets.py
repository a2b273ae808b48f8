"""What is fuzzed: one function for each place where foreign bytes come in.

Each takes any bytes, and raises only where the product does what it must not. The fuzzer drives
them (``fuzz.py``), and so do the property tests and the inputs that once did harm.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from crmrules import letters, mapping, notes, overlay, rulebook, rulefile, settings, yamlsource
from crmrules.errors import CrmRulesError, UsageError
from crmrules.model import Speaker
from crmrules.problems import Problems
from crmrules.rulebook import RuleBook
from crmrules.rulecheck import check
from crmrules.text.clean import Cleaner
from crmrules.text.data import load
from crmrules.text.kinds import SIGNALS as TEXT_SIGNALS
from crmrules.text.patterns import Patterns
from crmrules.text.port import Text
from crmrules.text.transcript import turns
from crmrules.text.wordbook import wordbook
from crmrules.texts import complaints, render, safe
from crmrules_hubspot import html as rich
from crmrules_hubspot import records as hubspot
from crmrules_salesforce.scope import quoted
from crmrules_sandbox.salesforce.soql.parser import parse as parse_soql

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 26, tzinfo=UTC)
Target = Callable[[bytes], None]
VALUES = {"account": "Acme", "n": 3, "points": 8.5, "flag": True}


def as_text(data: bytes) -> str:
    """Return bytes as a text that may hold anything a Python text can, lone surrogates too."""
    return data.decode("utf-8", "surrogateescape")


def rules(data: bytes) -> None:
    file = rulefile.parse(yamlsource.parse(data), "hostile.yml")
    assert file.rule is not None or file.problems
    assert all(one.line >= 1 and one.what and one.remedy for one in file.problems)
    assert all(len(one.what) < 1000 for one in file.problems)
    if file.rule is not None and not file.problems:
        check(RuleBook((file.rule,), "", {file.rule.id: file.document}), engines=["python"])
        for text in (file.rule.then.task.subject, *file.rule.then.task.body):
            assert not letters.INVISIBLE.search("".join(text))


@cache
def _shipped() -> RuleBook:
    return rulebook.load([rulebook.shipped()])


def overlays(data: bytes) -> None:
    book = {rule.id: rule for rule in _shipped().rules}
    document = yamlsource.parse(data)
    problems = Problems("overlay.yaml", document)
    result = overlay.apply(book, document, problems, rulefile.SIGNALS)
    assert result.rules.keys() == book.keys()
    for name, rule in result.rules.items():
        assert (rule.when, rule.clears) == (book[name].when, book[name].clears)
        for key, setting in rule.settings.items():
            number = isinstance(setting.value, int | float) and not isinstance(setting.value, bool)
            if number and setting.floor is not None and setting != book[name].settings[key]:
                assert setting.value >= setting.floor
    assert all(one.line >= 1 and one.what and one.remedy for one in problems.found)


def tags(data: bytes) -> None:
    found = notes.parse(as_text(data), record="r", known_at=AT, author="u")
    for pieces in found:
        for piece in pieces:
            for value in piece.model_dump().values():
                if isinstance(value, str):
                    assert "\n" not in value
                    value.encode()


@cache
def _reading() -> tuple[Cleaner, Patterns]:
    books = load(["en", "de"])
    return Cleaner.of(books), Patterns(books, frozenset(TEXT_SIGNALS), ["Acme"])


def texts(data: bytes) -> None:
    text = as_text(data)
    cleaner, patterns = _reading()
    cleaner.automatic(text[:200], text)
    sentences = cleaner.sentences(text)
    sentences += [turn.words for turn in turns(text)]
    for speaker in (Speaker.US, Speaker.CUSTOMER, None):
        patterns.mentions([Text(one, "r", AT, speaker, verbatim=True) for one in sentences])


def pattern_files(data: bytes) -> None:
    document = yamlsource.parse(data, words=True)
    if document.troubles:
        return
    try:
        book = wordbook(document.value, where="xx.yml", line=document.line)
        Patterns([book], frozenset(TEXT_SIGNALS), ["Acme"]).mentions([Text("a b", "r", AT)])
        Cleaner.of([book]).sentences("a b")
    except UsageError as error:
        assert error.remedy
        assert error.where


def soql(data: bytes) -> None:
    values = as_text(data).split("\x1e")
    query = f"SELECT Id FROM Account WHERE Name IN ({quoted(values)}) ORDER BY Id"
    query.encode()
    told = [one.encode("utf-8", "replace").decode().replace("\0", "") for one in values]
    found = parse_soql(query)
    assert [one.value for one in found.where.values] == told
    assert [one.expression.parts for one in found.columns] == [("Id",)]
    assert (found.source, found.where.operator, found.limit) == ("Account", "IN", None)
    assert [one.expression.parts for one in found.order_by] == [("Id",)]


def field_names(data: bytes) -> None:
    """A configured field becomes part of a query only as an identifier."""
    name = as_text(data)
    try:
        made = mapping.build({}, {"fields": {f"Opportunity.{name}": "need"}})
    except UsageError:
        return
    assert made.paths() == (f"{name}",) or made.paths() == (f"Opportunity.{name}",)
    assert name.isascii()
    assert name.replace("_", "").isalnum()


def html_to_text(data: bytes) -> None:
    found = rich.text(as_text(data))
    if found is not None:
        assert found == found.strip()
        found.encode()


def html_bodies(data: bytes) -> None:
    """A text of ours is no markup in HubSpot, and reads back as its lines."""
    text = safe_lines(as_text(data))
    body = hubspot.html(text)
    assert letters.size(body) <= hubspot.BODY
    assert "<" not in body.replace("<br>", "")
    if letters.size(text) * 5 < hubspot.BODY:
        assert (rich.text(body) or "").split() == text.split()


def safe_lines(text: str) -> str:
    return "\n".join(safe(line, 5000) for line in text.splitlines())


def rendering(data: bytes) -> None:
    template, _, value = as_text(data).partition("\x1e")
    for spec in (template, ("{a}" + template, "{account}")):
        try:
            filled = render(spec, VALUES | {"a": value}, 255)
        except UsageError:
            continue
        assert letters.size(filled) <= 255
    alone = render(("[{a}]", "[]"), {"a": value})
    assert clean(alone)
    assert letters.size(alone) <= 82
    complaints(template)


def clean(text: str) -> bool:
    """Return whether nothing in a text steers, hides or reverses."""
    return not any(unicodedata.category(char)[0] == "C" for char in text)


class _File:
    """What ``settings`` opens: bytes under a name."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)

    def __str__(self) -> str:
        return "crmrules.toml"


def configuration(data: bytes) -> None:
    try:
        made = settings.parse(settings._read(_File(data)), where="crmrules.toml")
        mapping.build(made.phases, made.mapping)
    except CrmRulesError as error:
        assert error.remedy


def terminal(data: bytes) -> None:
    text = as_text(data)
    told = letters.encodable(letters.shown(text), "latin-1")
    told.encode("latin-1")
    assert clean(told.replace("\n", "").replace("\t", "").replace("\xad", ""))
    short = letters.cut(text, 40)
    assert letters.size(short) <= 40 or short == text


TARGETS: dict[str, Target] = {
    "rules": rules,
    "overlay": overlays,
    "patterns": pattern_files,
    "notes": tags,
    "texts": texts,
    "soql": soql,
    "html": html_to_text,
    "bodies": html_bodies,
    "render": rendering,
    "settings": configuration,
    "terminal": terminal,
}

_LINES = (
    b"#criterion: go-live | crucial | us=4 acme=2 | source=customer | hard @J. Ortiz",
    b"#need! a = b (explicit) impact=40k/quarter\n#concern: price | reopened\n#owed: x | by=2026-1",
    b"Us: how often does it happen?\nKunde: zu teuer, kein Budget. Not too expensive, Acme...\n",
    b"<p>#need: <b>a</b></p><ul><li>x</li></ul><script>y</script><table><td>&amp;",
    b"{account} {n:d} {points:.1f}\x1e\xe2\x80\xaeabc'\\\n",
)


def seeds(name: str) -> Iterable[bytes]:
    """Return inputs that are well-formed, for the fuzzer to begin with."""
    if name == "rules":
        return [file.read_bytes() for file in sorted((ROOT / "rules").rglob("*.yml"))[::6]]
    if name == "overlay":
        ids = [rule.id for rule in _shipped().rules[:4]]
        return [
            b"".join(f"{one}: {{mode: live, settings: {{points: 8}}}}\n".encode() for one in ids),
            f"{ids[0]}: {{subject: x, translations: {{de: {{subject: a, body: [b]}}}}}}".encode(),
        ]
    if name == "patterns":
        return [file.read_bytes() for file in sorted((ROOT / "src").rglob("patterns/*.yml"))]
    if name == "settings":
        return [b'connector = "export"\n[tasks]\nsettle_hours = 12\n[phases.default]\n"a" = "none"']
    return _LINES
