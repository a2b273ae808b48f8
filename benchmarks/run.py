"""All benchmarks of one run as one Markdown report: ``python benchmarks/run.py``.

Know before changing: only ratios of one run may be compared with those of another; absolute figures
belong to the machine and its other users, which is why each row says how busy those were.

It holds no measurement itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (
    HERE,
    HERE.parent / "src",
    HERE.parent / "connectors",
):  # a checkout needs no install
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

PARTS = ("engines", "evaluation", "rules_cost", "preview", "memory")


def main() -> int:
    """Measure, print, and write where asked; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Ratios of one run: engines, evaluation, rules, preview, memory."
    )
    parser.add_argument("--quick", action="store_true", help="small loads, for a first look")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given repeatedly")
    parser.add_argument("--write", action="store_true", help="also write benchmarks/results.md")
    options = parser.parse_args()
    import machine

    small = " with small loads (--quick)" if options.quick else ""
    about = (
        f"One run{small} on {machine.description()}. Compare ratios, not figures. A row is marked "
        f"disturbed where other programs used more than {machine.DISTURBED:.0%} of all processors "
        "while it was measured."
    )
    text = ["# Benchmarks", "", about, ""]
    for part in options.only or PARTS:
        text += _section(part, quick=options.quick)
    report = "\n".join(text).rstrip() + "\n"
    sys.stdout.write(report)
    if options.write:
        (HERE / "results.md").write_text(report, encoding="utf-8")
    return 0


def _section(part: str, *, quick: bool) -> list[str]:
    if part == "engines":
        import engines

        return engines.report(quick=quick)
    if part == "evaluation":
        import evaluation

        return evaluation.report(quick=quick)
    if part == "rules_cost":
        import rules_cost

        return rules_cost.report(quick=quick)
    if part == "preview":
        import preview

        return preview.report(quick=quick)
    import memory

    return memory.report(quick=quick)


if __name__ == "__main__":
    raise SystemExit(main())
