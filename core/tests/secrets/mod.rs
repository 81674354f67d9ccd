//! What must not be seen, in all the ways in which it could be written, and what was seen.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use tegata::store::schema::Schema;
use tegata::store::{Counter, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};
use tegata::{Error, Result};

/// Shorter ones would be found by chance.
const SHORTEST: usize = 8;

/// Named secrets.
#[derive(Default)]
pub struct Secrets(Mutex<BTreeMap<Vec<u8>, String>>);

impl Secrets {
    /// Remembers a secret. Of a private key, that is the number which makes it one: the rest is public.
    pub fn add(&self, name: &str, secret: &[u8]) {
        let secret = private_number(secret).unwrap_or(secret);
        assert!(secret.len() >= SHORTEST, "{name} has {} bytes", secret.len());
        self.0.lock().unwrap().entry(secret.to_vec()).or_insert_with(|| name.to_owned());
    }

    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().values().cloned().collect()
    }

    /// One a line, in hexadecimal: for another process.
    pub fn written(&self) -> String {
        let secrets = self.0.lock().unwrap();
        let lines: Vec<_> =
            secrets.iter().map(|(secret, name)| format!("{} {name}", HEXLOWER.encode(secret))).collect();
        lines.join("\n")
    }

    pub fn read(text: &str) -> Self {
        let secrets = Self::default();
        for line in text.lines() {
            let (secret, name) = line.split_once(' ').unwrap();
            secrets.add(name, &HEXLOWER.decode(secret.as_bytes()).unwrap());
        }
        secrets
    }

    /// Which secrets can be read in which of these places, in which form.
    pub fn found_in(&self, seen: &[(String, Vec<u8>)]) -> BTreeSet<String> {
        let mut forms: HashMap<[u8; SHORTEST], Vec<(Vec<u8>, String)>> = HashMap::new();
        // Most places are passed over by a look at two octets.
        let mut beginnings = vec![false; 1 << 16];
        let beginning = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
        for (secret, name) in self.0.lock().unwrap().iter() {
            for (form, bytes) in forms_of(secret) {
                let first = *bytes.first_chunk().unwrap();
                beginnings[beginning(&first)] = true;
                forms.entry(first).or_default().push((bytes, format!("{name} {form}")));
            }
        }
        let mut found = BTreeSet::new();
        for (place, bytes) in seen {
            for bytes in [bytes, &squeezed(bytes)] {
                let windows = bytes.windows(SHORTEST).enumerate();
                for (at, window) in windows.filter(|(_, window)| beginnings[beginning(window)]) {
                    for (form, what) in forms.get(window).into_iter().flatten() {
                        if bytes[at..].starts_with(form) {
                            found.insert(format!("{what} in {place}"));
                        }
                    }
                }
            }
        }
        found
    }
}

/// The secret octets of a private key in PKCS#8 (DER): P-256, P-384 and Ed25519.
fn private_number(der: &[u8]) -> Option<&[u8]> {
    if der.first() != Some(&0x30) || der.len() < 40 {
        return None;
    }
    let marks: [(&[u8], usize); 3] =
        [(&[2, 1, 1, 4, 32], 32), (&[2, 1, 1, 4, 48], 48), (&[0x2b, 0x65, 0x70, 4, 0x22, 4, 32], 32)];
    marks.iter().find_map(|(mark, length)| {
        let at = der.windows(mark.len()).position(|window| window == *mark)? + mark.len();
        der.get(at..at + length)
    })
}

/// A secret as it might be written, whole or half.
fn forms_of(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = ways_of(secret);
    if secret.len() >= 4 * SHORTEST {
        let (first, second) = secret.split_at(secret.len() / 2);
        forms.extend(ways_of(first).into_iter().chain(ways_of(second)));
    }
    // Base64 of something short may be too short to be told from chance.
    forms.retain(|(_, bytes)| bytes.len() >= SHORTEST);
    forms
}

