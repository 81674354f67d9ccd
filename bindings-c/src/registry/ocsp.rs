//! OCSP: whether certificates count, asked one by one.

use tegata::model::Responder;
use tegata::{CheckedOcsp, OcspAnswer, OcspHash, OcspOptions, OcspResponseStatus, OcspStatus, Presigned};

use crate::number::same_variants;
use crate::registry::prelude::*;
use crate::value::certificate::{certificates, tegata_certificate, tegata_certificates};

/// The hash that a `CertID` is made with.
#[repr(C)]
pub enum tegata_ocsp_hash {
    /// SHA-1, which all understand.
    Sha1 = 1,
    /// SHA-256.
    Sha256 = 2,
}
same_variants!(tegata_ocsp_hash = OcspHash { Sha1, Sha256 });

/// Whether a response has an answer (RFC 6960, 4.2.1).
#[repr(C)]
pub enum tegata_ocsp_response_status {
    /// It has.
    Successful = 1,
    /// The request is none.
    MalformedRequest = 2,
    /// The responder failed.
    InternalError = 3,
    /// It cannot answer now.
    TryLater = 4,
    /// It wants the request signed.
    SigRequired = 5,
    /// It does not speak for the issuer.
    Unauthorized = 6,
}
same_variants!(
    tegata_ocsp_response_status =
        OcspResponseStatus { Successful, MalformedRequest, InternalError, TryLater, SigRequired, Unauthorized }
);

/// What OCSP says of a certificate.
#[repr(C)]
pub enum tegata_ocsp_status_type {
    /// It counts.
    Good = 1,
    /// It does not.
    Revoked = 2,
    /// The responder does not know it.
    Unknown = 3,
}

/// What OCSP says of a certificate, and since when and why it does not count.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_ocsp_status {
    /// What.
    pub r#type: Number<tegata_ocsp_status_type>,
    /// Since when it is revoked; NULL for others.
    pub at: *const i64,
    /// Why it is revoked; 0 for others.
    pub reason: Number<tegata_revocation_reason>,
}

impl From<&OcspStatus> for Number<tegata_ocsp_status_type> {
    fn from(status: &OcspStatus) -> Self {
        match status {
            OcspStatus::Good => Self::of(tegata_ocsp_status_type::Good as c_int),
            OcspStatus::Revoked { .. } => Self::of(tegata_ocsp_status_type::Revoked as c_int),
            _ => Self::of(tegata_ocsp_status_type::Unknown as c_int),
        }
    }
}

impl ToC for OcspStatus {
    type C = tegata_ocsp_status;

    fn to_c(&self, arena: &mut Arena) -> tegata_ocsp_status {
        let revoked = if let Self::Revoked { at, reason } = self { Some((*at, *reason)) } else { None };
        tegata_ocsp_status {
            r#type: self.into(),
            at: arena.maybe(revoked.map(|(at, _)| at.unix())),
            reason: Number::maybe(revoked.map(|(_, reason)| reason)),
        }
    }
}

/// A header of an answer over HTTP.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_http_header {
    /// Its name.
    pub name: *const c_char,
    /// Its value.
    pub value: *const c_char,
}

fn headers(answer: &OcspAnswer, arena: &mut Arena) -> Vec<tegata_http_header> {
    let all = answer.headers();
    all.iter().map(|(name, value)| tegata_http_header { name: arena.text(name), value: arena.text(value) }).collect()
}

/// Who signs the OCSP answers about an authority's certificates, and how long they may be believed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_responder {
    /// For whose certificates.
    pub authority: *const c_char,
    /// Whether a certificate of its own signs (true), or the authority's key.
    pub delegated: bool,
    /// What key that certificate has.
    pub algorithm: Number<tegata_key_algorithm>,
    /// How long an answer may be believed, in hours.
    pub validity_hours: u32,
    /// How long that certificate is valid, in days.
    pub certificate_days: u32,
    /// The certificate in DER; empty when the authority's key signs, or before the first answer.
    pub certificate: tegata_bytes,
    /// When the certificate begins to be valid; NULL while there is none.
    pub not_before: *const i64,
    /// When it ends; NULL while there is none.
    pub not_after: *const i64,
    /// When the next one takes its place; NULL while there is none.
    pub renew_at: *const i64,
}

impl ToC for Responder {
    type C = tegata_responder;

