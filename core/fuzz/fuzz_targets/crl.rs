//! CRLs: every entry is found by its serial number.
#![no_main]

use tegata::Crl;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(crl) = Crl::from_bytes(input) else { return };
    let mut found = 0;
    for (serial, revocation) in crl.entries().flatten() {
        assert_eq!(crl.get(serial).expect("an entry that was read"), Some(revocation));
        found += 1;
    }
    assert!(found <= crl.len());
    let _ = (crl.number(), crl.delta_base(), crl.is_complete(), crl.signature_algorithm());
});
