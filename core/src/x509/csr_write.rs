//! Making certification requests.
//!
//! Written here and not by rcgen: its `DistinguishedName` is a map by attribute type, so `OU=a,OU=b`, two DC and
//! multi-valued RDNs would not survive, and a request must carry the subject exactly (RFC 7030, 4.2.2).

use super::Name;
use super::extension::{id, write_extension};
use super::san::{GeneralName, encode_san};
use crate::der::{Writer, tag};
use crate::error::{Error, SignerError};
use crate::key::{Signer, pem, sign_with};

/// extensionRequest (RFC 2985, 5.4.2).
const EXTENSION_REQUEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";

/// Makes a certification request (RFC 2986) for the key of `signer`, in DER; [`csr_pem`] makes PEM of it.
///
/// # Errors
/// `signer.failed`, or `signer.bad_signature` when what the signer returned does not verify with its public key.
pub fn make_csr(signer: &dyn Signer, subject: &Name, san: &[GeneralName]) -> Result<Vec<u8>, Error> {
    let mut info = Writer::with_capacity(512);
    info.sequence(|out| {
        out.integer_u64(0);
        out.raw(subject.as_der());
        out.raw(signer.public_key().spki());
        out.nest(tag::context_constructed(0), |out| {
            if !san.is_empty() {
                write_extension_request(out, subject, san);
            }
        });
    });
    let info = info.finish();
    let signature = sign_with(signer, &info)?;
    signer.public_key().verify(signer.algorithm(), &info, &signature).map_err(|_| SignerError::BadSignature)?;
    let mut request = Writer::with_capacity(info.len() + signature.len() + 64);
    request.sequence(|out| {
        out.raw(&info);
        out.raw(signer.algorithm().identifier());
        out.bit_string(&signature);
    });
    Ok(request.finish())
}

fn write_extension_request(out: &mut Writer, subject: &Name, san: &[GeneralName]) {
    out.sequence(|out| {
        out.oid(EXTENSION_REQUEST);
        out.nest(tag::SET, |out| {
            out.sequence(|out| {
                // Without a subject the names are all there is, so no reader may skip them (RFC 5280, 4.2.1.6).
                write_extension(out, id::SUBJECT_ALT_NAME, subject.is_empty(), |out| out.raw(&encode_san(san)));
            });
        });
    });
}

/// A request in PEM, labelled `CERTIFICATE REQUEST` (RFC 7468, 7).
pub fn csr_pem(der: &[u8]) -> String {
    String::clone(&pem::encode("CERTIFICATE REQUEST", der))
}
