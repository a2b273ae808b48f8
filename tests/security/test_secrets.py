"""A secret comes from a file its owner alone may read, or from the environment; no other place."""

from __future__ import annotations

import stat
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from security_kit import run

from crmrules import log
from crmrules.cli import wire
from crmrules.errors import UsageError
from crmrules.section import LARGEST_SECRET, exposed, secret_file
from crmrules.settings import load
from crmrules_hubspot.config import Config as HubSpot
from crmrules_salesforce.config import Config as Salesforce

pytestmark = pytest.mark.fault("X7")
VALUE = "S3cr3t-that-nobody-may-see"
CONFIGS = {"salesforce": Salesforce, "hubspot": HubSpot}
SECRETS = [
    (crm, name)
    for crm, model in CONFIGS.items()
    for name, field in model.model_fields.items()
    if field.annotation is SecretStr
]
"""Every secret of every CRM, by the type its connector gives it."""
REST = {
    "salesforce": 'auth = "token"\ninstance_url = "{url}"\n',
    "hubspot": 'base_url = "{url}"\n',
}
FAR = {"salesforce": "https://acme.my.salesforce.com", "hubspot": "https://api.hubapi.com"}


def configured(folder, crm: str, *lines: str, url: str = "") -> None:
    """Write a configuration with these lines in the CRM's section."""
    head = f'connector = "{crm}"\n[state]\nurl = "sqlite:///s.db"\n[{crm}]\n'
    text = head + REST[crm].replace("{url}", url or FAR[crm]) + "\n".join(lines)
    (folder / "crmrules.toml").write_text(text + "\n")


