"""A configuration, an address, a name or an export that does harm is refused in a sentence."""

from __future__ import annotations

import json
import os
import stat
import time

import pytest
import targets
from hypothesis import given
from hypothesis import strategies as st

from crmrules import cli, settings
from crmrules.errors import CrmRulesError, UsageError
from crmrules.mapping import Mapping
from crmrules.section import check_url
from crmrules.signals import SIGNALS
from crmrules_export import connect
from crmrules_export.files import _TREE_LIMIT, discover
from crmrules_hubspot.config import read_config as hubspot
from crmrules_salesforce.config import read_config as salesforce
from crmrules_salesforce.rows import with_fields
from crmrules_salesforce.schema import _usable


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in [n for n in os.environ if n.startswith("CRMRULES_")]:
        monkeypatch.delenv(name)


HARMFUL = {
    "a list in a list, 20,000 deep": "x = " + "[" * 20_000,
    "a table in a table, 20,000 deep": "x = " + "{a=" * 20_000,
    "a name in a name, 20,000 deep": "[" + ".".join("a" * 20_000) + "]",
    "a number of 5,000 digits": "[guard]\nmax_writes = " + "9" * 5_000,
    "more than a megabyte": "#" * (1024 * 1024 + 1),
    "a number without an end": "[tasks]\nsettle_hours = inf",
    "no number": "[rules]\nmajor_amount = nan",
    "a share that is no number": "[guard]\nmax_share_flagged = nan",
    "hours beyond the calendar": "[tasks]\nsettle_hours = 1e300",
    "a NUL": "connector = '\0'",
    "a path for a time zone": '[tasks]\ntime_zone = "../../etc/passwd"',
    "a NUL in a time zone": '[tasks]\ntime_zone = "a\\u0000"',
    "a date for a word": "connector = 2026-01-01",
    "one key twice": "connector = 'a'\nconnector = 'b'",
    "a list of tables": "[[hubspot]]\nx = 1",
    "UTF-16": "connector = 'x'".encode("utf-16"),
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_a_hostile_configuration_ends_in_a_sentence(text, tmp_path, capsys):
    file = tmp_path / "crmrules.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = time.process_time()
    with pytest.raises(UsageError) as told:
        settings.load(file)
    assert time.process_time() - before < 2
    assert told.value.where == str(file)
    assert told.value.remedy
    assert cli.run(["status", "--config", str(file)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_mark_at_the_beginning_of_a_configuration_does_no_harm(tmp_path):
    file = tmp_path / "crmrules.toml"
    file.write_bytes(b'\xef\xbb\xbfconnector = "export"\n')
    assert settings.load(file)[0].connector == "export"


@pytest.mark.parametrize("value", ["[" * 100_000, "{", "\udcff", "9" * 5_000, "1e999", "", "null"])
@pytest.mark.parametrize("name", ["TASKS", "TASKS__OPEN_PER_OWNER", "PHASES__DEFAULT", "RULES"])
def test_rubbish_in_the_environment_is_told_or_changes_nothing(monkeypatch, name, value):
    monkeypatch.setenv(f"CRMRULES_{name}", value)
    try:
        found = settings.parse({}, where="a test")
    except UsageError as error:
        assert error.remedy
    else:
        assert found.tasks.open_per_owner == 12


@pytest.mark.slow
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_settings_or_a_sentence(data):
    targets.configuration(data)


@pytest.mark.fault("X2", "X6")
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example\\.salesforce.com",
        "https://evil.example\\@x.salesforce.com",
        "https://x.salesforce.com:99999999",
        "https://x.salesforce.com:0",
        "https://x.salesforce.com:a",
        "https://ev\til.salesforce.com",
        "https://x.salesforce.com\n",
        " https://x.salesforce.com",
        "https://x y.salesforce.com",
        "https://.salesforce.com",
        "https://a..salesforce.com",
        "https://x.salesforce.com;.salesforce.com",
        "https://%65vil.salesforce.com",
        "https://x_y.salesforce.com",
        "https://-x.salesforce.com",
        "https://user:pw@x.salesforce.com",
        "https://@x.salesforce.com",
        "http://x.salesforce.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost:99999999",
        "http://127.1",
        "http://0177.0.0.1",
        "http://2130706433",
        "http://[::ffff:127.0.0.1]",
        "http://0.0.0.0",
        "https://[::1",
        "//x.salesforce.com",
        "x.salesforce.com",
        "javascript:x.salesforce.com",
        "file://localhost/etc/passwd",
        "https://x.salesforce.com/#a",
        "https://x.salesforce.com/?a",
        "https://x.salesforce\u3002com",
        "https://x.s\u0430lesforce.com",
        "",
    ],
)
def test_an_address_that_readers_could_take_for_another_host_is_refused(url):
    with pytest.raises(ValueError, match=r"."):
        check_url(url, ("salesforce.com",))
    if url:
        with pytest.raises(UsageError) as told:
            salesforce({"auth": "token", "access_token": "SECRET", "instance_url": url})
        assert "SECRET" not in str(told.value)
    with pytest.raises(UsageError):
        hubspot({"access_token": "SECRET", "base_url": url})


@pytest.mark.slow
@pytest.mark.fault("X2", "X6")
@given(st.text(max_size=40))
def test_whatever_is_taken_for_an_address_both_clients_send_to_that_host(text):
    import httpx
    import requests

    url = f"https://{text}.salesforce.com"
    try:
        check_url(url, ("salesforce.com",))
    except ValueError:
        return
    prepared = requests.Request("GET", url).prepare().url
    hosts = {httpx.URL(url).host, httpx.URL(str(prepared)).host}
    assert len(hosts) == 1
    assert hosts.pop().endswith(".salesforce.com")


@pytest.mark.fault("X2")
@pytest.mark.parametrize(
    "version", ["63.0/../..", "\u0666\u0663.0", "63.0\n", "63", "63.0?x", "9999.0", "1e2.0"]
)
def test_a_version_that_is_none_gets_into_no_path(version):
    section = {"auth": "token", "access_token": "x", "instance_url": "https://a.salesforce.com"}
    with pytest.raises(UsageError):
        salesforce(section | {"api_version": version})
    with pytest.raises(UsageError):
        hubspot({"access_token": "x", "api_version": version})


@pytest.mark.fault("X2")
@pytest.mark.parametrize("number", ["\u0661", "1/2", "1 OR 1", "-1", "1\n"])
def test_a_portal_that_is_no_number_is_refused(number):
    with pytest.raises(UsageError):
        hubspot({"access_token": "x", "portal_id": number})


@pytest.mark.fault("X2")
@pytest.mark.parametrize(
    "name",
    [
        "X) FROM User --",
        "X FROM User",
        "X,Id",
        "X__c\n",
        "Account.Owner.Name",
        "X'",
        "(SELECT Id FROM Tasks)",
        "N\u0430me",
        "TYPEOF",
        "\uff38__c",
        "X" * 81,
        "",
        "COUNT()",
    ],
)
def test_a_field_name_becomes_part_of_a_query_only_as_an_identifier_that_exists(name):
    try:
        made = Mapping(fields={f"Opportunity.{name}": "need"})
    except ValueError:
        return
    table = with_fields(made.paths())["opportunity"]
    described = {"Opportunity": {"Id": {}, "Name": {}}}
    left, _ = _usable(table, described, "a user")
    assert left is None or name not in left.fields


@pytest.mark.slow
@pytest.mark.fault("X2")
@given(st.text(max_size=60))
def test_no_name_of_a_field_is_more_than_one_identifier(name):
    targets.field_names(name.encode("utf-8", "surrogatepass"))


@pytest.mark.fault("X2", on="salesforce")
@given(st.lists(st.text(st.characters(), max_size=60), min_size=1, max_size=4))
def test_no_value_gets_out_of_its_quotes(values):
    targets.soql("\x1e".join(values).encode("utf-8", "surrogatepass"))


@pytest.mark.fault("X2")
@pytest.mark.parametrize("name", ["property:a/b", "property:A", "property:a;b", "property:", "x"])
def test_a_property_of_hubspot_is_named_by_its_own_letters_only(name):
    with pytest.raises(UsageError):
        hubspot({"access_token": "x", "role_sources": [name]})


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31", "1969-12-31", "2201-01-01"])
@pytest.mark.parametrize("command", [["plan"], ["explain", "x"], ["report"]])
def test_a_moment_out_of_the_calendar_is_refused(command, moment, capsys):
    assert cli.run([*command, "--as-of", moment]) == 2
    assert "is not between 1970 and 2200" in capsys.readouterr().err


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o777])
@pytest.mark.parametrize("name", ["private_key", "client_secret", "access_token", "hubspot"])
def test_a_file_with_a_secret_that_others_may_read_is_refused(tmp_path, name, mode):
    key = tmp_path / "key"
    key.write_text("SECRET")
    key.chmod(mode)
    url = {"instance_url": "https://a.salesforce.com", "client_id": "x", "username": "u"}
    auth = {"private_key": "jwt", "client_secret": "client_credentials"}.get(name, "token")

    def read():
        if name == "hubspot":
            return hubspot({"access_token_file": str(key)}).token()
        return salesforce(url | {"auth": auth, f"{name}_file": str(key)}).secret(name)

    with pytest.raises(UsageError, match="other users can read") as told:
        read()
    assert "SECRET" not in str(told.value)
    assert told.value.remedy == f"chmod 600 {key}"
    key.chmod(stat.S_IRUSR)
    assert read() == "SECRET"


