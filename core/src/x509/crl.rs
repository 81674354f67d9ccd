//! CRLs (RFC 5280, 5): the reader.

use std::fmt;
use std::ops::Range;

use super::certificate::range_in;
use super::certificate_extensions::read_extensions;
use super::extension::id;
use super::{Name, Oid, RevocationReason};
use crate::der::{Malformed, Reader, tag, time_value};
use crate::env::Timestamp;
use crate::error::{CertificateError, Error, InputError};
use crate::key::{PublicKey, SignatureAlgorithm, pem};

/// The largest CRL that is read, in octets of DER: some five million entries.
pub const MAX_CRL: usize = 256 * 1024 * 1024;

/// When and why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why; `Unspecified` when the CRL does not say.
    pub reason: RevocationReason,
}

/// A CRL that was read. It is well-formed; whether its issuer signed it, [`verify_signed_by`](Self::verify_signed_by)
/// says.
#[derive(Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    issuer: Name,
    number: Option<Vec<u8>>,
    delta_base: Option<Vec<u8>>,
    limited_scope: bool,
    authority_key_id: Option<Vec<u8>>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    tbs: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
    /// Where each entry begins, by serial number.
    index: Vec<u32>,
}

fn malformed(reason: &str) -> Error {
    CertificateError::CrlMalformed { reason: reason.to_owned() }.into()
}

fn broken(_: Malformed) -> Error {
    malformed("its structure is broken or not DER")
}

/// One entry, borrowed.
struct Entry<'a> {
    serial: &'a [u8],
    date: (u8, &'a [u8]),
    extensions: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    fn read(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(content);
        let serial = fields.integer()?;
        let date = fields.any()?;
        let extensions = if fields.is_empty() { None } else { Some(fields.element(tag::SEQUENCE)?.whole) };
        fields.end()?;
        Ok(Self { serial, date: (date.tag, date.content), extensions })
    }

    /// The entry's value, if all of it can be understood.
    fn revocation(&self) -> Result<Revocation, Error> {
        let at = time_value(self.date.0, self.date.1).ok_or_else(|| malformed("an entry has no proper date"))?;
        let mut reason = RevocationReason::Unspecified;
        for extension in self.extensions.map(read_extensions).transpose().map_err(broken)?.unwrap_or_default() {
            if extension.oid == id::REASON_CODE {
                let mut value = Reader::new(extension.value);
                let code = value.expect(tag::ENUMERATED).map_err(broken)?;
                value.end().map_err(broken)?;
                let known = match code {
                    [code] => RevocationReason::from_code(*code),
                    _ => None,
                };
                reason = known.ok_or_else(|| malformed("an entry has a reason that RFC 5280 does not know"))?;
            } else if extension.critical {
                // An indirect CRL names other issuers here; read without that, it would revoke the wrong certificates.
                return Err(malformed("an entry has a critical extension that is not known here (an indirect CRL?)"));
            }
        }
        Ok(Revocation { at, reason })
    }
}

impl Crl {
    /// Reads one CRL, DER or PEM.
    ///
    /// # Errors
    /// `certificate.crl_malformed` with what is wrong, which includes critical extensions that are not known here and
    /// indirect CRLs; `input.too_long` above [`MAX_CRL`].
    pub fn from_bytes(input: &[u8]) -> Result<Self, Error> {
        if !pem::looks_like_pem(input) {
            return Self::from_vec(input.to_vec());
        }
        let blocks = pem::blocks(input).map_err(malformed)?;
        let mut crls = blocks.into_iter().filter(|block| block.label == "X509 CRL");
        match (crls.next(), crls.next()) {
            (Some(only), None) => Self::from_vec(only.der.to_vec()),
            (None, _) => Err(malformed("the PEM text holds no X509 CRL block")),
            _ => Err(malformed("the PEM text holds more than one CRL")),
        }
    }