    fn to_c(&self, arena: &mut Arena) -> tegata_responder {
        tegata_responder {
            authority: arena.shown(self.authority),
            delegated: self.delegated,
            algorithm: self.algorithm.into(),
            validity_hours: self.validity_hours,
            certificate_days: self.certificate_days,
            certificate: arena.maybe_bytes(self.certificate.as_deref()),
            not_before: arena.maybe(self.not_before.map(Timestamp::unix)),
            not_after: arena.maybe(self.not_after.map(Timestamp::unix)),
            renew_at: arena.maybe(self.renew_at.map(Timestamp::unix)),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_responder_free(responder: *const tegata_responder) {
    free_record(responder);
}

/// The answer to an OCSP request. A refusal is one too, and goes back with the HTTP status 200.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_ocsp_answer {
    /// The `OCSPResponse` in DER, the body of the HTTP response.
    pub der: tegata_bytes,
    /// Whether it answers.
    pub status: Number<tegata_ocsp_response_status>,
    /// Why it does not, for the host's log: the code of an error, such as `authority.signer_missing`; NULL when it
    /// answers.
    pub cause: *const c_char,
    /// The `Content-Type` header.
    pub content_type: *const c_char,
    /// The `Cache-Control` header: until nextUpdate for what anybody may be given, nothing else is kept.
    pub cache_control: *const c_char,
    /// The `ETag` header; NULL when the answer may not be kept.
    pub etag: *const c_char,
    /// When it lapses, for the `Expires` header: the earliest nextUpdate; NULL when the answer may not be kept.
    pub expires: *const i64,
    /// When it was made, for the `Last-Modified` header: thisUpdate; NULL when the answer may not be kept.
    pub last_modified: *const i64,
    /// All headers to send it with over HTTP, ready as texts.
    pub headers: *const tegata_http_header,
    /// How many headers.
    pub headers_len: usize,
}

impl ToC for OcspAnswer {
    type C = tegata_ocsp_answer;

    fn to_c(&self, arena: &mut Arena) -> tegata_ocsp_answer {
        let all = headers(self, arena);
        tegata_ocsp_answer {
            der: arena.bytes(&self.der),
            status: self.status.into(),
            cause: arena.maybe_text(self.cause.as_deref()),
            content_type: arena.text(&self.content_type),
            cache_control: arena.text(&self.cache_control),
            etag: arena.maybe_text(self.etag.as_deref()),
            expires: arena.maybe(self.expires.map(Timestamp::unix)),
            last_modified: arena.maybe(self.last_modified.map(Timestamp::unix)),
            headers: arena.put_all(&all),
            headers_len: all.len(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_ocsp_answer_free(ocsp_answer: *const tegata_ocsp_answer) {
    free_record(ocsp_answer);
}

/// An answer that was signed before anybody asked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_presigned {
    /// About which certificate: its identifier.
    pub certificate: *const c_char,
    /// Its serial number.
    pub serial: tegata_bytes,
    /// The path of the GET that it answers, below the responder's address: base64, percent-encoded (RFC 5019, 5).
    pub path: *const c_char,
    /// The `OCSPResponse` in DER.
    pub der: tegata_bytes,
    /// Until when it may be believed; the next one should be there before.
    pub next_update: i64,
}

impl ToC for Presigned {
    type C = tegata_presigned;

    fn to_c(&self, arena: &mut Arena) -> tegata_presigned {
        tegata_presigned {
            certificate: arena.shown(self.certificate),
            serial: arena.bytes(&self.serial),
            path: arena.text(&self.path),
            der: arena.bytes(&self.der),
            next_update: self.next_update.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_presigned_free(presigned: *const tegata_presigned) {
    free_record(presigned);
}

/// A page of them.
pub type tegata_presigned_list = List<tegata_presigned>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_presigned_list_free(list: *const tegata_presigned_list) {
    free_record(list);
}

/// What a response that was checked says of a certificate.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_checked_ocsp {
    /// How the certificate stands.
    pub status: *const tegata_ocsp_status,
    /// When the response was made.
    pub produced_at: i64,
    /// When this was so.
    pub this_update: i64,
    /// Until when it may be believed; NULL when it does not say.
    pub next_update: *const i64,
}

impl ToC for CheckedOcsp {
    type C = tegata_checked_ocsp;

    fn to_c(&self, arena: &mut Arena) -> tegata_checked_ocsp {
        tegata_checked_ocsp {
            status: arena.record(&self.status),
            produced_at: self.produced_at.unix(),
            this_update: self.this_update.unix(),
            next_update: arena.maybe(self.next_update.map(Timestamp::unix)),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_checked_ocsp_free(checked_ocsp: *const tegata_checked_ocsp) {
    free_record(checked_ocsp);
}

/// How an authority's answers are signed. NULL in place of the struct stands for all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_ocsp_options {
    /// `sizeof(tegata_ocsp_options)`.
    pub size: usize,
    /// How long an answer may be believed, in hours; 1 to 744. It is how late a revocation shows to those who keep
    /// answers, so short is safe; too short, and devices that are seldom online find theirs lapsed. NULL for 24.
    pub validity_hours: *const u32,
    /// Whether a certificate of its own signs, so that the authority's key is needed only to renew that; else the
    /// authority's key signs each answer. NULL for yes.
    pub delegated: *const bool,
    /// What key that certificate has. 0 for `TEGATA_KEY_ALGORITHM_ECDSA_P256`.
    pub algorithm: Number<tegata_key_algorithm>,
    /// How long that certificate is valid, in days; 1 to 366. It is renewed when two thirds are over. Whoever takes the
    /// key can answer for this long, since such certificates are never revoked. NULL for 30.
    pub certificate_days: *const u32,
}
growing!(tegata_ocsp_options);

impl ToCore for tegata_ocsp_options {
    type Core = OcspOptions;

    fn to_core(&self) -> Result<OcspOptions> {
        let default = OcspOptions::default();
        Ok(OcspOptions {
            validity_hours: optional(self.validity_hours).copied().unwrap_or(default.validity_hours),
            delegated: optional(self.delegated).copied().unwrap_or(default.delegated),
            algorithm: self.algorithm.optional("algorithm")?.unwrap_or(default.algorithm),
            certificate_days: optional(self.certificate_days).copied().unwrap_or(default.certificate_days),
        })
    }
}

/// Says how the answers about an authority's certificates are signed, and makes the certificate that signs them.
/// Without this, the first request does it with all defaults. Each generation of an authority has its own.
///
/// Errors: `input.invalid` for options that cannot be meant; `key.generation_unsupported` for RSA in a library built
/// without it; `authority.compromised` and the other states of an authority that signs nothing;
/// `authority.signer_missing`; signer and store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_ocsp_configure(
    registry: *const tegata_registry,
    authority: *const c_char,
    options: *const tegata_ocsp_options,
    call: *const tegata_call,
    responder: *mut *const tegata_responder,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let responder = out(responder, "responder")?;
        let options = given_or_default(options, "options")?;
        let authority = parsed(authority, "authority")?;
        responder.give(&registry_of(registry)?.ocsp().configure(authority, &options, &call_of(call)?)?);
        Ok(())
    })
}

/// Who signs the answers about an authority's certificates. If that certificate is missing or should be
/// renewed, it is made first; answering does so by itself, but a host whose authority's key is out of reach
/// at times calls this when it is there.
///
/// Errors: those of `tegata_ocsp_configure()`, unless the present certificate still serves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_ocsp_responder(
    registry: *const tegata_registry,
    authority: *const c_char,
    call: *const tegata_call,
    responder: *mut *const tegata_responder,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let responder = out(responder, "responder")?;
        let authority = parsed(authority, "authority")?;
        responder.give(&registry_of(registry)?.ocsp().responder(authority, &call_of(call)?)?);
        Ok(())
    })
}

/// The answer to a request in DER, as the body of a POST (`application/ocsp-request`) has it.
///
/// It says how each certificate stands at this moment:
///
/// - *good*: issued here and not revoked, also when it has expired;
/// - *revoked*, with its reason: also `superseded` from the end of the grace period on, and `certificateHold`
///   while suspended, whether CRLs list that or not. Everything that an authority issued whose key others know
///   is revoked for `cACompromise`, from the day of its issue on, as long as a delegated responder can say so;
/// - *unknown*: never issued, still to be approved, removed from the registry, or of another issuer than the
///   first one that is known in a request: an answer has one signature, and that one vouches for one issuer.
///
/// Whoever asks with a nonce gets an answer of its own. Other answers serve again, until half of their time
/// is over or what they say has changed: the registry is asked every time, so no answer is older than the
/// store.
///
/// What cannot be answered is answered too: `malformedRequest`; `unauthorized` for issuers that are not of
/// this registry, or can sign no more; `tryLater` while the key that signs is out of reach.
///
/// Errors: `store.closed` and other store errors; `input.called_back`; sealer errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_ocsp_respond(
    registry: *const tegata_registry,
    request: tegata_bytes,
    ocsp_answer: *mut *const tegata_ocsp_answer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let ocsp_answer = out(ocsp_answer, "ocsp_answer")?;
        ocsp_answer.give(&registry_of(registry)?.ocsp().respond(request.get("request")?)?);
        Ok(())
    })
}

