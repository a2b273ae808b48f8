"""The configuration: environment over file, every problem at once, paths from its folder."""

from __future__ import annotations

import tomllib

import pytest

from crmrules import settings
from crmrules.cli import wire
from crmrules.errors import UsageError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    import os

    for name in [n for n in os.environ if n.startswith("CRMRULES_")]:
        monkeypatch.delenv(name)


def parse(text=""):
    return settings.parse(tomllib.loads(text), where="a test")


def test_the_environment_wins_over_the_file_and_leaves_the_rest(monkeypatch):
    monkeypatch.setenv("CRMRULES_TASKS__OPEN_PER_OWNER", "3")
    monkeypatch.setenv("CRMRULES_CONNECTOR", "export")
    found = parse('connector = "salesforce"\n[tasks]\nopen_per_owner = 7\nsettle_hours = 1')
    assert (found.tasks.open_per_owner, found.tasks.settle_hours) == (3, 1)
    assert found.connector == "export"


def test_the_environment_reaches_a_connectors_section(monkeypatch):
    monkeypatch.setenv("CRMRULES_SALESFORCE__CLIENT_ID", "from-outside")
    found = parse('[salesforce]\nclient_id = "from-file"\nusername = "u"').section("salesforce")
    assert found == {"client_id": "from-outside", "username": "u"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conector = 'x'", "conector: there is no such key (did you mean 'connector'?)"),
        ("[taks]\nx = 1", "taks: there is no such key (did you mean 'tasks'?)"),
        ("[tasks]\nsettle = 1", "tasks.settle: there is no such key (did you mean 'settle_hours'?"),
        ("[state]\nqqq = 1", "state.qqq: there is no such key"),
        ("[guard]\nmax_writes = -1", "guard.max_writes"),
        ("[guard]\nmax_share_flagged = 2", "guard.max_share_flagged"),
        ("[tasks]\ntime_zone = 'Nowhere'", "'Nowhere' is not a time zone"),
        ("[rules]\nstandard_allowance = 101", "rules.standard_allowance"),
        ("[phases]\ndefault = 3", "phases.default"),
    ],
)
def test_each_wrong_key_or_value_is_named(text, said):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert said in caught.value.message
    assert caught.value.where == "a test"


def test_a_wrong_key_of_the_environment_is_named_too(monkeypatch):
    monkeypatch.setenv("CRMRULES_TASKS__SETTLE_HOUR", "3")
    with pytest.raises(UsageError, match=r"tasks\.settle_hour: .*did you mean 'settle_hours'"):
        parse()


def test_all_problems_are_counted_and_listed():
    with pytest.raises(UsageError) as caught:
        parse("x = 1\ny = 2\n[tasks]\nopen_per_owner = -1")
    assert caught.value.message.startswith("3 problem(s)")
    assert all(name in caught.value.message for name in ("  x:", "  y:", "tasks.open_per_owner"))


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ("", [settings.BUILTIN]),
        ("rules = ['a', 'b']", ["a", "b"]),
        ("[rules]\nfolders = ['a']", ["a"]),
        ("[rules]\nmajor_amount = 5.0", [settings.BUILTIN]),
    ],
)
def test_rules_may_be_a_list_or_a_table(text, folders):
    assert parse(text).rules.folders == folders


def test_the_nearest_file_upwards_is_found(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / settings.FILE).write_text("connector = 'export'\n", encoding="utf-8")
    found, base = settings.load(None, start=inner)
    assert (found.connector, base) == ("export", tmp_path.resolve())
    (tmp_path / "a" / settings.FILE).write_text("", encoding="utf-8")
    assert settings.load(None, start=inner)[1] == (tmp_path / "a").resolve()


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        settings.load(tmp_path / "gone.toml")
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(UsageError, match="not UTF-8"):
        settings.load(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:///s.db", "sqlite:///{base}/s.db"),
        ("sqlite:////var/s.db", "sqlite:////var/s.db"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_the_state_file_starts_from_the_folder_of_the_configuration(url, wanted, tmp_path):
    assert wire.state_url(url, tmp_path) == wanted.format(base=tmp_path)


def test_paths_of_a_connectors_section_start_there_too_and_texts_stay(tmp_path):
    section = {"path": "e", "ca_bundle": "c.pem", "private_key_file": "/k", "username": "u/v"}
    section |= {"client_secret_file": ""}
    found = wire._paths(section, tmp_path)
    assert found["path"] == str(tmp_path / "e")
    assert found["ca_bundle"] == str(tmp_path / "c.pem")
    assert found["private_key_file"] == "/k"
    assert (found["username"], found["client_secret_file"]) == ("u/v", "")


def test_the_policy_follows_the_tasks_section():
    text = "[tasks]\nsettle_hours = 2\nopen_per_owner = 9\ncompleted_status = 'Done'"
    found = wire.policy(parse(text + "\ntime_zone = 'Europe/Berlin'"))
    assert found.settle.total_seconds() == 7200
    assert found.limits.open_per_owner == 9
    assert found.cancelled_status == found.completed_status == "Done"
    assert str(found.time_zone) == "Europe/Berlin"
    assert found.fallback_owner is None


def test_a_list_of_rule_folders_survives_a_key_from_the_environment(monkeypatch):
    monkeypatch.setenv("CRMRULES_RULES__MAJOR_AMOUNT", "5000")

    found = parse('rules = ["mine"]')

    assert (found.rules.folders, found.rules.major_amount) == (["mine"], 5000)


def test_an_environment_variable_that_is_not_json_is_told_by_name(monkeypatch):
    monkeypatch.setenv("CRMRULES_EXPORT", "{bad")

    with pytest.raises(UsageError, match="environment"):
        parse()


def test_the_section_of_an_installed_connector_is_kept_for_it():
    assert parse('connector = "acme"\n[acme]\nkey = 1').section("acme") == {"key": 1}
    with pytest.raises(UsageError, match="acme: there is no such key"):
        parse('connector = "export"\n[acme]\nkey = 1')