    fn from_vec(der: Vec<u8>) -> Result<Self, Error> {
        if der.len() > MAX_CRL {
            return Err(InputError::TooLong { field: "the CRL".to_owned(), limit: MAX_CRL }.into());
        }
        let mut outer = Reader::new(&der);
        let mut parts = outer.sequence().map_err(broken)?;
        outer.end().map_err(|_| malformed("bytes follow its end"))?;
        let tbs = parts.element(tag::SEQUENCE).map_err(broken)?;
        let algorithm = parts.element(tag::SEQUENCE).map_err(broken)?.whole;
        let signature = parts.bit_string().map_err(broken)?;
        parts.end().map_err(broken)?;

        let signed = Signed::read(tbs.content).map_err(broken)?;
        if signed.algorithm != algorithm {
            return Err(malformed("its two signature algorithms differ (RFC 5280, 5.1.1.2)"));
        }
        let issuer = Name::from_der(signed.issuer).map_err(|error| malformed(&format!("its issuer: {error}")))?;
        let index = index(&der, signed.entries)?;
        let mut crl = Self {
            issuer,
            number: None,
            delta_base: None,
            limited_scope: false,
            authority_key_id: None,
            this_update: signed.this_update,
            next_update: signed.next_update,
            tbs: range_in(&der, tbs.whole),
            algorithm: range_in(&der, algorithm),
            signature: range_in(&der, signature),
            index,
            der: Vec::new(),
        };
        for extension in signed.extensions.map(read_extensions).transpose().map_err(broken)?.unwrap_or_default() {
            let mut value = Reader::new(extension.value);
            match extension.oid {
                id::CRL_NUMBER => crl.number = Some(value.integer().map_err(broken)?.to_vec()),
                id::DELTA_CRL_INDICATOR => crl.delta_base = Some(value.integer().map_err(broken)?.to_vec()),
                id::AUTHORITY_KEY_IDENTIFIER => {
                    let mut fields = value.sequence().map_err(broken)?;
                    crl.authority_key_id = fields.optional(tag::context(0)).map_err(broken)?.map(<[u8]>::to_vec);
                }
                id::ISSUING_DISTRIBUTION_POINT => crl.limited_scope = limits_scope(value).map_err(broken)?,
                other if extension.critical => {
                    let oid = Oid::from_bytes(other).map(|oid| oid.to_string()).unwrap_or_default();
                    return Err(malformed(&format!("critical extension {oid} is not known here")));
                }
                _ => {}
            }
        }
        crl.der = der;
        Ok(crl)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// The whole CRL in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The whole CRL in PEM.
    pub fn pem(&self) -> String {
        pem::encode("X509 CRL", &self.der).to_string()
    }

    /// Who issued it.
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// The CRL number when it is there and fits 64 bits; RFC 5280 (5.2.3) allows 20 octets.
    pub fn number(&self) -> Option<u64> {
        u64_from(self.number.as_deref()?)
    }

    /// For a delta CRL, the number of the complete CRL that it builds on.
    pub fn delta_base(&self) -> Option<u64> {
        u64_from(self.delta_base.as_deref()?)
    }

    /// Whether it is complete: neither a delta nor limited to a shard, some certificates or reasons of its issuer.
    pub const fn is_complete(&self) -> bool {
        self.delta_base.is_none() && !self.limited_scope
    }

    /// The key identifier of the issuer, if it is given.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// When it was made.
    pub const fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next one is due, if it says so.
    pub const fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// Whether its nextUpdate has passed at `at`.
    pub fn is_stale_at(&self, at: Timestamp) -> bool {
        self.next_update.is_some_and(|next| at > next)
    }

    /// What it is signed with; `None` for an algorithm that this library does not know.
    pub fn signature_algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::from_identifier(self.part(&self.algorithm))
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    fn entry(&self, at: u32) -> Option<Entry<'_>> {
        entry_at(&self.der, at)
    }