/// The answer to a request in the path of a GET: what follows the responder's address, base64 and maybe percent-encoded
/// (RFC 6960, A.1), with or without the slash before it. Otherwise `tegata_ocsp_respond()`.
///
/// Errors: those of `tegata_ocsp_respond()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_ocsp_respond_get(
    registry: *const tegata_registry,
    path: *const c_char,
    ocsp_answer: *mut *const tegata_ocsp_answer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let ocsp_answer = out(ocsp_answer, "ocsp_answer")?;
        ocsp_answer.give(&registry_of(registry)?.ocsp().respond_get(text(path, "path")?)?);
        Ok(())
    })
}

/// Signs the answers about an authority's certificates that have not expired, a page at a time, in the order of their
/// numbers. `hash` is the one that those who ask use, 0 for SHA-1; the path and the answer differ with it. All
/// processors sign. Nothing is recorded. The total, if it is asked for, is counted anew for every page.
///
/// A revocation shows when the answer is made anew, so a host makes all of them again well before
/// `next_update`, and that of a certificate at once when it is revoked.
///
/// Errors: `authority.compromised` and the other states of an authority that signs nothing; `authority.signer_missing`;
/// `input.page_cursor`; signer and store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_ocsp_presign(
    registry: *const tegata_registry,
    authority: *const c_char,
    hash: Number<tegata_ocsp_hash>,
    page: *const tegata_page,
    list: *mut *const tegata_presigned_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        let hash = hash.optional("hash")?.unwrap_or(OcspHash::Sha1);
        let authority = parsed(authority, "authority")?;
        list.give(&registry_of(registry)?.ocsp().presign(authority, hash, &given_or_default(page, "page")?)?);
        Ok(())
    })
}

