//! Does a chain lead from a certificate to a trusted root (RFC 5280, 6)?
//!
//! rustls-webpki builds and checks the path; what it leaves to its callers is added here: roots are held to the rules
//! for CA certificates too, every key must be of an accepted kind, and each refusal gets a reason of this library.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator,
    KeyPurposeIdIter, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};

use super::{Certificate, Crl, KeyUsage, Oid};
use crate::env::Timestamp;
use crate::error::{CertificateError, Error};

/// What a certificate is to be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Purpose {
    /// The extended key usage that it needs.
    fn required(&self) -> Option<&Oid> {
        match self {
            Self::ServerAuth => Some(const { &Oid::SERVER_AUTH }),
            Self::ClientAuth => Some(const { &Oid::CLIENT_AUTH }),
            Self::Other(oid) => Some(oid),
            Self::Any => None,
        }
    }

    /// Whether a certificate with this extended key usage, or without any, may be used so.
    pub fn allowed_by(&self, extended_key_usage: &[Oid]) -> bool {
        let Some(required) = self.required() else { return true };
        extended_key_usage.is_empty()
            || extended_key_usage.iter().any(|oid| oid == required || *oid == Oid::ANY_EXTENDED_KEY_USAGE)
    }
}

/// A chain whose every link was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    certificates: Vec<Certificate>,
    revocation_checked: usize,
}

impl VerifiedChain {
    /// The certificates from the leaf to the root.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The root that it leads to.
    pub fn root(&self) -> Option<&Certificate> {
        self.certificates.last()
    }

    /// For how many certificates, counted from the leaf, there was a CRL of their issuer.
    pub const fn revocation_checked(&self) -> usize {
        self.revocation_checked
    }
}

/// RSA-PSS and SHA-1 are not among what this library accepts anywhere.
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P256_SHA384,
    webpki::ring::ECDSA_P384_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
    webpki::ring::ED25519,
    webpki::ring::RSA_PKCS1_2048_8192_SHA256,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512,
    webpki::ring::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
];

/// Checks that `leaf` may be used for `purpose` at `at` and that a chain leads from it through any of `intermediates`,
/// in any order, to one of `roots`.
///
/// Every certificate below the root is looked up in the CRL of its issuer, if one is among `crls`; a chain without CRLs
/// passes, and [`VerifiedChain::revocation_checked`] tells. A certificate on hold counts as revoked.
///
/// # Errors
/// `certificate.expired`, `.not_yet_valid`, `.chain_incomplete`, `.chain_signature`, `.chain_constraint`,
/// `.chain_purpose`, `.chain_algorithm`, `.chain_revoked`, `.crl_stale`, `.crl_signature`, `.crl_malformed` or
/// `.malformed`.
pub fn verify_chain(
    leaf: &Certificate,
    intermediates: &[Certificate],
    roots: &[Certificate],
    crls: &[Crl],
    purpose: &Purpose,
    at: Timestamp,
) -> Result<VerifiedChain, Error> {
    check_version(leaf, "the certificate")?;
    // A root that cannot be one is left out, and named only if no chain is found without it.
    let mut refused = None;
    let usable: Vec<&Certificate> = roots
        .iter()
        .filter(|root| check_root(root, at).map_err(|error| refused = Some((*root, error))).is_ok())
        .collect();
    let ders: Vec<CertificateDer<'_>> = usable.iter().map(|root| CertificateDer::from(root.der())).collect();
    let anchors = ders.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>().map_err(|e| reason(&e))?;
    let path = match build(leaf, intermediates, &anchors, crls, purpose, at) {
        Ok(path) => path,
        Err(error) => {
            return Err(match (&error, refused) {
                (Error::Certificate(CertificateError::ChainIncomplete), Some((root, refused)))
                    if issued_any(root, leaf, intermediates) =>
                {
                    refused
                }
                _ => error,
            });
        }
    };
    let mut certificates = vec![leaf.clone()];
    certificates.extend(path.intermediates.iter().filter_map(|&index| intermediates.get(index)).cloned());
    certificates.extend(usable.get(path.anchor).map(|&root| root.clone()));
    check_keys(&certificates)?;
    let below_root = certificates.len().saturating_sub(1);
    let revocation_checked = certificates
        .iter()
        .take(below_root)
        .take_while(|certificate| crls.iter().any(|crl| crl.issuer() == certificate.issuer()))
        .count();
    Ok(VerifiedChain { certificates, revocation_checked })
}

