"""The fuzzer's targets: what once fell out of it, and some seconds of each where it is there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import targets

HERE = Path(__file__).parent
ONCE = sorted((HERE / "once").iterdir())


@pytest.mark.parametrize("file", ONCE, ids=lambda file: file.name)
def test_what_once_did_harm_does_none(file):
    targets.TARGETS[file.name.partition("-")[0]](file.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_well_formed_input_is_read_by_its_target(name):
    seeds = list(targets.seeds(name))
    assert seeds
    for data in seeds:
        targets.TARGETS[name](data)


@pytest.mark.slow
@pytest.mark.fault("R3", "R5", "X1", "X2")
@pytest.mark.parametrize("name", targets.TARGETS)
def test_some_seconds_of_fuzzing_find_nothing(name, tmp_path):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install --group fuzz")
    ran = subprocess.run(
        [sys.executable, str(HERE / "fuzz.py"), name, "1", str(tmp_path)],
        capture_output=True,
        check=False,
        timeout=120,
    )
    said = ran.stderr.decode(errors="replace")
    assert ran.returncode == 0, said[-3000:]
    found = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    assert found is not None
    assert int(found[1]) > len(list(targets.seeds(name)))
