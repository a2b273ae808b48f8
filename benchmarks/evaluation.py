"""Signals and rules per opportunity, as a ratio to reading the same records' JSON with orjson.

Know before changing: the seeded org's own query language makes the records, so the JSON is what
Salesforce would send for the fields the connector selects, and the rows are the connector's. Each
measured round is followed at once by a round of ``orjson.loads`` over the JSON of the same records.
Times are processor time of this process.

It pulls nothing over a network and stores nothing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import machine
import material
import orjson

from crmrules import engine as engines
from crmrules import evaluate, mapping
from crmrules.connector import Organization, Row
from crmrules.errors import CrmRulesError
from crmrules.model import Opportunity

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
_LACKING = ("CurrencyIsoCode", "RecordType.DeveloperName")
"""What an org with one currency and no record types does not have."""


@dataclass(frozen=True, slots=True)
class Material:
    """The opportunities of the seeded org: their rows, and the JSON the rows came from."""

    rows: Sequence[tuple[str, Sequence[Row]]]
    texts: Sequence[bytes]
    normalize: Callable[[str, Sequence[Row]], Opportunity | None]


def report(*, quick: bool) -> list[str]:
    """Measure and return the section of the report."""
    count, rounds = (120, 3) if quick else (400, 7)
    text = ["## Evaluation: signals and rules per opportunity, against orjson.loads", ""]
    try:
        from crmrules import signals

        rules, name = material.rules_here()
        found = seeded(count)
        opportunities = list(evaluate.opportunities(found.rows, found.normalize, NOW))
        baseline = evaluate.measure(opportunities, NOW)
    except (ImportError, CrmRulesError) as error:
        return [*text, f"Not measured: {error}", ""]

    def read() -> list[Any]:
        views = [signals.View(opportunity, NOW, baseline) for opportunity in opportunities]
        return [signals.facts(signals.read(view)) for view in views]

    def parse() -> None:
        for entry in found.texts:
            orjson.loads(entry)

    def normalize() -> None:
        for _ in evaluate.opportunities(found.rows, found.normalize, NOW):
            pass

    facts = read()
    steps: dict[str, Callable[[], Any]] = {"normalize and as of": normalize, "signals": read}
    for engine in engines.available():
        judge = engines.build(rules, engine).judge
        steps[f"rules ({engine})"] = lambda judge=judge: judge(facts)  # type: ignore[misc]
    lines = measure(steps, parse, rounds)
    return [*text, *_table(lines, found, f"{len(rules)} {name}")]


def _table(
    lines: Mapping[str, tuple[float, float, machine.Load]], found: Material, rules: str
) -> list[str]:
    count = len(found.texts)
    text = [
        (
            f"{count} opportunities of the seeded org, "
            f"{sum(len(rows) for _, rows in found.rows) / count:.0f} rows and "
            f"{sum(map(len, found.texts)) / count / 1000:.1f} kB of JSON each; {rules}."
        ),
        "",
        "| step | processor us per opportunity | x orjson.loads | others' processor use |",
        "|---|---:|---:|---|",
    ]
    for name, (seconds, ratio, load) in lines.items():
        text.append(f"| {name} | {seconds / count * 1e6:,.0f} | {ratio:.1f} | {load} |")
    for name in [name for name in lines if name.startswith("rules (")]:
        for title, steps in (
            ("signals + " + name, ("signals", name)),
            ("normalize + signals + " + name, ("normalize and as of", "signals", name)),
        ):
            seconds = sum(lines[step][0] for step in steps)
            ratio = sum(lines[step][1] for step in steps)
            load = machine.together([lines[step][2] for step in steps])
            text.append(
                f"| **{title}** | {seconds / count * 1e6:,.0f} | **{ratio:.1f}** | {load} |"
            )
    return [*text, ""]


def measure(
    steps: Mapping[str, Callable[[], Any]], base: Callable[[], None], rounds: int
) -> dict[str, tuple[float, float, machine.Load]]:
    """Return for each step its median seconds, its median ratio to the base, and the load."""
    taken: dict[str, list[tuple[float, float, machine.Load]]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            with machine.watched() as load:
                own = timed(step)
                other = timed(base)
            taken[name].append((own, own / other, load))
    return {
        name: (
            statistics.median(own for own, _, _ in rows),
            statistics.median(ratio for _, ratio, _ in rows),
            machine.together([load for _, _, load in rows]),
        )
        for name, rows in taken.items()
    }


def timed(work: Callable[[], Any]) -> float:
    """Return seconds of one round; a fast one is repeated until the clock is fine enough."""
    times, started = 0, time.process_time()
    while True:
        work()
        times += 1
        passed = time.process_time() - started
        if passed > 0.05:
            return passed / times


def seeded(count: int, seed: int = 1) -> Material:
    """Return a seeded org's opportunities as the connector would read them."""
    from crmrules_salesforce import rows as salesforce
    from crmrules_salesforce.scope import Levels, whole
    from crmrules_salesforce.tables import TABLES
    from crmrules_sandbox.salesforce.soql import answer
    from crmrules_sandbox.salesforce.start import seeded_org

    org = seeded_org(seed, clock=lambda: NOW, opportunities=count)
    levels = Levels.on(NOW.date())
    rows: dict[str, list[Row]] = {}
    records: dict[str, list[Any]] = {}
    accounts: dict[str, str | None] = {}
    for described in TABLES.values():
        if described.scope == "reference":
            continue
        fields = tuple(path for path in described.fields if path not in _LACKING)
        table = replace(described, fields=fields)
        soql = whole(table, levels).soql(None, None, down=False)
        for record in answer(soql, org.view(), now=NOW, all_rows=table.all_rows).records:
            row = salesforce.to_row(table, record)
            if row is None:
                continue
            rows.setdefault(row.parent, []).append(row)
            records.setdefault(row.parent, []).append(record)
            if table.key == "opportunity":
                accounts[row.id] = row.account
    meaning = mapping.build({}, {})
    organization = Organization("00D000000000001AAA", time_zone="Europe/Berlin")
    return Material(
        [(key, [*rows[key], *rows.get(above or "", ())]) for key, above in accounts.items()],
        [
            orjson.dumps([*records[key], *records.get(above or "", ())])
            for key, above in accounts.items()
        ],
        lambda key, found: salesforce.normalize(key, found, meaning, organization, NOW),
    )