/// Whether `root` is named as the issuer of one of the others.
fn issued_any(root: &Certificate, leaf: &Certificate, intermediates: &[Certificate]) -> bool {
    std::iter::once(leaf).chain(intermediates).any(|certificate| certificate.issuer() == root.subject())
}

/// The path as positions in what the caller gave.
struct Path {
    intermediates: Vec<usize>,
    anchor: usize,
}

fn build(
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &[TrustAnchor<'_>],
    crls: &[Crl],
    purpose: &Purpose,
    at: Timestamp,
) -> Result<Path, Error> {
    let leaf_der = CertificateDer::from(leaf.der());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(|e| reason(&e))?;
    let intermediate_ders: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
    let mut lists = Vec::with_capacity(crls.len());
    for crl in crls {
        let list = BorrowedCertRevocationList::from_der(crl.der())
            .map_err(|e| CertificateError::CrlMalformed { reason: e.to_string() })?;
        lists.push(CertRevocationList::from(list));
    }
    let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
    let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
        options
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Allow)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build()
    });
    // Before 1970 nothing is valid, which a time of zero says as well.
    let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.unix()).unwrap_or(0)));
    let path = end_entity
        .verify_for_usage(ALGORITHMS, anchors, &intermediate_ders, time, Usage(purpose), revocation, None)
        .map_err(|e| reason(&e))?;
    let position = |der: CertificateDer<'_>| intermediates.iter().position(|c| c.der() == &der[..]);
    Ok(Path {
        intermediates: path.intermediate_certificates().filter_map(|cert| position(cert.der())).collect(),
        anchor: anchors.iter().position(|anchor| std::ptr::eq(anchor, path.anchor())).unwrap_or(usize::MAX),
    })
}

struct Usage<'a>(&'a Purpose);

impl ExtendedKeyUsageValidator for Usage<'_> {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut found = Vec::new();
        for purpose in purposes {
            let dotted: Vec<String> = purpose?.to_decoded_oid().iter().map(usize::to_string).collect();
            found.extend(dotted.join(".").parse::<Oid>());
        }
        // The newer variant holds a `webpki::KeyUsage` of constants, which a purpose that comes at run time is not.
        #[allow(deprecated)]
        let refused = webpki::Error::RequiredEkuNotFound;
        if self.0.allowed_by(&found) { Ok(()) } else { Err(refused) }
    }
}

fn constraint(reason: &str) -> Error {
    CertificateError::ChainConstraint { reason: reason.to_owned() }.into()
}

fn check_version(certificate: &Certificate, which: &str) -> Result<(), Error> {
    if certificate.version() == 3 {
        return Ok(());
    }
    Err(constraint(&format!(
        "{which} is of X.509 version {}, which cannot say whether it is a CA; make it anew as version 3",
        certificate.version()
    )))
}

