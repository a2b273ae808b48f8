"""This machine's clock is wrong, and nobody notices."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta

import pytest
from crms import on_each
from kit import SIZE

MODULES = (
    *("crmrules.cli.wire", "crmrules.state.store"),
    *("crmrules_salesforce", "crmrules_hubspot"),
)
WRONG = {
    "a day slow": timedelta(days=-1),
    "a day fast": timedelta(days=1),
    "a year fast": timedelta(days=366),
    "in 1970": timedelta(days=-20_700),
}


def turn(monkeypatch, now: dt.datetime) -> None:
    """Let every clock of this machine that a run looks at say this."""

    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return now.astimezone(tz) if tz else now

    for module in MODULES:
        monkeypatch.setattr(f"{module}.datetime", Wrong)


def story(world, monkeypatch, wrong: timedelta) -> list:
    """Sync twice, half a day apart by the CRM, and look ahead, with nobody telling the moment."""
    found = []
    for step in (timedelta(), timedelta(hours=13)):
        world.now += step
        turn(monkeypatch, world.now + wrong)
        ran = world.cli("sync")
        assert ran.code == 0, ran.err
        told = ran.json
        found.append([told["as_of"], told["findings"], told["writes"]])
    turn(monkeypatch, world.now + timedelta(hours=9) + wrong)
    world.reachable = False  # it makes no call
    ahead = world.cli("preview")
    assert ahead.code == 0, ahead.err
    found.append([ahead.json[name] for name in ("as_of", "synced_at", "held_back", "writes")])
    return [*found, world.dump()]


_right: dict[str, list] = {}


@pytest.fixture
def right(crm, tmp_path_factory):
    """Return the story by a right clock, told once for each CRM."""
    if crm.name not in _right:
        with (
            pytest.MonkeyPatch.context() as patch,
            crm(tmp_path_factory.mktemp("right"), opportunities=SIZE) as world,
        ):
            _right[crm.name] = story(world, patch, timedelta())
    return _right[crm.name]


@pytest.mark.fault("T1")
@on_each("wrong", WRONG, ("a day slow",), ())
def test_a_wrong_clock_of_this_machine_changes_no_finding(crm, tmp_path, monkeypatch, right, wrong):
    with crm(tmp_path, opportunities=SIZE) as world:
        found = story(world, monkeypatch, WRONG[wrong])
    assert found == right
    assert found[1][2]  # something was written
    assert found[2][0] == (world.now + timedelta(hours=9)).isoformat().replace("+00:00", "Z")
