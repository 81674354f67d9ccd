//! An answer with what HTTP should say around it (RFC 5019, 6).

use ring::digest::{SHA256, digest};

use crate::env::Timestamp;
use crate::error::Error;
use crate::x509::OcspResponseStatus;
use crate::x509::ocsp::error_response;

/// What every answer is, to HTTP.
const CONTENT_TYPE: &str = "application/ocsp-response";

/// The answer to an OCSP request. Also a refusal is one, and goes back with the HTTP status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OcspAnswer {
    /// The `OCSPResponse` in DER, the body of the HTTP response.
    pub der: Vec<u8>,
    /// Whether it answers.
    pub status: OcspResponseStatus,
    /// Why it does not, for the host's log: the code of an error, such as `authority.signer_missing`.
    pub cause: Option<String>,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `Cache-Control` header: until nextUpdate for what anybody may be given, nothing else is kept.
    pub cache_control: String,
    /// The `ETag` header, if it may be kept.
    pub etag: Option<String>,
    /// The `Expires` header, if it may be kept: the earliest nextUpdate.
    pub expires: Option<Timestamp>,
    /// The `Last-Modified` header, if it may be kept: thisUpdate.
    pub last_modified: Option<Timestamp>,
}

impl OcspAnswer {
    /// A signed answer that is for one who asks with a nonce.
    pub(super) fn once(der: Vec<u8>) -> Self {
        Self {
            der,
            status: OcspResponseStatus::Successful,
            cause: None,
            content_type: CONTENT_TYPE.to_owned(),
            cache_control: "no-store".to_owned(),
            etag: None,
            expires: None,
            last_modified: None,
        }
    }

    /// A signed answer for everybody who asks this.
    pub(super) fn for_all(der: Vec<u8>, etag: String, from: Timestamp, until: Timestamp, now: Timestamp) -> Self {
        let seconds = until.since(now).max(0);
        Self {
            cache_control: format!("max-age={seconds}, public, no-transform, must-revalidate"),
            etag: Some(etag),
            expires: Some(until),
            last_modified: Some(from),
            ..Self::once(der)
        }
    }

    /// No answer.
    pub(super) fn refused(status: OcspResponseStatus, cause: Option<&Error>) -> Self {
        let cause = cause.map(|error| error.code().to_owned());
        Self { status, cause, ..Self::once(error_response(status).to_vec()) }
    }

    /// The headers for HTTP, by name.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// let answer = registry.ocsp().respond(b"not a request")?;
    /// assert_eq!(answer.headers()[0], ("Content-Type".to_owned(), "application/ocsp-response".to_owned()));
    /// # Ok::<(), tegata::Error>(())
    /// ```
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers =
            vec![("Content-Type", self.content_type.clone()), ("Cache-Control", self.cache_control.clone())];
        headers.extend(self.etag.clone().map(|etag| ("ETag", etag)));
        headers.extend(self.last_modified.map(|at| ("Last-Modified", http_date(at))));
        headers.extend(self.expires.map(|at| ("Expires", http_date(at))));
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A strong entity tag (RFC 9110, 8.8.3).
pub(super) fn etag(der: &[u8]) -> String {
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, der).as_ref());
    format!("\"{hash}\"")
}

/// A date as HTTP writes it (RFC 9110, 5.6.7): `Sun, 22 Nov 2026 12:00:00 GMT`.
fn http_date(at: Timestamp) -> String {
    let at = at.calendar();
    let weekday = at.weekday().to_string();
    let month = at.month().to_string();
    let short = |name: &str| name.get(..3).unwrap_or_default().to_owned();
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        short(&weekday),
        at.day(),
        short(&month),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_are_written_as_http_wants_them() {
        assert_eq!(http_date("2026-11-22T12:00:05Z".parse().unwrap()), "Sun, 22 Nov 2026 12:00:05 GMT");
        assert_eq!(http_date("1994-11-06T08:49:37Z".parse().unwrap()), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn what_is_kept_is_kept_until_the_next_update() {
        let (from, now) = (Timestamp::from_unix(1_000_000), Timestamp::from_unix(1_000_600));
        let answer = OcspAnswer::for_all(vec![1], etag(&[1]), from, from.plus(3_600), now);
        assert_eq!(answer.cache_control, "max-age=3000, public, no-transform, must-revalidate");
        let names: Vec<_> = answer.headers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Content-Type", "Cache-Control", "ETag", "Last-Modified", "Expires"]);
        assert_eq!(OcspAnswer::once(vec![1]).headers().len(), 2);
    }
}
