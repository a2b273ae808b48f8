"""The port to the rule engines: compiled rules and flat facts in, one judgement per rule out.

Three engines keep one meaning, which ``oracle`` defines: ``durable`` (durable_rules, where it can
be installed), ``python`` (no dependency) and ``oracle`` itself (slow, for comparison). ``auto``
takes durable where it imports.
An engine judges every rule it is given; whether a rule is disabled is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from crmrules.engine.compiled import PythonEngine
from crmrules.engine.oracle import OracleEngine
from crmrules.engine.port import Engine, EngineError, FactError, Facts, Judgement
from crmrules.engine.values import Kinds
from crmrules.errors import UsageError
from crmrules.rule import Rule

__all__ = [
    "Engine",
    "EngineError",
    "FactError",
    "Facts",
    "Judgement",
    "available",
    "build",
]

ENGINES = ("auto", "durable", "python", "oracle")


def available() -> tuple[str, ...]:
    """Return the names of the engines that work here, the preferred one first."""
    return ("durable", "python") if _durable_imports() else ("python",)


def build(rules: Iterable[Rule], engine: str = "auto", kinds: Kinds | None = None) -> Engine:
    """Return the rules ready to judge, on the engine named.

    ``kinds`` says which kind each signal has; None takes it from the registry. Raises
    ``UsageError`` for an unknown engine, for ``durable`` where it is not installed, and for a rule
    that compares what cannot be compared.
    """
    chosen = tuple(rules)
    if engine == "auto":
        engine = available()[0]
    if engine == "python":
        return PythonEngine(chosen, kinds)
    if engine == "oracle":
        return OracleEngine(chosen, kinds)
    if engine != "durable":
        raise UsageError(
            f"no engine is called '{engine}'", remedy=f"Use one of: {', '.join(ENGINES)}."
        )
    if not _durable_imports():
        raise UsageError(
            "the durable engine needs the package durable-rules, which does not import here",
            remedy="Run pip install 'crmrules[durable]' (Python below 3.13 and a C compiler), "
            'or set engine = "auto".',
        )
    return _durable(chosen, kinds)


_last: tuple[list[str], Kinds | None, Engine] | None = None


def _durable(rules: tuple[Rule, ...], kinds: Kinds | None) -> Engine:
    """Return the engine of these rules, the last one again where they are the same.

    durable_rules keeps part of every ruleset for good, deleted or not (0.2 to 0.4 MB of five rules;
    measured), so a process that syncs again and again must not make them anew each time.
    """
    global _last  # noqa: PLW0603 - it is the process that keeps what the C module never gives back
    words = [rule.model_dump_json() for rule in rules]  # for Python, 1 is True and 1.0
    if _last is None or _last[:2] != (words, kinds):
        made: Engine = import_module("crmrules.engine.durable").DurableEngine(rules, kinds)
        _last = (words, kinds, made)
    return _last[2]


def _durable_imports() -> bool:
    try:
        import_module("durable_rules_engine")
    except ImportError:
        return False
    return True