    /// The entry of the certificate with this serial number (the content of its INTEGER), if there is one.
    ///
    /// # Errors
    /// `certificate.crl_malformed` when there is one that cannot be understood.
    pub fn get(&self, serial: &[u8]) -> Result<Option<Revocation>, Error> {
        let key = |at: &u32| self.entry(*at).map(|entry| entry.serial).unwrap_or_default();
        match self.index.binary_search_by(|at| key(at).cmp(serial)) {
            Ok(place) => self.index.get(place).and_then(|&at| self.entry(at)).map(|e| e.revocation()).transpose(),
            Err(_) => Ok(None),
        }
    }

    /// All entries, by serial number.
    pub fn entries(&self) -> impl Iterator<Item = Result<(&[u8], Revocation), Error>> {
        self.index
            .iter()
            .filter_map(|&at| self.entry(at))
            .map(|entry| entry.revocation().map(|revocation| (entry.serial, revocation)))
    }

    /// Checks the signature with the issuer's key.
    ///
    /// # Errors
    /// `certificate.chain_signature` when it does not verify or is of an unknown algorithm.
    pub fn verify_signed_by(&self, issuer: &PublicKey) -> Result<(), Error> {
        let refused = || Error::from(CertificateError::ChainSignature);
        let algorithm = self.signature_algorithm().ok_or_else(refused)?;
        issuer.verify(algorithm, self.part(&self.tbs), self.part(&self.signature)).map_err(|_| refused())
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl(number {:?}, {} entries)", self.number(), self.len())
    }
}

fn u64_from(integer: &[u8]) -> Option<u64> {
    match integer {
        [0x80..=0xff, ..] => None,
        _ => integer.iter().try_fold(0u64, |value, &octet| value.checked_mul(256)?.checked_add(octet.into())),
    }
}

/// The fields of a `TBSCertList`.
struct Signed<'a> {
    algorithm: &'a [u8],
    issuer: &'a [u8],
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    entries: &'a [u8],
    extensions: Option<&'a [u8]>,
}

impl<'a> Signed<'a> {
    fn read(tbs: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(tbs);
        let version = fields.optional(tag::INTEGER)?;
        if version.is_some_and(|number| number != [1]) {
            return Err(Malformed);
        }
        let algorithm = fields.element(tag::SEQUENCE)?.whole;
        let issuer = fields.element(tag::SEQUENCE)?.whole;
        let this_update = fields.time()?;
        let next_update = match fields.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(fields.time()?),
            _ => None,
        };
        let entries = fields.optional(tag::SEQUENCE)?.unwrap_or_default();
        let extensions = fields.optional(tag::context_constructed(0))?;
        fields.end()?;
        if version.is_none() && extensions.is_some() {
            return Err(Malformed);
        }
        Ok(Self { algorithm, issuer, this_update, next_update, entries, extensions })
    }
}

fn entry_at(der: &[u8], at: u32) -> Option<Entry<'_>> {
    let rest = der.get(usize::try_from(at).ok()?..)?;
    Entry::read(Reader::new(rest).expect(tag::SEQUENCE).ok()?).ok()
}

/// One encoded entry at the start of `reader`: its serial number, what it says, and all of its octets.
///
/// # Errors
/// `certificate.crl_malformed` when it cannot be understood.
pub(crate) fn read_entry<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], Revocation, &'a [u8]), Error> {
    let element = reader.element(tag::SEQUENCE).map_err(broken)?;
    let entry = Entry::read(element.content).map_err(broken)?;
    Ok((entry.serial, entry.revocation()?, element.whole))
}

/// Checks the shape of every entry and orders them by serial number.
fn index(der: &[u8], entries: &[u8]) -> Result<Vec<u32>, Error> {
    let mut reader = Reader::new(entries);
    let mut index = Vec::new();
    while !reader.is_empty() {
        let element = reader.element(tag::SEQUENCE).map_err(broken)?;
        let entry = Entry::read(element.content).map_err(broken)?;
        let at = u32::try_from(range_in(der, element.whole).start).map_err(|_| broken(Malformed))?;
        index.push((entry.serial, at));
    }
    // A serial that is there twice keeps its first entry, which a stable sort leaves in front.
    index.sort_by_key(|&(serial, _)| serial);
    index.dedup_by_key(|&mut (serial, _)| serial);
    Ok(index.into_iter().map(|(_, at)| at).collect())
}

