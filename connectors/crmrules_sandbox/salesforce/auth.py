"""The token endpoint: JWT bearer and client credentials, and the tokens it hands out.

Know before changing: refusals are 400 with ``{"error", "error_description"}``, never the list of
errors of the REST API; the pairs are those of Salesforce's help (oauth_flow_errors) and published
fixtures. An assertion is in time if any of ``clocks`` says so: a demo moves the org's clock, while
a client may sign by its own; a test of clock skew leaves only one clock.

Does not do: refresh tokens, scopes, user names with passwords.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from crmrules_sandbox.salesforce.org import Org, wall_clock

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST = timedelta(minutes=5)  # the help says three ahead; some room for a slow machine


class Refused(Exception):  # noqa: N818 - reads as what happened
    """A refused token request: the OAuth ``error`` and its ``error_description``."""

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


@dataclass(frozen=True, slots=True)
class Token:
    """Who a token speaks for and until when (None: no end)."""

    user_id: str
    ends: datetime | None


class Auth:
    """The connected app of one org and its live tokens.

    ``approved`` False answers as an app nobody pre-authorised; ``token_life`` None means no end.
    """

    def __init__(
        self,
        org: Org,
        *,
        consumer_key: str = "sandbox-consumer-key",
        consumer_secret: str = "sandbox-consumer-secret",  # noqa: S107 - not a real one
        token_life: timedelta | None = None,
    ) -> None:
        self.org = org
        self.consumer_key = consumer_key
        self.consumer_secret = consumer_secret
        self.token_life = token_life
        self.approved = True
        self.instance_url = ""
        self.clocks: tuple[Callable[[], datetime], ...] = (org.clock, wall_clock)
        self._public: rsa.RSAPublicKey | None = None
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def trust(self, pem: bytes) -> None:
        """Accept assertions signed by the key of this certificate or public key (PEM, RSA)."""
        if b"BEGIN CERTIFICATE" in pem:
            key: object = x509.load_pem_x509_certificate(pem).public_key()
        else:
            key = serialization.load_pem_public_key(pem)
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError("the sandbox checks RS256 only: an RSA key is needed")
        self._public = key

    def make_key(self) -> str:
        """Make a key pair, trust it and return the private key (PEM) for the client."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public = key.public_key()
        private = serialization.PrivateFormat.PKCS8
        unprotected = serialization.NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, private, unprotected).decode()

    def issue(self, user_id: str | None = None) -> str:
        """Return a new token for a user; None means the integration user."""
        token = f"{self.org.organization['Id'][:15]}!AQ{secrets.token_urlsafe(48)}"
        ends = None if self.token_life is None else self.org.now() + self.token_life
        with self._lock:
            self._tokens[token] = Token(user_id or self.org.user_id, ends)
        return token

    def user_of(self, authorization: str | None) -> str | None:
        """Return the user of an Authorization header; None if its token is not good any more."""
        scheme, _, token = (authorization or "").partition(" ")
        with self._lock:
            known = self._tokens.get(token.strip())
        if known is None or scheme.casefold() not in ("bearer", "oauth"):
            return None
        return None if known.ends is not None and self.org.now() >= known.ends else known.user_id

    def revoke(self, authorization: str | None = None) -> None:
        """Make one token worthless, or all of them."""
        with self._lock:
            if authorization is None:
                self._tokens.clear()
            else:
                self._tokens.pop(authorization.partition(" ")[2].strip(), None)

    def grant(self, form: Mapping[str, str], authorization: str | None) -> dict[str, Any]:
        """Answer a token request. Raises Refused."""
        match form.get("grant_type"):
            case grant if grant == _JWT:
                return self._answer(self._by_assertion(form.get("assertion", "")), extra=False)
            case "client_credentials":
                self._check_client(form, authorization)
                return self._answer(self.org.user_id, extra=True)
        raise Refused("unsupported_grant_type", "grant type not supported")

    def _answer(self, user_id: str, *, extra: bool) -> dict[str, Any]:
        organization = self.org.organization
        host = "test" if organization.get("IsSandbox") else "login"
        identity = f"https://{host}.salesforce.com/id/{organization['Id']}/{user_id}"
        body = {
            "access_token": self.issue(user_id),
            "scope": "api",
            "instance_url": self.instance_url,
            "id": identity,
            "token_type": "Bearer",
        }
        if extra:
            issued = str(int(self.org.now().timestamp() * 1000))
            digest = hashlib.sha256((identity + issued).encode()).digest()
            body.update(signature=base64.b64encode(digest).decode(), issued_at=issued)
        return body

    def _check_client(self, form: Mapping[str, str], authorization: str | None) -> None:
        key, secret = form.get("client_id", ""), form.get("client_secret", "")
        if (authorization or "").casefold().startswith("basic "):
            try:
                text = base64.b64decode(str(authorization)[6:]).decode()
            except (binascii.Error, UnicodeDecodeError):
                text = ""
            key, _, secret = text.partition(":")
        if key != self.consumer_key:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not secrets.compare_digest(secret, self.consumer_secret):
            raise Refused("invalid_client", "invalid client credentials")

    def _by_assertion(self, assertion: str) -> str:
        claims = self._verified(assertion)
        if claims.get("iss") != self.consumer_key:
            raise Refused("invalid_client_id", "client identifier invalid")
        host = "test" if self.org.organization.get("IsSandbox") else "login"
        if claims.get("aud") not in (f"https://{host}.salesforce.com", self.instance_url):
            raise Refused("invalid_grant", "audience is invalid")
        try:
            ends = datetime.fromtimestamp(float(claims.get("exp", "")), UTC)
        except (TypeError, ValueError):
            raise Refused("invalid_grant", "invalid assertion") from None
        if not any(clock() < ends <= clock() + _LONGEST for clock in self.clocks):
            raise Refused("invalid_grant", "expired authorization code")
        return self._user(str(claims.get("sub")))

    def _user(self, username: str) -> str:
        users = self.org.rows("User")
        user = next((u for u in users if u.get("Username") == username), None)
        if user is None or not user.get("IsActive"):
            raise Refused("invalid_grant", "authentication failure")
        if not self.approved:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        return str(user["Id"])

    def _verified(self, assertion: str) -> dict[str, Any]:
        """Return the claims of a correctly signed assertion. Raises Refused."""
        signed, _, signature = assertion.rpartition(".")
        try:
            header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
            if self._public is None or header.get("alg") != "RS256":
                raise Refused("invalid_grant", "invalid assertion")
            self._public.verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (ValueError, InvalidSignature):
            raise Refused("invalid_grant", "invalid assertion") from None
        return dict(claims)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
