"""``crmrules provision`` from the outside: whose token, what is shown, how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import EntryPoint

import pytest
from cli_kit import run

from crmrules import log, plugins
from crmrules.errors import AccessError, RetryableError

ADMIN, SYNC = "pat-admin-7f3a9", "pat-sync-1c2d4"


NEXT = "Next: crmrules provision --admin-token-file FILE"


@dataclass(frozen=True)
class Step:
    action: str
    object: str
    name: str
    detail: str = ""
    remedy: str = ""


NEW = Step("create_property", "deals", "crmrules_status", "enumeration/select: ok, critical")
MORE = Step("add_options", "deals", "crmrules_flags", "gone_dark (2 options there are kept)")
KEPT = Step("keep", "tasks", "crmrules_key")
WRONG = Step("conflict", "deals", "crmrules_summary", "is of type number", "Delete it.")


@dataclass
class Provisioner:
    """A stand-in that remembers how it was made and called."""

    found: list[Step]
    error: Exception | None = None
    place: str = "HubSpot portal 4711 (SANDBOX)"
    made: list[Step] = field(default_factory=list)
    seen: dict = field(default_factory=dict)
    called: list[str] = field(default_factory=list)

    def __call__(self, settings, *, token, flags):
        self.seen = {"settings": settings, "token": token, "flags": flags}
        return self

    def steps(self):
        self.called.append("steps")
        return self._answer()

    def apply(self):
        self.called.append("apply")
        return self._answer()

    def close(self):
        self.called.append("close")

    def _answer(self):
        if self.error is not None:
            self.made = [NEW]
            raise self.error
        return self.found


class Assigning(Provisioner):
    """One whose CRM knows permission sets."""

    def __call__(self, settings, *, token, flags, assign=False):
        self.seen = {"settings": settings, "token": token, "flags": flags, "assign": assign}
        return self


@pytest.fixture
def place(tmp_path):
    """Return a folder with a configuration for HubSpot and an administrator's token."""
    for name, token in (("sync.key", SYNC), ("admin.key", ADMIN)):
        (tmp_path / name).write_text(f"{token}\n")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "crmrules.toml").write_text(
        'connector = "hubspot"\n[hubspot]\naccess_token_file = "sync.key"\nportal_id = "4711"\n'
    )
    return tmp_path


@pytest.fixture
def provisioner(monkeypatch):
    """Install a stand-in under the name of HubSpot."""
    made = Provisioner([NEW, MORE, KEPT])
    real = plugins.entry_points

    def entry_points(group):
        if group != plugins.PROVISIONERS:
            return real(group=group)
        return [EntryPoint("hubspot", "test_provision:standing_in", group)]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    monkeypatch.setitem(globals(), "standing_in", made)
    return made


def test_a_dry_run_looks_with_the_syncs_token(place, provisioner):
    ran = run("provision", "--dry-run", cwd=place)
    assert (ran.code, provisioner.called) == (0, ["steps", "close"])
    assert provisioner.seen["token"] is None
    assert provisioner.seen["settings"]["access_token_file"] == str(place / "sync.key")
    assert ran.out.splitlines() == [
        "HubSpot portal 4711 (SANDBOX)",
        "+ deals  crmrules_status  enumeration/select: ok, critical",
        "~ deals  crmrules_flags   gone_dark (2 options there are kept)",
        "= tasks  crmrules_key",
        f"1 new, 1 extended, 1 kept. Nothing was written. {NEXT}",
    ]


def test_a_dry_run_names_the_option_without_which_nobody_would_see_the_fields(place, provisioner):
    provisioner.__class__ = Assigning
    ran = run("provision", "--dry-run", cwd=place)
    assert ran.out.endswith(f"{NEXT} --assign\n")


def test_writing_takes_the_administrators_token(place, provisioner):
    ran = run("provision", "--admin-token-file", "admin.key", cwd=place)
    assert (ran.code, provisioner.called) == (0, ["apply", "close"])
    assert provisioner.seen["token"] == ADMIN
    assert "1 new, 1 extended, 1 kept. Written and read back." in ran.out


def test_writing_without_an_administrators_token_is_a_usage_error(place, provisioner):
    ran = run("provision", cwd=place)
    assert (ran.code, provisioner.called, ran.out) == (2, [], "")
    assert "takes an administrator's token of its own" in ran.err
    assert "--dry-run" in ran.err


def test_the_syncs_token_is_not_an_administrators(place, provisioner):
    ran = run("provision", "--admin-token-file", "sync.key", cwd=place)
    assert (ran.code, provisioner.called) == (2, [])
    assert "is the sync's own token" in ran.err


def test_an_empty_or_missing_file_is_a_usage_error(place, provisioner):
    (place / "empty.key").write_text("\n")
    (place / "empty.key").chmod(0o600)
    assert "is empty" in run("provision", "--admin-token-file", "empty.key", cwd=place).err
    missing = run("provision", "--admin-token-file", "none.key", cwd=place)
    assert (missing.code, provisioner.called) == (2, [])
    assert "--admin-token-file: cannot read none.key" in missing.err


