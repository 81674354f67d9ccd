//! OCSP: what a request asks about stands in it, octet for octet, and a response says one thing of each certificate.
#![no_main]

use tegata::x509::{OcspRequest, OcspResponse, OcspResponseStatus};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(request) = OcspRequest::from_der(input) {
        assert!((1..=32).contains(&request.certificates().len()));
        assert!(request.nonce().is_none_or(|nonce| (1..=128).contains(&nonce.len())));
        for id in request.certificates() {
            // The response repeats it as it came.
            assert!(input.windows(id.der.len()).any(|octets| octets == id.der));
            assert!(id.der.ends_with(id.serial));
        }
    }
    if let Ok(response) = OcspResponse::from_der(input) {
        let answers = response.status() == OcspResponseStatus::Successful;
        assert!(answers || (response.statuses().count() == 0 && response.nonce().is_none()));
    }
});
