//! CRLs (RFC 5280, 5): the writer.
//!
//! A CRL of a million entries is 50 MB, so there is one buffer: the head goes first, with length fields of the size
//! that the expected number of entries will need, each entry is appended, and the lengths and the signature follow. An
//! entry never changes once its certificate is revoked, so hosts may keep it encoded ([`encode_entry`]) and have it
//! copied.

use super::extension::{id, write_authority_key_id, write_distribution_point_name, write_extension};
use super::{Name, RevocationReason};
use crate::der::{Writer, length_size, put_length, tag};
use crate::env::Timestamp;
use crate::error::Error;
use crate::key::{SignatureAlgorithm, Signer, sign_with};

/// A CRL to be: everything but its entries and the signature.
#[derive(Clone, Copy, Debug)]
pub struct CrlTemplate<'a> {
    /// The issuer's subject, copied octet for octet.
    pub issuer: &'a Name,
    /// Grows with every CRL of this issuer and scope (RFC 5280, 5.2.3).
    pub number: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is due at the latest.
    pub next_update: Timestamp,
    /// The issuer's subject key identifier.
    pub authority_key_id: &'a [u8],
    /// The number of the complete CRL that this one is the difference to; `None` makes a complete CRL.
    pub delta_base: Option<u64>,
    /// The addresses that the certificates of its scope hold, when it lists only those (RFC 5280, 5.2.5); empty for all
    /// of the issuer.
    pub distribution_point: &'a [String],
}

/// An entry of a serial number of 16 octets, with a reason.
const USUAL_ENTRY: usize = 49;
/// 64 MiB, which a million entries do not fill.
const MAX_PREALLOCATED: usize = 64 << 20;
/// Serial numbers that conforming CAs issue have at most 20 octets (RFC 5280, 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// Appends the `revokedCertificates` entry of one certificate to `out`.
///
/// `serial` is the content of the certificate's INTEGER. [`RevocationReason::Unspecified`] writes no reason (RFC 5280,
/// 5.3.1).
///
/// # Errors
/// `input.invalid` when the serial number is not positive, not in its shortest form, or longer than 20 octets.
pub fn encode_entry(
    out: &mut Vec<u8>,
    serial: &[u8],
    revoked_at: Timestamp,
    reason: RevocationReason,
) -> Result<(), Error> {
    append_entry(out, serial, Date::of(revoked_at).field(), reason)
}

/// The whole `Time` element of a moment, and what it takes to make that of another one of the same day quickly.
#[derive(Clone, Copy, Debug)]
struct Date {
    at: Timestamp,
    /// A `UTCTime` has 15 octets with its tag and length, a `GeneralizedTime` 17.
    octets: [u8; 17],
    len: usize,
}

const DAY: i64 = 86_400;

impl Date {
    fn of(at: Timestamp) -> Self {
        let mut out = Writer::with_capacity(17);
        out.time(at);
        let field = out.finish();
        let mut octets = [0; 17];
        let len = field.len().min(octets.len());
        octets.iter_mut().zip(&field).for_each(|(octet, value)| *octet = *value);
        Self { at, octets, len }
    }

