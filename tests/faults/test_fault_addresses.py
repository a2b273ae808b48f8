"""An address in the configuration or in an answer that would lead the token elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from crmrules.errors import UsageError
from crmrules.section import check_url, is_loopback
from crmrules_hubspot.config import read_config as hubspot
from crmrules_salesforce.config import read_config as salesforce

pytestmark = pytest.mark.fault("X6", on="both")

HOSTS = {"salesforce": "acme.my.salesforce.com", "hubspot": "api.hubapi.com"}
READ = {
    "salesforce": lambda url: (
        salesforce({"auth": "token", "access_token": "t", "instance_url": url}).instance_url
    ),
    "hubspot": lambda url: hubspot({"access_token": "t", "base_url": url}).base_url,
}
ELSEWHERE = (
    "http://{host}",
    "ftp://{host}",
    "//{host}",
    "{host}",
    "https://evil.example",
    "https://evil.example/{host}",
    "https://evil.example?{host}",
    "https://evil.example#{host}",
    "https://evil.example#.{host}",
    "https://evil.example\\.{host}",
    "https://evil.example%2f.{host}",
    "https://evil.example%00.{host}",
    "https://evil.example\t.{host}",
    "https://{host}@evil.example",
    "https://{host}:443@evil.example",
    "https://user@{host}",
    "https://user:secret@{host}",
    "https://{host}\\@evil.example",
    "https://{host}.evil.example",
    "https://evil-salesforce.com",
    "https://evilhubapi.com",
    "https://salesforce.com.example",
    "https://hubapi.com",
    "https://{host}:99999",
    "https://{host}:x",
    "https://аpi.hubapi.com",  # noqa: RUF001 - a Cyrillic letter
    "https://acme.my.sаlesforce.com",  # noqa: RUF001 - the same
    "https://acme.my.salesforce。com",  # a full stop of another script
    "https://xn--pi-6kc.hubapi.com.evil.example",
    "https://10.0.0.1",
    "https://169.254.169.254",
    "https://[fe80::1]",
    "https://[::ffff:10.0.0.1]",
    "https://[::ffff:169.254.169.254]",
    "http://[::ffff:10.0.0.1]",
    "http://0.0.0.0",
    "http://127.0.0.1.nip.io",
    "http://localhost.evil.example",
    "http://2130706433",
    "https://{host}?next=https://evil.example",
    "https://{host}#x",
    "javascript:alert(1)",
    "",
)


@pytest.mark.parametrize("crm", HOSTS)
@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_an_address_that_leads_elsewhere_is_refused_and_not_repeated(crm, pattern):
    url = pattern.replace("{host}", HOSTS[crm])
    with pytest.raises(UsageError) as caught:
        READ[crm](url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("crm", HOSTS)
@pytest.mark.parametrize("scheme", ["https://{}", "https://{}:443", "https://{}/", "HTTPS://{}"])
def test_the_vendors_own_address_is_taken(crm, scheme):
    assert READ[crm](scheme.format(HOSTS[crm]))


@given(
    st.text(st.sampled_from("abz.:/\\@?#[]%0127\t -_\u00e9s\u017f"), max_size=14),
    st.sampled_from(("https://{}", "https://{}.hubapi.com", "https://api.hubapi.com{}")),
)
def test_what_is_taken_leads_nowhere_else_by_any_reading(text, pattern):
    """The two clients that send it read the address as we do."""
    url = pattern.format(text)
    try:
        taken = check_url(url, ("hubapi.com",))
    except ValueError:
        return
    hosts = {urlsplit(taken).hostname, httpx.URL(taken).host}
    hosts.add(urlsplit(requests.Request("GET", taken).prepare().url).hostname)
    assert all(is_loopback(host) or host.endswith(".hubapi.com") for host in hosts), hosts
