"""The report tells each finding by the task that the CRM shows, synced since or not."""

from __future__ import annotations

import contextlib
import html
import io
import re
from datetime import date, timedelta

import pytest
from world import World

from crmrules import cli
from crmrules.report.words import day

pytestmark = pytest.mark.slow


def report(world: World) -> str:
    """Return the page of this moment, on one line and without its markup's escapes."""
    page, said = world.folder / "page.html", io.StringIO()
    where = ["--config", str(world.config), "--out", str(page), "--as-of", world.now.isoformat()]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        assert cli.run(["report", *where, "--timelines", "100"]) == 0
    assert said.getvalue().strip() == str(page)
    return html.unescape(" ".join(page.read_text(encoding="utf-8").split()))


def becomes(page: str) -> dict[str, int]:
    """Return what becomes of all findings, and of how many."""
    table = re.search(r"<caption>What becomes of .*?</table>", page)[0]
    return {words: int(n) for words, n in re.findall(r'<td>(.*?)</td><td class="n">(\d+)', table)}


def asking(page: str) -> int:
    return sum(int(n) for n in re.findall(r"<small>(\d+) ask\b", page))


def open_tasks(page: str) -> int:
    return int(re.search(r"<b>(\d+)</b> open tasks of ours", page)[1])


def test_the_page_tells_what_reps_made_of_each_task_before_a_sync_reads_it(crm, tmp_path):
    with crm(tmp_path, opportunities=14) as world:
        world.settle()
        coming = report(world)
        made = becomes(coming)["the next sync asks"]
        assert (asking(coming), open_tasks(coming)) == (made, 0)
        world.synced()
        world.advance(timedelta(hours=1))
        tasks = world.our_tasks(deleted=False)
        assert len(tasks) == made > 3
        fresh = report(world)
        assert becomes(fresh)["task open"] == asking(fresh) == open_tasks(fresh) == made
        assert f"Task open, due {day(date.fromisoformat(tasks[0]['due']))}." in fresh
        denied, done, deleted, edited = tasks[:4]
        world.edit(denied, body=f"#not-true\n{denied['body']}", status="completed")
        world.edit(done, status="completed")
        world.edit(edited, subject="In my own words")
        world.delete(deleted)
        world.advance(timedelta(hours=1))
        page = report(world)
    told = becomes(page)
    assert told["answered: not true"] == 1
    assert told["task done; nothing new to ask"] == 1
    assert told["task deleted by a person"] == 1
    assert told["task open"] == asking(page) == open_tasks(page) == made - 3
    assert '<p class="ask">In my own words</p>' in page
    assert '<p class="ask">In my own words</p>' not in fresh