def test_the_flags_are_those_of_the_enabled_rules(place, provisioner):
    from crmrules import rulebook

    (place / "overlay.yaml").write_text("conc-gone-dark: {mode: disabled}\n")
    config = place / "crmrules.toml"
    config.write_text('overlay = "overlay.yaml"\n' + config.read_text())
    run("provision", "--dry-run", cwd=place)
    shipped = {rule.then.flag for rule in rulebook.load([rulebook.shipped()]).enabled}
    assert "gone_dark" in shipped
    assert provisioner.seen["flags"] == sorted(shipped - {"gone_dark"})


def test_the_flag_of_a_private_rule_is_not_asked_for(place, provisioner):
    from crmrules import rulebook

    path = next(rulebook.shipped().rglob("conc-gone-dark.yml"))
    text = path.read_text(encoding="utf-8")
    (place / "rules").mkdir()
    (place / "rules/open.yml").write_text(text)
    secret = text.replace("id: conc-gone-dark", "id: conc-secret").replace("gone_dark", "secret")
    (place / "rules/secret.yml").write_text(secret + "private: true\n")
    (place / "overlay.yaml").write_text("conc-secret: {mode: shadow}\n")
    config = place / "crmrules.toml"
    config.write_text('overlay = "overlay.yaml"\nrules = ["rules"]\n' + config.read_text())
    ran = run("provision", "--dry-run", cwd=place)
    assert (ran.code, provisioner.seen["flags"]) == (0, ["gone_dark"])
    made = rulebook.load([place / "rules"], place / "overlay.yaml")
    assert {rule.id: rule.private for rule in made.enabled}["conc-secret"]


def test_a_conflict_exits_three_and_says_that_nothing_was_written(place, provisioner):
    provisioner.found = [NEW, WRONG]
    ran = run("provision", "--admin-token-file", "admin.key", cwd=place)
    assert ran.code == 3
    assert "! deals  crmrules_summary  is of type number\n    -> Delete it.\n" in ran.out
    assert "1 conflict(s): nothing was written. Next: mend them" in ran.out


def test_nothing_to_do_is_said(place, provisioner):
    provisioner.found = [KEPT]
    ran = run("provision", "--admin-token-file", "admin.key", cwd=place)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "Nothing to do. Next: crmrules plan")


@pytest.mark.parametrize("found", [[NEW, KEPT], [WRONG]], ids=["work", "conflict"])
def test_json_has_every_step_and_nothing_else_on_stdout(place, provisioner, found):
    provisioner.found = found
    told = run("provision", "--dry-run", "--format", "json", cwd=place).json()
    assert told == {
        "dry_run": True,
        "place": "HubSpot portal 4711 (SANDBOX)",
        "steps": [
            {
                "action": step.action,
                "object": step.object,
                "name": step.name,
                "detail": step.detail,
                "remedy": step.remedy,
            }
            for step in found
        ],
    }


def test_what_was_made_before_an_error_is_told_on_stderr(place, provisioner):
    provisioner.error = RetryableError("HubSpot is away", remedy="Try again later.")
    ran = run("provision", "--admin-token-file", "admin.key", cwd=place)
    assert (ran.code, provisioner.called, ran.out) == (4, ["apply", "close"], "")
    assert ran.err.index("+ deals  crmrules_status") < ran.err.index("HubSpot is away")


def test_a_missing_right_is_blamed_on_the_file_that_lacks_it(place, provisioner):
    where = "[hubspot] access_token_file"
    provisioner.error = AccessError("the scope is missing", remedy="Add it.", where=where)
    ran = run("provision", "--admin-token-file", "admin.key", cwd=place)
    assert ran.code == 3
    assert "--admin-token-file: the scope is missing" in ran.err
    provisioner.error = AccessError("the scope is missing", remedy="Add it.", where=where)
    looked = run("provision", "--dry-run", cwd=place)
    assert f"{where}: the scope is missing" in looked.err


def test_no_token_is_ever_printed(place, provisioner):
    provisioner.error = AccessError(f"{ADMIN} and {SYNC} are refused", remedy="Look.")
    ran = run("provision", "--admin-token-file", "admin.key", cwd=place)
    assert "*** and *** are refused" in ran.err
    assert log.scrub(ADMIN) == log.scrub(SYNC) == "***"


def test_an_export_has_nothing_to_provision(tmp_path):
    (tmp_path / "crmrules.toml").write_text('connector = "export"\n')
    ran = run("provision", "--dry-run", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "nothing to provision for 'export'" in ran.err


@pytest.mark.parametrize("option", ["--views", "--assign"])
def test_what_a_crm_does_not_have_cannot_be_asked_for(place, provisioner, option):
    ran = run("provision", "--dry-run", option, cwd=place)
    assert (ran.code, provisioner.called) == (2, [])
    assert f"{option}: 'hubspot' has nothing of that kind" in ran.err


def test_a_misspelt_crm_gets_the_one_that_was_meant(tmp_path):
    (tmp_path / "crmrules.toml").write_text('connector = "salesforec"\n')
    ran = run("provision", "--dry-run", cwd=tmp_path)
    assert ran.code == 2
    assert "Did you mean 'salesforce'?" in ran.err
