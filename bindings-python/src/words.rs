//! Enums without content: the core's stable names as `str`, with a `Literal` type of the same name in `tegata/_types.py`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{Core, Show};
use crate::error::Fail;

/// The type of this name in `tegata/_types.py`.
#[cfg(feature = "stubs")]
pub(crate) const fn hint(name: &'static str) -> pyo3::inspect::PyStaticExpr {
    use pyo3::inspect::PyStaticExpr;
    PyStaticExpr::Attribute { value: &PyStaticExpr::Name { id: "tegata._types" }, attr: name }
}

/// The type of refused items.
#[cfg(feature = "stubs")]
pub(crate) const ERROR: pyo3::inspect::PyStaticExpr = {
    use pyo3::inspect::PyStaticExpr;
    PyStaticExpr::Attribute { value: &PyStaticExpr::Name { id: "tegata._errors" }, attr: "Error" }
};

macro_rules! words {
    ($($name:ident($core:path): $($text:literal = $variant:ident),*;)*) => {
        $(
            /// A value of the core's enum of this name.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) struct $name(pub(crate) $core);

            impl $name {
                const fn word(self) -> &'static str {
                    use $core as It;
                    #[allow(unreachable_patterns)] // The core's enums may grow.
                    match self.0 {
                        $( It::$variant => $text, )*
                        _ => "unknown",
                    }
                }
            }

            impl<'a, 'py> FromPyObject<'a, 'py> for $name {
                type Error = PyErr;

                #[cfg(feature = "stubs")]
                const INPUT_TYPE: pyo3::inspect::PyStaticExpr = hint(stringify!($name));

                fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                    use $core as It;
                    let Ok(text) = obj.cast::<PyString>() else {
                        return Err(wrong_type(stringify!($name), &[$($text),*], &obj));
                    };
                    match text.to_cow()?.as_ref() {
                        $( $text => Ok(Self(It::$variant)), )*
                        other => Err(wrong_word(stringify!($name), &[$($text),*], other)),
                    }
                }
            }

            impl<'py> IntoPyObject<'py> for $name {
                type Target = PyString;
                type Output = Bound<'py, PyString>;
                type Error = std::convert::Infallible;

                #[cfg(feature = "stubs")]
                const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = hint(stringify!($name));

                fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                    Ok(PyString::intern(py, self.word()))
                }
            }

            impl Show<$name> for $core {
                fn show(&self) -> $name {
                    $name(*self)
                }
            }

            impl Core<$core> for $name {
                fn core(self) -> Result<$core, Fail> {
                    Ok(self.0)
                }
            }
        )*

        /// The words of each enum. The tests compare them with the `Literal` types.
        #[pyfunction]
        pub(crate) fn _words() -> Vec<(&'static str, Vec<&'static str>)> {
            vec![$((stringify!($name), vec![$($text),*])),*]
        }
    };
}

fn wrong_type(name: &str, words: &[&str], got: &Bound<'_, PyAny>) -> PyErr {
    let got = got.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!("{name} is one of {}, not {got}", words.join(", ")))
}

fn wrong_word(name: &str, words: &[&str], got: &str) -> PyErr {
    PyValueError::new_err(format!("{name} is one of {}, not {got:?}", words.join(", ")))
}

