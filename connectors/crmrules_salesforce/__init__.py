"""The Salesforce connector. ``connect`` is what the entry point names.

Know before changing: importing this package must stay free of simple-salesforce and requests, so
that ``crmrules --help`` answers at once and a missing package is a sentence, not a traceback.

It holds no logic; start reading at ``connector``.
"""

from __future__ import annotations

import random as _random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmrules.errors import UsageError

if TYPE_CHECKING:
    from crmrules.mapping import Mapping as OrgMapping
    from crmrules_salesforce.connector import SalesforceConnector

__all__ = ["connect"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def connect(
    settings: Mapping[str, Any],
    *,
    mapping: OrgMapping,
    now: Callable[[], datetime] = _utc_now,
    sleep: Callable[[float], None] = time.sleep,
    random: Callable[[], float] = _random.random,
    wall: Callable[[], datetime] = _utc_now,
) -> SalesforceConnector:
    """Return a connector for the ``[salesforce]`` section; nothing is sent yet.

    ``now`` is the moment the run judges by and may lie in the past; ``wall`` is the real time, by
    which a sign-in is signed.

    Raises UsageError for a wrong section or a missing package.
    """
    from crmrules_salesforce.config import read_config  # noqa: PLC0415 - late, see the module

    config = read_config(settings)
    try:
        from crmrules_salesforce.connector import SalesforceConnector  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "crmrules_salesforce":
            raise
        raise UsageError(
            f"the Salesforce connector needs the package '{error.name}'",
            remedy="pip install 'crmrules[salesforce]'",
        ) from None
    return SalesforceConnector(
        config, mapping=mapping, now=now, sleep=sleep, random=random, wall=wall
    )
