"""``crmrules init``: the files an admin starts from, and the stage map proposed for this CRM.

Know before changing: it never overwrites. Where it was told enough to sign in, it looks into the
CRM, reads only, and proposes its own stages with the days that won opportunities spent in each;
where it cannot, the files are written all the same and say what is missing.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crmrules.connector import Organization
    from crmrules.rulebook import RuleBook
    from crmrules.stagemap import Proposed

_URLS = {"salesforce": "https://YOUR-DOMAIN.my.salesforce.com", "hubspot": "https://api.hubapi.com"}
_NEXT = "Next: crmrules doctor"
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--crm",
    type=click.Choice(["salesforce", "hubspot", "export"]),
    default="salesforce",
    show_default=True,
    help="Which CRM, or a folder of exports to try it without any access.",
)
@click.option("--url", default="", help="Your My Domain; of HubSpot the API's address.")
@click.option("--token-file", type=_FILE, help="File with the sync's key or access token.")
@click.option("--client-id", default="", help="Salesforce, JWT: the app's consumer key.")
@click.option("--username", default="", help="Salesforce, JWT: the integration user.")
@click.option("--private-key-file", type=_FILE, help="Salesforce, JWT. [default: crmrules.key]")
@click.option("--ca-bundle", type=_FILE, help="An extra CA, e.g. of a proxy.")
@click.option("--path", type=click.Path(path_type=Path), help="Folder of exports.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write to. [default: this one]",
)
@click.option(
    "--stages", is_flag=True, help="Write nothing: print a stage map for the configured CRM."
)
def init(crm: str, out: Path, *, stages: bool, **told: Any) -> None:
    """Write crmrules.toml, overlay.yaml and a proposed stage map. Overwrites nothing.

    Given what it takes to sign in, it looks into the CRM (reading only) and proposes a phase for
    each of its stages, with the days that won opportunities spent there beside it.

    Example: crmrules init --crm hubspot --token-file sync.key
    """
    if stages:
        _print_stages(out)
        return
    from crmrules import rulebook
    from crmrules.errors import UsageError

    config, overlay = out / "crmrules.toml", out / "overlay.yaml"
    there = [str(path) for path in (config, overlay) if path.exists()]
    if there:
        raise UsageError(
            f"{' and '.join(there)} exist already",
            remedy="Edit them, or choose another folder with --out. 'crmrules init --stages' "
            "prints a stage map for the CRM they name.",
        )
    book = rulebook.load([rulebook.shipped()])
    out.mkdir(parents=True, exist_ok=True)
    section = _section(crm, out, **told)
    overlay.write_text(_overlay(book), encoding="utf-8")
    config.write_text(_without_stages(crm, section), encoding="utf-8")
    looked = _look(config)
    config.write_text(_finished(crm, section, looked), encoding="utf-8")
    click.echo(f"wrote {config} and {overlay}")
    if looked is None:
        click.echo("Next: fill in the empty keys, then run 'crmrules doctor'.")
        return
    organization, proposed = looked
    guessed = sum(one.guessed for one in proposed)
    check = f"; {guessed} are guesses: check them under [phases]" if guessed else ""
    click.echo(f"{organization.name or organization.id}: {len(proposed)} stages proposed{check}.")
    click.echo(_NEXT)


def _section(crm: str, out: Path, **told: Any) -> dict[str, object]:
    """Return the CRM's own keys, in the order they are written; paths start from the file."""
    files = {
        name: os.path.relpath(told[name], out) if told[name] else ""
        for name in ("token_file", "private_key_file", "ca_bundle")
    }
    more = {"ca_bundle": files["ca_bundle"]} if files["ca_bundle"] else {}
    if crm == "export":
        path = os.path.relpath(told["path"], out) if told["path"] else "export/"
        return {"path": path, "dialect": "salesforce", "dates": "iso"}
    url = told["url"] or _URLS[crm]
    if crm == "hubspot":
        return {
            "access_token_file": files["token_file"] or "hubspot.key",
            "base_url": url,
            **more,
            "portal_id": "",
            "daily_calls": 50000,
            "daily_reserve": 0.1,
            "role_sources": ["label", "hs_buying_role", "jobtitle"],
            "allow_production": False,
        }
    sign_in = {"auth": "token", "instance_url": url, "access_token_file": files["token_file"]}
    if not files["token_file"]:
        sign_in = {
            "auth": "jwt",
            "instance_url": url,
            "client_id": told["client_id"],
            "username": told["username"],
            "private_key_file": files["private_key_file"] or "crmrules.key",
        }
    rest = {"organization_id": "", "daily_calls": 5000, "allow_production": False}
    return {**sign_in, **more, **rest}


