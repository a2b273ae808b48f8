"""The shape of the code, held by tests: size, direction of imports, errors that help."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from crmrules import errors

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for folder in ("src", "connectors")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_fits_in_one_head(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def functions():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def test_a_function_fits_on_one_screen():
    # A command's options stand in its signature; its body is what is read.
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"
        for path, node in functions()
        if (lines := (node.end_lineno or 0) - node.body[0].lineno + 1) > 40
    ]

    assert long == []


def test_every_module_says_what_it_is():
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert silent == []


def test_imports_point_one_way():
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


ALL_ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.CrmRulesError)
]


@pytest.mark.parametrize("kind", ALL_ERRORS, ids=lambda kind: kind.__name__)
def test_no_error_can_be_raised_without_a_remedy(kind):
    with pytest.raises(TypeError, match="remedy"):
        kind("something went wrong")

    shown = str(kind("it broke", remedy="Mend it.", where="file:3"))

    assert shown == "file:3: it broke\n  -> Mend it."
    assert kind.exit_code in {1, 2, 3, 4, 5, 6, 75}


def test_nothing_is_left_for_later():
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")
    vendors = f"{words[0]}:To-do"  # one of HubSpot's types of tasks
    left = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in MODULES
        for word in words
        if word in path.read_text(encoding="utf-8").replace(vendors, "")
    ]

    assert left == []
