//! Keys, certificates, requests, CRLs and files: what needs no registry.

use std::sync::Arc;

use tegata::error::Reason;
use tegata::key::KeyAlgorithm;
use tegata::pack::{Encoding, FileNames, PackedFile, Pkcs12Target};
use tegata::x509::{
    BasicConstraints, CertificateExtensions, Crl, RequestedExtension, Revocation, Severity, VerifiedChain,
};
use tegata::{
    Certificate, ExportFormat, Finding, GeneralName, KeyUsage, Oid, Presented, PrivateKey, Proof, PublicKey, Purpose,
    Secret, SignatureAlgorithm, Statement, Timestamp, VerifiedCsr,
};

use crate::handle::Handle;
use crate::input::{In, Pem};
use crate::out::{Big, Item, Out, Writer};
use crate::shape::{Types, names, record_in, record_out, union_in};
use crate::val::{Val, wrong};

names!(KeyAlgorithm => "KeyAlgorithm" from ALL);
names!(SignatureAlgorithm => "SignatureAlgorithm" {
    "ecdsa-sha256" = SignatureAlgorithm::EcdsaSha256, "ecdsa-sha384" = SignatureAlgorithm::EcdsaSha384,
    "ed25519" = SignatureAlgorithm::Ed25519, "rsa-sha256" = SignatureAlgorithm::RsaSha256,
    "rsa-sha384" = SignatureAlgorithm::RsaSha384, "rsa-sha512" = SignatureAlgorithm::RsaSha512,
});
names!(Statement => "Statement" {
    "challenge" = Statement::Challenge, "former-key" = Statement::FormerKey,
    "product-credential" = Statement::ProductCredential,
});
names!(Encoding => "Encoding" { "pem" = Encoding::Pem, "der" = Encoding::Der });
names!(Pkcs12Target => "Pkcs12Target" { "modern" = Pkcs12Target::Modern, "legacy" = Pkcs12Target::Legacy });
names!(Severity => "Severity" { "warning" = Severity::Warning, "error" = Severity::Error });

record_out!(Finding => "Finding" { severity, code, text });
record_out!(BasicConstraints => "BasicConstraints" { ca, path_len });
record_out!(RequestedExtension => "RequestedExtension" { oid, critical, value });
record_out!(CertificateExtensions => "CertificateExtensions" {
    basic_constraints, key_usage, extended_key_usage, subject_alt_name, subject_key_id, authority_key_id,
    crl_distribution_points, ocsp, ca_issuers, policies, all,
});
record_out!(Revocation => "Revocation" { at, reason });
record_out!(PackedFile => "PackedFile" { name, content, secret });
record_out!(FileNames => "FileNames" { certificate, chain, full_chain, root, key });
record_in!(FileNames => "FileNamesInput" { certificate, chain, full_chain, root, key });
record_out!(Reason => "Reason" { code, kind, text });

impl Out for tegata::error::Kind {
    fn shape(_: &mut Types) -> String {
        "ErrorKind".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.text(self.name());
    }
}

impl Out for KeyUsage {
    fn shape(types: &mut Types) -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
        format!("[{}", types.names("KeyUsage", &names))
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        for name in self.names() {
            out.text(name);
        }
        out.close();
    }
}

impl In for KeyUsage {
    fn shape(types: &mut Types) -> String {
        <Self as Out>::shape(types)
    }
    fn read(value: Val) -> tegata::Result<Self> {
        value.list()?.into_iter().try_fold(Self::NONE, |all, name| Ok(all | Self::from_name(&String::read(name)?)?))
    }
}

impl Item for GeneralName {}

impl Out for GeneralName {
    fn shape(types: &mut Types) -> String {
        types.describe("GeneralName", |_| {
            let text = [["value", "string"]];
            let other = [["type_id", "oid"], ["value", "bytes"]];
            serde_json::json!({ "union_out": {
                "dns": text, "ip": text, "email": text, "uri": text, "directory-name": text, "registered-id": text,
                "other": other,
            } })
        })
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        let mut text = |tag: &str, text: &str| {
            out.text(tag);
            out.text(text);
        };
        match self {
            Self::Dns(name) => text("dns", name.as_str()),
            Self::Ip(address) => text("ip", &address.to_string()),
            Self::Email(address) => text("email", address.as_str()),
            Self::Uri(uri) => text("uri", uri.as_str()),
            Self::DirectoryName(name) => text("directory-name", &name.to_string()),
            Self::RegisteredId(oid) => text("registered-id", &oid.to_string()),
            Self::Other { type_id, value } => {
                text("other", &type_id.to_string());
                out.octets(value);
            }
            _ => out.text("unknown"),
        }
        out.close();
    }
}

/// A name as an argument.
pub(crate) struct NameIn(GeneralName);

fn named(prefix: &str, value: &str) -> tegata::Result<NameIn> {
    format!("{prefix}:{value}").parse().map(NameIn)
}

