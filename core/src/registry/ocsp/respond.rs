//! From a request to its answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use data_encoding::{BASE64, BASE64_NOPAD};

use super::answer::{OcspAnswer, etag};
use super::cache::{Kept, MAX_KEY};
use super::responder::Ready;
use super::status::{Known, Status};
use super::{All, ByHash, Ocsp};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{AuthorityError, Error, SignerError};
use crate::key::sign_with;
use crate::registry::Inner;
use crate::registry::issuers::Issuer;
use crate::x509::ocsp::{CertId, MAX_REQUEST, ResponseTemplate, SingleResponse, finish};
use crate::x509::{OcspRequest, OcspResponseStatus};

/// Authorities that another process made are looked for at most once in so many seconds, since anybody may ask for
/// issuers that nobody knows.
const LOOK: i64 = 10;

/// A signed answer and how long it holds.
pub(super) struct Signed {
    pub(super) der: Vec<u8>,
    pub(super) next_update: Timestamp,
}

impl Ocsp<'_> {
    /// The answer to a request in DER, as the body of a POST (`application/ocsp-request`) has it.
    ///
    /// It says how each certificate stands at this moment:
    ///
    /// - *good*: issued here and not revoked, also when it has expired;
    /// - *revoked*, with its reason: also `superseded` from the end of the grace period on, and `certificateHold` while
    ///   suspended, whether CRLs list that or not. Everything that an authority issued whose key others know is revoked
    ///   for `cACompromise`, from the day of its issue on, as long as a delegated responder can say so;
    /// - *unknown*: never issued, still to be approved, removed from the registry, or of another issuer than the first one that
    ///   is known in a request: an answer has one signature, and that one vouches for one issuer.
    ///
    /// Whoever asks with a nonce gets an answer of its own. Other answers serve again, until half of their time is over or
    /// what they say has changed: the registry is asked every time, so no answer is older than the store.
    ///
    /// What cannot be answered is answered too: `malformedRequest`; `unauthorized` for issuers that are not of this registry,
    /// or can sign no more; `tryLater` while the key that signs is out of reach.
    ///
    /// # Errors
    /// `store.closed` and other store errors; `input.called_back`; sealer errors.
    pub fn respond(&self, request: &[u8]) -> Result<OcspAnswer> {
        let now = self.inner.now()?;
        self.inner.store()?;
        match OcspRequest::from_der(request) {
            Ok(request) => self.inner.ocsp_answer(&request, now),
            Err(error) => Ok(OcspAnswer::refused(OcspResponseStatus::MalformedRequest, Some(&error))),
        }
    }

    /// The answer to a request in the path of a GET: what follows the responder's address, base64 and maybe
    /// percent-encoded (RFC 6960, A.1), with or without the slash before it. As [`respond`](Self::respond).
    ///
    /// # Errors
    /// As there.
    pub fn respond_get(&self, path: &str) -> Result<OcspAnswer> {
        // What is not base64 is no request either.
        self.respond(&decode(path).unwrap_or_default())
    }
}

/// The request in the path of a GET.
fn decode(path: &str) -> Option<Vec<u8>> {
    if path.len() > MAX_REQUEST * 4 {
        return None;
    }
    let mut text = Vec::with_capacity(path.len());
    let mut octets = path.strip_prefix('/').unwrap_or(path).bytes();
    while let Some(octet) = octets.next() {
        text.push(match octet {
            b'%' => {
                let digits = [octets.next()?, octets.next()?];
                *data_encoding::HEXLOWER_PERMISSIVE.decode(&digits).ok()?.first()?
            }
            // Some frameworks decode a path as if it were a form.
            b' ' => b'+',
            other => other,
        });
    }
    if text.len() % 4 == 0 { BASE64.decode(&text).ok() } else { BASE64_NOPAD.decode(&text).ok() }
}

impl Inner {
    fn ocsp_answer(&self, request: &OcspRequest<'_>, now: Timestamp) -> Result<OcspAnswer> {
        let ids = request.certificates();
        let Some(issuer) = self.ocsp_issuer(ids, now)? else {
            return Ok(OcspAnswer::refused(OcspResponseStatus::Unauthorized, None));
        };
        let (issuer, statuses) = self.ocsp_statuses_of(&issuer, ids, now)?;
        let answer = self
            .ocsp_signer(&issuer, now)
            .and_then(|ready| self.ocsp_signed(&ready, ids, &statuses, request.nonce(), now));
        match answer {
            Err(error) => refusal(error),
            answer => answer,
        }
    }

