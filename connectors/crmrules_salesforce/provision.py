"""Make our fields and rights in an org, and take them away: ``connect`` is the entry point's.

Know before changing: the modules behind it need packages of the extra ``[salesforce]``; they are
imported late, so that a missing one is a sentence.

It holds no logic; go on reading at ``provisioner``.
"""

from __future__ import annotations

import random as _random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmrules.errors import UsageError

if TYPE_CHECKING:
    from crmrules_salesforce.config import Config
    from crmrules_salesforce.provisioner import SalesforceProvisioner


def connect(
    settings: Mapping[str, Any],
    *,
    token: str | None,
    flags: Sequence[str],
    views: bool = False,
    assign: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> SalesforceProvisioner:
    """Return a provisioner for the ``[salesforce]`` section; nothing is sent yet.

    ``token``: an administrator's; None: the section's own sign-in, which is enough to look at
    fields. ``views``: also list views, reports, a dashboard and a layout. ``assign``: give our
    permission set to the user whom the section signs in as.

    Raises UsageError for a wrong section or a missing package.
    """
    from crmrules_salesforce.config import read_config  # noqa: PLC0415 - late, as in the package

    config = read_config(settings if token is None else _as_admin(settings, token))
    try:
        from crmrules_salesforce.http import Transport  # noqa: PLC0415
        from crmrules_salesforce.metadata import MetadataApi  # noqa: PLC0415
        from crmrules_salesforce.provisioner import SalesforceProvisioner  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "crmrules_salesforce":
            raise
        raise UsageError(
            f"the Salesforce connector needs the package '{error.name}'",
            remedy="pip install 'crmrules[salesforce]'",
        ) from None

    def transport(config: Config) -> Transport:
        return Transport(config, now=_now, sleep=sleep, random=_random.random, wall=_now)

    made = transport(config)
    return SalesforceProvisioner(
        made,
        MetadataApi(made, sleep=sleep),
        flags=flags,
        views=views,
        assign=assign,
        sync=None if token is None else lambda: transport(read_config(settings)),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _as_admin(settings: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return the section with the administrator's token in place of the sync's sign-in."""
    if not settings.get("instance_url"):
        raise UsageError(
            "an administrator's token needs the address of the org",
            remedy="set it to the org's own My Domain address",
            where="[salesforce] instance_url",
        )
    names = ("client_secret", "private_key", "access_token")
    without = {name: "" for key in names for name in (key, f"{key}_file")}
    return {**settings, **without, "auth": "token", "access_token": token}
