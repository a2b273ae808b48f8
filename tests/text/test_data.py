"""Pattern files: those shipped, a folder of one's own, and what is wrong with one."""

from __future__ import annotations

import builtins
import sys
from datetime import UTC, datetime

import pytest

from crmrules.errors import UsageError
from crmrules.text import Text, languages, reader

MINE = """\
language: fr
price: {any: ["trop cher"]}
negation: {words: [pas]}
"""


def test_english_and_german_are_shipped():
    assert languages() == ["de", "en"]


def test_a_folder_of_ones_own_adds_a_language_and_replaces_one(tmp_path):
    pytest.importorskip("re2")
    (tmp_path / "fr.yml").write_text(MINE)
    (tmp_path / "en.yml").write_text('language: en\nprice: {any: ["steep"]}\n')
    found = reader(["price"], ["fr", "en"], folder=tmp_path)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    texts = ["C'est trop cher.", "Pas trop cher.", "Rather steep.", "Too expensive."]
    mentions = found.classifier.mentions([Text(t, t, at) for t in texts])
    assert [m.record for m in mentions] == ["C'est trop cher.", "Rather steep."]


@pytest.mark.parametrize(
    ("wanted", "content", "said"),
    [
        ("dee", None, "Did you mean 'de'"),
        ("fr", None, "add fr.yml"),
        ("fr", "language: fr\nprise: {any: [x]}", "prise: Extra inputs"),
        ("fr", "language: [", "cannot be read"),
        ("fr", "language: fr\nprice: {any: 3}", "price.any"),
        ("fr", "", "problem"),
    ],
)
def test_a_language_without_patterns_or_a_wrong_file_is_told_with_its_place(
    tmp_path, wanted, content, said
):
    if content is not None:
        (tmp_path / "fr.yml").write_text(content)
    with pytest.raises(UsageError) as told:
        reader(["price"], [wanted], folder=tmp_path)
    assert said in str(told.value)
    assert "[text]" in str(told.value) or "fr.yml" in str(told.value)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        reader(["price"], ["en"], folder=tmp_path / "none")


def test_a_missing_package_is_told_when_a_signal_is_switched_on(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "re2":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "re2", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    assert reader([], ["en"]) is None
    with pytest.raises(UsageError, match="google-re2") as told:
        reader(["price"], ["en"])
    assert "crmrules[text]" in told.value.remedy
