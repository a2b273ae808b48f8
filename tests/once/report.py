"""Measure what the machine notices, and write docs/exactly-once.md from what was measured.

    python tests/once/report.py drill 'hubspot query'     # every mutant, or those named, by drills
    python tests/once/report.py hunt 'hubspot query' 40   # ... at most so many random sequences
    python tests/once/report.py run 'hubspot query' 5000  # the machine against the product
    python tests/once/report.py page                      # the page, from the figures in measured/

Seconds are of this process's own time. A measured mutant is not measured again until its line is
taken out of the file, or ``--again`` is given.
"""

from __future__ import annotations

import gc
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "exactly-once.md"
SEED = 1

sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(ROOT / "src"), str(ROOT / "connectors")]
sys.path.append(str(HERE.parent))

from drills import DRILLS  # noqa: E402
from hunt import PLANTS, STEPS, drilled, hunt, run  # noqa: E402
from line import READ_FAULTS, WRITE_FAULTS  # noqa: E402
from mutants import MUTANTS  # noqa: E402
from runs import POINTS, Plant, points  # noqa: E402

from compiled import once_for_all_stores  # noqa: E402


def say(*words: Any) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def file_of(name: str) -> Path:
    return HERE / "measured" / f"{name.replace(' ', '-')}.json"


def measured(name: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"drills": {}, "mutants": {}, "run": {}}
    return json.loads(file_of(name).read_text()) if file_of(name).exists() else empty


def keep(name: str, found: dict[str, Any], section: str) -> None:
    """Write one section; the others may have been measured by another process meanwhile."""
    found = measured(name) | {section: found[section]}
    file_of(name).parent.mkdir(exist_ok=True)
    file_of(name).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _get_ready() -> None:
    once_for_all_stores()
    gc.freeze()


def drill_all(name: str, *only: str) -> None:
    plant, found = Plant(*PLANTS[name]), measured(name)
    for mutant in MUTANTS:
        if only and mutant.name not in only:
            continue
        caught = drilled(plant, mutant)
        found["drills"][mutant.name] = {
            "what": caught.what,
            "story": caught.story,
            "seconds": round(caught.seconds, 1),
        }
        keep(name, found, "drills")
        say(name, mutant.name, caught.story or "not noticed", caught.what)


def hunt_all(name: str, sequences: int, *, again: bool, expected: bool) -> None:
    plant, found = Plant(*PLANTS[name]), measured(name)
    _get_ready()
    for mutant in sorted(MUTANTS, key=lambda one: not one.quick):
        if mutant.name in found["mutants"] and not again:
            continue
        if expected and name not in mutant.kills:
            continue
        caught = hunt(plant, mutant, sequences, SEED)
        found["mutants"][mutant.name] = {
            "what": caught.what,
            "sequences": caught.sequences,
            "seconds": round(caught.seconds, 1),
        }
        keep(name, found, "mutants")
        say(name, mutant.name, caught.what or "not noticed", caught.sequences)


def run_all(name: str, sequences: int) -> None:
    """Run in pieces, so that what was done is on record when the run is cut off."""
    plant, found = Plant(*PLANTS[name]), measured(name)
    _get_ready()
    events: Counter[str] = Counter(found["run"].get("events", {}))
    seconds = found["run"].get("seconds", 0.0)
    while events["sequences"] < sequences:
        begun = time.process_time()
        with points(plant):
            run(plant, min(50, sequences - events["sequences"]), events)
        seconds += time.process_time() - begun
        found["run"] = {"seconds": round(seconds, 1), "events": dict(events)}
        keep(name, found, "run")
        say(name, events["sequences"], f"{seconds:.0f} s")


# -- the page ----------------------------------------------------------------------------------


def noticed(found: dict[str, Any], mutant: Any) -> bool:
    return any(found[kind].get(mutant.name, {}).get("what") for kind in ("drills", "mutants"))


def cell(mutant: Any, name: str, found: dict[str, Any]) -> str:
    drill, machine = (found[kind].get(mutant.name, {}) for kind in ("drills", "mutants"))
    told = ["drill"] if drill.get("what") else []
    if machine.get("what"):
        told.append(f"machine after {machine['sequences']} ({machine['seconds']:.0f} s)")
    elif machine:
        told.append(f"machine not in {machine['sequences']}")
    seen = noticed(found, mutant)
    text = ", ".join(told)
    if name in mutant.kills:
        return f"**{text}**" if seen else f"NOT NOTICED {text}".strip()
    return text if seen else "-"


def reason(mutant: Any, all_found: dict[str, Any]) -> str:
    """Return the drill that noticed, and what the invariant said, without the values."""
    for name in (*mutant.kills, *all_found):
        for kind in ("drills", "mutants"):
            told = all_found[name][kind].get(mutant.name, {})
            if told.get("what"):
                text = re.split(r" cr1|[{'(\[]|: set", told["what"].partition(": ")[2])[0]
                text = text.strip(" :,").replace("|", "/")
                return f"{told.get('story', 'machine')}: {text}".strip(": ")
    return ""


def mutants_table(all_found: dict[str, Any]) -> list[str]:
    lines = [
        "| mutant | safeguard taken away | " + " | ".join(PLANTS) + " | drill, and what was said |",
        "|---|---|" + "---|" * (len(PLANTS) + 1),
    ]
    for mutant in MUTANTS:
        cells = [cell(mutant, name, all_found[name]) for name in PLANTS]
        why = reason(mutant, all_found)
        lines.append(f"| {mutant.name} | {mutant.safeguard} | {' | '.join(cells)} | {why} |")
    return lines


def runs_table(all_found: dict[str, Any]) -> list[str]:
    events = {name: Counter(found["run"].get("events", {})) for name, found in all_found.items()}
    names = sorted(set().union(*events.values()))
    first = ["sequences", "steps", "syncs", "crashes", "stalls", "overtaken", "writes"]
    lines = ["| what happened | " + " | ".join(PLANTS) + " |", "|---|" + "---:|" * len(PLANTS)]
    lines += [
        f"| {what} | " + " | ".join(f"{events[n][what]:,}" for n in PLANTS) + " |"
        for what in [*first, *(n for n in names if n not in first)]
    ]
    rate = []
    for name in PLANTS:
        seconds = all_found[name]["run"].get("seconds", 0)
        done = events[name]["sequences"]
        rate.append(f"{60 * done / seconds:.0f}" if seconds else "-")
    lines.append("| sequences a minute of processor time | " + " | ".join(rate) + " |")
    return lines


def page() -> str:
    all_found = {name: measured(name) for name in PLANTS}
    text = (HERE / "page.md").read_text()
    values = {
        "STEPS": str(STEPS),
        "WRITE_FAULTS": ", ".join(WRITE_FAULTS),
        "READ_FAULTS": ", ".join(READ_FAULTS),
        "POINTS": ", ".join(POINTS),
        "COUNT": str(len(MUTANTS)),
        "DRILLS": str(len(DRILLS)),
        "RUNS": "\n".join(runs_table(all_found)),
        "MUTANTS": "\n".join(mutants_table(all_found)),
    }
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def main(command: str, name: str = "", sequences: str = "40", *options: str) -> None:
    if command == "hunt":
        again, expected = "--again" in options, "--expected" in options
        hunt_all(name, int(sequences), again=again, expected=expected)
    elif command == "drill":
        drill_all(name, *([sequences, *options] if sequences != "40" else []))
    elif command == "run":
        run_all(name, int(sequences))
    else:
        PAGE.write_text(page())


if __name__ == "__main__":
    main(*sys.argv[1:])
