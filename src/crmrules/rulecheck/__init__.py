"""Is a rule a good rule? Names, texts, clearing, suppression, and the proof by its own tests.

``rulebook`` has already refused what cannot be read; this finds what reads well and is wrong. Each
check is one small function in ``form``, ``wording`` or ``proof`` and notes file, line and remedy.
Check the pack without an overlay: its tests are written for the numbers it ships with.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from crmrules.engine import available
from crmrules.engine.oracle import judge_rule
from crmrules.errors import CrmRulesError
from crmrules.problems import RuleProblem
from crmrules.rulebook import RuleBook, inspect
from crmrules.rulecheck import form, proof, wording
from crmrules.rulecheck._common import Checking
from crmrules.rulefile import Vocabulary
from crmrules.signals._registry import SIGNALS

__all__ = ["RuleProblem", "check", "check_folders"]


def check(
    book: RuleBook,
    engines: Sequence[str] | None = None,
    vocabulary: Vocabulary | None = None,
    skip: Collection[str] = (),
) -> list[RuleProblem]:
    """Return every problem of every rule, by file and line.

    ``engines`` None: all that work here. ``skip`` names files that are known to be unreadable.
    """
    words = SIGNALS if vocabulary is None else vocabulary
    checkings = [Checking(rule, book, words) for rule in book.rules if rule.path not in skip]
    proper: list[Checking] = []
    for checking in checkings:
        try:
            judge_rule(checking.rule, {}, checking.kinds)
        except CrmRulesError as error:
            checking.note((), error.message, "Correct what 'rulebook' reports for this file.")
            continue
        proper.append(checking)
        for one in (*form.CHECKS, *wording.CHECKS, *proof.CHECKS):
            one(checking)
    proof.tests_pass(proper, available() if engines is None else engines)
    found = [problem for checking in checkings for problem in checking.found]
    return sorted(found, key=lambda problem: (problem.path, problem.line))


def check_folders(
    folders: Sequence[Path],
    overlay: Path | None = None,
    engines: Sequence[str] | None = None,
    vocabulary: Vocabulary | None = None,
) -> tuple[RuleBook, list[RuleProblem]]:
    """Return the rules as they ship, and every problem of reading, meaning and proof together.

    An overlay is checked too; the tests run on the shipped numbers.
    """
    book, problems = inspect(folders, vocabulary=vocabulary)
    unreadable = {problem.path for problem in problems}
    if overlay is not None:
        problems = inspect(folders, overlay, vocabulary)[1]
    problems += check(book, engines, vocabulary, unreadable)
    return book, sorted(problems, key=lambda problem: (problem.path, problem.line))
