"""Write docs/faults.md from the promises and from the tests that carry their marks.

    python tests/faults/page.py          writes the page

Tests are read, not run: ``@pytest.mark.fault("N2", "N3")`` on a test, or in the ``pytestmark`` of a
module. A test counts for the CRMs of its folder; one that asks for ``crm``, itself or through a
fixture of its module or folder, for both; ``on="hubspot"`` in the mark says it where neither tells.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from promises import GROUPS, HUBSPOT, NOT_PROMISED, ON, ROWS, SALESFORCE, Not, Row

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "faults.md"
FOLDERS = {
    "salesforce": ON["salesforce"],
    "hubspot": ON["hubspot"],
    "hubspot_provision": ON["hubspot"],
    "once": ON["both"],
    "torture": ON["both"],
}
_HEAD = """\
# What goes wrong, what is promised, and which test shows it

Made from the tests by `python tests/faults/page.py`; a test fails where the page and the tests
differ, where a row has no test, and where it has none on a CRM it is about. Behind every row stands
the same promise: nothing is made twice, nothing is lost, nothing a person did is overwritten, no
secret comes out, the exit code says what to do, and the next good run ends where an undisturbed one
would have. Exit codes: [reference.md](reference.md#exit-codes). "slow" and "torture" name the loop
a test runs in ([CONTRIBUTING](../CONTRIBUTING.md)); the others run in the fast one.
"""
_NOT = """\
## What is not promised

Each with the test that shows it, or the reason why there is none.
"""


@dataclass(frozen=True)
class Proof:
    """A test with the rows it proves, and the CRMs it runs on (none: no CRM takes part)."""

    file: str
    name: str
    rows: tuple[str, ...]
    crms: tuple[str, ...]
    loop: str = ""  # slow or torture

    @property
    def words(self) -> str:
        """Its name as the sentence it is."""
        return self.name.removeprefix("test_").replace("_", " ")


def proofs(tests: Path = TESTS) -> list[Proof]:
    """Return every test that carries the mark, in the order of files and lines."""
    found: list[Proof] = []
    for file in sorted(tests.rglob("test_*.py")):
        beside = file.with_name("conftest.py")
        shared = beside.read_text(encoding="utf-8") if beside.is_file() else ""
        found += read(file.read_text(encoding="utf-8"), file.relative_to(tests.parent), shared)
    return found


def read(source: str, file: Path, conftest: str = "") -> Iterator[Proof]:
    """Yield the marked tests of a module; ``file`` is relative to the project."""
    if ".fault(" not in source:
        return
    module = ast.parse(source)
    bodies = [*ast.parse(conftest).body, *module.body]
    functions = {n.name: n for n in bodies if isinstance(n, ast.FunctionDef)}
    shared = [call for node in module.body for call in _pytestmark(node)]
    lists = dict(pair for node in module.body for pair in _constants(node))
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            proof = _proof(file, node.name, [*shared, *node.decorator_list], lists)
            if proof is not None:
                found = proof.crms or _crms(file, node, functions)
                yield Proof(proof.file, proof.name, proof.rows, found, proof.loop)
        elif isinstance(node, ast.ClassDef):
            proof = _proof(file, node.name, [*shared, *node.decorator_list], lists)
            if proof is not None:
                yield Proof(proof.file, proof.name, proof.rows, proof.crms, proof.loop)


def _pytestmark(node: ast.stmt) -> list[ast.expr]:
    named = isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )
    if not named:
        return []
    return node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]


def _constants(node: ast.stmt) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names of a module that stand for several texts."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple | ast.List):
        texts = [one.value for one in node.value.elts if isinstance(one, ast.Constant)]
        for target in node.targets:
            if isinstance(target, ast.Name) and len(texts) == len(node.value.elts):
                yield target.id, tuple(map(str, texts))


def _rows(mark: ast.Call, lists: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for one in mark.args:
        if isinstance(one, ast.Starred):
            yield from lists[ast.unparse(one.value)]
        else:
            yield str(ast.literal_eval(one))


def _proof(
    file: Path, name: str, marks: Iterable[ast.expr], lists: dict[str, tuple[str, ...]]
) -> Proof | None:
    rows: list[str] = []
    crms: tuple[str, ...] = ()
    loop = ""
    for mark in marks:
        text = ast.unparse(mark)
        if text.endswith(("mark.slow", "mark.torture")):
            loop = text.rpartition(".")[2]
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.fault"):
            rows += _rows(mark, lists)
            for keyword in mark.keywords:
                crms = ON[str(ast.literal_eval(keyword.value))]
    return Proof(str(file), name, tuple(dict.fromkeys(rows)), crms, loop) if rows else None


def _crms(
    file: Path, node: ast.FunctionDef, functions: dict[str, ast.FunctionDef]
) -> tuple[str, ...]:
    if len(file.parts) > 2 and file.parts[1] in FOLDERS:
        return FOLDERS[file.parts[1]]
    for crm in (SALESFORCE, HUBSPOT):
        if file.stem.endswith(f"{crm}_only"):
            return (crm,)
    return (SALESFORCE, HUBSPOT) if "crm" in _asked(node, functions, set()) else ()


def _asked(
    node: ast.FunctionDef, functions: dict[str, ast.FunctionDef], seen: set[str]
) -> set[str]:
    """Return the fixtures a test asks for, those its module's fixtures ask for included."""
    found = {one.arg for one in node.args.args}
    for name in found - seen:
        seen.add(name)
        if name in functions:
            found |= _asked(functions[name], functions, seen)
    return found


def missing(found: Iterable[Proof]) -> dict[str, str]:
    """Return the rows without a test, or without one on a CRM they are about, and what lacks."""
    by_row: dict[str, list[Proof]] = {name: [] for name in ROWS}
    for proof in found:
        for row in proof.rows:
            by_row[row].append(proof)
    lacking = {}
    for name, row in ROWS.items():
        have = {crm for proof in by_row[name] for crm in proof.crms}
        bare = [crm for crm in ON[row.on] if crm not in have]
        if not by_row[name]:
            lacking[name] = "no test"
        elif bare:
            lacking[name] = f"no test on {', '.join(bare)}"
    return lacking


def page(found: list[Proof]) -> str:
    """Return the page."""
    parts = [_HEAD]
    for letter, title in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [
            _row(name, row, [proof for proof in found if name in proof.rows])
            for name, row in ROWS.items()
            if name.startswith(letter)
        ]
    parts.append(_NOT)
    parts += [_not(one) for one in NOT_PROMISED]
    return "\n".join(parts)


def _row(name: str, row: Row, found: list[Proof]) -> str:
    lines = [f"### {name}: {row.fault}\n", row.promise]
    if row.less:
        lines.append(f"\nLess, and why: {row.less}")
    return "\n".join([*lines, "", *(_line(proof) for proof in found), ""])


def _line(proof: Proof) -> str:
    on = "both" if len(proof.crms) == 2 else "".join(proof.crms) or "core"
    loop = f", {proof.loop}" if proof.loop else ""
    return f"- {on}{loop}: [{proof.words}](../{proof.file})"


def _not(one: Not) -> str:
    lines = [f"- **{one.what}.** {one.why}"]
    if one.test:
        file, _, name = one.test.partition("::")
        lines.append(f"  Shown by: [{name.removeprefix('test_').replace('_', ' ')}](../{file})")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(proofs()) + "\n", encoding="utf-8")
