"""What the container installs is pinned, each file by its hash, and is what pyproject asks for."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "deploy" / "docker" / "requirements.lock"
TEXT = LOCK.read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SERVER_SIDE = {"python_version": "3.11"}


def entries() -> dict[str, tuple[str, list[str]]]:
    """Return package -> (version, hashes) of the lock."""
    found = {}
    for entry in TEXT.replace("\\\n", " ").splitlines():
        pinned, *options = re.split(r"\s+--", entry.strip())
        requirement = Requirement(pinned)
        [version] = requirement.specifier
        assert version.operator == "==", pinned
        found[canonicalize_name(requirement.name)] = (version.version, options)
    return found


LOCKED = entries()


def wanted() -> list[Requirement]:
    """Return what the project itself asks for, with the extras that the lock is made for."""
    [extras] = re.findall(r"^LOCKED := (.*)$", MAKEFILE, re.MULTILINE)
    names, found = re.findall(r"--extra (\w+)", extras), list(PROJECT["dependencies"])
    assert "all" in names
    for name in names:
        found += PROJECT["optional-dependencies"][name]
    own = [Requirement(one) for one in found if one.startswith(PROJECT["name"] + "[")]
    for one in own:
        for name in one.extras:
            found += PROJECT["optional-dependencies"][name]
    return [r for one in found if (r := Requirement(one)).name != PROJECT["name"]]


def test_every_package_has_the_hash_of_each_file_and_nothing_else():
    assert len(LOCKED) > 20
    for name, (_, options) in LOCKED.items():
        assert options, name
        assert [one for one in options if not re.fullmatch(r"hash=sha256:[0-9a-f]{64}", one)] == []


def test_the_lock_names_no_host_and_no_folder():
    assert re.findall(r"https?:|file:|index-url|find-links|trusted-host|/", TEXT) == []


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_what_the_project_asks_for_is_pinned_to_a_version_it_takes(requirement):
    if requirement.marker is not None and not requirement.marker.evaluate(SERVER_SIDE):
        return
    version, _ = LOCKED[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version), f"{requirement}: make lock"


def test_every_extra_but_the_one_that_needs_a_compiler_is_in_the_lock():
    extras = PROJECT["optional-dependencies"]
    every = {
        canonicalize_name(Requirement(one).name)
        for name, group in extras.items()
        if name != "durable"
        for one in group
    } - {PROJECT["name"]}
    assert every - set(LOCKED) == set(), "add the extra to LOCKED in the Makefile, then make lock"


@pytest.mark.slow
def test_pip_takes_the_lock_as_it_is_with_nothing_missing_from_it():
    """With hashes required, pip refuses a package that the lock does not name."""
    options = ["--require-hashes", "--dry-run", "--ignore-installed", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--requirement", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
