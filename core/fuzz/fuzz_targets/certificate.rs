//! Certificates, alone and in PKCS#7: what is read here, x509-parser reads too, and both see the same.
#![no_main]

use tegata::pack::{read_pkcs7, write_pkcs7};
use tegata::{Certificate, Purpose, Timestamp, parse_certificate, verify_chain};
use x509_parser::prelude::{FromDer, X509Certificate};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(certificates) = read_pkcs7(input) {
        assert_eq!(read_pkcs7(&write_pkcs7(&certificates)).expect("what was written here"), certificates);
    }
    let _ = parse_certificate(input);
    let Ok(certificate) = Certificate::from_der(input) else { return };
    assert_eq!(certificate.der(), input);
    let roots = std::slice::from_ref(&certificate);
    let at = Timestamp::from_unix(1_800_000_000);
    let _ = (certificate.is_self_signed(), verify_chain(&certificate, roots, roots, &[], &Purpose::Any, at));
    let _ = (certificate.extensions().names(), certificate.subject().to_string(), certificate.pem());
    let Ok((rest, other)) = X509Certificate::from_der(input) else { return };
    assert!(rest.is_empty());
    assert_eq!(certificate.serial(), other.raw_serial());
    assert_eq!(certificate.subject().as_der(), other.subject().as_raw());
    assert_eq!(certificate.issuer().as_der(), other.issuer().as_raw());
    // x509-parser passes over what follows a key inside its SEQUENCE; such a key is refused here.
    if certificate.public_key().is_ok() {
        assert_eq!(certificate.spki(), other.public_key().raw);
    }
    assert_eq!(certificate.is_ca(), other.is_ca());
    assert_eq!(certificate.not_before().unix(), other.validity().not_before.timestamp());
    assert_eq!(certificate.not_after().unix(), other.validity().not_after.timestamp());
});
