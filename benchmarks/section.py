"""One section of results.md: measured, printed, and put in its place there where asked."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

RESULTS = Path(__file__).resolve().parent / "results.md"


class Report(Protocol):
    """Measures, and returns the section."""

    def __call__(self, *, quick: bool) -> Sequence[str]:
        """``quick``: a small load, for a first look."""


def main(description: str, heading: str, report: Report) -> int:
    """Measure, print, and write where asked; return the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--write", action="store_true", help="also write benchmarks/results.md")
    parser.add_argument("--quick", action="store_true", help="a small load, for a first look")
    options = parser.parse_args()
    text = "\n".join(report(quick=options.quick))
    sys.stdout.write(text + "\n")
    if options.write:
        before = re.sub(
            rf"\n{heading}\n.*?(?=\n## |\Z)", "", RESULTS.read_text("utf-8"), flags=re.DOTALL
        )
        RESULTS.write_text(before.rstrip() + "\n\n" + text.rstrip() + "\n", encoding="utf-8")
    return 0
