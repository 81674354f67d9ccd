//! The archive: one JSON object a line for each record that goes. Secrets, also sealed ones, have no place in it.

use std::fmt::Display;
use std::io::Write;

use data_encoding::{BASE64, HEXUPPER};
use serde_json::{Map, Value as Json};

use super::Removal;
use crate::Result;
use crate::callback;
use crate::error::Error;

/// A line under construction, and those of what goes with its record.
#[derive(Default)]
pub(super) struct Line {
    fields: Map<String, Json>,
    beside: Vec<String>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A field, as people read it: identifiers as they are outside, times in RFC 3339, states by name.
    pub(super) fn with(mut self, field: &str, value: impl Display) -> Self {
        self.fields.insert(field.to_owned(), Json::String(value.to_string()));
        self
    }

    /// A field that may be missing.
    pub(super) fn maybe(self, field: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// Octets in upper-case hexadecimal digits.
    pub(super) fn octets(self, field: &str, octets: &[u8]) -> Self {
        self.with(field, HEXUPPER.encode(octets))
    }

    /// Octets in base64, if there are any.
    pub(super) fn der(self, field: &str, octets: Option<&[u8]>) -> Self {
        self.maybe(field, octets.map(|octets| BASE64.encode(octets)))
    }

    /// A record that goes with this one, with the line of its own that `finish` made.
    pub(super) fn beside(mut self, line: String) -> Self {
        self.beside.push(line);
        self
    }

    /// The finished line, of a record of this kind, and below it those of what goes with it.
    pub(super) fn finish(mut self, kind: &str) -> String {
        self.fields.insert("record".to_owned(), Json::String(kind.to_owned()));
        self.beside.insert(0, Json::Object(self.fields).to_string());
        self.beside.join("\n")
    }
}

/// Writes the lines, and has them flushed.
pub(super) fn write(removals: &[Removal], out: &mut dyn Write) -> Result<()> {
    let unwritable = |e: std::io::Error| Error::input("the archive", &format!("cannot be written: {}", e.kind()));
    let mut lines = String::new();
    for removal in removals {
        lines.push_str(&removal.line);
        lines.push('\n');
    }
    callback::run(|| out.write_all(lines.as_bytes()).and_then(|()| out.flush())).map_err(unwritable)
}
