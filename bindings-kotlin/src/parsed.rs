//! What is read without a registry: requests, certificates, chains.

use std::sync::Arc;

use tegata::x509::KeyUsage;
use tegata::{GeneralName, Name, Oid, Purpose, SignatureAlgorithm, Timestamp};

use crate::bulk::count;
use crate::crl::Crl;
use crate::error::{Result, TegataError};
use crate::host::{HostSigner, Signing};
use crate::keys::PublicKey;
use crate::names::checked;

pub(crate) fn one_pem(der: &[u8]) -> Result<String> {
    Ok(tegata::parse_certificate(der)?.pem())
}

pub(crate) fn all_pem<'a>(ders: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<String> {
    let read = ders.into_iter().map(|der| tegata::parse_certificate(der)).collect::<tegata::Result<Vec<_>>>()?;
    Ok(tegata::pack::certificates_pem(read.iter()))
}

/// An extension that a request asks for. It is a wish: the profile decides what the certificate gets.
#[derive(Clone, Debug, uniffi::Record)]
pub struct RequestedExtension {
    /// Which one.
    pub oid: Oid,
    /// Whether it was asked for as critical.
    pub critical: bool,
    /// The DER inside the extnValue octets.
    pub value: Vec<u8>,
}

/// A certification request whose signature was verified with its own key, so whoever sent it holds that key.
#[derive(Clone, Debug, uniffi::Record)]
pub struct VerifiedCsr {
    /// The request in DER.
    pub der: Vec<u8>,
    /// The subject asked for; may be empty.
    pub subject: Name,
    /// The key that signed the request.
    pub public_key: PublicKey,
    /// All extensions asked for, in their order.
    pub extensions: Vec<RequestedExtension>,
    /// The names asked for in the subjectAltName.
    pub san: Vec<GeneralName>,
    /// The key usage asked for.
    pub key_usage: Option<KeyUsage>,
    /// The purposes asked for in the extended key usage.
    pub extended_key_usage: Vec<Oid>,
    /// Whether the basic constraints ask for a CA certificate.
    pub wants_ca: bool,
    /// The challengePassword of SCEP or EST.
    pub challenge_password: Option<String>,
}

/// Reads and verifies a request in DER or PEM.
#[uniffi::export]
pub fn parse_csr(bytes: Vec<u8>) -> Result<VerifiedCsr> {
    let csr = tegata::parse_csr(&bytes)?;
    let wish = |e: &tegata::x509::RequestedExtension| RequestedExtension {
        oid: e.oid.clone(),
        critical: e.critical,
        value: e.value.clone(),
    };
    Ok(VerifiedCsr {
        der: csr.der().to_vec(),
        subject: csr.subject().clone(),
        public_key: csr.public_key().into(),
        extensions: csr.extensions().iter().map(wish).collect(),
        san: csr.san().to_vec(),
        key_usage: csr.key_usage(),
        extended_key_usage: csr.extended_key_usage().to_vec(),
        wants_ca: csr.wants_ca(),
        challenge_password: csr.challenge_password().map(str::to_owned),
    })
}

/// Makes a certification request (RFC 2986) for the key of `signer`, in DER.
#[uniffi::export]
pub fn make_csr(signer: Arc<dyn HostSigner>, subject: Name, san: Vec<GeneralName>) -> Result<Vec<u8>> {
    let san = san.into_iter().map(checked).collect::<Result<Vec<_>>>()?;
    Ok(tegata::make_csr(&Signing::of(signer)?, &subject, &san)?)
}

/// A request in PEM, labelled `CERTIFICATE REQUEST`.
#[uniffi::export]
pub fn csr_pem(der: Vec<u8>) -> String {
    tegata::csr_pem(&der)
}

/// Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
#[derive(Clone, Debug, uniffi::Record)]
pub struct BasicConstraints {
    /// Whether it is a CA certificate.
    pub ca: bool,
    /// How many intermediate CA certificates may follow it; only with `ca`.
    pub path_len: Option<u8>,
}

/// One extension of a certificate: which, and whether it is critical.
#[derive(Clone, Debug, uniffi::Record)]
pub struct PresentExtension {
    /// Which one.
    pub oid: Oid,
    /// Whether it is critical.
    pub critical: bool,
}

/// What the extensions of a certificate say.
#[derive(Clone, Debug, uniffi::Record)]
pub struct CertificateExtensions {
    /// Whether it may issue others; nothing when the extension is missing.
    pub basic_constraints: Option<BasicConstraints>,
    /// What the key may be used for; nothing when the extension is missing.
    pub key_usage: Option<KeyUsage>,
    /// For which purposes; empty when the extension is missing.
    pub extended_key_usage: Vec<Oid>,
    /// The DER `GeneralNames` of the subject.
    pub subject_alt_name: Option<Vec<u8>>,
    /// The subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the issuer, if it is given that way.
    pub authority_key_id: Option<Vec<u8>>,
    /// Addresses of CRLs.
    pub crl_distribution_points: Vec<String>,
    /// Addresses of OCSP responders.
    pub ocsp: Vec<String>,
    /// Addresses of the issuer's certificate.
    pub ca_issuers: Vec<String>,
    /// Certificate policies.
    pub policies: Vec<Oid>,
    /// Every extension in order.
    pub all: Vec<PresentExtension>,
}

