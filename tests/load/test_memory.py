"""A plan's memory does not grow with the org: the scaled-down form of ``benchmarks/memory.py``."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("simple_salesforce")
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SMALL, LARGE = 2_000, 6_000
MOST_GROWTH = 8_000
"""Bytes per further opportunity; keeping each ``Opportunity`` or its rows costs far more."""


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("memory")
    for name in [n for n, m in sys.modules.items() if _is_ours(m)]:
        del sys.modules[name]


def _is_ours(module: Any) -> bool:
    return str(getattr(module, "__file__", None) or "").startswith(str(BENCHMARKS))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")
def test_three_times_the_opportunities_hardly_raise_the_peak_of_a_plan(memory: Any) -> None:
    small, large = memory.measure(SMALL), memory.measure(LARGE)
    assert (small.told["opportunities"], large.told["opportunities"]) == (SMALL, LARGE)
    growth = (large.mb - small.mb) * 1e6 / (LARGE - SMALL)
    assert growth < MOST_GROWTH, f"{growth:.0f} bytes per opportunity: {small.mb} -> {large.mb} MB"
    assert large.mb / small.mb < memory.RATIO_GOAL


@pytest.mark.slow
def test_the_connector_reads_every_row_of_the_imagined_org_in_few_calls(memory: Any) -> None:
    from crmrules import mapping
    from crmrules_salesforce import connect

    volume = importlib.import_module("volume")
    opportunities = 1_500
    with memory.serving(opportunities) as (url, _):
        section = {"auth": "token", "instance_url": url, "access_token": "x"}
        connector = connect(section, mapping=mapping.build({}, {}))
        try:
            rows = {(r.kind, r.id): r for batch in connector.pull(None) for r in batch.rows}
        finally:
            connector.close()
    read = Counter(kind for kind, _ in rows)
    expected = {
        name: volume.Rows(name, opportunities, volume.EPOCH).count
        for name in volume.PER_OPPORTUNITY
    }
    assert {name: read[name] for name in expected} == expected
    assert {row.parent for row in rows.values() if row.kind == "Task"} == {
        row.id for row in rows.values() if row.kind == "Opportunity"
    }
    assert connector.usage.calls <= 1.05 * connector.usage.floor + 3


def test_a_moment_divides_the_rows_of_an_imagined_table_exactly(memory: Any) -> None:
    from datetime import UTC, datetime

    volume = importlib.import_module("volume")
    for name in volume.PER_OPPORTUNITY:
        rows = volume.Rows(name, 97, datetime(2026, 3, 16, 9, 0, tzinfo=UTC))
        made = [rows.created(number) for number in range(rows.count)]
        assert made == sorted(made)
        for moment in {made[0] - 1, made[-1] + 1, *made[::7], *(at + 1 for at in made[::5])}:
            assert rows.since(moment) == sum(at < moment for at in made)