union_in!(NameIn => "GeneralNameInput" {
    "dns" { value: String } => named("DNS", &value)?,
    "ip" { value: String } => named("IP", &value)?,
    "email" { value: String } => named("email", &value)?,
    "uri" { value: String } => named("URI", &value)?,
    "directory-name" { value: String } => named("dirName", &value)?,
    "registered-id" { value: String } => named("RID", &value)?,
    "other" { type_id: Oid, value: Vec<u8> } => NameIn(GeneralName::other(type_id, &value)?),
});

impl In for GeneralName {
    fn shape(types: &mut Types) -> String {
        NameIn::shape(types)
    }
    fn read(value: Val) -> tegata::Result<Self> {
        match value {
            // The text form, such as `DNS:camera.local`.
            Val::Text(text) => text.parse(),
            value => NameIn::read(value).map(|name| name.0),
        }
    }
}

/// What a value tells through its methods, as a record.
macro_rules! view_out {
    ($ty:ty => $name:literal |$it:ident| { $($field:ident: $fty:ty = $read:expr),* $(,)? }) => {
        impl Item for $ty {}
        impl Out for $ty {
            fn shape(types: &mut Types) -> String {
                types.describe($name, |types| serde_json::json!({
                    "out": [$( [stringify!($field), <$fty as Out>::shape(types)] ),*]
                }))
            }
            fn write(&self, out: &mut Writer) {
                let $it = self;
                out.open();
                $( <$fty as Out>::write(&$read, out); )*
                out.close();
            }
        }
    };
}

view_out!(Certificate => "Certificate" |it| {
    der: Vec<u8> = it.der().to_vec(),
    version: u8 = it.version(),
    serial: Vec<u8> = it.serial().to_vec(),
    serial_hex: String = it.serial_hex(),
    issuer: tegata::Name = it.issuer().clone(),
    subject: tegata::Name = it.subject().clone(),
    not_before: Timestamp = it.not_before(),
    not_after: Timestamp = it.not_after(),
    spki: Vec<u8> = it.spki().to_vec(),
    signature_algorithm: Option<SignatureAlgorithm> = it.signature_algorithm(),
    extensions: CertificateExtensions = it.extensions().clone(),
    is_ca: bool = it.is_ca(),
    path_len: Option<u8> = it.path_len(),
    is_self_issued: bool = it.is_self_issued(),
    fingerprint_sha256: [u8; 32] = it.fingerprint_sha256(),
});
view_out!(Crl => "Crl" |it| {
    der: Vec<u8> = it.der().to_vec(),
    issuer: tegata::Name = it.issuer().clone(),
    number: Option<Big> = it.number().map(Big),
    delta_base: Option<Big> = it.delta_base().map(Big),
    is_complete: bool = it.is_complete(),
    authority_key_id: Option<Vec<u8>> = it.authority_key_id().map(<[u8]>::to_vec),
    this_update: Timestamp = it.this_update(),
    next_update: Option<Timestamp> = it.next_update(),
    signature_algorithm: Option<SignatureAlgorithm> = it.signature_algorithm(),
    len: usize = it.len(),
    is_empty: bool = it.is_empty(),
});
view_out!(PublicKey => "PublicKey" |it| {
    spki: Vec<u8> = it.spki().to_vec(),
    algorithm: KeyAlgorithm = it.algorithm(),
    key_bits: Vec<u8> = it.key_bits().to_vec(),
    key_identifier: [u8; 20] = it.key_identifier(),
    digest: [u8; 32] = it.digest(),
});
view_out!(VerifiedCsr => "VerifiedCsr" |it| {
    der: Vec<u8> = it.der().to_vec(),
    subject: tegata::Name = it.subject().clone(),
    public_key: PublicKey = it.public_key().clone(),
    extensions: Vec<RequestedExtension> = it.extensions().to_vec(),
    san: Vec<GeneralName> = it.san().to_vec(),
    key_usage: Option<KeyUsage> = it.key_usage(),
    extended_key_usage: Vec<Oid> = it.extended_key_usage().to_vec(),
    wants_ca: bool = it.wants_ca(),
    challenge_password: Option<String> = it.challenge_password().map(str::to_owned),
});
view_out!(VerifiedChain => "VerifiedChain" |it| {
    certificates: Vec<Certificate> = it.certificates().to_vec(),
    revocation_checked: usize = it.revocation_checked(),
});

/// Values that JavaScript gives back as their DER.
macro_rules! from_der {
    ($ty:ty => $shape:literal = $read:expr) => {
        impl In for $ty {
            fn shape(_: &mut Types) -> String {
                $shape.to_owned()
            }
            fn read(value: Val) -> tegata::Result<Self> {
                let read: fn(&[u8]) -> tegata::Result<Self> = $read;
                read(&Pem::read(value)?.0)
            }
        }
    };
}
from_der!(Certificate => "certificate" = Self::from_bytes);
from_der!(Crl => "crl" = Self::from_bytes);
from_der!(PublicKey => "public-key" = |der| Ok(Self::from_spki(der)?));
from_der!(VerifiedCsr => "csr" = Self::parse);

