"""How well the shipped text patterns do on labelled sentences, as tables for docs/text-signals.md.

    python benchmarks/text.py            print the tables
    python benchmarks/text.py --write    put them into the page

The labels were committed before the patterns (tests/text/labels/README.md). A kind is scored on the
sentences in which it can occur: ours on what we wrote, the others on what customers and notes say,
rivals everywhere. Intervals are Wilson's, at 95 %.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Any

import yaml

from crmrules.model import Mention, Speaker
from crmrules.text import SIGNALS, Reader, Text, reader

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "tests" / "text" / "labels"
PAGE = ROOT / "docs" / "text-signals.md"
PHRASES = ROOT.parent / "shared" / "data" / "objection_phrases" / "openharness_mit.csv"
RIVALS = ("Acme", "Globex", "Initech")
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
SPEAKERS = {"us": Speaker.US, "customer": Speaker.CUSTOMER, "note": None}
Z = 1.96

CUSTOMERS = frozenset({"customer", "note"})
ALL = frozenset(SPEAKERS)
# name -> whose sentences, how a label says it, how a mention says it
Told = Callable[[str], bool]
Found = Callable[[Mention], bool]


def _kind(*names: str) -> Found:
    return lambda mention: mention.kind in names


ROWS: dict[str, tuple[frozenset[str], Told, Found]] = {
    "price": (CUSTOMERS, lambda x: x == "price", _kind("price")),
    "competitor named": (ALL, lambda x: x.startswith("competitor"), _kind("competitor")),
    "competitor, spoken well of": (
        ALL,
        lambda x: x == "competitor:for",
        lambda m: m.kind == "competitor" and m.stance == "for",
    ),
    "competitor, spoken ill of": (
        ALL,
        lambda x: x == "competitor:against",
        lambda m: m.kind == "competitor" and m.stance == "against",
    ),
    "concern": (CUSTOMERS, lambda x: x.startswith("concern:"), _kind("concern")),
    "concern resolved": (CUSTOMERS, lambda x: x[:9] == "resolved:", _kind("concern_resolved")),
    "concern reopened": (CUSTOMERS, lambda x: x[:9] == "reopened:", _kind("concern_reopened")),
    "need, implied": (CUSTOMERS, lambda x: x == "need:implied", _kind("need_implied")),
    "need, explicit": (CUSTOMERS, lambda x: x == "need:explicit", _kind("need_explicit")),
    "postponed": (
        CUSTOMERS,
        lambda x: x.startswith("postponed"),
        _kind("postponed", "postponed_reason"),
    ),
    "postponed with a reason": (
        CUSTOMERS,
        lambda x: x == "postponed:reason",
        _kind("postponed_reason"),
    ),
    "minimise": (frozenset({"us"}), lambda x: x == "minimise", _kind("minimise")),
    "prescribe": (frozenset({"us"}), lambda x: x == "prescribe", _kind("prescribe")),
    "pressure": (frozenset({"us"}), lambda x: x == "pressure", _kind("pressure")),
}


@dataclass(slots=True)
class Matrix:
    """How often it was there and found, found only, there only, and neither."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, sentence: str, *, there: bool, found: bool) -> None:
        """Count one sentence."""
        if there and found:
            self.tp += 1
        elif found:
            self.fp += 1
            self.wrong.append(f"found   {sentence}")
        elif there:
            self.fn += 1
            self.wrong.append(f"missed  {sentence}")
        else:
            self.tn += 1

    def line(self, name: str) -> str:
        """Return a row of the table."""
        n = self.tp + self.fp + self.fn + self.tn
        precision, recall = (
            share(self.tp, self.tp + self.fp),
            share(self.tp, self.tp + self.fn),
        )
        counts = f"{self.tp} | {self.fp} | {self.fn} | {self.tn}"
        return f"| {name} | {n} | {counts} | {precision} | {recall} |"