impl From<&tegata::x509::CertificateExtensions> for CertificateExtensions {
    fn from(core: &tegata::x509::CertificateExtensions) -> Self {
        let core = core.clone();
        Self {
            basic_constraints: core.basic_constraints.map(|b| BasicConstraints { ca: b.ca, path_len: b.path_len }),
            key_usage: core.key_usage,
            extended_key_usage: core.extended_key_usage,
            subject_alt_name: core.subject_alt_name,
            subject_key_id: core.subject_key_id,
            authority_key_id: core.authority_key_id,
            crl_distribution_points: core.crl_distribution_points,
            ocsp: core.ocsp,
            ca_issuers: core.ca_issuers,
            policies: core.policies,
            all: core.all.into_iter().map(|(oid, critical)| PresentExtension { oid, critical }).collect(),
        }
    }
}

#[uniffi::export]
impl CertificateExtensions {
    /// The subject's alternative names; none when the extension is missing.
    pub fn names(&self) -> Result<Vec<GeneralName>> {
        match &self.subject_alt_name {
            Some(der) => Ok(tegata::x509::decode_san(der)?),
            None => Ok(Vec::new()),
        }
    }
}

/// A certificate that was read: what is in it. It is well-formed; nothing says that it is trusted.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Certificate {
    /// The whole certificate in DER, octet for octet as it was read.
    pub der: Vec<u8>,
    /// 1, 2 or 3.
    pub version: u8,
    /// The serial number: the content of its INTEGER.
    pub serial: Vec<u8>,
    /// The serial number in upper-case hexadecimal.
    pub serial_hex: String,
    /// Who issued it.
    pub issuer: Name,
    /// Whom it names.
    pub subject: Name,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
    /// The `SubjectPublicKeyInfo` in DER.
    pub spki: Vec<u8>,
    /// What it is signed with; nothing for an algorithm that this library does not know.
    pub signature_algorithm: Option<SignatureAlgorithm>,
    /// What the extensions say.
    pub extensions: CertificateExtensions,
    /// Whether its basic constraints make it a CA certificate.
    pub is_ca: bool,
    /// How many intermediate CA certificates may follow it, if that is limited.
    pub path_len: Option<u8>,
    /// Whether issuer and subject are the same name.
    pub is_self_issued: bool,
    /// The SHA-256 of the DER, by which people compare certificates.
    pub fingerprint_sha256: Vec<u8>,
}

impl From<&tegata::Certificate> for Certificate {
    fn from(core: &tegata::Certificate) -> Self {
        Self {
            der: core.der().to_vec(),
            version: core.version(),
            serial: core.serial().to_vec(),
            serial_hex: core.serial_hex(),
            issuer: core.issuer().clone(),
            subject: core.subject().clone(),
            not_before: core.not_before(),
            not_after: core.not_after(),
            spki: core.spki().to_vec(),
            signature_algorithm: core.signature_algorithm(),
            extensions: core.extensions().into(),
            is_ca: core.is_ca(),
            path_len: core.path_len(),
            is_self_issued: core.is_self_issued(),
            fingerprint_sha256: core.fingerprint_sha256().to_vec(),
        }
    }
}

impl Certificate {
    pub(crate) fn core(&self) -> Result<tegata::Certificate> {
        tegata::Certificate::from_der(&self.der).map_err(TegataError::from)
    }
}

pub(crate) fn cores(certificates: &[Certificate]) -> Result<Vec<tegata::Certificate>> {
    certificates.iter().map(Certificate::core).collect()
}

#[uniffi::export]
impl Certificate {
    /// The whole certificate in PEM.
    pub fn pem(&self) -> Result<String> {
        Ok(self.core()?.pem())
    }

    /// The subject's key, when it is of an accepted kind: other people's certificates may hold any.
    pub fn public_key(&self) -> Result<PublicKey> {
        Ok(PublicKey::from(&self.core()?.public_key()?))
    }

    /// Whether it is self-issued and verifies with its own key.
    pub fn is_self_signed(&self) -> Result<bool> {
        Ok(self.core()?.is_self_signed())
    }

    /// Whether `at` lies within the validity, both ends included.
    pub fn is_valid_at(&self, at: Timestamp) -> Result<bool> {
        Ok(self.core()?.is_valid_at(at))
    }