fn ways_of(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let numbers = |radix: fn(&u8) -> String, between: &str| {
        secret.iter().map(radix).collect::<Vec<_>>().join(between).into_bytes()
    };
    let utf16: Vec<u8> = secret.iter().flat_map(|octet| [0, *octet]).collect();
    let mut ways = vec![
        ("as it is", secret.to_vec()),
        ("backwards", secret.iter().rev().copied().collect()),
        ("in hexadecimal", HEXLOWER.encode(secret).into_bytes()),
        ("in hexadecimal", HEXUPPER.encode(secret).into_bytes()),
        ("in hexadecimal with colons", numbers(|octet| format!("{octet:02x}"), ":")),
        ("in hexadecimal with colons", numbers(|octet| format!("{octet:02X}"), ":")),
        ("as a list of numbers", numbers(u8::to_string, ",")),
        ("in UTF-16", utf16),
        ("escaped", secret.escape_ascii().to_string().into_bytes()),
    ];
    // In Base64 it looks different after 0, 1 and 2 other octets; what depends on its neighbours is left out.
    for before in 0..3 {
        let padded = [&vec![0; before], secret].concat();
        let own: Range<usize> = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            let text = encoding.encode(&padded).into_bytes();
            ways.push(("in Base64", text[own.clone()].to_vec()));
        }
    }
    ways
}

/// Without white space and escaped ends of lines, which PEM, JSON and `{:#?}` put between.
fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if rest.first().is_some_and(|next| *first == b'\\' && matches!(next, b'n' | b'r')) {
            rest = &rest[1..];
        } else if !first.is_ascii_whitespace() {
            out.push(*first);
        }
    }
    out
}

/// What somebody could see who is shown no secret.
#[derive(Default)]
pub struct Seen(Mutex<Vec<(String, Vec<u8>)>>);

impl Seen {
    pub fn bytes(&self, place: &str, bytes: &[u8]) {
        self.0.lock().unwrap().push((place.to_owned(), bytes.to_vec()));
    }

    /// Whoever prints it for debugging sees this.
    pub fn debug<T: Debug>(&self, place: &str, value: T) -> T {
        self.bytes(&format!("the debug output of {place}"), format!("{value:?}\n{value:#?}").as_bytes());
        value
    }

    /// The call was refused, and this is what it says.
    pub fn refused<T: Debug>(&self, call: &str, result: Result<T>) -> &'static str {
        let error: Error = result.expect_err(call);
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let said = format!("{error}\n{error:?}\n{error:#?}\n{source:?}");
        self.bytes(&format!("the refusal of {call}"), said.as_bytes());
        error.code()
    }

    pub fn all(&self) -> MutexGuard<'_, Vec<(String, Vec<u8>)>> {
        self.0.lock().unwrap()
    }
}

/// Passes all calls on and sees what is asked and written.
pub struct Watched<S> {
    pub store: S,
    pub seen: Seen,
}

impl<S> Watched<S> {
    fn see(&self, what: &str, values: &[&Value], debug: &dyn Debug) {
        let mut bytes = format!("{debug:?}\n").into_bytes();
        for value in values {
            match value {
                Value::Null => {}
                Value::Int(number) => bytes.extend(number.to_be_bytes()),
                Value::Text(text) => bytes.extend(text.as_bytes()),
                Value::Bytes(octets) => bytes.extend(octets),
            }
            bytes.push(b'\n');
        }
        self.seen.bytes(&format!("what the store is told by {what}"), &bytes);
    }
}

impl<S: Store> Store for Watched<S> {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        self.store.migrate(schema)
    }
    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.store.reserve(counter, count)
    }
    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        self.see("get", &[], &rows);
        self.store.get(rows)
    }
    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        self.see("find", &[], query);
        self.store.find(query)
    }
    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.see("count", &[], tally);
        self.store.count(tally)
    }
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        for write in writes {
            match write {
                Write::Put(row, _) => {
                    self.see(&format!("a row of {}", row.table.name), &row.values.iter().collect::<Vec<_>>(), row);
                }
                other => self.see("a commit", &[], other),
            }
        }
        self.store.commit(writes)
    }
}