/// A key that stays here.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) Arc<PrivateKey>);

impl Out for Key {
    fn shape(_: &mut Types) -> String {
        "PrivateKey".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.handle = Some(Handle::Key(Arc::clone(&self.0)));
        out.raw("null");
    }
}

impl In for Key {
    fn shape(_: &mut Types) -> String {
        "PrivateKey".to_owned()
    }
    fn read(value: Val) -> tegata::Result<Self> {
        match value {
            Val::Handle(Handle::Key(key)) => Ok(Self(key)),
            _ => Err(wrong("a PrivateKey")),
        }
    }
}

union_in!(PurposeIn => "Purpose" {
    "server-auth" {} => PurposeIn(Purpose::ServerAuth),
    "client-auth" {} => PurposeIn(Purpose::ClientAuth),
    "other" { value: Oid } => PurposeIn(Purpose::Other(value)),
    "any" {} => PurposeIn(Purpose::Any),
});

/// A purpose as an argument.
pub(crate) struct PurposeIn(pub(crate) Purpose);

/// How possession was shown, owned.
pub(crate) enum ProofIn {
    Tls,
    Signature(Vec<u8>, Vec<u8>),
    Proxy(String, Secret<Vec<u8>>),
}

union_in!(ProofIn => "Proof" {
    "tls-session" {} => ProofIn::Tls,
    "signature" { message: Vec<u8>, signature: Vec<u8> } => ProofIn::Signature(message, signature),
    "proxy" { name: String, token: Secret<Vec<u8>> } => ProofIn::Proxy(name, token),
});

/// What was presented, owned.
pub(crate) enum PresentedIn {
    Certificate(Vec<u8>, ProofIn, Option<tegata::DeviceId>),
    Psk(String, Secret<Vec<u8>>),
    Headers(Vec<(String, Secret<String>)>),
    Client(Secret<String>, String, Secret<String>),
}

union_in!(PresentedIn => "Presented" {
    "certificate" { certificate: Pem, proof: ProofIn, device: Option<tegata::DeviceId> } =>
        PresentedIn::Certificate(certificate.0, proof, device),
    "psk" { identity: String, secret: Secret<Vec<u8>> } => PresentedIn::Psk(identity, secret),
    "headers" { headers: Vec<(String, Secret<String>)> } => PresentedIn::Headers(headers),
    "client" { licence: Secret<String>, name: String, password: Secret<String> } =>
        PresentedIn::Client(licence, name, password),
});

impl PresentedIn {
    /// Hands what the core takes to `to`.
    pub(crate) fn lend<T>(&self, to: impl FnOnce(&Presented<'_>) -> T) -> T {
        match self {
            Self::Certificate(certificate, proof, device) => {
                let proof = match proof {
                    ProofIn::Tls => Proof::TlsSession,
                    ProofIn::Signature(message, signature) => Proof::Signature { message, signature },
                    ProofIn::Proxy(name, token) => Proof::Proxy { name, token: token.expose() },
                };
                to(&Presented::Certificate { certificate, proof, device: *device })
            }
            Self::Psk(identity, secret) => to(&Presented::Psk { identity, secret: secret.expose() }),
            Self::Headers(headers) => {
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (&**name, value.expose().as_str())).collect();
                to(&Presented::Headers { headers: &headers })
            }
            Self::Client(licence, name, password) => {
                to(&Presented::Client { licence: licence.expose(), name, password: password.expose() })
            }
        }
    }
}

union_in!(ExportFormat => "ExportFormat" {
    "pem" {} => ExportFormat::Pem,
    "full-chain-pem" {} => ExportFormat::FullChainPem,
    "der" {} => ExportFormat::Der,
    "pkcs7" {} => ExportFormat::Pkcs7,
    "pkcs12" { key: Secret<Vec<u8>>, password: Secret<String>, target: Option<Pkcs12Target> } =>
        ExportFormat::Pkcs12 { key, password, target: target.unwrap_or_default() },
    "files" { names: Option<FileNames>, encoding: Option<Encoding>, key: Option<Secret<Vec<u8>>> } => {
        let encoding = encoding.unwrap_or_default();
        ExportFormat::Files { names: names.unwrap_or_else(|| FileNames::usual(encoding)), encoding, key }
    },
});

/// What is installed on a device, owned.
pub(crate) struct Installation {
    pub(crate) certificate: Certificate,
    pub(crate) key: Option<PublicKey>,
    pub(crate) chain: Vec<Certificate>,
    pub(crate) roots: Vec<Certificate>,
    pub(crate) addresses: Vec<String>,
    pub(crate) now: Timestamp,
    pub(crate) clock_set: Option<bool>,
}
record_in!(Installation => "InstallationCheck" { certificate, key, chain, roots, addresses, now, clock_set });