def share(k: int, n: int) -> str:
    """Return a share with its Wilson interval, in percent."""
    if n == 0:
        return "none"
    p, z2 = k / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{100 * p:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def labels(name: str) -> list[list[Any]]:
    """Return the lines of a label file."""
    found: list[list[Any]] = yaml.safe_load((LABELS / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def made(*languages: str) -> Reader:
    """Return the shipped reader with every signal on."""
    found = reader(SIGNALS, languages, rivals=RIVALS)
    assert found is not None
    return found


def found_in(with_: Reader, sentence: str, speaker: str, *, verbatim: bool = False) -> Any:
    """Return the mentions of one text, cleaned and split as a run does it."""
    sentences = with_.cleaner.sentences(sentence)
    texts = [Text(s, "r", WHEN, SPEAKERS[speaker], verbatim) for s in sentences]
    return with_.classifier.mentions(texts)


def score(name: str, lines: Iterable[Sequence[str]], with_: Reader) -> dict[str, Matrix]:
    """Score every kind on lines of speaker, sentence, labels; kinds nobody labelled are left."""
    matrices = {row: Matrix() for row in ROWS}
    for speaker, sentence, *told in lines:
        mentions = found_in(with_, sentence, speaker)
        for row, (whose, is_told, is_found) in ROWS.items():
            if speaker in whose:
                matrices[row].add(
                    sentence,
                    there=any(map(is_told, told)),
                    found=any(map(is_found, mentions)),
                )
    del name
    return {row: m for row, m in matrices.items() if m.tp + m.fn + m.fp}


def sets() -> dict[str, dict[str, Matrix]]:
    """Score the sets that are stored here."""
    steps = [("note", *line[1:]) for line in labels("cc0_next_steps")]
    return {
        "English sentences": score("en", labels("en"), made("en")),
        "German sentences": score("de", labels("de"), made("de")),
        "Next steps of a public demo set (CC0)": score("cc0", steps, made("en")),
    }


def automatic() -> Matrix:
    """Score what tells mails that nobody wrote."""
    matrix, with_ = Matrix(), made("en", "de")
    for _, there, subject, text in labels("messages"):
        matrix.add(subject, there=there, found=with_.cleaner.automatic(subject, text))
    return matrix


def questions() -> Counter[tuple[str, str]]:
    """Count (what it is, what was found) of sellers' questions."""
    with_, counted = made("en"), Counter[tuple[str, str]]()
    for sentence, kind in labels("questions_en"):
        mentions = found_in(with_, sentence, "us", verbatim=True)
        found = next((m.topic for m in mentions if m.kind == "question"), "none")
        counted[kind, str(found)] += 1
    return counted


def topics() -> tuple[int, int]:
    """Return of how many found concerns the topic is the labelled one, and how many there are."""
    right = total = 0
    for speaker, sentence, *told in labels("en"):
        wanted = [x.partition(":")[2] for x in told if x.split(":")[0] in _WORRIES]
        mentions = [m for m in found_in(made_once(), sentence, speaker) if m.kind in _CONCERNS]
        if wanted and mentions:
            total += 1
            right += mentions[0].topic == wanted[0]
    return right, total


_WORRIES = ("concern", "resolved", "reopened")
_CONCERNS = ("concern", "concern_resolved", "concern_reopened")
_ONCE: list[Reader] = []


def made_once() -> Reader:
    """Return the English reader, made once."""
    if not _ONCE:
        _ONCE.append(made("en"))
    return _ONCE[0]


def objections() -> dict[str, Matrix] | None:
    """Score the public list of objections by category; None where it is not on this machine."""
    if not PHRASES.is_file():
        return None
    meaning = yaml.safe_load((LABELS / "objection_categories.yml").read_text(encoding="utf-8"))
    kinds: dict[str, Found] = {
        "price": ROWS["price"][2],
        "postponed": ROWS["postponed"][2],
        "concern": _kind(*_CONCERNS),
    }
    matrices = {kind: Matrix() for kind in kinds}
    with PHRASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            told = meaning[row["category"]]
            mentions = found_in(made_once(), row["phrase"], "customer")
            for kind, is_found in kinds.items():
                if kind == told.get("is") or kind in told.get("not", ()):
                    there = kind == told.get("is")
                    matrices[kind].add(
                        row["phrase"], there=there, found=any(map(is_found, mentions))
                    )
    return matrices


HEAD = (
    "| signal | n | found, right | found, wrong | missed | rightly nothing | precision | recall |\n"
    "|--|--|--|--|--|--|--|--|"
)


def table(matrices: dict[str, Matrix]) -> str:
    """Return a table of matrices."""
    return "\n".join([HEAD, *(matrix.line(name) for name, matrix in matrices.items())])


def stored_figures() -> str:
    """Return the tables of what is stored here, for the page."""
    parts = []
    for name, matrices in sets().items():
        parts.append(f"**{name}**\n\n{table(matrices)}")
    parts.append(f"**Automatic replies, 25 mails**\n\n{table({'automatic reply': automatic()})}")
    counted, kinds = questions(), ("situation", "problem", "implication", "payoff", "none")
    total = sum(counted.values())
    right = sum(counted[kind, kind] for kind in kinds)
    lines = [
        f"| {kind} | " + " | ".join(str(counted[kind, other]) for other in kinds) + " |"
        for kind in kinds
    ]
    head = f"| it is, and was taken for | {' | '.join(kinds)} |\n|--|--|--|--|--|--|"
    parts.append(f"**Types of a seller's question, English**: {share(right, total)} right of")
    parts[-1] += f" {total}\n\n" + "\n".join([head, *lines])
    good, of = topics()
    parts.append(f"**Topic of a concern that was found, English**: {share(good, of)} right of {of}")
    return "\n\n".join(parts)


def marked(page: str, name: str, content: str) -> str:
    """Return the page with the part between two marks replaced."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{content}\n\n{end}{after}"


def main() -> None:
    """Print the tables, or write them into the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--wrong", action="store_true", help="list the sentences it got wrong")
    given = arguments.parse_args()
    public = objections()
    if given.write:
        page = marked(PAGE.read_text(encoding="utf-8"), "figures", stored_figures())
        if public is not None:
            page = marked(page, "objections", table(public))
        PAGE.write_text(page, encoding="utf-8")
        return
    print(stored_figures())
    if public is not None:
        print("\n**Public list of objections**\n\n" + table(public))
    if given.wrong:
        for name, matrices in sets().items():
            for kind, matrix in matrices.items():
                print("\n".join(f"{name}, {kind}: {line}" for line in matrix.wrong))


if __name__ == "__main__":
    main()
