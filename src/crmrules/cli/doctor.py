"""``crmrules doctor``: everything that is not right, at once, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted

_BLIND = 50  # percent of the opportunities a rule is about


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know. ``code``: the exit code it alone would give; 0 for a remark."""

    level: str  # error | warning
    what: str
    remedy: str
    code: int = 0


@click.command()
@click.option("--quick", is_flag=True, help="Do not pull: leave out what the data can show.")
@common
@formatted
def doctor(
    config: Path | None, log_format: str | None, verbose: int, output: str, *, quick: bool
) -> int:
    """Check configuration, rules, sign-in, fields, stage map and data readiness. Writes nothing.

    Exits 2 for configuration or rules, 3 for sign-in or rights, 0 where a sync would run.

    Example: crmrules doctor
    """
    from crmrules.cli.checkup import checkup

    seen = checkup(config, log_format=log_format, verbose=verbose, quick=quick)
    found = seen.found
    code = max((finding.code for finding in found), default=0)
    if output == "json":
        emit(_json(seen))
    else:
        for line in _text(seen):
            click.echo(line)
    return code


def _json(seen: Any) -> dict[str, Any]:
    quota = seen.quota
    budget = {} if quota is None else asdict(quota) | {"usual": quota.usual, "most": quota.most}
    return {
        "problems": [{"level": f.level, "what": f.what, "remedy": f.remedy} for f in seen.found],
        "quota": budget or None,
        "mail": seen.mail,
        "readiness": seen.readiness,
        "unread": seen.unread,
    }


def _text(seen: Any) -> Iterator[str]:
    for finding in sorted(seen.found, key=lambda f: f.level):
        yield f"{finding.level}: {finding.what}\n  -> {finding.remedy}"
    yield from _rules(seen.readiness)
    for tags in seen.unread:
        yield f"{tags['author']}: {tags['count']} tagged line(s) not read"
        yield f"  -> {tags['suggestion']}"
    yield from _blind(seen.readiness)
    if seen.mail is not None and seen.mail["seen_percent"] is not None:
        yield f"mail: {seen.mail['seen_percent']} % of the open opportunities show inbound mail"
        if seen.mail["why"]:
            yield f"  -> {seen.mail['why']}"
    if seen.quota is not None:
        yield f"quota: {seen.quota}"
    yield _verdict(seen)


def _verdict(seen: Any) -> str:
    errors = [finding for finding in seen.found if finding.level == "error"]
    if not errors:
        return "A sync would run. Next: crmrules plan"
    stop = f"{len(errors)} problem(s) stop a sync."
    if any("crmrules provision" in finding.remedy for finding in errors):
        return f"{stop} Next: crmrules provision --dry-run"
    return f"{stop} Next: mend them, then crmrules doctor"


def _blind(readiness: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Name the rules that see little here, the blindest first."""
    blind = [line for line in readiness if line["blind_percent"] >= _BLIND]
    names = [
        f"{line['rule']} ({line['blind_percent']} %)"
        for line in sorted(blind, key=lambda line: -line["blind_percent"])
    ]
    if names:
        yield (
            f"blind: {len(names)} rule(s) cannot tell on half of their opportunities or more: "
            + (", ".join(names))
        )
        yield "  -> What each lacks stands with it above, what would help after the list."


def _rules(readiness: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Say of each rule what it finds and why it cannot tell, then once what would help which."""
    width = max((len(line["rule"]) for line in readiness), default=0)
    quiet = [line["rule"] for line in readiness if not line["fires"] and not line["blind_percent"]]
    for line in readiness:
        if line["rule"] in quiet:
            continue
        blind = line["blind_percent"]
        told = f", cannot tell on {blind} %" if blind else ""
        yield f"{line['rule']:<{width}}  {line['mode']:<8}  fires on {line['fires']}{told}"
        # One reason often holds for several signals: it is said once, with all their names.
        by_reason: dict[str, list[str]] = {}
        for name in line["missing"] if blind else ():
            by_reason.setdefault(line["why"][name], []).append(name)
        for reason, names in by_reason.items():
            yield f"    {reason} ({', '.join(names)})"
    if quiet:
        yield f"{len(quiet)} more can tell on all, and fire on none: {', '.join(quiet)}"
    yield from _help(readiness)


def _help(readiness: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Say what would help, what helps most rules first."""
    helped: dict[str, list[str]] = {}
    for line in readiness:
        for fix in dict.fromkeys(line["fix"].values()):
            helped.setdefault(fix, []).append(line["rule"])
    if helped:
        yield "what would help:"
    for fix, names in sorted(helped.items(), key=lambda one: -len(one[1])):
        yield f"  -> {fix}\n     ({', '.join(names)})"
