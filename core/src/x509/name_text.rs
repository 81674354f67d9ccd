//! Distinguished names as text, after RFC 4514.
//!
//! Written: short names where there is one (the table of RFC 4514 and `SERIALNUMBER`, `E`, `GN`, `SN`, `T`), else the
//! dotted OID and the value as `#` and hexadecimal DER. Read: the same, spaces around `,` `+` `=`, any case of the
//! names, and text after a dotted OID. Reading decides the string types anew, so a name that came with others has
//! other DER afterwards; keep the [`Name`], not its text.

use std::fmt;
use std::str::FromStr;

use super::name::{Attribute, Name, NameBuilder, encode_raw, encode_text};
use crate::Oid;
use crate::error::Error;

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, rdn) in self.rdns().rev().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            for (i, attribute) in rdn.enumerate() {
                if i > 0 {
                    f.write_str("+")?;
                }
                match (Attribute::of(attribute.oid), attribute.characters()) {
                    (Some(kind), Some(text)) => {
                        write!(f, "{kind}=")?;
                        write_escaped(f, &text)?;
                    }
                    (kind, _) => {
                        match kind {
                            Some(kind) => write!(f, "{kind}")?,
                            None => match Oid::from_bytes(attribute.oid) {
                                Some(oid) => write!(f, "{oid}")?,
                                None => f.write_str("?")?,
                            },
                        }
                        write!(f, "=#{}", data_encoding::HEXLOWER.encode(attribute.whole))?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// RFC 4514, 2.4; control characters are written in hexadecimal as well, so a name never breaks a line of a log.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (i, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            ' ' if i == 0 || i == last => f.write_str("\\ ")?,
            '#' if i == 0 => f.write_str("\\#")?,
            c if c.is_control() => {
                for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                    write!(f, "\\{octet:02x}")?;
                }
            }
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl FromStr for Name {
    type Err = Error;

    /// Reads the text form of RFC 4514, whose first RDN is the last in the DER. Empty text is the empty name.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.trim_matches(' ').is_empty() {
            return Ok(Self::empty());
        }
        let mut rdns = read(text).map_err(|reason| Error::input("name", &reason))?;
        rdns.reverse();
        rdns.into_iter().fold(Self::builder(), NameBuilder::push_encoded).build()
    }
}

/// The RDNs in the order of the text, each with its encoded attributes.
fn read(text: &str) -> Result<Vec<Vec<Vec<u8>>>, String> {
    read_with(text, encode)
}

/// Splits text into RDNs, in the order of the DER, of known attributes and their values with the escapes resolved. The
/// values are not checked: they may be templates of values.
pub(crate) fn split(text: &str) -> Result<Vec<Vec<(Attribute, String)>>, String> {
    let mut rdns = read_with(text, |name, value| match (name.parse(), value) {
        (Ok(attribute), RawValue::Text(value)) => Ok((attribute, value)),
        (Ok(_), RawValue::Der(_)) => Err("has a # value; write text".to_owned()),
        (Err(_), _) => Err("has an attribute type that is no known short name".to_owned()),
    })?;
    rdns.reverse();
    Ok(rdns)
}

/// The RDNs in the order of the text, each with what `attribute` makes of a type and its value.
fn read_with<T>(text: &str, attribute: impl Fn(&str, RawValue) -> Result<T, String>) -> Result<Vec<Vec<T>>, String> {
    let mut rdns = vec![Vec::new()];
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once('=').ok_or("has a part without `=`")?;
        let (value, separator, after) = read_value(after)?;
        let attribute = attribute(name.trim_matches(' '), value)?;
        if let Some(rdn) = rdns.last_mut() {
            rdn.push(attribute);
        }
        match separator {
            None => return Ok(rdns),
            Some(',') => rdns.push(Vec::new()),
            Some(_) => {}
        }
        rest = after;
    }
}

/// A value as read: text with its escapes resolved, or whole DER.
enum RawValue {
    Text(String),
    Der(Vec<u8>),
}

fn encode(name: &str, value: RawValue) -> Result<Vec<u8>, String> {
    let oid = match name.parse::<Attribute>() {
        Ok(attribute) => Oid::from_bytes(attribute.oid()),
        Err(_) => name.parse().ok(),
    };
    let oid = oid.ok_or_else(|| "has an attribute type that is neither a known short name nor an OID".to_owned())?;
    match value {
        RawValue::Text(text) => encode_text(&oid, &text),
        RawValue::Der(der) => encode_raw(&oid, &der),
    }
}

/// Reads up to an unescaped `,` or `+`; answers with the value, that separator and what follows it.
fn read_value(text: &str) -> Result<(RawValue, Option<char>, &str), String> {
    let text = text.trim_start_matches(' ');
    let mut octets = Vec::new();
    // Where the last character that is not an unescaped space ends.
    let mut end = 0;
    let mut rest = text.char_indices();
    let mut separator = None;
    while let Some((_, c)) = rest.next() {
        match c {
            ',' | '+' => {
                separator = Some(c);
                break;
            }
            '"' | ';' | '<' | '>' => return Err(format!("has `{c}` in a value; write `\\{c}`")),
            '\\' => {
                octets.push(escaped(&mut rest)?);
                end = octets.len();
            }
            c => {
                octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                if c != ' ' {
                    end = octets.len();
                }
            }
        }
    }
    octets.truncate(end);
    let after = rest.as_str();
    if text.starts_with('#') {
        let hex = octets.get(1..).unwrap_or_default();
        let der =
            data_encoding::HEXLOWER_PERMISSIVE.decode(hex).map_err(|_| "has a # value that is not hexadecimal")?;
        return Ok((RawValue::Der(der), separator, after));
    }
    let value = String::from_utf8(octets).map_err(|_| "has escapes that are not UTF-8".to_owned())?;
    Ok((RawValue::Text(value), separator, after))
}

