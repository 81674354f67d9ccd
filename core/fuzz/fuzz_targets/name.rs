//! Distinguished names in DER and in text: what is accepted comes back.
#![no_main]

use tegata::Name;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(name) = Name::from_der(input) {
        assert_eq!(name.as_der(), input);
        let _ = (name.to_string(), name.attributes(), name.common_name());
    }
    if let Some(name) = std::str::from_utf8(input).ok().and_then(|text| text.parse::<Name>().ok()) {
        assert_eq!(name.to_string().parse::<Name>().expect("what was written here"), name);
    }
});
