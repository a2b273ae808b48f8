"""The sandbox org on a loopback port.

Know before changing: the port itself is ``wire.server``; here an org meets its API, its tokens and
its gateway, and that composition is what tests and the demo hold in their hands.

Does not do: know what is asked (``gateway``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from crmrules_sandbox.salesforce.api import Api
from crmrules_sandbox.salesforce.auth import Auth
from crmrules_sandbox.salesforce.gateway import Gateway
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.paging import Cursors
from crmrules_sandbox.wire.server import Server


class SandboxServer(Server):
    """A fake Salesforce org on a loopback port, from construction (or ``with``) until ``stop``.

    ``port`` 0 takes a free one. ``tls`` False serves plain HTTP. ``page_size`` is the most rows of
    a query page; one below 200 also lowers the smallest page, so tests need few rows.
    ``token_life`` None: tokens do not end. ``sleep`` is how the fault ``slow`` waits.
    """

    def __init__(
        self,
        org: Org,
        port: int = 0,
        *,
        tls: bool = True,
        page_size: int = 2000,
        most_cursors: int = 10,
        token_life: timedelta | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.org = org
        self.auth = Auth(org, token_life=token_life)
        self.api = Api(org, Cursors(page_size, most_open=most_cursors))
        self.gateway = Gateway(org, self.api, self.auth, sleep=sleep)
        super().__init__(self.gateway, port, tls=tls)
        self.auth.instance_url = self.url
        self.start()

    def token(self, user_id: str | None = None) -> str:
        """Return a new access token; None means for the integration user."""
        return self.auth.issue(user_id)
