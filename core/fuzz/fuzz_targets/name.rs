//! Distinguished names in DER and in text: what is accepted comes back.
#![no_main]

use tegata::Name;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(name) = Name::from_der(input) {
        assert_eq!(name.as_der(), input);
        let _ = (name.to_string(), name.attributes(), name.common_name());
    }
    if let Some(name) = std::str::from_utf8(input).ok().and_then(|text| text.parse::<Name>().ok()) {
        assert_eq!(Name::from_der(name.as_der()).expect("what was built here"), name);
        // A `#` value may have a string type or content that its text would not get; what is read prints the same.
        if let Ok(again) = name.to_string().parse::<Name>() {
            assert_eq!(again.to_string(), name.to_string());
        }
    }
});
