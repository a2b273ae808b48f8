"""The HubSpot connector. ``connect`` is what the entry point names.

Know before changing: importing this package must stay free of httpx, so that ``crmrules --help``
answers at once and a missing package is a sentence, not a traceback.

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
    from crmrules_hubspot.connector import HubSpotConnector

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
    clock: Callable[[], float] = time.monotonic,
) -> HubSpotConnector:
    """Return a connector for the ``[hubspot]`` section; nothing is sent yet.

    ``now`` is the moment the run judges by; ``clock`` counts the seconds by which calls are paced.

    Raises UsageError for a wrong section or a missing package.
    """
    from crmrules_hubspot.config import read_config  # noqa: PLC0415 - late, see the module

    config = read_config(settings)
    try:
        from crmrules_hubspot.connector import HubSpotConnector  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "crmrules_hubspot":
            raise
        raise UsageError(
            f"the HubSpot connector needs the package '{error.name}'",
            remedy="pip install 'crmrules[hubspot]'",
        ) from None
    return HubSpotConnector(
        config, mapping=mapping, now=now, sleep=sleep, random=random, clock=clock
    )