    /// The issuer of the first certificate whose issuer is known.
    fn ocsp_issuer(&self, ids: &[CertId<'_>], now: Timestamp) -> Result<Option<Arc<Issuer>>> {
        let find = |(all, known): &(All, ByHash)| {
            let id = ids.iter().find_map(|id| known.get(&id.issuer?))?;
            all.get(id).cloned()
        };
        if let Some(issuer) = find(&self.ocsp_issuers()?) {
            return Ok(Some(issuer));
        }
        let last = self.ocsp.looked.load(Ordering::Relaxed);
        if (0..LOOK).contains(&now.unix().saturating_sub(last)) {
            return Ok(None);
        }
        self.ocsp.looked.store(now.unix(), Ordering::Relaxed);
        self.issuers.forget();
        Ok(find(&self.ocsp_issuers()?))
    }

    /// How the certificates of `issuer` stand; those of others are unknown.
    fn ocsp_statuses_of(
        &self,
        issuer: &Arc<Issuer>,
        ids: &[CertId<'_>],
        now: Timestamp,
    ) -> Result<(Arc<Issuer>, Vec<Status>)> {
        let (_, known) = self.ocsp_issuers()?;
        let of = Some(issuer.id);
        let own = |id: &&CertId<'_>| id.issuer.and_then(|hash| known.get(&hash).copied()) == of;
        let serials: Vec<_> = ids.iter().filter(own).map(|id| id.serial).collect();
        let (issuer, found) = self.ocsp_statuses(issuer, &serials, now)?;
        let mut found = found.into_iter();
        let statuses = ids.iter().map(|id| if own(&id) { found.next() } else { None });
        Ok((issuer, statuses.map(|status| status.unwrap_or(Status::UNKNOWN)).collect()))
    }

    /// Signs an answer, or takes one that was signed before.
    fn ocsp_signed(
        &self,
        ready: &Arc<Ready>,
        ids: &[CertId<'_>],
        statuses: &[Status],
        nonce: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<OcspAnswer> {
        if nonce.is_some() {
            return Ok(OcspAnswer::once(sign(ready, ids, statuses, nonce, now)?.der));
        }
        let key: Vec<u8> = ids.iter().flat_map(|id| id.der).copied().collect();
        let known: Vec<Known> = statuses.iter().map(|status| status.known).collect();
        let answer = |kept: &Kept| {
            OcspAnswer::for_all(kept.der.clone(), kept.etag.clone(), kept.this_update, kept.next_update, now)
        };
        if let Some(kept) = self.ocsp.answers.get(&key, &known, ready, now) {
            return Ok(answer(&kept));
        }
        let Signed { der, next_update } = sign(ready, ids, statuses, None, now)?;
        let by = Arc::clone(ready);
        let kept = Arc::new(Kept { etag: etag(&der), der, known, by, this_update: now, next_update });
        if key.len() <= MAX_KEY {
            self.ocsp.answers.put(key, Arc::clone(&kept));
        }
        Ok(answer(&kept))
    }
}

/// The signed answer that says `statuses` of `ids`.
pub(super) fn sign(
    ready: &Ready,
    ids: &[CertId<'_>],
    statuses: &[Status],
    nonce: Option<&[u8]>,
    now: Timestamp,
) -> Result<Signed> {
    let end = now.plus(ready.validity).min(ready.until);
    let mut next_update = end;
    let singles: Vec<_> = ids
        .iter()
        .zip(statuses)
        .map(|(id, status)| {
            let until = status.until.map_or(end, |until| until.min(end)).max(now);
            next_update = next_update.min(until);
            SingleResponse {
                certificate: id.der,
                status: status.known.said(now),
                this_update: now,
                next_update: Some(until),
            }
        })
        .collect();
    let template = ResponseTemplate { responder: &ready.key_hash, produced_at: now, responses: &singles, nonce };
    let tbs = template.tbs();
    let signature = sign_with(&*ready.signer, &tbs)?;
    let algorithm = ready.signer.algorithm();
    if ready.check {
        let key = ready.signer.public_key();
        key.verify(algorithm, &tbs, &signature).map_err(|_| SignerError::BadSignature)?;
    }
    let der = finish(&tbs, algorithm.identifier(), &signature, ready.certificate.as_deref());
    Ok(Signed { der, next_update })
}

/// What is said when nobody can sign.
fn refusal(error: Error) -> Result<OcspAnswer> {
    let status = match &error {
        Error::Authority(AuthorityError::Expired | AuthorityError::Compromised | AuthorityError::NotInstalled) => {
            OcspResponseStatus::Unauthorized
        }
        Error::Authority(AuthorityError::SignerMissing) | Error::Signer(_) => OcspResponseStatus::TryLater,
        _ => return Err(error),
    };
    Ok(OcspAnswer::refused(status, Some(&error)))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_path_may_be_escaped_or_not() {
        for path in ["/+/A=", "/%2B%2FA%3D", "%2b%2fA%3d", " /A=", "+/A"] {
            assert_eq!(decode(path).as_deref(), Some(&[0xfb, 0xf0][..]), "{path}");
        }
        for path in ["%", "%2", "%zz", "+/A=%", "a", "ü"] {
            assert_eq!(decode(path), None, "{path}");
        }
    }
}