/// RFC 5280 (6.1) takes roots as given; devices and browsers do not, and neither does this.
fn check_root(root: &Certificate, at: Timestamp) -> Result<(), Error> {
    check_version(root, "the root certificate")?;
    check_issuer(root, "the root certificate")?;
    if at < root.not_before() {
        return Err(CertificateError::NotYetValid.into());
    }
    if at > root.not_after() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

fn check_issuer(certificate: &Certificate, which: &str) -> Result<(), Error> {
    if !certificate.is_ca() {
        return Err(constraint(&format!("{which} is not a CA certificate (CA:TRUE is missing)")));
    }
    if certificate.extensions().key_usage.is_some_and(|usage| !usage.contains(KeyUsage::KEY_CERT_SIGN)) {
        return Err(constraint(&format!("the key usage of {which} does not include keyCertSign")));
    }
    Ok(())
}

fn check_keys(certificates: &[Certificate]) -> Result<(), Error> {
    for certificate in certificates {
        certificate.public_key().map_err(|error| CertificateError::ChainAlgorithm { reason: error.to_string() })?;
    }
    certificates.iter().skip(1).try_for_each(|issuer| check_issuer(issuer, "an issuer in the chain"))
}

/// Why rustls-webpki refused, in the words of this library.
#[allow(deprecated)] // each error once, under its old and its new name
fn reason(error: &webpki::Error) -> Error {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => CertificateError::Expired.into(),
        E::CertNotValidYet { .. } => CertificateError::NotYetValid.into(),
        E::CertRevoked => CertificateError::ChainRevoked.into(),
        E::CrlExpired { .. } => CertificateError::CrlStale.into(),
        E::UnknownIssuer => CertificateError::ChainIncomplete.into(),
        E::InvalidSignatureForPublicKey => CertificateError::ChainSignature.into(),
        E::InvalidCrlSignatureForPublicKey => CertificateError::CrlSignature.into(),
        E::RequiredEkuNotFound | E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => {
            CertificateError::ChainPurpose.into()
        }
        E::CaUsedAsEndEntity => constraint("it is a CA certificate (CA:TRUE), which must not be used as a leaf"),
        E::EndEntityUsedAsCa => constraint("an issuer in the chain is not a CA certificate (CA:TRUE is missing)"),
        E::PathLenConstraintViolated => constraint("a CA's path length allows no further intermediate"),
        E::NameConstraintViolation => constraint("a CA's name constraints do not allow the names in it"),
        E::UnsupportedCriticalExtension => constraint("a critical extension is not known here"),
        E::UnsupportedCertVersion => constraint("a certificate in the chain is not of X.509 version 3"),
        E::InvalidCertValidity => constraint("a validity in the chain ends before it begins"),
        E::IssuerNotCrlSigner => constraint("the key usage of the CRL's issuer does not include cRLSign"),
        E::SignatureAlgorithmMismatch
        | E::UnsupportedSignatureAlgorithm
        | E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKey
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            let reason =
                "a signature that is not ECDSA, Ed25519 or RSA PKCS#1 v1.5 with SHA-256 or stronger".to_owned();
            CertificateError::ChainAlgorithm { reason }.into()
        }
        E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumNameConstraintComparisonsExceeded => constraint("the chain is too long or too tangled to check"),
        E::UnsupportedCrlVersion
        | E::UnsupportedDeltaCrl
        | E::UnsupportedIndirectCrl
        | E::UnsupportedCrlIssuingDistributionPoint
        | E::UnsupportedRevocationReason
        | E::UnsupportedRevocationReasonsPartitioning
        | E::InvalidCrlNumber => CertificateError::CrlMalformed { reason: error.to_string() }.into(),
        other => CertificateError::Malformed { reason: other.to_string() }.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::fixture::{Party, Wish, at, ca_extensions, issue, leaf_extensions, name, root};
    use super::super::{CrlTemplate, CrlWriter, Extensions, RevocationReason, Template, assemble};
    use super::*;
    use crate::der::{Reader, Writer};
    use crate::key::{KeyAlgorithm, PrivateKey, Signer};

    fn intermediate(root: &Party, subject: &str) -> Party {
        let wish = Wish {
            subject,
            from: "2020-01-01T00:00:00Z",
            to: "2040-01-01T00:00:00Z",
            extensions: ca_extensions(Some(0)),
            ..Wish::default()
        };
        issue(root, wish)
    }

    fn crl(ca: &Party, revoked: &[&Certificate], reason: RevocationReason) -> Crl {
        let template = CrlTemplate {
            issuer: ca.certificate.subject(),
            number: 1,
            this_update: at("2026-05-01T00:00:00Z"),
            next_update: at("2026-07-01T00:00:00Z"),
            authority_key_id: &ca.key_id(),
            delta_base: None,
            distribution_point: &[],
        };
        let mut writer = CrlWriter::new(&template, ca.key.algorithm(), revoked.len()).unwrap();
        for certificate in revoked {
            writer.push(certificate.serial(), at("2026-04-01T00:00:00Z"), reason).unwrap();
        }
        Crl::from_bytes(&writer.sign(&ca.key).unwrap()).unwrap()
    }

    struct World {
        root: Party,
        intermediate: Party,
        leaf: Party,
    }

    fn world(wish: Wish<'_>) -> World {
        let root = root("CN=Root");
        let intermediate = intermediate(&root, "CN=Intermediate");
        let leaf = issue(&intermediate, wish);
        World { root, intermediate, leaf }
    }

    impl World {
        fn verify(&self, crls: &[Crl], purpose: &Purpose, now: &str) -> Result<VerifiedChain, &'static str> {
            let intermediates = [self.intermediate.certificate.clone()];
            self.verify_with(&intermediates, std::slice::from_ref(&self.root.certificate), crls, purpose, now)
        }

        fn verify_with(
            &self,
            intermediates: &[Certificate],
            roots: &[Certificate],
            crls: &[Crl],
            purpose: &Purpose,
            now: &str,
        ) -> Result<VerifiedChain, &'static str> {
            verify_chain(&self.leaf.certificate, intermediates, roots, crls, purpose, at(now)).map_err(|e| e.code())
        }
    }

    const NOW: &str = "2026-06-01T00:00:00Z";

    #[test]
    fn a_chain_is_found_and_told_from_leaf_to_root() {
        let w = world(Wish::default());
        let chain = w.verify(&[], &Purpose::ServerAuth, NOW).unwrap();
        let expected = [&w.leaf.certificate, &w.intermediate.certificate, &w.root.certificate].map(Clone::clone);
        assert_eq!(chain.certificates(), expected);
        assert_eq!(chain.revocation_checked(), 0);
    }

    #[test]
    fn the_validity_counts_to_its_last_second() {
        let w = world(Wish::default());
        for (now, expected) in [
            ("2025-12-31T23:59:59Z", Err("certificate.not_yet_valid")),
            ("2026-01-01T00:00:00Z", Ok(())),
            ("2027-01-01T00:00:00Z", Ok(())),
            ("2027-01-01T00:00:01Z", Err("certificate.expired")),
            ("1969-01-01T00:00:00Z", Err("certificate.chain_incomplete")),
        ] {
            let found = w.verify(&[], &Purpose::Any, now).map(|_| ());
            // At 1969 the root is not valid either, and its reason is the one to tell.
            let expected = if now.starts_with("1969") { Err("certificate.not_yet_valid") } else { expected };
            assert_eq!(found, expected, "{now}");
        }
    }

    #[test]
    fn missing_links_and_forged_ones_have_reasons_of_their_own() {
        let w = world(Wish::default());
        let roots = [w.root.certificate.clone()];
        let missing = w.verify_with(&[], &roots, &[], &Purpose::Any, NOW);
        assert_eq!(missing.unwrap_err(), "certificate.chain_incomplete");
        let untrusted = w.verify_with(std::slice::from_ref(&w.intermediate.certificate), &[], &[], &Purpose::Any, NOW);
        assert_eq!(untrusted.unwrap_err(), "certificate.chain_incomplete");
        let rebuilt = intermediate(&w.root, "CN=Intermediate").certificate;
        let forged = w.verify_with(&[rebuilt], &roots, &[], &Purpose::Any, NOW);
        assert_eq!(forged.unwrap_err(), "certificate.chain_signature");
    }

    #[test]
    fn the_purpose_must_be_among_those_allowed() {
        let extensions = Extensions { extended_key_usage: vec![Oid::CLIENT_AUTH], ..leaf_extensions() };
        let w = world(Wish { extensions, ..Wish::default() });
        assert!(w.verify(&[], &Purpose::ClientAuth, NOW).is_ok());
        assert!(w.verify(&[], &Purpose::Any, NOW).is_ok());
        assert!(w.verify(&[], &Purpose::Other(Oid::CLIENT_AUTH), NOW).is_ok());
        assert_eq!(w.verify(&[], &Purpose::ServerAuth, NOW).unwrap_err(), "certificate.chain_purpose");
    }

    #[test]
    fn revoked_and_held_certificates_are_refused_wherever_they_are() {
        let w = world(Wish::default());
        let fine = [crl(&w.intermediate, &[], RevocationReason::Unspecified)];
        let chain = w.verify(&fine, &Purpose::Any, NOW).unwrap();
        assert_eq!(chain.revocation_checked(), 1);
        for reason in [RevocationReason::KeyCompromise, RevocationReason::CertificateHold] {
            let revoked = [crl(&w.intermediate, &[&w.leaf.certificate], reason)];
            assert_eq!(w.verify(&revoked, &Purpose::Any, NOW).unwrap_err(), "certificate.chain_revoked");
        }
        let revoked = [crl(&w.root, &[&w.intermediate.certificate], RevocationReason::CaCompromise)];
        assert_eq!(w.verify(&revoked, &Purpose::Any, NOW).unwrap_err(), "certificate.chain_revoked");
        assert_eq!(w.verify(&fine, &Purpose::Any, "2026-07-02T00:00:00Z").unwrap_err(), "certificate.crl_stale");
        let rebuilt = intermediate(&w.root, "CN=Intermediate");
        let forged = [crl(&rebuilt, &[], RevocationReason::Unspecified)];
        assert_eq!(w.verify(&forged, &Purpose::Any, NOW).unwrap_err(), "certificate.crl_signature");
    }

    #[test]
    fn a_root_without_ca_true_is_refused_with_that_reason() {
        let mut w = world(Wish::default());
        let (key, subject) = (PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(), name("CN=Plain"));
        let template = Template {
            serial: &[9],
            issuer: &subject,
            subject: &subject,
            not_before: at("2020-01-01T00:00:00Z"),
            not_after: at("2040-01-01T00:00:00Z"),
            public_key: key.public_key(),
            subject_alt_name: None,
            subject_key_id: None,
            extensions: &leaf_extensions().prepare().unwrap(),
        };
        let certificate = Certificate::from_der(&template.sign(&key).unwrap()).unwrap();
        w.root = Party { key, certificate };
        w.leaf = issue(&w.root, Wish::default());
        let refused =
            verify_chain(&w.leaf.certificate, &[], &[w.root.certificate.clone()], &[], &Purpose::Any, at(NOW));
        assert!(refused.unwrap_err().to_string().contains("CA:TRUE is missing"));
    }

    #[test]
    fn a_root_of_version_1_is_refused_with_that_reason() {
        let w = world(Wish::default());
        // What `openssl x509 -req -signkey` makes: no version, no extensions.
        let mut fields = Reader::new(w.root.certificate.tbs()).sequence().unwrap();
        let mut tbs = Writer::default();
        tbs.sequence(|out| {
            while let Ok(field) = fields.any() {
                if !matches!(field.tag, 0xa0 | 0xa3) {
                    out.raw(field.whole);
                }
            }
        });
        let tbs = tbs.finish();
        let der = assemble(&tbs, w.root.key.algorithm(), &w.root.key.sign(&tbs).unwrap());
        let version_1 = Certificate::from_der(&der).unwrap();
        assert_eq!(version_1.version(), 1);
        let intermediates = [w.intermediate.certificate.clone()];
        let refused = verify_chain(&w.leaf.certificate, &intermediates, &[version_1], &[], &Purpose::Any, at(NOW));
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), "certificate.chain_constraint");
        assert!(refused.to_string().contains("version 1"), "{refused}");
    }

    #[test]
    fn a_ca_certificate_is_no_leaf() {
        let mut w = world(Wish::default());
        w.leaf = intermediate(&w.intermediate, "CN=Lower");
        assert_eq!(w.verify(&[], &Purpose::Any, NOW).unwrap_err(), "certificate.chain_constraint");
    }
}