@pytest.fixture
def nothing_is_sent(monkeypatch):
    """Fail where anything tries to connect."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection was tried"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("a host was looked up"))


@pytest.mark.usefixtures("nothing_is_sent")
@pytest.mark.parametrize(
    ("command", "mode"),
    [("plan", 0o644)]
    + [
        pytest.param(command, mode, marks=pytest.mark.slow)
        for command, mode in (
            ("doctor", 0o644),
            ("plan", 0o604),
            ("doctor", 0o640),
            ("plan", 0o660),
        )
    ],
)
@pytest.mark.parametrize(("crm", "name"), SECRETS)
def test_a_file_that_others_can_read_is_refused_for_every_secret(
    tmp_path, crm, name, mode, command
):
    file = tmp_path / "a.key"
    file.write_text(VALUE)
    file.chmod(mode)
    configured(tmp_path, crm, f'{name}_file = "a.key"')
    ran = run(command, cwd=tmp_path)
    told = ran.out + ran.err
    assert ran.code == 2
    assert f"[{crm}] {name}_file: other users can read {file}" in told
    assert f"-> chmod 600 {file}" in told
    assert VALUE not in told


@pytest.mark.usefixtures("nothing_is_sent")
def test_all_files_that_others_can_read_are_told_at_once(tmp_path):
    names = [name for crm, name in SECRETS if crm == "salesforce"]
    for name in names:
        (tmp_path / name).write_text(VALUE)
        (tmp_path / name).chmod(0o644)
    configured(tmp_path, "salesforce", *(f'{name}_file = "{name}"' for name in names))
    told = run("doctor", cwd=tmp_path).out
    assert [name for name in names if f"chmod 600 {tmp_path / name}" not in told] == []


@given(mode=st.integers(0, 0o777), owner=st.sampled_from([0, 1000]), me=st.sampled_from([0, 1000]))
@example(mode=0o600, owner=1000, me=1000)
@example(mode=0o440, owner=0, me=1000)  # Kubernetes with fsGroup
@example(mode=0o444, owner=0, me=1000)  # Kubernetes without
def test_only_root_may_hand_a_file_to_its_group(mode, owner, me):
    letters = stat.filemode(stat.S_IFREG | mode)  # -rwxrwxrwx
    group, others = letters[4:7], letters[7:10]
    allowed = others == "---" and (group == "---" or (owner == 0 != me and group == "r--"))
    assert exposed(SimpleNamespace(st_mode=mode, st_uid=owner), me) is not allowed


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"a" * (LARGEST_SECRET + 1)])
def test_a_file_that_holds_no_secret_is_refused_without_telling_what_it_holds(tmp_path, content):
    file = tmp_path / "a.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(UsageError) as caught:
        secret_file(file, where="[x] y_file")
    assert str(file) in caught.value.message
    assert len(str(caught.value)) < 300 + len(str(file))


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_what_is_no_file_is_named(tmp_path, what):
    path = tmp_path / "nothing" if what == "missing" else tmp_path
    with pytest.raises(UsageError, match=str(path)):
        secret_file(path, where="[x] y_file")


@pytest.mark.usefixtures("nothing_is_sent")
@pytest.mark.parametrize(("crm", "name"), SECRETS)
def test_a_secret_in_the_configuration_is_refused_with_both_ways_out(tmp_path, crm, name):
    configured(tmp_path, crm, f'{name} = "{VALUE}"')
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert f"[{crm}] {name}" in ran.err
    assert f"{name}_file" in ran.err
    assert f"CRMRULES_{crm}__{name}".upper() in ran.err
    assert VALUE not in ran.err + ran.out


@pytest.mark.usefixtures("nothing_is_sent")
def test_every_secret_in_the_configuration_is_told_at_once(tmp_path):
    configured(tmp_path, "salesforce", *(f'{n} = "{VALUE}"' for c, n in SECRETS if c != "hubspot"))
    with (tmp_path / "crmrules.toml").open("a") as file:
        file.write(f'[hubspot]\naccess_token = "{VALUE}"\n')
    told = run("doctor", cwd=tmp_path).out
    assert [f"[{c}] {n}" for c, n in SECRETS if f"[{c}] {n}" not in told] == []
    assert VALUE not in told


def test_a_sandbox_on_loopback_may_be_told_its_token_in_the_configuration(tmp_path):
    for crm, url in (("salesforce", "http://127.0.0.1:9"), ("hubspot", "http://[::1]:9")):
        configured(tmp_path, crm, f'access_token = "{VALUE}"', url=url)
        settings, _ = load(tmp_path / "crmrules.toml")
        assert settings.section(crm)["access_token"] == VALUE


@pytest.mark.usefixtures("nothing_is_sent")
def test_one_address_elsewhere_is_enough_to_refuse_it(tmp_path):
    more = 'token_url = "https://login.salesforce.com"'
    configured(tmp_path, "salesforce", f'access_token = "{VALUE}"', more, url="http://localhost:9")
    assert "must not stand in the file" in run("plan", cwd=tmp_path).err


@pytest.mark.usefixtures("nothing_is_sent")
def test_the_address_that_counts_is_the_one_of_the_environment(tmp_path, monkeypatch):
    configured(tmp_path, "hubspot", f'access_token = "{VALUE}"', url="http://localhost:9")
    monkeypatch.setenv("CRMRULES_HUBSPOT__BASE_URL", FAR["hubspot"])
    assert "must not stand in the file" in run("plan", cwd=tmp_path).err


def test_the_environment_may_hold_it(tmp_path, monkeypatch):
    configured(tmp_path, "hubspot")
    monkeypatch.setenv("CRMRULES_HUBSPOT__ACCESS_TOKEN", VALUE)
    settings, base = load(tmp_path / "crmrules.toml")
    assert HubSpot(**wire.section(settings, base)).token() == VALUE
    assert log.scrub(VALUE) == "***"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://crmrules:{VALUE}@db.example.com/crm",
        f"postgresql+psycopg://db.example.com/crm?user=me&password={VALUE}",
    ],
)
def test_the_password_of_the_state_store_is_refused_as_well(tmp_path, url):
    configured(tmp_path, "hubspot")
    config = tmp_path / "crmrules.toml"
    config.write_text(config.read_text().replace("sqlite:///s.db", url))
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert "the password in [state] url" in ran.err
    assert "PGPASSFILE" in ran.err
    assert VALUE not in ran.err + ran.out


@pytest.mark.fault("X4")
def test_the_log_is_told_the_password_that_the_environment_gives(tmp_path):
    log._SECRETS.clear()
    wire.state_url("postgresql+psycopg://crmrules:Sesame%20street@db.example.com/crm", tmp_path)
    assert log.scrub("Sesame street, Sesame%20street") == "***, ***"


@pytest.mark.usefixtures("nothing_is_sent")
def test_the_administrators_token_is_held_to_the_same(tmp_path):
    (tmp_path / "sync.key").write_text("the-sync's-own")
    (tmp_path / "sync.key").chmod(0o600)
    (tmp_path / "admin.key").write_text(VALUE)
    (tmp_path / "admin.key").chmod(0o644)
    configured(tmp_path, "hubspot", 'access_token_file = "sync.key"')
    ran = run("provision", "--admin-token-file", "admin.key", cwd=tmp_path)
    assert ran.code == 2
    assert "chmod 600 admin.key" in ran.err