    fn field(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// Turns to another moment. Revocations come in order of time, many a day, so mostly only the clock changes.
    fn set(&mut self, at: Timestamp) {
        if self.at == at {
            return;
        }
        if self.at.unix().div_euclid(DAY) != at.unix().div_euclid(DAY) {
            *self = Self::of(at);
            return;
        }
        self.at = at;
        let seconds = u32::try_from(at.unix().rem_euclid(DAY)).unwrap_or(0);
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        // HHMMSS and a closing Z.
        let Some(digits) = self.len.checked_sub(7).and_then(|start| self.octets.get_mut(start..start + 6)) else {
            return;
        };
        for (place, value) in digits.chunks_exact_mut(2).zip(clock) {
            let value = u8::try_from(value).unwrap_or(0);
            place.copy_from_slice(&[b'0' + value / 10, b'0' + value % 10]);
        }
    }
}

// Extensions { Extension { reasonCode, OCTET STRING { ENUMERATED } } }, but for the code itself.
const REASON: [u8; 13] = *b"\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01";

fn append_entry(out: &mut Vec<u8>, serial: &[u8], date: &[u8], reason: RevocationReason) -> Result<(), Error> {
    if serial.len() > MAX_SERIAL || matches!(serial, [] | [0] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..]) {
        return Err(Error::input("serial number", "is not the content of a positive INTEGER of at most 20 octets"));
    }
    let coded = reason != RevocationReason::Unspecified;
    let content = 2 + serial.len() + date.len() + if coded { REASON.len() + 1 } else { 0 };
    // At most 22 + 17 + 14 octets of content: the short form of both lengths always serves.
    let short = |len: usize| u8::try_from(len).unwrap_or(0);
    // Put together on the stack, so that the big buffer is asked for room once.
    let mut entry = [0; 2 + 22 + 17 + 14];
    let mut at = 0;
    let mut put = |octets: &[u8]| {
        if let Some(place) = entry.get_mut(at..at + octets.len()) {
            place.copy_from_slice(octets);
        }
        at += octets.len();
    };
    put(&[tag::SEQUENCE, short(content), tag::INTEGER, short(serial.len())]);
    put(serial);
    put(date);
    if coded {
        put(&REASON);
        put(&[reason.code()]);
    }
    out.extend_from_slice(entry.get(..at).unwrap_or_default());
    Ok(())
}

/// A CRL being written: the head, then entries, then the signature.
#[derive(Debug)]
pub struct CrlWriter {
    out: Vec<u8>,
    algorithm: SignatureAlgorithm,
    /// Where the length fields of the three open sequences stand: CRL, signed part, list of entries.
    open: [Field; 3],
    /// Where the entries begin.
    entries_at: usize,
    /// The trailing `crlExtensions`.
    extensions: Vec<u8>,
    delta: bool,
    date: Date,
}

/// A length field left open: its first octet and its size.
#[derive(Clone, Copy, Debug)]
struct Field {
    at: usize,
    size: usize,
}

impl CrlWriter {
    /// Begins a CRL that `algorithm` will sign. `entries` is how many to expect: it only saves moving and growing.
    ///
    /// # Errors
    /// `input.invalid` when `next_update` is not after `this_update`, the key identifier is empty, or the base of a
    /// delta CRL is not below its own number.
    pub fn new(template: &CrlTemplate<'_>, algorithm: SignatureAlgorithm, entries: usize) -> Result<Self, Error> {
        Self::reusing(Vec::new(), template, algorithm, entries)
    }

