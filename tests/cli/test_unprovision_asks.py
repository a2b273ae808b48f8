"""``crmrules unprovision`` from the outside: what it shows, whom it asks, how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import EntryPoint

import click
import pytest
from cli_kit import run

from crmrules import plugins
from crmrules.errors import RetryableError
from crmrules.provisioning import Ours, Step
from crmrules.state import Store

TASK = Ours("task", "tasks", "501", "Ask who decides", "not started")
EDITED = Ours("task", "tasks", "502", "In my words", "completed", edited=True)
FIELD = Ours("field", "deals", "crmrules_status", "Status", "its values on 3 deals go with it")
ASKED = ["--admin-token-file", "admin.key"]


@dataclass
class Provisioner:
    """A CRM in memory."""

    there: list[Ours] = field(default_factory=lambda: [TASK, EDITED, FIELD])
    keeps: set[str] = field(default_factory=set)
    broken: Exception | None = None
    place: str = "HubSpot portal 4711 (SANDBOX)"
    stays: tuple[str, ...] = ("The bin keeps them for 90 days.",)
    removed: list[Ours] = field(default_factory=list)

    def __call__(self, settings, *, token, flags):
        return self

    def organization(self):
        return "4711"

    def ours(self, known=()):
        return list(self.there)

    def remove(self, things):
        for one in things:
            if one.name not in self.keeps:
                self.there.remove(one)
                self.removed.append(one)
            if self.broken:
                raise self.broken
        return [
            Step("refused", one.object, one.name, "is used", "Unuse it.")
            if one.name in self.keeps
            else Step("remove", one.object, one.name)
            for one in things
        ]

    def close(self):
        pass


@pytest.fixture
def crm(monkeypatch):
    """Install a CRM in memory under the name of HubSpot."""
    made = Provisioner()
    real = plugins.entry_points

    def entry_points(group):
        if group != plugins.PROVISIONERS:
            return real(group=group)
        return [EntryPoint("hubspot", "test_unprovision_asks:standing_in", group)]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    monkeypatch.setitem(globals(), "standing_in", made)
    return made


@pytest.fixture
def place(tmp_path):
    """Return a folder with a configuration, a sync's token and an administrator's."""
    for name in ("sync", "admin"):
        (tmp_path / f"{name}.key").write_text(f"pat-{name}-7f3a9\n")
        (tmp_path / f"{name}.key").chmod(0o600)
    (tmp_path / "crmrules.toml").write_text(
        'connector = "hubspot"\n[hubspot]\naccess_token_file = "sync.key"\nportal_id = "4711"\n'
    )
    return tmp_path


def test_the_list_is_shown_and_a_no_removes_nothing(place, crm, monkeypatch):
    asked = []

    def confirm(text, *, abort):
        asked.append(text)
        raise click.Abort

    monkeypatch.setattr(click, "confirm", confirm)
    ran = run("unprovision", *ASKED, cwd=place)
    assert (ran.code, crm.removed) == (130, [])
    assert "Nothing was removed." in ran.err
    assert asked == ["Remove 1 task, 1 field from HubSpot portal 4711 (SANDBOX)?"]
    assert ran.out.splitlines()[:4] == [
        "HubSpot portal 4711 (SANDBOX)",
        "- tasks 501              Ask who decides (not started)",
        "= tasks 502              In my words (completed, edited by a person)",
        "- deals crmrules_status  Status (its values on 3 deals go with it)",
    ]
    assert "this list is the last that names them" in ran.out


def test_a_script_says_yes_and_what_stays_is_told(place, crm):
    ran = run("unprovision", *ASKED, "--yes", cwd=place)
    assert (ran.code, crm.there) == (0, [EDITED])
    assert "Removed 1 task, 1 field." in ran.out
    assert "nothing of ours is left in HubSpot portal 4711 (SANDBOX), but for 1 task" in ran.out
    for word in ("The bin keeps them", "crmrules.toml", "crmrules.db"):
        assert word in ran.out
    assert not (place / "crmrules.db").exists()


def test_nobody_is_told_to_delete_the_state_of_other_organizations(place, crm):
    with Store(f"sqlite:///{place / 'crmrules.db'}") as store:
        for org in ("4711", "4712"):
            with store.for_org(org).transaction():
                pass
    ran = run("unprovision", *ASKED, "--yes", cwd=place)
    assert ran.code == 0
    assert "keep it, it holds other organizations too" in ran.out
    assert "delete it" not in ran.out


def test_what_people_edited_goes_only_if_asked_for(place, crm):
    assert run("unprovision", *ASKED, "--yes", "--including-edited", cwd=place).code == 0
    assert crm.there == []


def test_a_dry_run_needs_no_administrator_and_names_the_next_command(place, crm):
    ran = run("unprovision", "--dry-run", cwd=place)
    assert (ran.code, crm.removed) == (0, [])
    assert ran.out.endswith(
        "1 task, 1 field. Nothing was removed. Next: crmrules unprovision --admin-token-file FILE\n"
    )


def test_the_syncs_token_may_not_remove(place, crm):
    ran = run("unprovision", "--yes", "--admin-token-file", "sync.key", cwd=place)
    assert (ran.code, crm.removed) == (2, [])
    assert "is the sync's own token" in ran.err


def test_json_asks_nobody(place, crm):
    ran = run("unprovision", *ASKED, "--format", "json", cwd=place)
    assert (ran.code, crm.removed) == (2, [])
    assert "--yes" in ran.err
    ran = run("unprovision", *ASKED, "--format", "json", "--yes", cwd=place)
    told = ran.json()
    assert [one["name"] for one in told["things"]] == ["501", "502", "crmrules_status"]
    assert [one["name"] for one in told["stayed"]] == ["502"]
    assert told["left"] == []


def test_what_the_crm_refuses_is_told_with_its_remedy(place, crm):
    crm.keeps = {"crmrules_status"}
    ran = run("unprovision", *ASKED, "--yes", cwd=place)
    assert ran.code == 4
    assert "! deals crmrules_status: is used\n    -> Unuse it." in ran.out
    assert "1 field of ours still there" in ran.out


def test_stopped_in_the_middle_it_says_how_far_it_came(place, crm):
    crm.broken = RetryableError("no answer", remedy="try again")
    ran = run("unprovision", *ASKED, "--yes", cwd=place)
    assert ran.code == 4
    assert "Removed before it stopped: 1 task. Run it again." in ran.err


def test_where_there_is_nothing_it_says_so(place, crm):
    crm.there = []
    ran = run("unprovision", *ASKED, "--yes", cwd=place)
    assert ran.code == 0
    assert "Nothing of ours is there to remove." in ran.out


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_what_changed_while_one_read_the_list_is_looked_at_again(place, crm, monkeypatch, change):
    def confirm(*_, **__):
        crm.there.remove(TASK)
        if change == "edited":
            crm.there.append(Ours("task", "tasks", "501", "Mine now", "not started", edited=True))

    monkeypatch.setattr(click, "confirm", confirm)
    assert run("unprovision", *ASKED, cwd=place).code == 0
    assert crm.removed == [FIELD]


def test_a_try_writes_over_nobodys_keys(tmp_path):
    (tmp_path / "admin.key").write_text("mine")
    ran = run("sandbox", "--crm", "hubspot", "--try", tmp_path)
    assert ran.code == 2
    assert "admin.key exist already" in ran.err
    assert (tmp_path / "admin.key").read_text() == "mine"
