"""Statements compiled once for all the stores of a test process.

SQLAlchemy keeps what it has compiled for each engine, and nearly every test opens a store of its
own: compiling was a quarter of a short sync. What is kept depends on the dialect alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from crmrules.state import database

_first: list[Engine] = []  # whose dialect, and with it whose compiled statements, all others use


def once_for_all_stores() -> None:
    """Let every engine of SQLite that is made from now on use what the first has compiled."""
    make = database.create_engine

    def made(url: Any, **options: Any) -> Engine:
        engine = make(url, **options)
        if engine.dialect.name == "sqlite":
            first = _first[0] if _first else engine
            _first[:] = [first]
            engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        return engine

    database.create_engine = made
