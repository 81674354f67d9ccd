"""Types of arguments and results that have no class of their own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Callable, List, Literal, Optional, Protocol, Sequence, Tuple, Union

if TYPE_CHECKING:
    from ._native import (
        Counter,
        FixedClock,
        MemoryStore,
        OpenedStore,
        PostgresStore,
        PrivateKey,
        PublicKey,
        Query,
        Row,
        RowPage,
        RowRef,
        Schema,
        SealingKeys,
        SecretBytes,
        SecretText,
        SoftwareSealer,
        SqliteStore,
        SystemClock,
        SystemRandom,
        Tally,
        Write,
    )

Octets = Union[bytes, bytearray, memoryview]
"""Bytes on their way in."""
GivenBytes = Union[bytes, bytearray, memoryview, "SecretBytes"]
"""A secret on its way in."""
GivenText = Union[str, "SecretText"]
"""A secret text on its way in."""

Atomicity = Literal["each", "all"]
AuthorityState = Literal["requested", "active", "retired", "compromised"]
CampaignState = Literal["running", "paused", "finished", "cancelled"]
CertificateEncoding = Literal["escaped-pem", "base64-der", "byte-sequence", "xfcc"]
CertificateGrouping = Literal[
    "total",
    "state",
    "kind",
    "product",
    "group",
    "authority",
    "profile",
    "algorithm",
    "due-week",
]
CertificateKind = Literal["product", "device", "other"]
CertificateState = Literal["pending", "active", "suspended", "revoked", "denied"]
CheckMethod = Literal["cmac", "encrypted-zero"]
ClientState = Literal["active", "suspended", "deleted"]
CredentialKind = Literal["certificate", "key", "psk"]
DeviceState = Literal["discovered", "valid", "invalid", "deleted"]
DueKind = Literal["certificate", "key", "psk", "crl"]
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
IdentityKind = Literal["device", "unlinkable", "chosen"]
InvalidReason = Literal["disabled", "quarantined"]
KeyAlgorithm = Literal["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"]
KeyOrigin = Literal["requester", "server"]
KeyOwner = Literal["device", "shared", "group"]
KeyState = Literal["active", "suspended", "compromised", "destroyed"]
OcspHash = Literal["sha1", "sha256"]
OcspResponseStatus = Literal[
    "successful", "malformedRequest", "internalError", "tryLater", "sigRequired", "unauthorized"
]
OtherKey = Literal["quarantine", "refuse"]
Pkcs12Target = Literal["modern", "legacy"]
ProductState = Literal["active", "suspended", "discontinued"]
PskFormat = Literal["mosquitto", "openssl", "gnutls", "stunnel", "mbedtls", "wolfssl"]
PskKind = Literal["readable", "verify-only"]
PskState = Literal["active", "suspended", "deleted"]
ReissuePolicy = Literal["due", "rotate"]
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
SeenState = Literal["known", "lost", "unknown"]
Severity = Literal["warning", "error"]
SignatureAlgorithm = Literal["ecdsa-sha256", "ecdsa-sha384", "ed25519", "rsa-sha256", "rsa-sha384", "rsa-sha512"]
SignerLocation = Literal["store", "external"]
Standing = Literal["pending", "denied", "not-yet-valid", "active", "suspended", "superseded", "revoked", "expired"]
Statement = Literal["challenge", "former-key", "product-credential"]
SuspendCause = Literal["operator", "device"]
SuspendMode = Literal["registry", "crl-hold"]
SymmetricAlgorithm = Literal["aes-128", "aes-256", "twine-80", "twine-128"]
Tampering = Literal["altered", "missing", "added", "checkpoint-broken", "rolled-back"]
VersionState = Literal["current", "previous", "destroyed", "compromised"]
WrapMethod = Literal["aes-kw", "aes-kwp"]


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
    """Seals the secrets in the store with a key that is elsewhere. What it raises becomes `seal.failed`, or what its
    attribute `code` says if that is `seal.wrong_key` or `seal.damaged`."""

    def seal(self, associated: bytes, plaintext: bytes) -> bytes:
        """Encrypts, bound to `associated`: opening with anything else there must fail."""
        ...

    def open(self, associated: bytes, sealed: bytes) -> bytes:
        """Decrypts what `seal` gave.

        A third method, `is_current(associated, sealed) -> bool`, says whether `seal` would use the same key today;
        `Registry.reseal` asks. Without it every value counts as current.
        """
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


class Store(Protocol):
    """Keeps rows. `tegata.store` has what it is asked and what it answers, and the exceptions that it may raise; any
    other exception becomes `store.backend`. Answers are checked: one that does not fit its question is `store.contract`.
    `tegata.store.check_store` puts a store through everything that it must do.

    Several threads call it at the same time. It must not call the registry.
    """

    def migrate(self, schema: Schema) -> None:
        """Makes the tables, or adds what is new since an earlier version. Raises `SchemaTooNew` if a later one was here."""
        ...

    def reserve(self, counter: Counter, count: int) -> range:
        """Takes so many numbers from a counter, from 1 on, none of them twice: `range(first, first + count)`."""
        ...

    def get(self, rows: List[RowRef]) -> Sequence[Optional[Row]]:
        """The rows named, each in its place; None for what is not there. All as of one moment."""
        ...

    def find(self, query: Query) -> RowPage:
        """A page of rows."""
        ...

    def count(self, tally: Tally) -> Sequence[Tuple[Union[None, int, str, bytes], int]]:
        """How many rows there are for each value of a column, in the order of the values."""
        ...

    def commit(self, writes: List[Write]) -> None:
        """Does all writes or none, durably. Raises `Conflict` with the index of the first that does not meet what it
        expects."""
        ...


class Input(Protocol):
    """A file opened for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Reads at most so many; none at the end."""
        ...


class Output(Protocol):
    """A file opened for writing bytes."""

    def write(self, data: bytes, /) -> Optional[int]:
        """Writes."""
        ...


Cell = Union[int, str, bytes, bytearray]
Progress = Callable[[int, int], object]
MakeStore = Callable[[], "AnyStore"]
AnySigner = Union["PrivateKey", Signer]
AnySealer = Union["SoftwareSealer", "SealingKeys", Sealer]
AnyClock = Union["SystemClock", "FixedClock", Clock]
AnyRandom = Union["SystemRandom", Random]
AnyStore = Union["MemoryStore", "SqliteStore", "PostgresStore", "OpenedStore", Store, str]
"""A store, or the address of one: `sqlite:path`, `postgres://...`, `memory:`."""
Readable = Union[Octets, "Input"]
