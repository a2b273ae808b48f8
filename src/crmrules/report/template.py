"""Jinja2 fills the page; everything it is given is escaped, whatever it is.

A name that is misspelt in the template is an error, never an empty place.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crmrules.findings.feedback import BOUND, LEAST
from crmrules.report.paper import WEEKS
from crmrules.report.words import count, day, percent


def render(**values: Any) -> str:
    """Return the page."""
    return _environment().get_template("report.html.j2").render(values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("crmrules.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("crmrules.report") / "templates" / "report.css").read_text(encoding="utf-8")
    made.globals |= {
        "style": Markup(style),  # noqa: S704 - our own file # nosec B704
        "count": count,
        "day": day,
        "percent": percent,
        "weeks": WEEKS,
        "least": LEAST,
        "bound": f"{BOUND:.0%}".replace("%", " %"),
    }
    return made
