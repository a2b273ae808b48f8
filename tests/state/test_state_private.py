"""The store holds what customers told us: nobody else on the machine reads it."""

from __future__ import annotations

import os
import stat

from state_kit import on_sqlite

from crmrules.state import Store


def rights(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@on_sqlite
def test_a_new_store_and_its_journal_are_readable_by_their_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        with Store(f"sqlite:///{tmp_path}/s.db") as store:
            store.for_org("00D")
            seen = {path.name: rights(path) for path in tmp_path.glob("s.db*")}
    finally:
        os.umask(before)

    assert seen["s.db"] == 0o600
    assert {mode for name, mode in seen.items() if name != "s.db.lock"} == {0o600}


@on_sqlite
def test_a_store_that_exists_keeps_the_rights_an_admin_chose(tmp_path):
    file = tmp_path / "s.db"
    file.touch(mode=0o640)
    file.chmod(0o640)
    with Store(f"sqlite:///{file}") as store:
        store.for_org("00D")

    assert rights(file) == 0o640
