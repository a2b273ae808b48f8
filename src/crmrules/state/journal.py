"""A small note that is no organization's: what a scheduler must know after it was stopped.

It is kept under the name of a configuration, because a run that cannot sign in has no organization.
Nothing is made for it: a store that is not there yet, or is of another version, has no note.

It waits for nobody longer than a second, and knows nothing of what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from crmrules.state import upgrade
from crmrules.state.history import History
from crmrules.state.schema import VERSION
from crmrules.state.store import Store

_NAME = "journal"
_PATIENCE = 1000  # milliseconds: a run that holds the database may hold it for minutes


def read(url: str, of: str) -> Any:
    """Return what was kept for a configuration; None: nothing.

    Raises StateError where the store cannot be used.
    """
    with opened(url) as store:
        return None if store is None else _read(store, of)


def _read(store: Store, of: str) -> Any:
    with store.reading() as connection:
        return History(connection, of).get(_NAME)


def change(url: str, of: str, changed: Callable[[Any], Any]) -> bool:
    """Replace what is kept by what ``changed`` makes of it, in one transaction.

    It gets None where nothing is kept, and returns a JSON value. Returns whether there is a store
    to keep it in. Raises StateError where it cannot be used, LockedError where another run writes.
    """
    with opened(url) as store:
        if store is None:
            return False
        with store.engine.begin() as connection:
            history = History(connection, of)
            history.set(_NAME, changed(history.get(_NAME)))
        return True


@contextmanager
def opened(url: str) -> Iterator[Store | None]:
    """Open the store where it is there and of this version, else give None."""
    with Store(url) as store:
        if store.file is not None and not store.file.exists():
            yield None
            return
        if store.file is not None:
            event.listen(store.engine, "connect", _hurry)
        with store.reading() as connection:
            found = upgrade.check(connection)
        yield store if found == VERSION else None


def _hurry(connection: Any, _: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
