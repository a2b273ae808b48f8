"""Words of subjects and fields: whole words, endings only where an entry allows them."""

from __future__ import annotations

import pytest

from crmrules.signals import _words
from crmrules.signals._words import (
    ASKED_TO_SEE,
    DEMO,
    DISCOVERY,
    MATERIAL,
    RENEWAL,
    REPEAT,
    ROLLOUT,
    SURE,
    says,
)

TABLES = {name: value for name, value in vars(_words).items() if isinstance(value, tuple)}


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Demo for Northwind", DEMO),
        ("2nd DEMOS, operations", DEMO),
        ("Walk-through with finance", DEMO),
        ("Produktpräsentation beim Einkauf", DEMO),
        ("Discovery call", DISCOVERY),
        ("Needs\u2011Analysis, day 2", DISCOVERY),
        ("Erstgespräch mit Frau Anders", DISCOVERY),
        ("Data sheets as promised", MATERIAL),
        ("Existing Customer - Upgrade", REPEAT),
        ("existingbusiness", REPEAT),
        ("Vertragsverlängerung 2027", REPEAT),
        ("Web: demo request", ASKED_TO_SEE),
        ("KICK-OFF with the depot", ROLLOUT),
        ("Go live plan", ROLLOUT),
        ("Einführungsplanung Lager", ROLLOUT),
        ("Renewals_EMEA", RENEWAL),
        ("Vertragsverlängerung 2027", RENEWAL),
        ("BEST_CASE, then Commit", SURE),
    ],
)
def test_a_kind_is_told_by_its_words(words, kind):
    assert says(words, kind)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (None, DEMO),
        ("", DEMO),
        ("Demographics of the region", DEMO),
        ("Democracy at work", DEMO),
        ("Commitments of theirs", SURE),
        ("unverbindlich", SURE),
        ("Existing Customer - Upgrade", RENEWAL),
        ("Price and terms", ROLLOUT),
        ("Weekly call", DEMO),
        ("Represent Northwind", DEMO),
        ("Rediscovery", DISCOVERY),
        ("Weekly call", DISCOVERY),
        ("Nonexisting", REPEAT),
        ("New Customer", REPEAT),
        ("newbusiness", REPEAT),
        ("Industrial", ASKED_TO_SEE),
        ("Web", ASKED_TO_SEE),
    ],
)
def test_part_of_another_word_says_nothing(words, kind):
    assert not says(words, kind)


def test_a_subject_is_read_only_so_far():
    far = "x " * _words.LONGEST + "demo"
    assert not says(far, DEMO)
    assert says("demo " + far, DEMO)


@pytest.mark.parametrize("name", TABLES)
def test_entries_are_plain_lower_case_words_each_once(name):
    entries = TABLES[name]
    assert len(set(entries)) == len(entries)
    for entry in entries:
        assert entry == entry.casefold().strip()
        assert entry.rstrip("*").replace(" ", "").isalnum()
        assert says(entry.rstrip("*"), entries)
