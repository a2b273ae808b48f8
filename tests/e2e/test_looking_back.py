"""What a sync keeps to look back: each week's records, the pack, and what the rules could tell."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import timedelta

import pytest
from world import EARLY, World, rule

from crmrules import cli
from crmrules.state import Store

SIZE = 14
WEEK = timedelta(days=7)


def local(world: World, *words: str, form: str = "json") -> tuple[int, str]:
    """Run a command that asks the CRM nothing."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = cli.run([*words, "--config", str(world.config), "--format", form])
    return code, out.getvalue()


def looked(world: World, what):
    """Return what the one organization of a world's store says."""
    with Store(f"sqlite:///{world.state}") as store:
        [organization] = store.organizations()
        with store.for_org(organization).reading() as tx:
            return what(tx)


def weeks(world: World) -> list[str]:
    return looked(world, lambda tx: [week.name for week in tx.snapshots.weeks()])


def then(world: World, moment) -> dict:
    return looked(world, lambda tx: dict(tx.snapshots.at(moment)))


def stored(world: World) -> dict:
    since = (world.now - timedelta(days=365)).date()
    asked = {"judged_ids": (), "won_since": since}
    return looked(world, lambda tx: dict(tx.mirror.opportunities(**asked)))


@pytest.mark.slow
def test_the_first_sync_of_a_week_keeps_the_records_as_they_are_then(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        first, begun = stored(world), world.now
        assert len(first) >= SIZE / 2
        assert weeks(world) == ["2026-W48"]
        assert then(world, begun) == first
        world.synced()  # writes our tasks and fields: the records of the week stay what they were
        world.synced()
        assert weeks(world) == ["2026-W48"]
        assert then(world, begun) == first
        world.advance(WEEK)
        world.plan()
        assert weeks(world) == ["2026-W48"]  # a plan keeps nothing
        world.synced()
        assert weeks(world) == ["2026-W48", "2026-W49"]
        assert then(world, world.now) == stored(world) != first
        assert then(world, begun) == first
        [status] = json.loads(local(world, "status")[1])
        assert [week["name"] for week in status["weeks"]] == ["2026-W48", "2026-W49"]


@pytest.mark.slow
def test_a_run_that_fails_or_is_stopped_keeps_no_week(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.advance(WEEK)
        world.strike("status", on="pull", status=503, times=9)
        assert world.sync("--full").code == 4
        assert weeks(world) == ["2026-W48"]
        world.mend()
        world.guard = {"max_writes": 0}
        world.configure()
        assert world.sync().code == 6
        assert weeks(world) == ["2026-W48"]
        world.guard = {}
        world.configure()
        world.synced()
        assert weeks(world) == ["2026-W48", "2026-W49"]
        assert then(world, world.now).keys() == stored(world).keys()


@pytest.mark.slow
def test_a_run_that_judges_by_the_past_keeps_no_week(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        past = world.now - 2 * WEEK  # by the CRM's clock
        assert world.cli("sync", "--as-of", past.isoformat()).code == 0
        assert weeks(world) == []


@pytest.mark.slow
def test_no_week_is_kept_where_none_is_wanted(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        text = world.config.read_text(encoding="utf-8")
        world.config.write_text(text.replace("[state]", "[state]\nsnapshot_weeks = 0"))
        world.synced()
        assert weeks(world) == []
        assert world.tables()["snapshot"] == []


@pytest.mark.slow
def test_after_an_upgrade_the_difference_to_what_ran_is_told(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.synced()
        assert local(world, "rules", "diff")[0] == 2  # only this pack has ever run
        world.rules[EARLY] = rule(EARLY, severity="P1", quotes=800)
        world.configure()
        code, out = local(world, "rules", "diff")
        [told] = json.loads(out)["rules"]
        assert code == 0
        assert told["rule"] == EARLY
        assert told["pack"]["fires_on"] == "fewer"
        assert "P2 -> P1" in [change["what"] for change in told["changes"]]
        world.synced()
        assert json.loads(local(world, "rules", "diff")[1])["rules"] == [told]


@pytest.mark.slow
def test_the_page_of_a_rule_says_what_became_of_it_here(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        made = [w for w in world.synced().writes if w["action"] == "create_task"]
        mine = sum(one["rule"] == EARLY for one in made)
        assert mine
        card = json.loads(local(world, "rules", "show", EARLY)[1])
        [here] = card["here"]
        assert (sum(here["made"]), here["made"][-1]) == (mine, mine)
        assert sum(here["opened"]) == here["open"] >= mine
        assert here["readiness"]["fires"] >= mine
        assert card["signals"]["quotes_sent"]
        out = world.folder / "pages"
        assert local(world, "rules", "docs", "--out", str(out), form="html")[0] == 0
        page = (out / f"{EARLY}.html").read_text(encoding="utf-8")
        assert f"fires on {here['readiness']['fires']}" in page
