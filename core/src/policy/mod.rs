//! Decides what a certificate will hold: a profile, a verified CSR and an issuer make a certificate template, or a
//! refusal. Pure: the clock and the serial number are arguments.
//!
//! A CSR is a request, not an order. Its key and its proof of possession count; its subject and alternative names
//! count as far as the profile says so, and what the profile does not allow refuses the request instead of being
//! dropped. CA:TRUE, key usages and any other extension it asks for are never copied.

mod names;
mod subject;

use names::SanRules;
use subject::SubjectRules;

use crate::Result;
use crate::env::Timestamp;
use crate::error::{CsrError, ProfileError};
use crate::id::Serial;
use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::model::ProfileSpec;
use crate::x509::{
    BasicConstraints, Extensions, GeneralName, KeyUsage, Name, Oid, PreparedExtensions, Template, VerifiedCsr,
    encode_san,
};

/// Who the certificate is for: what the registry knows, as opposed to what the CSR says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Applicant<'a> {
    /// The opaque identifier, as text.
    pub id: &'a str,
    /// The name that operators use.
    pub name: Option<&'a str>,
    /// The manufacturer's identifier of the unit.
    pub unit: Option<&'a str>,
    /// The subject it already has: kept, since a subject names an entity and not a certificate.
    pub subject: Option<&'a Name>,
}

/// What of the issuer stands in a certificate.
#[derive(Clone, Copy, Debug)]
pub struct IssuerView<'a> {
    /// Its subject.
    pub subject: &'a Name,
    /// Its subject key identifier.
    pub key_identifier: &'a [u8],
    /// The end of its own validity, which no certificate outlives.
    pub not_after: Timestamp,
    /// What it signs with.
    pub algorithm: SignatureAlgorithm,
}

/// The key that is certified.
#[derive(Clone, Copy, Debug)]
pub enum KeySource<'a> {
    /// The one in a CSR.
    Csr(&'a VerifiedCsr),
    /// One that the server made.
    Known(&'a PublicKey),
    /// The key of a renewed certificate, with the alternative names that it keeps.
    Renewal(&'a PublicKey, &'a [GeneralName]),
}

impl KeySource<'_> {
    /// The key itself.
    pub const fn key(&self) -> &PublicKey {
        match self {
            Self::Csr(csr) => csr.public_key(),
            Self::Known(key) | Self::Renewal(key, _) => key,
        }
    }
}

/// Who issues, how, under which serial number, when.
#[derive(Clone, Copy, Debug)]
pub struct Issuance<'a> {
    /// The issuer.
    pub issuer: IssuerView<'a>,
    /// The profile's extensions as the issuer writes them.
    pub bound: &'a Bound,
    /// The serial number.
    pub serial: &'a Serial,
    /// The present moment.
    pub now: Timestamp,
}

/// A certificate that was decided on: ready to be signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decided {
    /// The signed part in DER.
    pub tbs: Vec<u8>,
    /// The subject.
    pub subject: Name,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
    /// When it should be renewed.
    pub renew_at: Timestamp,
}

/// A profile that was checked and made ready for use.
#[derive(Debug)]
pub struct CompiledProfile {
    spec: ProfileSpec,
    subject: SubjectRules,
    san: SanRules,
    usages: Vec<Oid>,
    policies: Vec<Oid>,
    not_before: Option<Timestamp>,
}

/// A profile's extensions as one issuer writes them, encoded once.
#[derive(Debug)]
pub struct Bound(PreparedExtensions);

fn invalid(field: &str, reason: &str) -> crate::Error {
    ProfileError::Invalid { field: field.to_owned(), reason: reason.to_owned() }.into()
}

fn oids(field: &str, texts: &[String]) -> Result<Vec<Oid>> {
    texts
        .iter()
        .map(|text| match text.as_str() {
            "clientAuth" => Ok(Oid::CLIENT_AUTH),
            "serverAuth" => Ok(Oid::SERVER_AUTH),
            "codeSigning" => Ok(Oid::CODE_SIGNING),
            "emailProtection" => Ok(Oid::EMAIL_PROTECTION),
            dotted => dotted.parse().map_err(|_| invalid(field, "holds something that is no name and no dotted OID")),
        })
        .collect()
}

