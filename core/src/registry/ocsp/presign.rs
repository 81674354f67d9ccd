//! Answers in advance, for a file tree or a CDN in front of devices that ask without a nonce (RFC 5019, 4).

use super::Ocsp;
use super::respond::sign;
use super::status::Status;
use crate::Result;
use crate::env::Timestamp;
use crate::id::{AuthorityId, CertificateId};
use crate::key::PublicKey;
use crate::model::{AuthorityState, Certificate, Revocation};
use crate::registry::bulk::parallel;
use crate::registry::page::{Listing, Page, Wanted};
use crate::store::record::{Cell, at, read};
use crate::store::{Match, Value};
use crate::x509::OcspHash;
use crate::x509::ocsp::{CertId, IssuerHash, cert_id, write_request};

/// An answer that was signed before anybody asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presigned {
    /// About which certificate.
    pub certificate: CertificateId,
    /// Its serial number.
    pub serial: Vec<u8>,
    /// The path of the GET that it answers, below the responder's address: base64, percent-encoded (RFC 5019, 5).
    pub path: String,
    /// The `OCSPResponse` in DER.
    pub der: Vec<u8>,
    /// Until when it may be believed; the next one should be there before.
    pub next_update: Timestamp,
}

impl Ocsp<'_> {
    /// Signs the answers about an authority's certificates that have not expired, a page at a time, in the order of their
    /// numbers. `hash` is the one that those who ask use; the path and the answer differ with it. All processors sign. Nothing is
    /// recorded. The total, if it is asked for, is counted anew for every page.
    ///
    /// A revocation shows when the answer is made anew, so a host makes all of them again well before
    /// [`next_update`](Presigned::next_update), and that of a certificate at once when it is revoked.
    ///
    /// # Errors
    /// The states of an authority that signs nothing; `authority.signer_missing`; `input.page_cursor`; signer and store
    /// errors.
    pub fn presign(&self, authority: AuthorityId, hash: OcspHash, page: &Page) -> Result<Listing<Presigned>> {
        let inner = self.inner;
        let now = inner.now()?;
        // Asked rarely and believed for long: the authority as it stands in the store.
        inner.issuers.forget();
        let issuer = inner.issuer(authority)?;
        let ready = inner.ocsp_signer(&issuer, now)?;
        let mut wanted = Wanted::default().eq("authority", authority.to_value(&inner.ids));
        wanted.and("not_after", Match::Range { from: Some(Value::Int(now.unix())), to: None });
        let listing = inner.list::<Certificate>(wanted, page)?;
        let rows: Vec<_> = listing
            .items
            .iter()
            .map(|record| inner.ids.number(record.id).map(at::<Revocation>))
            .collect::<Result<_>>()?;
        let mut held = Vec::with_capacity(rows.len());
        for row in inner.store()?.get(&rows)? {
            held.push(read::<Revocation>(row, &inner.ids)?.map(|revocation| revocation.at));
        }
        let compromised = issuer.state == AuthorityState::Compromised;
        let key = PublicKey::from_spki(&issuer.public_key)?;
        let issuer_hash = IssuerHash::new(hash, &issuer.subject, &key);
        let work: Vec<_> = listing.items.iter().zip(held).filter(|(record, _)| !record.serial.is_empty()).collect();
        let items = parallel(&work, |(record, held)| {
            let der = cert_id(hash, &issuer.subject, &key, &record.serial);
            let id = CertId { der: &der, issuer: Some(issuer_hash), serial: &record.serial };
            let signed = sign(&ready, &[id], &[Status::of(record, *held, compromised, now)], None, now)?;
            Ok(Presigned {
                certificate: record.id,
                serial: record.serial.clone(),
                path: escaped(&data_encoding::BASE64.encode(&write_request(&[der], None))),
                der: signed.der,
                next_update: signed.next_update,
            })
        });
        let items = items.into_iter().collect::<Result<_>>()?;
        Ok(Listing { items, next: listing.next, total: listing.total })
    }
}

/// Base64 as a segment of a path.
fn escaped(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
