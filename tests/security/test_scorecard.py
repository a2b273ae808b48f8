"""What SECURITY.md says of OpenSSF's checks is so, for each that the files here can tell."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
).stdout.split("\0")[:-1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TOLD = PAGE.partition("OpenSSF's Scorecard")[2]
TABLE = dict(re.findall(r"^\| `([A-Z][A-Za-z-]+)` \| (.*) \|$", TOLD, re.MULTILINE))
PROGRAMS = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"PK\x03\x04", b"\x1f\x8b")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def no_program_and_no_archive_is_kept() -> None:
    if not NAMES:
        pytest.skip("no checkout")
    paths = [ROOT / name for name in NAMES if (ROOT / name).is_file()]
    assert [p for p in paths if p.read_bytes()[:4].startswith(PROGRAMS)] == []
    assert [name for name in NAMES if name.endswith((".pyc", ".so", ".whl", ".jar"))] == []


def everything_is_tested_on_a_clean_clone() -> None:
    assert {"make test-all", "make check"} <= set(read(".ci/run").splitlines())


def there_is_no_workflow() -> None:
    assert [name for name in NAMES if name.startswith((".github/workflows", ".gitlab-ci"))] == []


def the_fuzzers_are_there() -> None:
    assert "atheris" in read("pyproject.toml")
    assert re.search(r"^fuzz:", read("Makefile"), re.MULTILINE)


def the_licence_is_the_one_named() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["license"] == TABLE["License"]
    assert "Apache License" in read("LICENSE")[:200]


def what_is_installed_is_pinned_and_nothing_is_fetched_to_be_run() -> None:
    dockerfile = read("deploy/docker/Dockerfile")
    assert dockerfile.count("--require-hashes") == 2
    for name in [name for name in NAMES if name.startswith(".ci/") or name == "Makefile"]:
        assert not re.search(r"(curl|wget)\b", read(name)), name
    project = tomllib.loads(read("pyproject.toml"))
    every = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    every += project["project"]["optional-dependencies"].values()
    assert [one for group in every for one in group if " @ " in one or "://" in one] == []


def the_source_is_analysed() -> None:
    check = read("Makefile").partition("\ncheck:")[2].partition("\n\n")[0]
    assert "bandit" in check
    assert "ruff check" in check


def what_is_in_it_is_listed() -> None:
    assert "make sbom" in read(".ci/run")


def a_weakness_can_be_reported_in_private() -> None:
    assert "## Reporting a weakness" in PAGE
    assert "90 days" in PAGE


def advisories_can_be_asked() -> None:
    assert "--strict" in read(".ci/audit")


CHECKS = {
    "Binary-Artifacts": no_program_and_no_archive_is_kept,
    "CI-Tests": everything_is_tested_on_a_clean_clone,
    "Dangerous-Workflow": there_is_no_workflow,
    "Token-Permissions": there_is_no_workflow,
    "Fuzzing": the_fuzzers_are_there,
    "License": the_licence_is_the_one_named,
    "Pinned-Dependencies": what_is_installed_is_pinned_and_nothing_is_fetched_to_be_run,
    "SAST": the_source_is_analysed,
    "SBOM": what_is_in_it_is_listed,
    "Security-Policy": a_weakness_can_be_reported_in_private,
    "Vulnerabilities": advisories_can_be_asked,
}


@pytest.mark.parametrize("name", TABLE)
def test_what_the_page_says_of_a_check_is_so(name):
    if name in CHECKS:
        CHECKS[name]()
    else:
        assert TABLE[name].startswith("no")


def test_no_check_is_left_out_of_the_page():
    assert set(CHECKS) < set(TABLE)


def test_every_script_stops_at_its_first_failure():
    for name in [name for name in NAMES if name.startswith(".ci/")]:
        assert re.search(r"^set -euo pipefail$", read(name), re.MULTILINE), name
