"""What people call the opportunities and colleagues that a command names by their ids.

For a terminal alone: JSON and what goes into a pull request have ids, no customer's text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from crmrules.model import Opportunity
from crmrules.state import Spool
from crmrules.texts import safe

_LONGEST = 40  # UTF-16 code units of a name in a line
_LIST = "names"


def called(id_: str, names: Mapping[str, str | None]) -> str:
    """Return a name with its id behind it; the id alone where there is no name."""
    name = safe(names.get(id_) or "", _LONGEST)
    return f"{name} ({id_})" if name else id_


class MetNames:
    """The names met in a run: of people in memory, of opportunities on disk, for there are many."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.people: dict[str, str | None] = {}

    def learn(self, opportunity: Opportunity) -> None:
        """Note what an opportunity and our people around it are called."""
        self._spool.add(_LIST, (opportunity.id, opportunity.name))
        self.people.update((user.id, user.name) for user in opportunity.users or ())

    def opportunities(self, wanted: Collection[str]) -> dict[str, str | None]:
        """Return the names of some opportunities by id; they are read only where any is wanted."""
        if not wanted:
            return {}
        return {id_: name for id_, name in self._spool.read(_LIST) if id_ in wanted}
