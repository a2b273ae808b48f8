"""docs/faults.md is what the tests say, and every row of it has one."""

from __future__ import annotations

from pathlib import Path

import page
import pytest
from promises import GROUPS, NOT_PROMISED, ON, ROWS


@pytest.fixture(scope="module")
def found():
    return page.proofs()


def test_the_page_is_made_from_the_tests(found):
    written = page.PAGE.read_text(encoding="utf-8")
    assert written == page.page(found) + "\n", "run: python tests/faults/page.py"


def test_every_row_has_a_test_on_every_crm_it_is_about(found):
    lacking = page.missing(found)
    assert lacking == {}


def test_every_mark_names_a_row(found):
    named = {row for proof in found for row in proof.rows}
    assert named <= set(ROWS)


def test_all_fifty_four_rows_are_there():
    wanted = {"C": 4, "N": 6, "H": 13, "T": 2, "P": 3, "S": 7, "R": 6, "X": 9}
    assert {g: sum(name[0] == g for name in ROWS) for g in GROUPS} == wanted


def test_what_is_not_promised_names_tests_that_exist_or_a_reason():
    for one in NOT_PROMISED:
        assert one.why
        if one.test:
            file, _, name = one.test.partition("::")
            source = (page.TESTS.parent / file).read_text(encoding="utf-8")
            assert f"\ndef {name}(" in source, one.test


MODULE = """
import pytest
pytestmark = pytest.mark.fault("T2")

@pytest.fixture
def world(crm): ...

FEW = ("N2", "N3")

@pytest.mark.fault(*FEW)
def test_through_a_fixture(world): ...

@pytest.mark.slow
@pytest.mark.fault("H5", on="hubspot")
def test_told(): ...

def test_by_the_module_alone(tmp_path): ...
"""


def test_marks_fixtures_and_folders_tell_what_a_test_proves():
    found = {proof.name: proof for proof in page.read(MODULE, Path("tests/e2e/test_it.py"))}
    both = ("salesforce", "hubspot")
    assert {name: (one.rows, one.crms, one.loop) for name, one in found.items()} == {
        "test_through_a_fixture": (("T2", "N2", "N3"), both, ""),
        "test_told": (("T2", "H5"), ("hubspot",), "slow"),
        "test_by_the_module_alone": (("T2",), (), ""),
    }
    [*_, alone] = page.read(MODULE, Path("tests/salesforce/test_it.py"))
    assert alone.crms == ("salesforce",)


def test_a_row_lacks_what_no_test_shows():
    one = page.Proof("tests/x.py", "test_x", ("N2",), ("hubspot",))
    lacking = page.missing([one])
    assert lacking["N2"] == "no test on salesforce"
    assert lacking["N3"] == "no test"
    assert set(lacking) == set(ROWS)
    assert "N2" not in page.missing([one, page.Proof("tests/y.py", "y", ("N2",), ON["both"])])
