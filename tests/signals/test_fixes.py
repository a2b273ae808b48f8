"""Every reason for not knowing has its fix, or says how things stand and needs none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from crmrules import signals
from crmrules.signals.fixes import FIXES, HUBSPOT, NOTHING_TO_MEND, STARTS, fix_for

FOLDER = Path(signals.__file__).parent
SALESFORCE = "salesforce"


def reasons():
    """Return every text that a signal can give as its reason, as the source has it."""
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Unknown":
                given = node.args[0] if node.args else node.keywords[0].value
                yield from told(given, names)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "those":
                yield from (text for text in told(node.args[-1], names) if text)


def told(given, names):
    if isinstance(given, ast.Constant):
        yield given.value
    elif isinstance(given, ast.IfExp):
        yield from (*told(given.body, names), *told(given.orelse, names))
    elif isinstance(given, ast.JoinedStr):
        yield given.values[0].value + "..."
    elif isinstance(given, ast.Name) and given.id in names:
        yield names[given.id]
    else:
        assert getattr(given, "id", "") == "missing", f"cannot read {ast.dump(given)}"


ALL = sorted(set(reasons()) | {"some rules about concerns cannot tell"})


@pytest.mark.parametrize("reason", ALL)
def test_a_reason_has_a_fix_or_is_a_state_that_nobody_has_to_mend(reason):
    if reason in NOTHING_TO_MEND:
        assert fix_for(reason, SALESFORCE) == fix_for(reason, HUBSPOT) == ""
    elif reason.endswith("..."):
        assert any(start.startswith(reason[:-3]) for start in STARTS), reason
    else:
        assert fix_for(reason, SALESFORCE)
        assert fix_for(reason, HUBSPOT)


def test_no_fix_is_for_a_reason_that_no_signal_gives():
    assert set(FIXES) - set(ALL) == set()
    assert set(ALL) >= NOTHING_TO_MEND


def test_reasons_that_name_something_are_known_by_their_beginning():
    assert "[text]" in fix_for("the text signal 'price' is off", SALESFORCE)
    assert "transcripts" in fix_for("there is no transcript with known speakers", HUBSPOT)
    assert "transcripts" in fix_for("there is fewer than 2 transcripts with known speakers", "x")


def test_each_crm_is_told_of_its_own_fields():
    assert "CrmRules_Focus__c" in fix_for("no contact has a role", SALESFORCE)
    assert "hs_buying_role" in fix_for("no contact has a role", HUBSPOT)
    assert "__c" not in " ".join(fix_for(reason, HUBSPOT) for reason in FIXES)


def test_a_fix_is_a_sentence_or_two_and_no_more():
    for found in FIXES.values():
        for text in found:
            assert text.endswith("."), text
            assert len(text) <= 210, text
