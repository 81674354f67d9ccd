//! PEM (RFC 7468) for keys and requests, without copies of the secret in memory that nobody erases.

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// One PEM block.
pub(crate) struct Block<'a> {
    /// What stands after BEGIN.
    pub(crate) label: &'a str,
    /// Whether it has headers (RFC 1421), as OpenSSL's old encrypted keys do.
    pub(crate) headers: bool,
    /// What the base64 says.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Whether `input` holds PEM rather than DER. DER begins with 0x30, the character `0`, which PEM text may not begin
/// with unless an explanation precedes the block; the dashes decide.
pub(crate) fn looks_like_pem(input: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    // The cheap and usual case first: DER whose outer length fits is DER, whatever octets it holds.
    crate::der::Reader::new(input).element(crate::der::tag::SEQUENCE).is_err()
        && input.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// All blocks, in order; text around them is ignored, as RFC 7468 (2) wants.
///
/// # Errors
/// What is wrong, for a message.
pub(crate) fn blocks(input: &[u8]) -> Result<Vec<Block<'_>>, &'static str> {
    let text = std::str::from_utf8(input).map_err(|_| "the PEM text is not ASCII")?;
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or("a PEM block has no complete first line")?;
        let (body, after) = after.split_once("-----END ").ok_or("a PEM block has no END line")?;
        let (end, after) = after.split_once("-----").ok_or("a PEM block has no complete END line")?;
        if end != label {
            return Err("a PEM block ends with another label than it began with");
        }
        blocks.push(decode(label, body)?);
        rest = after;
    }
    Ok(blocks)
}

fn decode<'a>(label: &'a str, body: &str) -> Result<Block<'a>, &'static str> {
    let headers = body.contains(':');
    // Headers end with an empty line (RFC 1421, 4.4).
    let base64 = if headers {
        body.split_once("\n\n").or_else(|| body.split_once("\r\n\r\n")).map_or("", |(_, base64)| base64)
    } else {
        body
    };
    let mut compact = Zeroizing::new(Vec::with_capacity(base64.len()));
    compact.extend(base64.bytes().filter(|octet| !octet.is_ascii_whitespace()));
    let size = BASE64.decode_len(compact.len()).map_err(|_| "the base64 of a PEM block is cut short")?;
    let mut der = Zeroizing::new(vec![0; size]);
    let size = BASE64.decode_mut(&compact, &mut der).map_err(|_| "the base64 of a PEM block cannot be decoded")?;
    der.truncate(size);
    Ok(Block { label, headers, der })
}

/// Writes one block with lines of 64 characters.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64.encode(der));
    let mut out = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / 64 + 2 * label.len() + 40));
    out.push_str("-----BEGIN ");
    out.push_str(label);
    out.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}
