"""A thousand syncs in a row of an organization that lives, a call in twenty going wrong."""

from __future__ import annotations

import time

import figures
import pytest
from faulty import KINDS
from oracle import Oracle
from soak import Year, live

SHARE = 0.05
ACTS = {"complete", "tag", "delete", "subject", "due", "body", "put off", "hand over"}
SAMPLE, ALL = 40, 1000


def held(year: Year, oracle: Oracle) -> None:
    assert year.errors == []
    assert oracle.found == []
    assert set(year.codes) <= {0, 3, 4}
    calls = year.calls
    assert calls["used"] <= 1.3 * calls["least"], calls


def growth(figures_: list[int]) -> float:
    """Return how much larger the last tenth is than the second."""
    tenth = len(figures_) // 10
    second, last = figures_[tenth : 2 * tenth], figures_[-tenth:]
    return (sum(last) / len(last)) / (sum(second) / len(second))


@pytest.mark.slow
def test_some_weeks_of_syncs_keep_every_promise(living, tmp_path):
    year, oracle = live(living, tmp_path, syncs=SAMPLE, share=SHARE)
    held(year, oracle)
    assert oracle.people.deeds.keys() >= {"complete", "tag", "opportunity move"}
    assert year.writes["create_task"] > 20
    assert oracle.reached.keys() >= {"opportunity", "day"}


@pytest.mark.torture
@pytest.mark.fault("C1", "N1", "N2", "N3", "H1", "H3", "H4")
def test_a_thousand_syncs_keep_every_promise_and_nothing_grows(living, tmp_path):
    began = time.perf_counter()
    year, oracle = live(living, tmp_path, syncs=ALL, share=SHARE)
    held(year, oracle)
    assert oracle.people.deeds.keys() >= ACTS  # everybody has done everything
    assert {"cap_opportunity", "cap_owner", "cooldown", "snoozed", "pending"} <= year.held.keys()
    assert oracle.struck.keys() == KINDS.keys()
    assert all(oracle.reached[cap] for cap in ("opportunity", "owner", "day"))
    assert growth(year.memory) < 1.1
    told = {
        "syncs": year.syncs,
        "simulated days": oracle.days,
        "calls": oracle.calls,
        "calls that went wrong": f"{oracle.struck.total()}"
        f" ({oracle.struck.total() / oracle.calls:.1%}): "
        + ", ".join(f"{kind} {n}" for kind, n in sorted(oracle.struck.items())),
        "exit codes": ", ".join(f"{code}: {n}" for code, n in sorted(year.codes.items())),
        "what people did": ", ".join(f"{d} {n}" for d, n in oracle.people.deeds.most_common()),
        "writes": ", ".join(f"{action} {n}" for action, n in year.writes.most_common()),
        "syncs after which a cap was full": ", ".join(
            f"{cap} {n}" for cap, n in oracle.reached.most_common()
        ),
        "broken promises": len(oracle.found),
        "memory of the syncing process": f"{year.memory[20] >> 20} MiB after 20 syncs, "
        f"{year.memory[-1] >> 20} MiB at the end, {max(year.memory) >> 20} MiB at most",
        "state store": f"{year.state[99] >> 10} KiB after 100 syncs, {year.state[499] >> 10} after "
        f"500, {year.state[-1] >> 10} at the end",
        "rows at the end": ", ".join(f"{table} {n}" for table, n in year.rows[-1].items() if n > 1),
        "API calls where nothing went wrong": _ratio(year.calls),
        "API calls where something did": _ratio(year.faulty_calls),
    }
    figures.note(f"soak {living.name}", told, seconds=time.perf_counter() - began)


def _ratio(calls) -> str:
    used, least, floor = calls["used"], calls["least"], calls["floor"]
    return (
        f"{used} in {calls['runs']} runs: {used / least:.2f} x the least for what was read and "
        f"written with signing in ({least}), {used / floor:.2f} x the pages alone ({floor})"
    )
