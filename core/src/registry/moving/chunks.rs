//! Whether the entries that CRLs are copied from say what the certificates do.

use crate::Result;
use crate::der::Reader;
use crate::env::Timestamp;
use crate::error::Error;
use crate::model::{Authority, Certificate, CertificateState, CrlChunk, CrlPlace, Revocation};
use crate::registry::Inner;
use crate::registry::issuers::Issuer;
use crate::registry::numbers::stand;
use crate::store::record::{Record, at, read};
use crate::store::{Counter, RowRef};
use crate::x509::{Revocation as Said, encode_entry, read_entry};

/// How many certificates are read at once.
const PORTION: usize = 500;

/// An entry as it stands in a chunk.
struct Entry<'a> {
    serial: &'a [u8],
    said: Said,
    /// When its certificate ends.
    expiry: Timestamp,
    /// The record number of its certificate.
    number: u64,
}

fn wrong(what: &str) -> Error {
    Error::input("row", what)
}

impl Inner {
    /// Whether a chunk is well in itself and lists what is revoked, and the authority that there must be.
    ///
    /// # Errors
    /// `input.invalid` with what is wrong; store errors.
    pub(super) fn check_chunk(&self, chunk: &CrlChunk) -> Result<RowRef> {
        let authority = chunk.scope >> CrlPlace::SHARDS.trailing_zeros();
        let issuers = self.issuers()?;
        // Without it, nobody knows where the serial numbers lead; that it is missing is told by who follows the reference.
        if let Some(issuer) = issuers.get(&self.ids.id(authority)) {
            let entries = entries_of(chunk, issuer)?;
            let given = stand(self.store()?, Counter { name: Certificate::TABLE.name, of: 0 })?;
            for portion in entries.chunks(PORTION) {
                self.check_entries(chunk, issuer, portion, given)?;
            }
        }
        Ok(at::<Authority>(authority))
    }

    /// Whether the certificates agree with their entries; `given` is the highest number that a certificate was given.
    fn check_entries(&self, chunk: &CrlChunk, issuer: &Issuer, entries: &[Entry<'_>], given: u64) -> Result<()> {
        let now = self.now()?;
        let shard = u32::try_from(chunk.scope % u64::from(CrlPlace::SHARDS)).unwrap_or(0);
        let refs: Vec<_> = entries.iter().map(|entry| at::<Certificate>(entry.number)).collect();
        for (entry, row) in entries.iter().zip(self.store()?.get(&refs)?) {
            let Some(certificate) = read::<Certificate>(row, &self.ids)? else {
                // Certificates leave some time after their end, and the chunk only with the last of its entries. What
                // earlier versions listed without its certificate ends with the authority.
                if entry.number <= given && (entry.expiry < now || entry.expiry >= issuer.not_after) {
                    continue;
                }
                return Err(wrong("the serial number of an entry leads to no certificate"));
            };
            if certificate.authority != issuer.id || certificate.serial != entry.serial {
                return Err(wrong("the serial number of an entry leads to another certificate"));
            }
            if certificate.state != CertificateState::Revoked || certificate.revoked != Some(entry.said.at) {
                return Err(wrong("an entry's certificate is not revoked, or since another time"));
            }
            if certificate.not_after != entry.expiry || certificate.shard.unwrap_or(0) != shard {
                return Err(wrong("an entry's certificate ends at another time or is in another shard"));
            }
            // A worse reason stands in a row of its own until the next CRL, and after the end nobody needs it.
            if certificate.reason != Some(entry.said.reason)
                && certificate.not_after >= now
                && self.find_record::<Revocation>(entry.number)?.is_none_or(|row| row.again != Some(true))
            {
                return Err(wrong("an entry gives another reason than its certificate"));
            }
        }
        Ok(())
    }
}

/// Takes a chunk apart as whoever makes a CRL of it does, but believes nothing.
fn entries_of<'a>(chunk: &'a CrlChunk, issuer: &Issuer) -> Result<Vec<Entry<'a>>> {
    let (expiries, rest) = chunk.expiries.as_chunks::<8>();
    if !rest.is_empty() || expiries.len() as u64 != chunk.entries {
        return Err(wrong("it has another number of expiries than of entries"));
    }
    let expiries: Vec<_> = expiries.iter().map(|octets| Timestamp::from_unix(i64::from_be_bytes(*octets))).collect();
    let span = expiries.iter().min().copied().zip(expiries.iter().max().copied());
    if span != Some((chunk.first_expiry, chunk.last_expiry)) {
        return Err(wrong("its first or last expiry is not that of its entries"));
    }
    let mut reader = Reader::new(&chunk.der);
    let mut entries = Vec::with_capacity(expiries.len());
    let mut again = Vec::new();
    for expiry in expiries {
        if reader.is_empty() {
            return Err(wrong("it holds fewer entries than it says"));
        }
        let (serial, said, whole) = read_entry(&mut reader).map_err(|_| wrong("an entry is not proper DER"))?;
        again.clear();
        encode_entry(&mut again, serial, said.at, said.reason)?;
        let Some(number) = issuer.number_in(serial).filter(|_| again == whole) else {
            return Err(wrong("an entry is not as this library writes them"));
        };
        entries.push(Entry { serial, said, expiry, number });
    }
    if reader.is_empty() { Ok(entries) } else { Err(wrong("it holds more entries than it says")) }
}
