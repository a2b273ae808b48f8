"""A canary for every secret, through every fault: nothing that is printed or kept holds one."""

from __future__ import annotations

import pytest
from kit import SIZE

FAULTS = (
    {"kind": "unauthorized"},
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 404},
    {"kind": "status", "status": 410},
    {"kind": "status", "status": 429, "retry_after": 7},
    {"kind": "status", "status": 500, "times": 20},
    {"kind": "status", "status": 302},
    {"kind": "html", "status": 200, "times": 20},
    {"kind": "html", "status": 502},
    {"kind": "drop_before", "times": 20},
    {"kind": "drop_after", "times": 20},
    {"kind": "truncated_body", "times": 20},
    {"kind": "no calls left"},
    {"kind": "no right"},
)
SAMPLE = tuple(fault for fault in FAULTS if fault["kind"] in {"unauthorized", "html"})


def traces(world, secrets, *runs) -> list[str]:
    """Return where a secret was found: what was printed, and every file of the folder."""
    found = []
    for secret in secrets:
        found += ["printed" for ran in runs if secret in ran.out + ran.err]
        found += [
            file.name
            for file in world.folder.rglob("*")
            if file.is_file() and file != world.config and secret.encode() in file.read_bytes()
        ]
    return found


def status(world):
    """Look at the state store alone."""
    world.reachable = False
    ran = world.cli("status")
    world.reachable = True
    return ran


def through(world, faults, secrets) -> None:
    for fault in faults:
        for on in ("pull", "write"):
            world.mend()
            secrets.add(world.token)
            world.strike(**fault, on=on)
            runs = [
                world.sync("-v", "-v", "--log-format", "json", "--full"),
                world.plan("-v", "-v", "--log-format", "console"),
                status(world),
            ]
            assert traces(world, secrets, *runs) == [], (fault, on)
    world.mend()
    secrets.add(world.token)
    ran = world.cli("doctor", "-v", "-v")
    assert traces(world, secrets, ran) == []


@pytest.mark.slow
@pytest.mark.fault("X4")
def test_a_token_is_nowhere_after_the_worst_faults(crm, tmp_path):
    with crm(tmp_path, opportunities=4) as world:
        world.settle()
        through(world, SAMPLE, set())


@pytest.mark.torture
@pytest.mark.fault("X4")
def test_a_token_is_nowhere_through_every_fault(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        secrets: set[str] = set()
        through(world, FAULTS, secrets)
        assert len(secrets) > len(FAULTS)


@pytest.mark.slow
@pytest.mark.fault("X4", on="salesforce")
@pytest.mark.parametrize("crm", ["salesforce"], indirect=True, scope="session")
def test_a_client_secret_and_the_token_it_buys_are_nowhere(crm, tmp_path):
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        bought: list[str] = []
        auth = world.server.auth
        real = auth.issue
        auth.issue = lambda user: bought.append(real(user)) or bought[-1]
        secret = auth.consumer_secret
        world.access = {
            "auth": "client_credentials",
            "token_url": world.server.url,
            "client_id": auth.consumer_key,
            "client_secret": secret,
        }
        world.configure()
        for fault in SAMPLE:
            for on in ("pull", "write"):
                world.mend()
                world.strike(**fault, on=on)
                ran = world.sync("-v", "-v", "--log-format", "json", "--full")
                assert bought
                assert traces(world, {secret, *bought}, ran) == [], (fault, on)
