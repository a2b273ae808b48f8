"""Every command shown in a guide is one that can be typed, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
import string
from datetime import UTC, datetime

import click
import pytest
from pages import DOCS, GUIDES, ROOT, blocks, commands, text

from crmrules import notes, rulebook
from crmrules.cli import COMMANDS
from crmrules.overlay import KEYS as OVERLAY_KEYS
from crmrules.rule import OPERATORS, Mode, Rule
from crmrules.rulecheck.form import PREFIXES
from crmrules_hubspot.errors import FEATURES

ALL = dict(commands())
HUBSPOT = text("install-hubspot.md")
TYPED = sorted(
    (str(page.relative_to(ROOT)), line.strip().removeprefix("$ ").removeprefix(".venv/bin/"))
    for page in GUIDES
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.strip().startswith(("$ crmrules ", "$ .venv/bin/crmrules "))
)


@pytest.mark.parametrize(("page", "line"), TYPED, ids=lambda part: part)
def test_every_command_that_is_shown_can_be_typed(page, line):
    words = shlex.split(line.partition(" > ")[0], comments=True)[1:]
    name = tuple(words[:2]) if tuple(words[:2]) in ALL else (words[0],)
    command = ALL[name]
    assert not isinstance(command, click.Group), f"{line} lacks a subcommand"
    parser = command.make_parser(click.Context(command))
    values, rest, _ = parser.parse_args(words[len(name) :])
    assert rest == []
    needed = [p.name for p in command.params if p.required and values.get(p.name or "") is None]
    assert needed == []


def test_the_guides_show_commands_at_all():
    assert len(TYPED) > 25


def test_commands_in_running_text_exist():
    for page in GUIDES:
        for name in re.findall(r"`crmrules ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in COMMANDS, f"{page}: crmrules {name}"


def anchors(page):
    kept = string.ascii_lowercase + string.digits + "- _"
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = ("".join(c for c in title.lower() if c in kept) for title in titles)
    return {title.replace(" ", "-") for title in plain}


LINKED = [*GUIDES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(DOCS / "adr").glob("*.md")]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_front_page():
    found, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        found.add(page)
        links = re.findall(r"\]\(([^)#]+\.md)", page.read_text(encoding="utf-8"))
        left += [to for link in links if (to := (page.parent / link).resolve()) not in found]
    assert set(GUIDES) <= found


def test_the_guide_for_hubspot_names_every_scope_of_the_syncs_key():
    shown = set(re.findall(r"`([a-z_.-]+\.(?:read|write)|[a-z]+-[a-z]+-read)`", HUBSPOT))
    assert shown == {scope for scope in FEATURES if "schemas" not in scope}


def test_the_guides_for_both_crms_go_the_same_way():
    for guide in (text("install.md"), HUBSPOT):
        steps = ("crmrules init", "crmrules doctor", "crmrules plan", "(running.md)", "## Remove")
        places = [guide.find(step) for step in steps]
        assert -1 not in places
        assert places == sorted(places)


def test_the_rule_shown_in_full_is_one_that_loads(tmp_path):
    [shown] = [b for b in blocks(text("rules.md"), "yaml") if b.startswith("id:")]
    file = tmp_path / "negotiation" / "nego-early-concession.yml"
    file.parent.mkdir()
    file.write_text(shown, encoding="utf-8")
    assert len(rulebook.load([tmp_path]).rules) == 1


@pytest.mark.parametrize("page", ["rules.md", "running.md"])
def test_every_overlay_that_is_shown_fits_the_shipped_rules(page, tmp_path):
    shown = [b for b in blocks(text(page), "yaml") if not b.startswith("id:")]
    assert shown
    for block in shown:
        file = tmp_path / "overlay.yaml"
        file.write_text(block, encoding="utf-8")
        rulebook.load([rulebook.shipped()], file)


def test_every_key_operator_mode_and_folder_of_rules_is_explained():
    page = text("rules.md")
    words = {*Rule.model_fields} - {"path"}
    assert {w for w in words if not re.search(rf"(^|`){w}[:`]", page, re.MULTILINE)} == set()
    for word in (*OPERATORS, *Mode, *OVERLAY_KEYS, *PREFIXES):
        assert f"`{word}`" in page, word


def test_every_tag_that_is_shown_can_be_read():
    [shown] = [b for b in blocks(text("rules.md"), "text") if b.startswith("#")]
    for line in shown.splitlines():
        now = datetime(2026, 11, 24, tzinfo=UTC)
        found = notes.parse(line, record="00T", known_at=now, author=None)
        assert found.unread == (), line
        assert any(part for part in found), line


def test_no_page_names_a_place_of_one_machine():
    for page in LINKED:
        assert not re.search(r"/(work|tmp|home|root)/", page.read_text(encoding="utf-8")), page
