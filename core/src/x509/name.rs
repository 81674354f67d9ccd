//! Distinguished names, kept exactly as the DER they came in.

/// A distinguished name (RFC 5280, 4.1.2.4) as the DER `SEQUENCE` it came in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Vec<u8>,
}

impl Name {
    /// The DER, exactly as read or built.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}