    /// Checks the signature with the issuer's key; names and validity are `verify_chain`'s.
    pub fn verify_signed_by(&self, issuer: PublicKey) -> Result<()> {
        Ok(self.core()?.verify_signed_by(&issuer.core()?)?)
    }
}

/// Reads one certificate, DER or PEM.
#[uniffi::export]
pub fn parse_certificate(input: Vec<u8>) -> Result<Certificate> {
    Ok(Certificate::from(&tegata::parse_certificate(&input)?))
}

/// Reads all `CERTIFICATE` blocks of PEM text in order and passes over others, such as a private key.
#[uniffi::export]
pub fn certificates_from_pem(input: Vec<u8>) -> Result<Vec<Certificate>> {
    Ok(tegata::Certificate::many_from_pem(&input)?.iter().map(Certificate::from).collect())
}

/// What a certificate is to be used for.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Purpose {
    /// As a TLS server.
    ServerAuth,
    /// As a TLS client.
    ClientAuth,
    /// For this extended key usage.
    Other(Oid),
    /// For anything: extended key usage is not looked at.
    Any,
}

/// A chain whose every link was checked.
#[derive(Clone, Debug, uniffi::Record)]
pub struct VerifiedChain {
    /// The certificates from the leaf to the root.
    pub certificates: Vec<Certificate>,
    /// For how many certificates, counted from the leaf, there was a CRL of their issuer.
    pub revocation_checked: u64,
}

#[uniffi::export]
impl VerifiedChain {
    /// The root that it leads to.
    pub fn root(&self) -> Option<Certificate> {
        self.certificates.last().cloned()
    }
}

/// Checks that `leaf` may be used for `purpose` at `at` and that a chain leads from it through any of `intermediates`, in
/// any order, to one of `roots`. Every certificate below the root is looked up in the CRL of its issuer, if one is there.
#[uniffi::export]
pub fn verify_chain(
    leaf: Certificate,
    intermediates: Vec<Certificate>,
    roots: Vec<Certificate>,
    crls: Vec<Arc<Crl>>,
    purpose: Purpose,
    at: Timestamp,
) -> Result<VerifiedChain> {
    let crls: Vec<_> = crls.iter().map(|crl| crl.0.clone()).collect();
    let chain = tegata::verify_chain(&leaf.core()?, &cores(&intermediates)?, &cores(&roots)?, &crls, &purpose, at)?;
    Ok(VerifiedChain {
        certificates: chain.certificates().iter().map(Certificate::from).collect(),
        revocation_checked: count(chain.revocation_checked()),
    })
}

/// What is installed on a device, where, and when.
#[derive(Clone, Debug, uniffi::Record)]
pub struct InstallationCheck {
    /// The certificate of the device's web page.
    pub certificate: Certificate,
    /// The public half of the key that the device uses with it, if it can be had.
    #[uniffi(default)]
    pub key: Option<PublicKey>,
    /// What the device sends after the certificate, in that order.
    #[uniffi(default)]
    pub chain: Vec<Certificate>,
    /// The roots that the browsers trust; with none, nothing is trusted.
    #[uniffi(default)]
    pub roots: Vec<Certificate>,
    /// The IP addresses and DNS names that people type to reach the device, without scheme and port.
    #[uniffi(default)]
    pub addresses: Vec<String>,
    /// The time on the device's clock.
    pub now: Timestamp,
    /// Whether that clock was set since the device started; without it, `now` is looked at.
    #[uniffi(default)]
    pub clock_set: Option<bool>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Severity {
    /// Some browsers refuse or complain.
    Warning,
    /// Browsers do not trust it.
    Error,
}

/// One thing that is wrong, with what to do about it.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The stable code, such as `san_missing`.
    pub code: String,
    /// A sentence that says what is wrong and what to do.
    pub text: String,
}

/// All that keeps browsers from trusting the installation, the leaf's own faults first; empty when nothing does.
#[uniffi::export]
pub fn check_installation(check: InstallationCheck) -> Result<Vec<Finding>> {
    let (certificate, chain, roots) = (check.certificate.core()?, cores(&check.chain)?, cores(&check.roots)?);
    let key = check.key.as_ref().map(PublicKey::core).transpose()?;
    let addresses: Vec<&str> = check.addresses.iter().map(String::as_str).collect();
    let findings = tegata::check_installation(&tegata::InstallationCheck {
        certificate: &certificate,
        key: key.as_ref(),
        chain: &chain,
        roots: &roots,
        addresses: &addresses,
        now: check.now,
        clock_set: check.clock_set,
    });
    let finding = |finding: tegata::Finding| Finding {
        severity: match finding.severity {
            tegata::x509::Severity::Warning => Severity::Warning,
            tegata::x509::Severity::Error => Severity::Error,
        },
        code: finding.code.to_owned(),
        text: finding.text,
    };
    Ok(findings.into_iter().map(finding).collect())
}
