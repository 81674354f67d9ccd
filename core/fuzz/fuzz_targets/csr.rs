//! Requests, subjectAltNames and their text: whatever is accepted can be written again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(csr) = tegata::parse_csr(input) {
        assert_eq!(tegata::parse_csr(csr.der()).expect("what was read once").der(), csr.der());
    }
    if let Ok(names) = tegata::x509::decode_san(input) {
        assert_eq!(tegata::x509::encode_san(&names), input);
    }
});
