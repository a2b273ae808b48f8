"""The sandbox portal on a loopback port.

Know before changing: the port itself is ``wire.server``. Plain HTTP is the default, because a
client of HubSpot takes a base URL and trusts the system's certificates; ``tls`` is for tests of
TLS.

Does not do: know what is asked (``gateway``).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from crmrules_sandbox.hubspot.gateway import Gateway
from crmrules_sandbox.hubspot.portal import Portal
from crmrules_sandbox.wire.server import Server


class HubSpotServer(Server):
    """A fake HubSpot account on a loopback port, from construction (or ``with``) until ``stop``.

    ``port`` 0 takes a free one. ``sleep`` is how the fault ``slow`` waits.
    """

    def __init__(
        self,
        portal: Portal,
        port: int = 0,
        *,
        tls: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.portal = portal
        self.gateway = Gateway(portal, sleep=sleep)
        super().__init__(self.gateway, port, tls=tls)
        self.start()

    def token(self) -> str:
        """Return a new token of the app."""
        return self.gateway.issue()

    def revoke_tokens(self) -> None:
        """Make every token worthless."""
        self.gateway.revoke()