# -- exports --------------------------------------------------------------------------------------
HEAD = b"Id,Name,StageName,CloseDate,CreatedDate,LastModifiedDate\n"
ROW = b"006A00000000001,Acme,Prospecting,2026-05-01,2026-01-05T08:00:00Z,2026-01-06T08:00:00Z\n"


def judged(folder):
    """Read an export to its end; return what it holds."""
    connector = connect({"path": str(folder)}, mapping=Mapping())
    connector.check()
    found = []
    for batch in connector.pull(None):
        by_parent = {row.parent: [] for row in batch.rows}
        for row in batch.rows:
            by_parent[row.parent].append(row)
        for parent, rows in by_parent.items():
            made = connector.normalize(parent, rows)
            found += [] if made is None else [made]
    return found


EXPORTS = {
    "a NUL": (HEAD + ROW.replace(b"Acme", b"A\x00cme"), True),
    "formulas": (HEAD + ROW.replace(b"Acme", b"\"=cmd|' /C calc'!A0\""), True),
    "UTF-16": (b"\xff\xfe" + (HEAD + ROW).decode().encode("utf-16-le"), True),
    "bytes": (HEAD + ROW + bytes(range(128, 256)), None),
    "a cell of 1 MB": (HEAD + ROW.replace(b"Acme", b"x" * 1_000_000), True),
    "a cell of 17 MB": (HEAD + ROW.replace(b"Acme", b"x" * 17_000_000), False),
    "a header of 1 MB": (b"x" * 1_000_000 + b"," + HEAD + ROW, None),
    "a quote that never ends": (HEAD + b'"' + ROW * 99, False),
    "a quote in the header that never ends": (b'"' + b"x,\n" * 300_000, False),
    "an empty file": (b"", False),
    "a year of the first century": (HEAD + ROW.replace(b"2026-01", b"0001-01"), False),
    "a year at the end of time": (HEAD + ROW.replace(b"2026-01-06", b"9999-12-31"), False),
    "a close date at the end of time": (HEAD + ROW.replace(b"2026-05-01", b"9999-12-31"), True),
    "a close date at the beginning": (HEAD + ROW.replace(b"2026-05-01", b"0001-01-01"), True),
    "no date": (HEAD + ROW.replace(b"2026-05-01", b"\x1b[31m"), False),
}