/// What follows a backslash: a special character or two hexadecimal digits.
fn escaped(rest: &mut std::str::CharIndices<'_>) -> Result<u8, String> {
    const WRONG: &str = "has a backslash that escapes nothing";
    match rest.next() {
        Some((_, c @ ('"' | '+' | ',' | ';' | '<' | '>' | ' ' | '#' | '=' | '\\'))) => {
            u8::try_from(c).map_err(|_| WRONG.to_owned())
        }
        Some((_, high)) => {
            let low = rest.next().map(|(_, c)| c);
            let digits = high.to_digit(16).zip(low.and_then(|low| low.to_digit(16)));
            digits.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()).ok_or_else(|| WRONG.to_owned())
        }
        None => Err(WRONG.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::ops::Add;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_rdn_of_the_text_is_the_last_of_the_der() {
        let built = Name::builder()
            .push(Attribute::Country, "JP")
            .push(Attribute::Organization, "Example")
            .push(Attribute::CommonName, "x")
            .build()
            .unwrap();
        assert_eq!(name("CN=x,O=Example,C=JP"), built);
        assert_eq!(name(" cn = x , o=Example ,c= JP "), built);
    }

    #[test]
    fn escapes_of_rfc_4514_come_back() {
        for (text, value) in [
            (r"CN=a\,b", "a,b"),
            (r"CN=a\+b", "a+b"),
            (r"CN=\ a \ ", " a  "),
            (r"CN=\#a#", "#a#"),
            (r#"CN=\"a\""#, "\"a\""),
            (r"CN=a\\b", r"a\b"),
            (r"CN=a=b", "a=b"),
            (r"CN=Lu\c4\8di\c4\87", "Lučić"),
        ] {
            let read = name(text);
            assert_eq!(read.common_name().as_deref(), Some(value), "{text}");
            assert_eq!(name(&read.to_string()), read, "{text}");
        }
    }

    #[test]
    fn multi_valued_rdns_and_repeated_units_survive() {
        let read = name("CN=x+SERIALNUMBER=7,OU=a,OU=b,DC=example,DC=com");
        assert_eq!(read.values(Attribute::OrganizationalUnit), ["b", "a"]);
        assert_eq!(read.attributes().iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
        assert_eq!(name(&read.to_string()), read);
        // DER sorts a SET OF, so the order of writing makes no difference.
        assert_eq!(name("SERIALNUMBER=7+CN=x"), name("CN=x+SERIALNUMBER=7"));
    }

    #[test]
    fn unknown_types_are_written_as_der() {
        let read = name("1.2.3.4=#04024869,CN=x");
        assert_eq!(read.to_string(), "1.2.3.4=#04024869,CN=x");
        assert_eq!(name("1.2.3.4=hello").to_string(), "1.2.3.4=#0c0568656c6c6f");
    }

    #[test]
    fn an_attribute_type_of_more_than_127_octets_is_written_right() {
        let text = format!("1.2{}=x", ".1".repeat(200));
        let read = name(&text);
        assert_eq!(Name::from_der(read.as_der()).unwrap().attributes().len(), 1);
        assert_eq!(name(&read.to_string()), read);
    }

    #[test]
    fn what_is_too_large_to_be_read_is_not_built() {
        assert!("OU=a,".repeat(63).add("CN=x").parse::<Name>().is_ok());
        for text in
            ["OU=a,".repeat(64).add("CN=x"), "OU=a+".repeat(64).add("CN=x"), format!("1.2.3={}", "a".repeat(9_000))]
        {
            assert_eq!(text.parse::<Name>().unwrap_err().code(), "input.invalid");
        }
    }

    #[test]
    fn a_hash_value_keeps_its_string_type_though_its_text_does_not_show_it() {
        let teletex = name("CN=#14024849");
        assert_eq!(teletex.to_string(), "CN=HI");
        assert_ne!(teletex, name("CN=HI"));
    }

    #[test]
    fn text_that_is_no_name_is_refused_with_the_reason() {
        for (text, reason) in [
            ("CN", "without `=`"),
            ("CN=x,", "without `=`"),
            ("CN=x,,O=y", "neither a known"),
            ("CN=", "empty"),
            ("FOO=x", "neither a known"),
            (r"CN=x\", "escapes nothing"),
            (r"CN=x\q", "escapes nothing"),
            (r"CN=\ff\fe", "UTF-8"),
            ("O=\"a, b\"", "write"),
            ("CN=#zz", "hexadecimal"),
            ("CN=#0c", "not DER"),
            ("CN=#0c016100", "one DER"),
            ("C=JPN", "longer than 2"),
            ("C=1a", "two letters"),
            (r"CN=a\00b", "control"),
            ("SERIALNUMBER=a_b", "letters, digits"),
            ("DC=é", "ASCII"),
        ] {
            let error = text.parse::<Name>().unwrap_err();
            assert_eq!(error.code(), "input.invalid", "{text}");
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            if let Ok(read) = text.parse::<Name>() {
                prop_assert_eq!(&Name::from_der(read.as_der()).unwrap(), &read);
                if !text.contains('#') {
                    prop_assert_eq!(&name(&read.to_string()), &read);
                }
            }
        }

        #[test]
        fn any_value_comes_back(value in "[^\\p{Cc}]{1,64}") {
            let built = Name::builder().push(Attribute::CommonName, &value).build().unwrap();
            prop_assert_eq!(built.common_name(), Some(value));
            prop_assert_eq!(name(&built.to_string()), built);
        }
    }
}
