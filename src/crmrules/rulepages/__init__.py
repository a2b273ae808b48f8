"""A page for every rule: what it says and why, and what became of it in this organization.

``facts`` asks the state store, ``page`` puts a page together from blocks, ``blocks`` writes them as
Markdown, HTML or lines. It makes no call and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmrules.rulepages.blocks import html, markdown, plain
from crmrules.rulepages.here import About, as_json, of_here
from crmrules.rulepages.page import index, of_rule

__all__ = ["About", "as_json", "index", "of_here", "of_rule", "pages", "plain"]

STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}"
    "main{max-width:60rem;margin:0 auto;padding:1rem}h1{line-height:1.2}"
    "h2{margin-top:2rem}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8888}"
    "pre{padding:.6rem;border:1px solid #8888;overflow-x:auto}"
)


def pages(abouts: Sequence[About], form: str) -> Iterator[tuple[str, str]]:
    """Yield file names and texts of all pages, the index first. ``form``: html or markdown."""
    for name, title, blocks in (
        ("index", "The rules", index(abouts)),
        *((about.rule.id, about.rule.title, of_rule(about)) for about in abouts),
    ):
        if form == "html":
            yield f"{name}.html", html(title, blocks, STYLE)
        else:
            yield f"{name}.md", markdown(blocks)
