"""Certificates are checked, and nothing in the environment changes that."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crmrules.errors import CrmRulesError
from crmrules.mapping import Mapping
from crmrules.transport import tls_context
from crmrules_hubspot import connect as hubspot
from crmrules_salesforce import connect as salesforce

pytestmark = pytest.mark.fault("X5")
NOW = datetime.now(UTC)
TOKEN = "00D!a-token-that-must-not-leave"
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
DAY = timedelta(days=1)


class Authority:
    """A certificate authority that signs whatever a test wants."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        self.pem = self._signed(self.key.public_key(), self.name, NOW - DAY, NOW + DAY, None)

    def server(self, folder, *, name=LOOPBACK, begins=NOW - DAY, ends=NOW + DAY):
        """Return the TLS context of a server with such a certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        file = folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self._signed(key.public_key(), subject, begins, ends, name)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, public, subject, begins, ends, name) -> bytes:
        issuer = self.key.public_key()
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ) | dict.fromkeys(("encipher_only", "decipher_only"), False)
        ca = name is None
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False)
            .add_extension(
                x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **usage),
                critical=True,
            )
        )
        if name is not None:
            built = built.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        return built.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def serving(context: ssl.SSLContext):
    """Listen with this context; yield the port and what clients managed to say."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                raw, _ = listener.accept()
            except TimeoutError:
                continue
            with contextlib.suppress(OSError), raw, context.wrap_socket(raw, True) as client:
                heard.append(client.recv(4096))
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        done.set()
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def bundle(authority, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.pem)
    return str(file)


BAD = {
    "of another host": {"name": x509.DNSName("crm.example.com")},
    "that has expired": {"begins": NOW - 9 * DAY, "ends": NOW - DAY},
    "that is not valid yet": {"begins": NOW + DAY, "ends": NOW + 2 * DAY},
    "of an unknown authority": {},
}
PEOPLE_TRY = {
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
    "PYTHONHTTPSVERIFY": "0",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "1",
}


def ask(crm: str, port: int, ca: str):
    """Let a connector make its first call."""
    url = f"https://127.0.0.1:{port}"
    section = {"access_token": TOKEN, "ca_bundle": ca}
    if crm == "hubspot":
        made = hubspot(section | {"base_url": url}, mapping=Mapping())
    else:
        made = salesforce(section | {"auth": "token", "instance_url": url}, mapping=Mapping())
    made._transport._sleep = lambda _: None
    try:
        made.check()
    finally:
        made.close()


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.parametrize(
    "what",
    [w if w == "of another host" else pytest.param(w, marks=pytest.mark.slow) for w in BAD],
)
def test_a_certificate_that_is_not_right_gets_no_token_whatever_the_environment_says(
    crm, what, authority, bundle, tmp_path, monkeypatch
):
    for name, value in PEOPLE_TRY.items():
        monkeypatch.setenv(name, value)
    signer = Authority() if what == "of an unknown authority" else authority
    with serving(signer.server(tmp_path, **BAD[what])) as (port, heard):
        with pytest.raises(CrmRulesError) as caught:
            ask(crm, port, bundle)
        assert "certificate" in str(caught.value)
    assert heard == []


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_good_certificate_gets_it_and_the_session_keys_are_written_nowhere(
    crm, authority, bundle, tmp_path, monkeypatch
):
    """The proof that the tests above fail for the certificate and for nothing else."""
    keys = tmp_path / "session.keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere"))
    with serving(authority.server(tmp_path)) as (port, heard):
        with pytest.raises(CrmRulesError) as caught:
            ask(crm, port, bundle)
        assert "certificate" not in str(caught.value)
    assert TOKEN.encode() in b"".join(heard)
    assert not keys.exists()


def test_the_context_of_every_connection_is_a_strict_one(bundle):
    for ca in ("", bundle):
        context = tls_context(ca, where="x")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname is True
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        assert context.keylog_filename is None


def test_no_key_of_the_configuration_speaks_of_verification():
    from crmrules_hubspot.config import Config as HubSpot
    from crmrules_salesforce.config import Config as Salesforce

    names = {*HubSpot.model_fields, *Salesforce.model_fields}
    words = ("verify", "insecure", "tls", "ssl", "cert", "trust")
    assert [name for name in names if any(word in name for word in words)] == []