words! {
    Atomicity(tegata::Atomicity): "each" = Each, "all" = All;
    AuthorityState(tegata::model::AuthorityState): "requested" = Requested, "active" = Active, "retired" = Retired,
        "compromised" = Compromised;
    CampaignState(tegata::model::CampaignState): "running" = Running, "paused" = Paused, "finished" = Finished,
        "cancelled" = Cancelled;
    CertificateEncoding(tegata::CertificateEncoding): "escaped-pem" = EscapedPem, "base64-der" = Base64Der,
        "byte-sequence" = ByteSequence, "xfcc" = Xfcc;
    CertificateGrouping(tegata::CertificateGrouping): "total" = Total, "state" = State, "kind" = Kind,
        "product" = Product, "group" = Group, "authority" = Authority, "profile" = Profile, "algorithm" = Algorithm, "due-week" = DueWeek;
    CertificateKind(tegata::model::CertificateKind): "product" = Product, "device" = Device, "other" = Other;
    CertificateState(tegata::model::CertificateState): "pending" = Pending, "active" = Active,
        "suspended" = Suspended, "revoked" = Revoked, "denied" = Denied;
    CheckMethod(tegata::CheckMethod): "cmac" = Cmac, "encrypted-zero" = EncryptedZero;
    ClientState(tegata::model::ClientState): "active" = Active, "suspended" = Suspended, "deleted" = Deleted;
    CredentialKind(tegata::model::CredentialKind): "certificate" = Certificate, "key" = Key, "psk" = Psk;
    DueKind(tegata::DueKind): "certificate" = Certificate, "key" = Key, "psk" = Psk, "crl" = Crl;
    DeviceState(tegata::model::DeviceState): "discovered" = Discovered, "valid" = Valid, "invalid" = Invalid,
        "deleted" = Deleted;
    Encoding(tegata::pack::Encoding): "pem" = Pem, "der" = Der;
    Enrollment(tegata::Enrollment): "new" = New, "admitted" = Admitted, "known" = Known, "renewed" = Renewed,
        "rekeyed" = Rekeyed;
    EnrollmentMode(tegata::model::EnrollmentMode): "open" = Open, "allow-list" = AllowList, "claim-code" = ClaimCode;
    ErrorKind(tegata::error::Kind): "InvalidInput" = InvalidInput, "Refused" = Refused, "NotFound" = NotFound,
        "Conflict" = Conflict, "State" = State, "Unauthenticated" = Unauthenticated, "Unavailable" = Unavailable,
        "Corrupt" = Corrupt, "Unsupported" = Unsupported, "Internal" = Internal;
    HandOut(tegata::HandOut): "now" = Now, "later" = Later;
    IdentityKind(tegata::model::IdentityKind): "device" = Device, "unlinkable" = Unlinkable, "chosen" = Chosen;
    InvalidReason(tegata::model::InvalidReason): "disabled" = Disabled, "quarantined" = Quarantined;
    KeyAlgorithm(tegata::KeyAlgorithm): "ecdsa-p256" = EcdsaP256, "ecdsa-p384" = EcdsaP384, "ed25519" = Ed25519,
        "rsa-2048" = Rsa2048, "rsa-3072" = Rsa3072, "rsa-4096" = Rsa4096;
    KeyOrigin(tegata::model::KeyOrigin): "requester" = Requester, "server" = Server;
    KeyOwner(tegata::model::KeyOwner): "device" = Device, "shared" = Shared, "group" = Group;
    KeyState(tegata::model::KeyState): "active" = Active, "suspended" = Suspended, "compromised" = Compromised,
        "destroyed" = Destroyed;
    OcspHash(tegata::OcspHash): "sha1" = Sha1, "sha256" = Sha256;
    OcspResponseStatus(tegata::OcspResponseStatus): "successful" = Successful, "malformedRequest" = MalformedRequest,
        "internalError" = InternalError, "tryLater" = TryLater, "sigRequired" = SigRequired,
        "unauthorized" = Unauthorized;
    OtherKey(tegata::model::OtherKey): "quarantine" = Quarantine, "refuse" = Refuse;
    Pkcs12Target(tegata::pack::Pkcs12Target): "modern" = Modern, "legacy" = Legacy;
    ProductState(tegata::model::ProductState): "active" = Active, "suspended" = Suspended,
        "discontinued" = Discontinued;
    PskFormat(tegata::pack::PskFormat): "mosquitto" = Mosquitto, "openssl" = OpenSsl, "gnutls" = GnuTls,
        "stunnel" = Stunnel, "mbedtls" = MbedTls, "wolfssl" = WolfSsl;
    PskKind(tegata::model::PskKind): "readable" = Readable, "verify-only" = VerifyOnly;
    PskState(tegata::model::PskState): "active" = Active, "suspended" = Suspended, "deleted" = Deleted;
    ReissuePolicy(tegata::model::ReissuePolicy): "due" = Due, "rotate" = Rotate;
    Release(tegata::Release): "keep-keys" = KeepKeys, "new-keys" = NewKeys;
    RevocationReason(tegata::RevocationReason): "unspecified" = Unspecified, "keyCompromise" = KeyCompromise,
        "cACompromise" = CaCompromise, "affiliationChanged" = AffiliationChanged, "superseded" = Superseded,
        "cessationOfOperation" = CessationOfOperation, "certificateHold" = CertificateHold,
        "removeFromCRL" = RemoveFromCrl, "privilegeWithdrawn" = PrivilegeWithdrawn, "aACompromise" = AaCompromise;
    SeenState(tegata::SeenState): "known" = Known, "lost" = Lost, "unknown" = Unknown;
    Severity(tegata::x509::Severity): "warning" = Warning, "error" = Error;
    SignatureAlgorithm(tegata::SignatureAlgorithm): "ecdsa-sha256" = EcdsaSha256, "ecdsa-sha384" = EcdsaSha384,
        "ed25519" = Ed25519, "rsa-sha256" = RsaSha256, "rsa-sha384" = RsaSha384, "rsa-sha512" = RsaSha512;
    SignerLocation(tegata::model::SignerLocation): "store" = Store, "external" = External;
    Standing(tegata::model::Standing): "pending" = Pending, "denied" = Denied, "not-yet-valid" = NotYetValid,
        "active" = Active, "suspended" = Suspended, "superseded" = Superseded, "revoked" = Revoked,
        "expired" = Expired;
    Statement(tegata::Statement): "challenge" = Challenge, "former-key" = FormerKey,
        "product-credential" = ProductCredential;
    SuspendCause(tegata::model::SuspendCause): "operator" = Operator, "device" = Device;
    SuspendMode(tegata::model::SuspendMode): "registry" = Registry, "crl-hold" = CrlHold;
    SymmetricAlgorithm(tegata::SymmetricAlgorithm): "aes-128" = Aes128, "aes-256" = Aes256, "twine-80" = Twine80,
        "twine-128" = Twine128;
    Tampering(tegata::Tampering): "altered" = Altered, "missing" = Missing, "added" = Added,
        "checkpoint-broken" = CheckpointBroken, "rolled-back" = RolledBack;
    VersionState(tegata::model::VersionState): "current" = Current, "previous" = Previous, "destroyed" = Destroyed,
        "compromised" = Compromised;
    WrapMethod(tegata::WrapMethod): "aes-kw" = AesKw, "aes-kwp" = AesKwp;
}

/// A callable or a file of Python, with its type for stubs.
macro_rules! objects {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        $(#[$meta])*
        pub(crate) struct $name(pub(crate) Py<PyAny>);

        impl<'a, 'py> FromPyObject<'a, 'py> for $name {
            type Error = std::convert::Infallible;

            #[cfg(feature = "stubs")]
            const INPUT_TYPE: pyo3::inspect::PyStaticExpr = hint(stringify!($name));

            fn extract(obj: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
                Ok(Self(obj.to_owned().unbind()))
            }
        }
    )* };
}

objects! {
    /// Called with how many items are done and how many there are.
    Progress;
    /// A file opened for writing bytes.
    Output;
    /// Bytes, or a file opened for reading them.
    Readable;
    /// A function that makes stores.
    MakeStore;
}
