"""Connectors are found by entry point; a wrong name or a missing package is a sentence."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from crmrules import plugins
from crmrules.errors import UsageError


def test_what_we_ship_is_found():
    assert {"salesforce", "export"} <= set(plugins.names(plugins.CONNECTORS))
    assert "salesforce" in plugins.names(plugins.SANDBOXES)


@pytest.mark.parametrize("name", ["salesforce", "export"])
def test_a_connector_loads(name):
    assert callable(plugins.load(plugins.CONNECTORS, name))


def test_a_wrong_name_gets_the_one_that_was_meant():
    with pytest.raises(UsageError, match="no connector is called 'salesforec'") as caught:
        plugins.load(plugins.CONNECTORS, "salesforec")
    assert caught.value.remedy == "Did you mean 'salesforce'?"


def test_a_name_like_no_other_gets_the_list():
    with pytest.raises(UsageError) as caught:
        plugins.load(plugins.CONNECTORS, "zzz")
    assert "export" in caught.value.remedy
    assert "salesforce" in caught.value.remedy


def test_a_sandbox_is_called_a_sandbox():
    with pytest.raises(UsageError, match="no sandbox is called 'zzz'"):
        plugins.load(plugins.SANDBOXES, "zzz")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    entry = EntryPoint("acme", "no_such_package_of_ours:connect", plugins.CONNECTORS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry])
    with pytest.raises(UsageError, match="needs the package 'no_such_package_of_ours'") as caught:
        plugins.load(plugins.CONNECTORS, "acme")
    assert "pip install" in caught.value.remedy