    /// As [`new`](Self::new), in the memory of a CRL that is no longer needed: fresh memory costs about as much as all
    /// the rest of a big CRL.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn reusing(
        buffer: Vec<u8>,
        template: &CrlTemplate<'_>,
        algorithm: SignatureAlgorithm,
        entries: usize,
    ) -> Result<Self, Error> {
        check(template)?;
        let mut extensions = Writer::with_capacity(96);
        extensions.nest(tag::context_constructed(0), |out| {
            out.sequence(|out| {
                write_authority_key_id(out, template.authority_key_id);
                write_extension(out, id::CRL_NUMBER, false, |out| out.integer_u64(template.number));
                if !template.distribution_point.is_empty() {
                    write_extension(out, id::ISSUING_DISTRIBUTION_POINT, true, |out| {
                        out.sequence(|out| write_distribution_point_name(out, template.distribution_point));
                    });
                }
                if let Some(base) = template.delta_base {
                    write_extension(out, id::DELTA_CRL_INDICATOR, true, |out| out.integer_u64(base));
                }
            });
        });
        let extensions = extensions.finish();

        let issuer = template.issuer.as_der();
        let expected = entries.saturating_mul(USUAL_ENTRY);
        let fixed = issuer.len().saturating_add(extensions.len()).saturating_add(64);
        // The signature of RSA-4096 has 512 octets.
        let capacity = expected.saturating_add(fixed).saturating_add(600);
        // The number may be a wild guess; what it lacks, the buffer grows by.
        let mut out = Writer::reusing(buffer, capacity.min(MAX_PREALLOCATED));
        let open = |out: &mut Writer, content: usize| {
            out.raw(&[tag::SEQUENCE]);
            let field = Field { at: out.len(), size: length_size(content) };
            (0..field.size).for_each(|_| out.raw(&[0]));
            field
        };
        let crl = open(&mut out, capacity);
        let signed = open(&mut out, expected.saturating_add(fixed));
        out.integer(&[1]); // v2, which has extensions
        out.raw(algorithm.identifier());
        out.raw(issuer);
        out.time(template.this_update);
        out.time(template.next_update);
        let list = open(&mut out, expected);
        let entries_at = out.len();
        let date = Date::of(template.this_update);
        let delta = template.delta_base.is_some();
        Ok(Self { out: out.finish(), algorithm, open: [crl, signed, list], entries_at, extensions, delta, date })
    }

    /// Adds one certificate; arguments as for [`encode_entry`].
    ///
    /// # Errors
    /// As [`encode_entry`]; and `input.invalid` for `removeFromCRL` in a CRL that is not a delta (RFC 5280, 5.3.1).
    pub fn push(&mut self, serial: &[u8], revoked_at: Timestamp, reason: RevocationReason) -> Result<(), Error> {
        if reason == RevocationReason::RemoveFromCrl && !self.delta {
            return Err(Error::input("reason", "removeFromCRL belongs into delta CRLs only"));
        }
        self.date.set(revoked_at);
        append_entry(&mut self.out, serial, self.date.field(), reason)
    }

    /// Adds entries that [`encode_entry`] made, any number of them, one after the other.
    pub fn push_encoded(&mut self, entries: &[u8]) {
        self.out.extend_from_slice(entries);
    }

    /// Signs and returns the CRL in DER.
    ///
    /// # Errors
    /// `signer.failed`; `input.invalid` when `signer` is not of the algorithm that the CRL was begun with.
    pub fn sign(mut self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        if signer.algorithm() != self.algorithm {
            return Err(Error::input("signer", "is not of the algorithm that the CRL was begun with"));
        }
        let tbs = self.close_signed();
        let signature = sign_with(signer, self.out.get(tbs..).unwrap_or_default())?;
        let mut tail = Writer::with_capacity(signature.len() + 32);
        tail.raw(self.algorithm.identifier());
        tail.bit_string(&signature);
        self.out.extend_from_slice(&tail.finish());
        self.close(0);
        Ok(self.out)
    }

    /// Ends the list and the signed part; where that begins.
    fn close_signed(&mut self) -> usize {
        if self.out.len() == self.entries_at {
            // No entries: no list at all (RFC 5280, 5.1.2.6).
            let [.., list] = self.open;
            self.out.truncate(list.at - 1);
        } else {
            self.close(2);
        }
        self.out.extend_from_slice(&self.extensions);
        self.close(1);
        let [_, signed, _] = self.open;
        signed.at - 1
    }

    /// Fills in the length field `index`, which reaches to the end of the buffer.
    fn close(&mut self, index: usize) {
        let Some(&Field { at, size }) = self.open.get(index) else { return };
        let len = self.out.len().saturating_sub(at + size);
        let wanted = length_size(len);
        if wanted != size {
            // The number of entries was not the expected one: everything behind moves by a few octets, once.
            self.out.splice(at..at + size, std::iter::repeat_n(0, wanted));
        }
        if let Some(field) = self.out.get_mut(at..at + wanted) {
            put_length(field, len);
        }
    }
}

fn check(template: &CrlTemplate<'_>) -> Result<(), Error> {
    if template.next_update <= template.this_update {
        return Err(Error::input("nextUpdate", "is not after thisUpdate"));
    }
    if template.authority_key_id.is_empty() {
        return Err(Error::input("authority key identifier", "is empty"));
    }
    if template.delta_base.is_some_and(|base| base >= template.number) {
        return Err(Error::input("the base of the delta CRL", "is not an earlier CRL"));
    }
    Ok(())
}