/// Whether an `IssuingDistributionPoint` limits the CRL. One that names a distribution point covers the certificates that name
/// it too, and no others (RFC 5280, 5.2.5 and 6.3.3).
fn limits_scope(mut value: Reader<'_>) -> Result<bool, Malformed> {
    let mut fields = value.sequence()?;
    value.end()?;
    let point = fields.optional(tag::context_constructed(0))?;
    Ok(point.is_some() || !fields.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::fixture::{Party, at, root};
    use super::super::{CrlTemplate, CrlWriter, encode_entry};
    use super::*;
    use crate::key::Signer;
    use proptest::prelude::*;

    fn write(ca: &Party, expected: usize, base: Option<u64>, fill: impl FnOnce(&mut CrlWriter)) -> Vec<u8> {
        let template = CrlTemplate {
            issuer: ca.certificate.subject(),
            number: 300,
            this_update: at("2026-11-01T00:00:00Z"),
            next_update: at("2026-11-08T00:00:00Z"),
            authority_key_id: &ca.key_id(),
            delta_base: base,
            distribution_point: &[],
        };
        let mut writer = CrlWriter::new(&template, ca.key.algorithm(), expected).unwrap();
        fill(&mut writer);
        writer.sign(&ca.key).unwrap()
    }

    #[test]
    fn what_was_written_is_read_back() {
        let ca = root("CN=Root");
        let when = at("2026-10-31T12:00:00Z");
        let der = write(&ca, 2, None, |crl| {
            crl.push(&[0x40, 9], when, RevocationReason::KeyCompromise).unwrap();
            let mut encoded = Vec::new();
            encode_entry(&mut encoded, &[0, 0x80], when, RevocationReason::Unspecified).unwrap();
            crl.push_encoded(&encoded);
        });
        let crl = Crl::from_bytes(&der).unwrap();
        assert_eq!(crl.number(), Some(300));
        assert_eq!(crl.issuer(), ca.certificate.subject());
        assert_eq!(crl.authority_key_id(), Some(&ca.key_id()[..]));
        assert_eq!(crl.this_update(), at("2026-11-01T00:00:00Z"));
        assert!(!crl.is_stale_at(at("2026-11-08T00:00:00Z")) && crl.is_stale_at(at("2026-11-08T00:00:01Z")));
        assert!(crl.is_complete());
        let compromised = Revocation { at: when, reason: RevocationReason::KeyCompromise };
        assert_eq!(crl.get(&[0x40, 9]).unwrap(), Some(compromised));
        let unspecified = Revocation { at: when, reason: RevocationReason::Unspecified };
        assert_eq!(crl.get(&[0, 0x80]).unwrap(), Some(unspecified));
        assert_eq!(crl.get(&[0x40]).unwrap(), None);
        assert_eq!(crl.entries().count(), 2);
        assert!(crl.verify_signed_by(ca.key.public_key()).is_ok());
        assert!(crl.verify_signed_by(root("CN=Root").key.public_key()).is_err());
        assert_eq!(Crl::from_bytes(crl.pem().as_bytes()).unwrap(), crl);
    }

    #[test]
    fn an_empty_crl_has_no_list_at_all() {
        let ca = root("CN=Root");
        let der = write(&ca, 5, None, |_| {});
        let crl = Crl::from_bytes(&der).unwrap();
        assert!(crl.is_empty());
        assert!(crl.verify_signed_by(ca.key.public_key()).is_ok());
        // nextUpdate is followed by crlExtensions.
        let next_update = b"\x17\x0d261108000000Z\xa0";
        assert!(der.windows(next_update.len()).any(|window| window == next_update));
    }

    #[test]
    fn any_guess_of_the_number_of_entries_gives_the_same_crl() {
        let ca = root("CN=Root");
        let fill = |crl: &mut CrlWriter| {
            for serial in 1..=2000u16 {
                let [high, low] = serial.to_be_bytes();
                let serial = if serial < 0x80 { vec![low] } else { vec![1, high, low] };
                crl.push(&serial, at("2026-10-01T00:00:00Z"), RevocationReason::Superseded).unwrap();
            }
        };
        let signed = |der: &[u8]| {
            let crl = Crl::from_bytes(der).unwrap();
            assert!(crl.verify_signed_by(ca.key.public_key()).is_ok());
            crl.part(&crl.tbs).to_vec()
        };
        let exact = signed(&write(&ca, 2000, None, fill));
        for expected in [0, 1, 3, 100, 1_000_000, usize::MAX] {
            assert_eq!(signed(&write(&ca, expected, None, fill)), exact, "{expected}");
        }
    }

    #[test]
    fn dates_of_one_day_and_of_many_are_written_alike() {
        let ca = root("CN=Root");
        let dates = [
            "2026-10-01T00:00:00Z",
            "2026-10-01T23:59:59Z",
            "2026-10-01T09:08:07Z",
            "2025-01-31T10:11:12Z",
            "2049-12-31T23:59:59Z",
            "2050-01-01T00:00:00Z",
            "2050-01-01T20:30:40Z",
            "1969-12-31T23:00:01Z",
        ];
        let der = write(&ca, dates.len(), None, |crl| {
            for (date, serial) in dates.iter().zip(1..) {
                crl.push(&[serial], at(date), RevocationReason::Unspecified).unwrap();
            }
        });
        let crl = Crl::from_bytes(&der).unwrap();
        let read: Vec<_> = crl.entries().map(|entry| entry.unwrap().1.at.to_string()).collect();
        assert_eq!(read, dates);
        // Written one by one, without the memory of the one before.
        let mut apart = Vec::new();
        for (date, serial) in dates.iter().zip(1..) {
            encode_entry(&mut apart, &[serial], at(date), RevocationReason::Unspecified).unwrap();
        }
        assert!(der.windows(apart.len()).any(|window| window == apart));
    }

    #[test]
    fn remove_from_crl_is_for_deltas_only_and_bad_serials_for_none() {
        let ca = root("CN=Root");
        let when = at("2026-10-31T12:00:00Z");
        write(&ca, 0, None, |crl| {
            assert!(crl.push(&[1], when, RevocationReason::RemoveFromCrl).is_err());
            for serial in [&[][..], &[0], &[0x80], &[0, 1], &[1; 21]] {
                assert!(crl.push(serial, when, RevocationReason::Unspecified).is_err(), "{serial:02x?}");
            }
        });
        let der = write(&ca, 0, Some(299), |crl| crl.push(&[1], when, RevocationReason::RemoveFromCrl).unwrap());
        let crl = Crl::from_bytes(&der).unwrap();
        assert_eq!(crl.delta_base(), Some(299));
        assert!(!crl.is_complete());
        assert_eq!(crl.get(&[1]).unwrap().unwrap().reason, RevocationReason::RemoveFromCrl);
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let mut der = write(&root("CN=Root"), 0, None, |_| {});
        der.push(0);
        assert_eq!(Crl::from_bytes(&der).unwrap_err().code(), "certificate.crl_malformed");
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>) {
            let _ = Crl::from_bytes(&bytes);
        }

        #[test]
        fn reading_damaged_crls_never_panics(place in 0usize..400, value: u8) {
            static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let mut der = DER.get_or_init(|| {
                write(&root("CN=Root"), 1, None, |crl| {
                    crl.push(&[1], at("2026-10-31T12:00:00Z"), RevocationReason::KeyCompromise).unwrap();
                })
            }).clone();
            if let Some(octet) = der.get_mut(place) {
                *octet = value;
            }
            if let Ok(crl) = Crl::from_bytes(&der) {
                for entry in crl.entries() {
                    let _ = entry;
                }
                let _ = crl.get(&[1]);
            }
        }
    }
}
