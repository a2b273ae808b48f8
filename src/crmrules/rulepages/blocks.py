"""A page as blocks, and the three ways it is written: Markdown, HTML, and lines of a terminal.

In a text, ``[words](rule-id)`` is a link to that rule's page and backticks mark code; nothing else
is special, so words of a rule file can never become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_LINK = re.compile(r"\[([^\[\]]+)\]\(([a-z0-9]+(?:-[a-z0-9]+)*)\)")
_CODE = re.compile(r"`([^`]+)`")
_MARKS = re.compile(r"([\\*_<>#|\[\]])")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; 1 is the page's own."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines whose indentation counts."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has a cell for each word of the head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Text | Items | Code | Table


def plain(blocks: Sequence[Block]) -> Iterator[str]:
    """Yield the blocks as lines of a terminal, below a rule's card."""
    for block in blocks:
        match block:
            case Heading():
                yield f"  {block.text[0].lower()}{block.text[1:]}:"
            case Text():
                yield f"    {_bare(block.text)}"
            case Items():
                yield from (f"    - {_bare(line)}" for line in block.lines)
            case Code():
                yield from (f"    {line}" for line in block.lines)
            case Table():
                for row in block.rows:
                    cells = zip(block.head[1:], row[1:], strict=True)
                    told = "; ".join(
                        f"{name} {_bare(cell).rstrip('.')}" for name, cell in cells if cell
                    )
                    yield f"    {_bare(row[0])}: {told}"


def _bare(text: str) -> str:
    return _CODE.sub(r"\1", _LINK.sub(r"\1", text))


def markdown(blocks: Sequence[Block]) -> str:
    """Return the blocks as a Markdown page."""
    made: list[str] = []
    for block in blocks:
        match block:
            case Heading():
                made.append(f"{'#' * block.level} {_marked(block.text)}")
            case Text():
                made.append(_marked(block.text))
            case Items():
                made.append("\n".join(f"- {_marked(line)}" for line in block.lines))
            case Code():
                lines = [line.replace("```", "'''") for line in block.lines]
                made.append("\n".join(["```text", *lines, "```"]))
            case Table():
                rows = [block.head, ["---"] * len(block.head), *block.rows]
                told = ["| " + " | ".join(_marked(cell) for cell in row) + " |" for row in rows]
                made.append("\n".join(told))
    return "\n\n".join(made) + "\n"


def _marked(text: str) -> str:
    """Escape what Markdown would take for markup, outside of our own links and code."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        words = found[0]
        if found.re is _LINK:
            words = f"[{_escaped(found[1])}]({found[2]}.md)"
        kept.append(words)
        return f"\0{len(kept) - 1}\0"

    held = _CODE.sub(keep, _LINK.sub(keep, " ".join(text.replace("\0", "").split())))
    safe = _escaped(held)
    while "\0" in safe:
        safe = re.sub("\0([0-9]+)\0", lambda found: kept[int(found[1])], safe)
    return safe


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def html(title: str, blocks: Sequence[Block], style: str) -> str:
    """Return the blocks as a page that needs nothing else."""
    body = "\n".join(_element(block) for block in blocks)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _element(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_inline(block.text)}</h{block.level}>"
        case Text():
            return f"<p>{_inline(block.text)}</p>"
        case Items():
            return "<ul>" + "".join(f"<li>{_inline(line)}</li>" for line in block.lines) + "</ul>"
        case Code():
            return f"<pre>{escape(chr(10).join(block.lines))}</pre>"
        case Table():
            head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in block.head)
            rows = "".join(
                "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>"
                for row in block.rows
            )
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            return f'<div class="wide">{table}</div>'


def _inline(text: str) -> str:
    linked = _LINK.sub(r'<a href="\2.html">\1</a>', escape(text))
    return _CODE.sub(r"<code>\1</code>", linked)