def _without_stages(crm: str, section: dict[str, object]) -> str:
    from crmrules.cli import templates

    return templates.head(crm, section) + templates.tail("")


def _finished(
    crm: str,
    section: dict[str, object],
    looked: tuple[Organization, list[Proposed]] | None,
) -> str:
    from crmrules.cli import templates
    from crmrules.stagemap import lines

    if looked is None:
        stages = templates.HUBSPOT_STAGES if crm == "hubspot" else _known_stages()
        return templates.head(crm, section) + templates.tail(templates.NOT_LOOKED[crm]) + stages
    organization, proposed = looked
    pinned = {
        name: organization.id if name in ("organization_id", "portal_id") else value
        for name, value in section.items()
    }
    stages = "".join(f"{line}\n" for line in lines(proposed))
    return templates.head(crm, pinned) + templates.tail(templates.LOOKED[crm]) + stages


def _look(config: Path) -> tuple[Organization, list[Proposed]] | None:
    """Return what the CRM says; None where something to sign in is missing, or it does not."""
    from crmrules.cli import wire
    from crmrules.errors import CrmRulesError, UsageError
    from crmrules.log import configure, scrub
    from crmrules.settings import load
    from crmrules.stagemap import read

    configure(quiet=True)
    try:
        made = wire.make(*load(config))
    except UsageError:
        return None  # a key is empty still, or a file not there: doctor says which
    with closing(made):
        try:
            return read(made.job())
        except CrmRulesError as error:
            click.echo(scrub(f"crmrules: could not look into the CRM: {error}"), err=True)
            return None


def _print_stages(folder: Path) -> None:
    """Print the stage map for the configured CRM; what it says of stages today is not asked."""
    from crmrules.cli import wire
    from crmrules.log import configure
    from crmrules.settings import load
    from crmrules.stagemap import lines, read

    configure(quiet=True)
    settings, base = load(None, start=folder)
    with closing(wire.make(settings.model_copy(update={"phases": {}}), base)) as made:
        _, proposed = read(made.job())
    for line in lines(proposed):
        click.echo(line)
    click.echo(
        "Put these lines in place of the [phases] tables of crmrules.toml, mend what is guessed. "
        f"{_NEXT}",
        err=True,
    )


def _known_stages() -> str:
    from crmrules.mapping import DEFAULT_PHASES, NO_PHASE

    lines = (f'"{s}" = "{phase or NO_PHASE}"\n' for s, phase in DEFAULT_PHASES.items())
    return "[phases.default]\n" + "".join(lines)


def _overlay(book: RuleBook) -> str:
    lines = [
        "# One line per rule: mode is live (writes), shadow (only counts) or disabled. A number is",
        "# changed beside it: {mode: live, settings: {meetings: 4}}.",
        "# Promote the recommended ones, a few at a time, as 'crmrules plan' shows what you want.",
    ]
    for rule in book.rules:
        numbers = ", ".join(f"{name}: {s.value}" for name, s in rule.settings.items())
        settings = f"; settings: {numbers}" if numbers else ""
        lines.append(f"# {rule.title}. Recommended: {rule.recommended}{settings}")
        # A rule that ships disabled (a private one) stays so: somebody has to want it.
        lines.append(f"{rule.id}: {{mode: {rule.mode}}}")
    return "\n".join(lines) + "\n"