impl CompiledProfile {
    /// Checks `spec` and makes it ready.
    ///
    /// # Errors
    /// `profile.invalid`, naming the field and the reason.
    pub fn new(spec: ProfileSpec) -> Result<Self> {
        if spec.keys.is_empty() && spec.server_keys.is_empty() {
            return Err(invalid("keys", "lists no key algorithm"));
        }
        if spec.validity_days == 0 || spec.validity_days > 36_525 {
            return Err(invalid("validity_days", "is not within 1 to 36525"));
        }
        if !(1..=100).contains(&spec.renew_after_percent) {
            return Err(invalid("renew_after_percent", "is not within 1 to 100"));
        }
        if spec.renew_spread_percent >= spec.renew_after_percent {
            return Err(invalid("renew_spread_percent", "is not below renew_after_percent"));
        }
        if spec.collect_within_days == 0 {
            return Err(invalid("collect_within_days", "is zero"));
        }
        if spec.key_usage.contains(KeyUsage::KEY_CERT_SIGN) || spec.key_usage.contains(KeyUsage::CRL_SIGN) {
            return Err(invalid("key_usage", "holds keyCertSign or cRLSign, which only authorities have"));
        }
        let not_before = match &spec.not_before {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| invalid("not_before", "is not an RFC 3339 time"))?),
        };
        let compiled = Self {
            subject: SubjectRules::new(&spec.subject)?,
            san: SanRules::new(&spec.san)?,
            usages: oids("extended_key_usage", &spec.extended_key_usage)?,
            policies: oids("policies", &spec.policies)?,
            not_before,
            spec,
        };
        // Addresses and repeated entries are checked where they are written.
        compiled
            .bind(&[0; 20], &compiled.spec.crl_urls, &[])
            .map_err(|error| invalid("an address, usage or policy", &error.to_string()))?;
        Ok(compiled)
    }

    /// What the profile says.
    pub const fn spec(&self) -> &ProfileSpec {
        &self.spec
    }

    /// Whether every subject of this profile holds the opaque identifier, so that no two entities can have the same.
    pub fn subject_is_unique(&self) -> bool {
        self.subject.holds_id()
    }

    /// The extensions that are the same for all certificates of this profile and the issuer with this key identifier whose
    /// CRL and delta CRL are at these addresses.
    ///
    /// # Errors
    /// `input.invalid` for what cannot be written.
    pub fn bind(&self, issuer_key_identifier: &[u8], crl_urls: &[String], delta_urls: &[String]) -> Result<Bound> {
        let extensions = Extensions {
            basic_constraints: Some(BasicConstraints { ca: false, path_len: None }),
            key_usage: self.spec.key_usage,
            extended_key_usage: self.usages.clone(),
            authority_key_id: Some(issuer_key_identifier.to_vec()),
            crl_distribution_points: crl_urls.to_vec(),
            freshest_crl: delta_urls.to_vec(),
            ocsp: self.spec.ocsp_urls.clone(),
            ca_issuers: self.spec.issuer_urls.clone(),
            policies: self.policies.clone(),
            extra: Vec::new(),
        };
        Ok(Bound(extensions.prepare()?))
    }

    /// Whether the profile certifies keys of this kind.
    ///
    /// # Errors
    /// `csr.key_not_in_profile`.
    pub fn check_key(&self, algorithm: KeyAlgorithm) -> Result<()> {
        if self.spec.keys.contains(&algorithm) {
            return Ok(());
        }
        Err(CsrError::KeyNotInProfile { algorithm: algorithm.name().to_owned() }.into())
    }

    /// The kind of key that the server makes: `wanted`, or the first that the profile lists.
    ///
    /// # Errors
    /// `profile.no_server_key` or `profile.server_key_algorithm`.
    pub fn server_key(&self, wanted: Option<KeyAlgorithm>) -> Result<KeyAlgorithm> {
        match (wanted, self.spec.server_keys.first()) {
            (_, None) => Err(ProfileError::NoServerKey.into()),
            (None, Some(first)) => Ok(*first),
            (Some(wanted), _) if self.spec.server_keys.contains(&wanted) => Ok(wanted),
            (Some(_), _) => Err(ProfileError::ServerKeyAlgorithm.into()),
        }
    }

    /// Decides on a certificate.
    ///
    /// # Errors
    /// `csr.key_not_in_profile`, `csr.subject_refused`, `csr.san_refused`; `profile.subject_value` when the subject needs
    /// a value that nobody gave.
    pub fn decide(&self, applicant: &Applicant<'_>, source: KeySource<'_>, issuance: &Issuance<'_>) -> Result<Decided> {
        let csr = match source {
            KeySource::Csr(csr) => {
                self.check_key(csr.public_key().algorithm())?;
                Some(csr)
            }
            KeySource::Known(_) | KeySource::Renewal(..) => None,
        };
        let subject = match applicant.subject {
            Some(kept) => kept.clone(),
            None => self.subject.decide(applicant, csr)?,
        };
        let decided;
        let names = if let KeySource::Renewal(_, kept) = source {
            kept
        } else {
            decided = self.san.decide(applicant, csr, csr.map_or(&[][..], VerifiedCsr::san))?;
            &decided
        };
        self.template(subject, names, source.key(), issuance)
    }

    /// The alternative names of a certificate that is renewed under this profile after another: those it has, if this
    /// profile allows or adds them, and those that this profile adds.
    ///
    /// # Errors
    /// `csr.san_refused`.
    pub fn names_of_renewal(&self, applicant: &Applicant<'_>, names: &[GeneralName]) -> Result<Vec<GeneralName>> {
        self.san.renew(applicant, names)
    }

    /// Writes down what was decided.
    fn template(
        &self,
        subject: Name,
        names: &[GeneralName],
        key: &PublicKey,
        issuance: &Issuance<'_>,
    ) -> Result<Decided> {
        let Issuance { issuer, bound, serial, now } = *issuance;
        let names = if names.is_empty() { None } else { Some(encode_san(names)) };
        let (not_before, not_after) = self.validity(now, issuer.not_after);
        let template = Template {
            serial: serial.as_bytes(),
            issuer: issuer.subject,
            subject: &subject,
            not_before,
            not_after,
            public_key: key,
            subject_alt_name: names.as_deref(),
            subject_key_id: None,
            extensions: &bound.0,
        };
        let tbs = template.tbs(issuer.algorithm)?;
        Ok(Decided { tbs, not_before, not_after, renew_at: self.renew_at(serial.as_bytes(), now, not_after), subject })
    }

    /// notBefore is backdated for clocks that run behind; notAfter counts from now and never passes the issuer's.
    fn validity(&self, now: Timestamp, issuer_ends: Timestamp) -> (Timestamp, Timestamp) {
        let not_before = self.not_before.unwrap_or_else(|| now.plus(-i64::from(self.spec.backdate_seconds)));
        let not_after = now.plus_days(self.spec.validity_days.into()).min(issuer_ends);
        (not_before.min(not_after), not_after)
    }

    /// A share of the validity, less a spread that the serial number decides: fixed for a certificate, even over a
    /// fleet that was issued in one go.
    pub fn renew_at(&self, serial: &[u8], now: Timestamp, not_after: Timestamp) -> Timestamp {
        let validity = not_after.since(now).max(0);
        let due = percent(validity, self.spec.renew_after_percent);
        now.plus(due - spread(serial, percent(validity, self.spec.renew_spread_percent)))
    }

    /// When a certificate issued at `issued` is due for its group's interval of `days`, spread likewise.
    pub fn renew_at_interval(&self, serial: &[u8], issued: Timestamp, days: u32) -> Timestamp {
        let interval = i64::from(days) * 86_400;
        issued.plus(interval - spread(serial, percent(interval, self.spec.renew_spread_percent)))
    }
}

const fn percent(of: i64, percent: u8) -> i64 {
    // Validities are below 2^40 seconds, so this cannot overflow.
    of.saturating_mul(percent as i64) / 100
}

/// A share of `range` that 32 bits of the serial number decide.
fn spread(serial: &[u8], range: i64) -> i64 {
    let bits = serial.last_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let share = (i128::from(range) * i128::from(bits)) >> 32;
    i64::try_from(share).unwrap_or(0)
}
