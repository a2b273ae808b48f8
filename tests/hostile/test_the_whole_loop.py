"""Records that somebody filled to do harm go through the whole loop, and harm nothing.

Whatever a record of either CRM says, plan, sync, report, explain and the audit work; what arrives
is what the CRM takes, and no output holds a character that steers, or markup that is not ours.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from datetime import timedelta

import harm
import pytest
from lxml import html as lxml_html
from targets import clean
from world import Ran

from crmrules import cli, letters
from crmrules.text.kinds import SIGNALS as TEXT_SIGNALS

DANGEROUS = letters._DANGEROUS


@pytest.fixture(scope="module", params=harm.WORLDS)
def crm(request):
    return harm.WORLDS[request.param]


@pytest.fixture(scope="module")
def world(crm, tmp_path_factory):
    """A harmful CRM that was synced twice, so that its tasks are made."""
    folder = tmp_path_factory.mktemp("harm")
    with crm(folder, opportunities=9, rules={"hostile-all": harm.RULE}) as world:
        with world.config.open("a") as file:
            file.write(f"[text]\nsignals = {json.dumps(list(TEXT_SIGNALS))}\n")
        first = told(world, "sync")
        assert first.code == 0, first.err[-2000:]
        world.advance()
        yield world


def told(world, command, *options, form="text"):
    """Run a command as of now, and return what it printed."""
    args = [command, *options, "--config", str(world.config)]
    if command in ("plan", "sync", "explain", "report"):
        args += ["--as-of", world.now.isoformat()]
    if command not in ("report", "state"):
        args += ["--format", form]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), world._awake():
        code = cli.run(args)
    for text in (out.getvalue(), err.getvalue()):
        assert not DANGEROUS.search(text), ascii(DANGEROUS.search(text))
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.mark.slow
@pytest.mark.fault("X1", "X3")
def test_what_arrives_in_the_crm_is_what_it_takes(world):
    planned = json.loads(told(world, "plan", form="json").out)
    synced = told(world, "sync", "--log-format", "json", form="json")
    assert synced.code == 0, synced.err[-2000:]
    result = json.loads(synced.out)
    assert result["failed"] == []
    assert result["writes"] == planned["writes"]
    tasks = world.our_tasks()
    assert len(tasks) >= 3
    assert len({task["key"] for task in tasks}) == len(tasks)
    assert any(harm.MARK in task["subject"] for task in tasks)
    for task in tasks:
        assert clean(task["subject"])
        assert 0 < letters.size(task["subject"]) <= 255
        assert all(clean(line) for line in task["body"].split("\n"))
    for line in synced.err.splitlines():
        assert harm.MARK not in line
        assert isinstance(json.loads(line), dict)
    world.advance(timedelta(hours=1))
    again = json.loads(told(world, "sync", form="json").out)
    assert again["writes"] == []


@pytest.mark.slow
@pytest.mark.fault("X1")
def test_rich_text_of_ours_holds_no_element_but_line_breaks(world):
    if world.name != "hubspot":
        pytest.skip("a task's description is plain text in Salesforce")

    def about_all() -> list[str]:
        return [task["id"] for task in world.our_tasks() if task["rule"] == "hostile-all"]

    if not about_all():
        told(world, "sync")
    asked = about_all()
    bodies = [world.portal.value("tasks", one, "hs_task_body") for one in asked]
    assert bodies
    for body in bodies:
        assert "&amp; &lt;why&gt;?" in body
        tree = lxml_html.fragment_fromstring(body, create_parent="div")
        assert {element.tag for element in tree.iter()} <= {"div", "br"}


@pytest.mark.slow
@pytest.mark.fault("X1", "X3")
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_output_steers_a_terminal_or_is_cut_short(world, form):
    for command in ("plan", "doctor", "status"):
        ran = told(world, command, form=form)
        assert ran.code == 0, ran.err[-2000:]
        assert form == "text" or json.loads(ran.out) is not None
    for opportunity in list(world.stages())[:2]:
        ran = told(world, "explain", opportunity, form=form)
        assert ran.code == 0, ran.err[-2000:]
        assert form == "text" or json.loads(ran.out)["opportunity"] == opportunity
    audit = told(world, "state", "export-audit")
    assert all(json.loads(line) for line in audit.out.splitlines())


def elements(page):
    """Count the elements and attributes of a page; return their values beside."""
    tree = lxml_html.fromstring(page.encode())
    found = [element for element in tree.iter() if isinstance(element.tag, str)]
    tags = Counter(element.tag for element in found)
    tags.update(f"{element.tag} {name}" for element in found for name in element.attrib)
    return tags, [pair for element in found for pair in element.attrib.items()]


@pytest.mark.slow
@pytest.mark.fault("X1", "X3")
def test_the_report_has_the_elements_of_a_harmless_twin(world, crm, tmp_path, monkeypatch):
    """The twin has the same notes and tasks, and names that do no harm; neither has a past."""
    names = {"rules": {"hostile-all": harm.RULE}, "opportunities": 9, "everything": False}
    pages = []
    with crm(tmp_path / "twin", **names) as twin:
        told(twin, "sync")
        twin.advance()
        for each in (twin, world):
            assert told(each, "sync").code == 0
        for each in (twin, world):
            page = tmp_path / "report.html"
            monkeypatch.setenv("CRMRULES_STATE__URL", f"sqlite:///{tmp_path}/{len(pages)}.db")
            each.now, before = max(twin.now, world.now), each.now
            ran = told(each, "report", "--out", str(page))
            each.now = before
            assert ran.code == 0, ran.err[-2000:]
            pages.append(page.read_text(encoding="utf-8"))
    assert harm.MARK in pages[1]
    assert not DANGEROUS.search(pages[1])
    (harmless, _), (harmful, values) = map(elements, pages)
    assert harmful == harmless
    assert harmful["svg"] >= 5
    assert not {name for name, _ in values if name.startswith("on") or name in ("src", "style")}
    assert all(value.startswith("#") for name, value in values if name == "href")
    ids = [value for name, value in values if name == "id"]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["\ud800", "\x00", "' OR ''='", "../..", "\x1b[31m", "0" * 100_000, ""]
)
def test_an_opportunity_of_any_name_is_looked_for_or_not_found(world, name):
    ran = told(world, "explain", name)
    assert ran.code == 2
    assert "Traceback" not in ran.err
