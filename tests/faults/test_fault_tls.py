"""Certificates that are not the CRM's, old TLS, and that no switch turns the checks off."""

from __future__ import annotations

import ipaddress
import os
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kit import told
from listener import Listener, answer

from crmrules.transport import tls_context
from crmrules_hubspot.config import Config as HubSpot
from crmrules_salesforce.config import Config as Salesforce

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
HERE = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority that signs whatever a test wants."""

    def __init__(self, folder: Path, name: str = "a CA of tests") -> None:
        self.folder, self.name = folder, _named(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._signed(self.name, self.key, ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _signed(self, subject, key, *, ca=False, names=HERE, begins=NOW - DAY, ends=NOW + DAY):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
        )
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server(self, **what) -> ssl.SSLContext:
        """Return a server's context with a certificate of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_named("localhost"), key, **what)
        return self.loaded(certificate, key)

    def itself(self) -> ssl.SSLContext:
        """Return a server's context with the authority's own, self-signed certificate."""
        return self.loaded(self.certificate, self.key)

    def loaded(self, certificate, key) -> ssl.SSLContext:
        file = self.folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def old(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a server speak nothing newer than TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


WRONG = {
    "of another host": lambda ca: ca.server(names=(x509.DNSName("login.example"),)),
    "of another address": lambda ca: ca.server(names=(HERE[1],)),
    "without a name": lambda ca: ca.server(names=(x509.DNSName("*.localhost"),)),
    "out of date": lambda ca: ca.server(begins=NOW - 9 * DAY, ends=NOW - DAY),
    "not yet valid": lambda ca: ca.server(begins=NOW + DAY, ends=NOW + 9 * DAY),
    "self-signed": lambda ca: Authority(ca.folder, "somebody").itself(),
    "by nobody we know": lambda ca: Authority(ca.folder, "a stranger").server(),
    "old TLS": lambda ca: old(ca.server()),
}


@pytest.fixture
def meet(crm, tmp_path):
    """Sync against a TLS server of a context; return what was printed and what it was sent."""
    with crm(tmp_path / "world", opportunities=4, reachable=False) as world:

        def sync(context, ca_file):
            with Listener(context) as server:
                server.always(answer(200, b"{}"))
                world.point_to(server.url)
                world.access["ca_bundle"] = str(ca_file)
                world.configure()
                return world.sync(), server.requests

        sync.token = world.token
        yield sync


@pytest.mark.fault("X5")
@pytest.mark.slow
def test_a_server_that_cannot_prove_who_it_is_is_sent_nothing(crm, meet, tmp_path):
    ca = Authority(tmp_path)
    for name, context in WRONG.items():
        ran, requests = meet(context(ca), ca.file)
        told(ran, 4 if name == "old TLS" else 3)
        assert requests == [], name
        assert meet.token not in ran.out + ran.err
        assert name == "old TLS" or ("certificate" in ran.err and "ca_bundle" in ran.err), name
    ran, requests = meet(ca.server(), ca.file)  # else it could pass by refusing everything
    assert any(meet.token.encode() in request for request in requests)
    told(ran, 3, 4)


@pytest.mark.fault("X5")
@pytest.mark.slow
def test_no_variable_of_the_environment_turns_the_checks_off(crm, meet, tmp_path, monkeypatch):
    ca, stranger = Authority(tmp_path), Authority(tmp_path, "a stranger")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setitem(os.environ, name, str(stranger.file))
    for name, value in (("PYTHONHTTPSVERIFY", "0"), ("SSL_NO_VERIFY", "1")):
        monkeypatch.setitem(os.environ, name, value)
    ran, requests = meet(stranger.server(), ca.file)
    told(ran, 3)
    assert requests == []


@pytest.mark.fault("X5", on="both")
def test_no_key_of_the_configuration_turns_the_checks_off():
    words = ("verify", "insecure", "ssl", "tls", "cert")
    for config in (Salesforce, HubSpot):
        assert [k for k in config.model_fields if any(word in k for word in words)] == []
    context = tls_context("", where="x")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
