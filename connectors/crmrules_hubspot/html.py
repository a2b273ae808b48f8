"""Rich text to text: notes, bodies of calls, meetings and tasks are HTML in HubSpot.

Know before changing: a tag of a rep counts where a line starts, so a line of the rich text must
be a line of the text. A text without any HTML element is taken as it is, because programs write
plain text into the same properties, and ``<jo@acme.com>`` is an address.

It raises nothing, whatever the text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from html import unescape
from typing import Any

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml.etree import LxmlError
from lxml.html import HtmlElement as Element
from lxml.html import HTMLParser, document_fromstring

LIMIT = 131_072  # as far as notes are read; the rest of a longer text is not looked at

_ELEMENT = re.compile(
    r"<(?:/?(?:a|abbr|address|article|b|big|blockquote|body|br|center|code|col|colgroup|dd|del|div|"
    r"dl|dt|em|figure|font|footer|form|h[1-6]|head|header|hr|html|i|img|ins|li|link|main|mark|meta|"
    r"nav|ol|o:p|p|pre|q|s|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|"
    r"tfoot|th|thead|title|tr|tt|u|ul)(?=[\s/>])|!--|!doctype\b)",
    re.IGNORECASE,
)
_HIDDEN = frozenset({"script", "style", "title"})
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_BLANKS = re.compile(r"\n[\s\xa0]*\n")


def text(value: str | None) -> str | None:
    """Return the text of a rich text, or of a plain one; None when nothing is left of it."""
    if value is None:
        return None
    value = value[:LIMIT].encode("utf-8", "replace").decode()  # no lone surrogates
    if not _ELEMENT.search(value):
        return unescape(value).strip() or None
    lines = "\n".join(line.strip(" \t\xa0") for line in _rendered(value).splitlines())
    return _BLANKS.sub("\n\n", lines).strip() or None


def _rendered(html: str) -> str:
    data = html.replace("\x00", "").encode("utf-8", "replace")
    try:
        tree = document_fromstring(data, parser=HTMLParser(encoding="utf-8", huge_tree=True))
    except (ValueError, LxmlError):
        return unescape(html)
    for node in tree.iter():  # the renderer reads entities once more than the parser did
        with suppress(ValueError):  # a control character beside one: it stays as it was read
            if "&" in (node.text or ""):
                node.text = node.text.replace("&", "&amp;")
        with suppress(ValueError):
            if "&" in (node.tail or ""):
                node.tail = node.tail.replace("&", "&amp;")
    try:
        return str(Inscriptis(tree, _CONFIG).get_text())
    except Exception:  # noqa: BLE001 - nested deeper than it can follow, or a width it cannot read
        return _flat(tree)


def _flat(tree: Element) -> str:
    """Return all words of a document that cannot be laid out."""
    parts: list[str] = []
    for node in tree.iter():
        if isinstance(node.tag, str) and node.tag not in _HIDDEN:
            parts += ["\n" if node.tag in _BREAKS else "", node.text or ""]
        parts.append(node.tail or "")
    return unescape("".join(parts))


def _item(state: HtmlDocumentState, _: Any) -> None:
    """Begin an item of any list in the one way that the grammar of notes takes for a bullet."""
    state.tags[-1].list_bullet = "- "
    state.tags[-1].write("")


_CONFIG = ParserConfig(
    css={
        **CSS_PROFILES["strict"],
        "section": HtmlElement(display=Display.block),
        "head": HtmlElement(),  # the parser puts a cell without a table there, after a style
    },
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping({"li": _item}, {}),
)
