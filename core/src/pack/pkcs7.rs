//! Certificates in a PKCS#7 envelope: a CMS `SignedData` that signs nothing (RFC 5652, 5.1; `.p7b`, `.p7c`).

use crate::der::{Malformed, Reader, Writer, tag};
use crate::error::{CertificateError, Error};
use crate::key::pem;
use crate::x509::Certificate;

const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// The largest envelope that is read, in octets of DER.
const MAX: usize = 4 * 1024 * 1024;

/// The certificates in DER. They keep their order, though it is a SET to the standard: readers must not rely on it.
pub fn write_pkcs7<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Vec<u8> {
    let mut out = Writer::with_capacity(4096);
    out.sequence(|out| {
        out.oid(SIGNED_DATA);
        out.nest(tag::context_constructed(0), |out| {
            out.sequence(|out| {
                out.integer(&[1]);
                out.tlv(tag::SET, &[]);
                out.sequence(|out| out.oid(DATA));
                out.nest(tag::context_constructed(0), |out| {
                    certificates.into_iter().for_each(|certificate| out.raw(certificate.der()));
                });
                out.tlv(tag::SET, &[]);
            });
        });
    });
    out.finish()
}

/// The certificates of a PKCS#7 envelope in DER or PEM, in its order. Signatures, CRLs and attribute certificates in it
/// are passed over.
///
/// # Errors
/// `certificate.pkcs7` when it is no such envelope; the reasons of [`Certificate::from_der`] for what is in it.
pub fn read_pkcs7(input: &[u8]) -> Result<Vec<Certificate>, Error> {
    let refused = |reason: &str| Error::from(CertificateError::Pkcs7 { reason: reason.to_owned() });
    if input.len() > 2 * MAX {
        return Err(refused("it is larger than 4 MiB"));
    }
    if pem::looks_like_pem(input) {
        let blocks = pem::blocks(input).map_err(refused)?;
        let mut blocks = blocks.iter().filter(|block| matches!(block.label, "PKCS7" | "CMS"));
        return match (blocks.next(), blocks.next()) {
            (Some(only), None) => read_pkcs7_der(&only.der),
            (None, _) => Err(refused("the PEM text holds no PKCS7 block")),
            _ => Err(refused("the PEM text holds more than one PKCS7 block")),
        };
    }
    read_pkcs7_der(input)
}

fn read_pkcs7_der(der: &[u8]) -> Result<Vec<Certificate>, Error> {
    if der.len() > MAX {
        return Err(CertificateError::Pkcs7 { reason: "it is larger than 4 MiB".to_owned() }.into());
    }
    let ders = certificates(der).map_err(|_| CertificateError::Pkcs7 {
        reason: "it is not a SignedData in DER; convert it with `openssl pkcs7 -outform DER`".to_owned(),
    })?;
    ders.into_iter().map(Certificate::from_der).collect()
}

fn certificates(der: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut outer = Reader::new(der);
    let mut content_info = outer.sequence()?;
    outer.end()?;
    if content_info.expect(tag::OID)? != SIGNED_DATA {
        return Err(Malformed);
    }
    let mut explicit = Reader::new(content_info.expect(tag::context_constructed(0))?);
    content_info.end()?;
    let mut signed_data = explicit.sequence()?;
    explicit.end()?;
    signed_data.integer()?;
    signed_data.expect(tag::SET)?;
    signed_data.expect(tag::SEQUENCE)?;
    let mut choices = Reader::new(signed_data.optional(tag::context_constructed(0))?.unwrap_or_default());
    signed_data.optional(tag::context_constructed(1))?;
    signed_data.expect(tag::SET)?;
    signed_data.end()?;
    let mut out = Vec::new();
    while !choices.is_empty() {
        let choice = choices.any()?;
        if choice.tag == tag::SEQUENCE {
            out.push(choice.whole);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::x509::fixture::{Wish, issue, root};
    use proptest::prelude::*;

    #[test]
    fn certificates_come_back_in_order_from_der_and_pem() {
        let ca = root("CN=Root");
        let leaf = issue(&ca, Wish::default());
        let both = [leaf.certificate, ca.certificate];
        let der = write_pkcs7(&both);
        assert_eq!(read_pkcs7(&der).unwrap(), both);
        assert_eq!(read_pkcs7(pem::encode("PKCS7", &der).as_bytes()).unwrap(), both);
        assert_eq!(read_pkcs7(&write_pkcs7(&[])).unwrap(), []);
        let mut longer = der;
        longer.push(0);
        assert_eq!(read_pkcs7(&longer).unwrap_err().code(), "certificate.pkcs7");
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, place in 0usize..600, value: u8) {
            static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let mut der = DER.get_or_init(|| write_pkcs7(&[root("CN=Root").certificate])).clone();
            if let Some(octet) = der.get_mut(place) {
                *octet = value;
            }
            let _ = (read_pkcs7(&bytes), read_pkcs7(&der));
        }
    }
}