@pytest.mark.parametrize(("data", "read"), EXPORTS.values(), ids=EXPORTS)
def test_a_hostile_table_is_read_or_refused_in_a_sentence(tmp_path, data, read):
    (tmp_path / "Opportunity.csv").write_bytes(data)
    try:
        found = judged(tmp_path)
    except CrmRulesError as error:
        assert read is not True, error
        assert error.remedy
    else:
        assert read is not False
        assert read is None or [one.id for one in found] == ["006A00000000001"]
        assert len(SIGNALS) > 0


def tree(**fields):
    record = {"attributes": {"type": "Opportunity", "referenceId": "o1"}, "Name": "x"}
    return json.dumps({"records": [record | fields]}).encode()


@pytest.mark.parametrize(
    "data",
    [
        tree(LastModifiedDate=99999, CloseDate=12345, StageName="Closed Won"),
        tree(LastModifiedDate=["x"], CloseDate={"a": 1}, StageName=["Closed Won"]),
        tree(Id=None, Name="\ud800\x00\u202e", Amount="NaN", AccountId={"a": 1}),
        tree(Id={"x": 1}, Amount=float("inf"), CreatedDate=True),
        tree(Tasks={"records": [{"attributes": {"type": "Task"}, "Subject": 1}]}),
        b"[" * 100_000,
        b'{"records": ' + b"[" * 3_000 + b"]" * 3_000 + b"}",
        b"9" * 5_000,
        b'{"records": 1}',
        b'{"records": [1, null, {"attributes": 5}]}',
    ],
    ids=range(10),
)
def test_a_hostile_tree_is_read_or_refused_in_a_sentence(tmp_path, data):
    (tmp_path / "all.json").write_bytes(data)
    try:
        judged(tmp_path)
    except CrmRulesError as error:
        assert error.remedy


