//! PKCS#12 with a password that the corpus was written with.
#![no_main]

use tegata::Secret;
use tegata::pack::read_pkcs12;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = read_pkcs12(input, &Secret::new("password".to_owned()));
});
