"""Types of arguments and results that have no class of their own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, Union

if TYPE_CHECKING:
    from ._native import (
        FixedClock,
        MemoryStore,
        PrivateKey,
        PublicKey,
        SecretBytes,
        SecretText,
        SoftwareSealer,
        SqliteStore,
        SystemClock,
        SystemRandom,
    )

Octets = Union[bytes, bytearray, memoryview]
"""Bytes on their way in."""
GivenBytes = Union[bytes, bytearray, memoryview, "SecretBytes"]
"""A secret on its way in."""
GivenText = Union[str, "SecretText"]
"""A secret text on its way in."""

Atomicity = Literal["each", "all"]
AuthorityState = Literal["requested", "active", "retired", "compromised"]
CertificateGrouping = Literal["total", "state", "kind", "product", "group", "authority", "profile", "due-week"]
CertificateKind = Literal["product", "device", "other"]
CertificateState = Literal["pending", "active", "suspended", "revoked", "denied"]
DeviceState = Literal["discovered", "valid", "invalid", "deleted"]
Encoding = Literal["pem", "der"]
Enrollment = Literal["new", "admitted", "known", "renewed", "rekeyed"]
EnrollmentMode = Literal["open", "allow-list", "claim-code"]
ErrorKind = Literal[
    "InvalidInput",
    "Refused",
    "NotFound",
    "Conflict",
    "State",
    "Unauthenticated",
    "Unavailable",
    "Corrupt",
    "Unsupported",
    "Internal",
]
HandOut = Literal["now", "later"]
InvalidReason = Literal["disabled", "quarantined"]
KeyAlgorithm = Literal["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"]
KeyOrigin = Literal["requester", "server"]
OtherKey = Literal["quarantine", "refuse"]
Pkcs12Target = Literal["modern", "legacy"]
ProductState = Literal["active", "suspended", "discontinued"]
Release = Literal["keep-keys", "new-keys"]
RevocationReason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "removeFromCRL",
    "privilegeWithdrawn",
    "aACompromise",
]
Severity = Literal["warning", "error"]
SignatureAlgorithm = Literal["ecdsa-sha256", "ecdsa-sha384", "ed25519", "rsa-sha256", "rsa-sha384", "rsa-sha512"]
SignerLocation = Literal["store", "external"]
Standing = Literal["pending", "denied", "not-yet-valid", "active", "suspended", "superseded", "revoked", "expired"]
Statement = Literal["challenge", "former-key", "product-credential"]
SuspendCause = Literal["operator", "device"]
SuspendMode = Literal["registry", "crl-hold"]


class Signer(Protocol):
    """A private key that is elsewhere: in an HSM, a key store, a cloud.

    It must not call the registry that calls it. What it raises becomes `signer.failed`, with nothing done.
    """

    @property
    def public_key(self) -> Union[PublicKey, bytes]:
        """Its public half, as `PublicKey` or as the DER of a SubjectPublicKeyInfo. Asked for once."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Signs the message itself, not a hash of it: ECDSA signatures as DER, RSA ones as PKCS#1 v1.5. The hash is that
        of the attribute `algorithm` (a `SignatureAlgorithm`) if there is one, else what fits the key: SHA-256 for P-256
        and RSA, SHA-384 for P-384."""
        ...


class Sealer(Protocol):
    """Seals the secrets in the store with a key that is elsewhere. What it raises becomes `seal.failed`."""

    def seal(self, associated: bytes, plaintext: bytes) -> bytes:
        """Encrypts, bound to `associated`: opening with anything else there must fail."""
        ...

    def open(self, associated: bytes, sealed: bytes) -> bytes:
        """Decrypts what `seal` gave."""
        ...


class Clock(Protocol):
    """Tells the time. What it raises becomes `internal.clock_failed`."""

    def now(self) -> datetime:
        """The current time, aware of its zone."""
        ...


class Random(Protocol):
    """Gives random bytes. What it raises becomes `internal.random_failed`."""

    def draw(self, count: int) -> bytes:
        """So many unpredictable bytes."""
        ...


AnySigner = Union["PrivateKey", Signer]
AnySealer = Union["SoftwareSealer", Sealer]
AnyClock = Union["SystemClock", "FixedClock", Clock]
AnyRandom = Union["SystemRandom", Random]
AnyStore = Union["MemoryStore", "SqliteStore"]
