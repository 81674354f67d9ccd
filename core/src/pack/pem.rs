//! PEM (RFC 7468): several blocks in one text.

use crate::error::Error;
use crate::key::pem;
use crate::secret::Secret;
use crate::x509::Certificate;

/// One PEM block.
#[derive(Clone, Debug)]
pub struct PemBlock {
    /// What stands after BEGIN, such as `CERTIFICATE`.
    pub label: String,
    /// Whether it has headers (RFC 1421), as encrypted keys of old OpenSSL do.
    pub headers: bool,
    /// What the base64 says; secret, since it may be a private key.
    pub der: Secret<Vec<u8>>,
}

/// All blocks of a text in order; what stands around them is passed over, as RFC 7468 (2) wants.
///
/// # Errors
/// `input.invalid` when there is none, or one is cut short, mislabelled or not base64.
pub fn parse_pem(input: &[u8]) -> Result<Vec<PemBlock>, Error> {
    let blocks = pem::blocks(input).map_err(|reason| Error::input("the PEM text", &format!("is broken: {reason}")))?;
    if blocks.is_empty() {
        return Err(Error::input("the PEM text", "holds no block (-----BEGIN ..-----)"));
    }
    let own = |block: pem::Block<'_>| PemBlock {
        label: block.label.to_owned(),
        headers: block.headers,
        der: Secret::new(block.der.to_vec()),
    };
    Ok(blocks.into_iter().map(own).collect())
}

/// Writes one block with lines of 64 characters.
///
/// # Errors
/// `input.invalid` when the label is not of the characters that RFC 7468 (3) allows.
pub fn encode_pem(label: &str, der: &[u8]) -> Result<Secret<String>, Error> {
    let fine = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ';
    if label.is_empty() || label.starts_with(' ') || label.ends_with(' ') || !label.bytes().all(fine) {
        return Err(Error::input("the PEM label", "is not of capital letters, digits and single spaces"));
    }
    Ok(Secret::new(String::clone(&pem::encode(label, der))))
}

/// The certificates as PEM blocks, in this order.
pub fn certificates_pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    certificates.into_iter().map(Certificate::pem).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_pem_is_refused() {
        for text in [
            "",
            "text",
            "-----BEGIN A-----\nAAAA\n",
            "-----BEGIN A-----\nAAAA\n-----END B-----\n",
            "-----BEGIN A-----\nA?AA\n-----END A-----\n",
            "-----BEGIN A-----\nAAA\n-----END A-----\n",
        ] {
            assert_eq!(parse_pem(text.as_bytes()).unwrap_err().code(), "input.invalid", "{text}");
        }
        assert!(encode_pem("certificate", b"").is_err());
    }

    proptest! {
        #[test]
        fn blocks_come_back_in_order(blocks in prop::collection::vec(("[A-Z0-9]{1,9}( [A-Z]{1,5})?", any::<Vec<u8>>()), 1..4)) {
            let mut text = "an explanation\n".to_owned();
            for (label, der) in &blocks {
                text.push_str(encode_pem(label, der).unwrap().expose());
            }
            let read = parse_pem(text.as_bytes()).unwrap();
            let read: Vec<_> = read.into_iter().map(|block| (block.label, block.der.expose().clone())).collect();
            prop_assert_eq!(read, blocks);
        }

        #[test]
        fn reading_never_panics(bytes: Vec<u8>, text: String) {
            let _ = (parse_pem(&bytes), parse_pem(text.as_bytes()));
            let _ = parse_pem(format!("-----BEGIN A-----{text}-----END A-----").as_bytes());
        }
    }
}