/// A request for the status of certificates of one issuer, to be sent to a responder as `application/ocsp-request`.
/// `hash` may be 0 for SHA-1. `nonce`, of 1 to 128 octets (RFC 9654), makes the answer fresh and costs a signature
/// there; {NULL, 0} for none.
///
/// Errors: `input.invalid` for no certificates, too many, or a nonce of another length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_make_ocsp_request(
    certificates: *const tegata_certificates,
    issuer: *const tegata_certificate,
    hash: Number<tegata_ocsp_hash>,
    nonce: tegata_bytes,
    request: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let request = out(request, "request")?;
        let asked = self::certificates(certificates, "certificates")?;
        let issuer = origin::<tegata::Certificate>(issuer, "issuer")?;
        let hash = hash.optional("hash")?.unwrap_or(OcspHash::Sha1);
        request.give(tegata::make_ocsp_request(&asked, issuer, hash, nonce.optional("nonce")?)?.as_slice());
        Ok(())
    })
}

/// What a responder says about `certificate`, once its signature, its authority to speak for `issuer`, the nonce
/// ({NULL, 0} when none was sent) and the time `at` (seconds since 1970) fit.
///
/// Errors: `certificate.ocsp_malformed`, `certificate.ocsp_unsuccessful`, `certificate.ocsp_signature`, `certificate.ocsp_nonce`,
/// `certificate.ocsp_stale`, `certificate.ocsp_other`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_check_ocsp(
    response: tegata_bytes,
    certificate: *const tegata_certificate,
    issuer: *const tegata_certificate,
    nonce: tegata_bytes,
    at: i64,
    checked_ocsp: *mut *const tegata_checked_ocsp,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let checked_ocsp = out(checked_ocsp, "checked_ocsp")?;
        let (certificate, issuer) = (origin(certificate, "certificate")?, origin(issuer, "issuer")?);
        let (response, nonce) = (response.get("response")?, nonce.optional("nonce")?);
        checked_ocsp.give(&tegata::check_ocsp(response, certificate, issuer, nonce, Timestamp::from_unix(at))?);
        Ok(())
    })
}