def test_a_tree_larger_than_memory_is_not_read(tmp_path):
    with (tmp_path / "all.json").open("wb") as file:
        file.truncate(_TREE_LIMIT + 1)
    with pytest.raises(UsageError, match="larger than 64 MiB"):
        judged(tmp_path)


def test_a_bomb_in_an_archive_is_not_opened(tmp_path):
    import zipfile

    (tmp_path / "Opportunity.csv").write_bytes(HEAD + ROW)
    with zipfile.ZipFile(tmp_path / "Task.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Task.csv", b"0" * 10_000_000)
    assert len(judged(tmp_path)) == 1


@pytest.mark.fault("X6")
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "device"])
def test_only_plain_files_inside_the_folder_are_opened(tmp_path, kind):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Opportunity.csv").write_bytes(HEAD + ROW)
    strange, outside = folder / "Task.csv", tmp_path / "secret.csv"
    outside.write_text("Id,Subject\n1,SECRET\n")
    if kind == "link":
        strange.symlink_to(outside)
    elif kind == "folder":
        strange.mkdir()
    elif kind == "pipe":
        os.mkfifo(strange)
    else:
        strange.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=r"leads out|no plain file") as told:
        judged(folder)
    assert str(strange) in str(told.value)
    assert "SECRET" not in str(told.value)


def test_a_file_that_the_settings_name_is_inside_the_folder_too(tmp_path):
    from crmrules_export.config import Named

    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "x.csv").write_bytes(HEAD + ROW)
    with pytest.raises(UsageError, match="leads out"):
        discover(folder, {"Opportunity"}, {"Opportunity": Named(file="../x.csv")})
    (folder / "x.csv").write_bytes(HEAD + ROW)
    (folder / "y.csv").symlink_to(folder / "x.csv")
    found, _ = discover(folder, {"Opportunity"}, {"Opportunity": Named(file="y.csv")})
    assert found[0].columns[0] == "Id"
