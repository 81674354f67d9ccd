//! Pre-shared keys as a C header, for the libraries that ask a callback for them.

use super::psk::Out;

/// Whose callback the header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    MbedTls,
    WolfSsl,
}

const MBEDTLS_HEAD: &str = "\
/* Pre-shared keys for a TLS server with mbedTLS 2 or 3. They are secret: keep this file and what is built of it so.
 * Use: mbedtls_ssl_conf_psk_cb(&config, tegata_psk, NULL); */
#ifndef TEGATA_PSK_H
#define TEGATA_PSK_H
#include <string.h>
#include <mbedtls/ssl.h>
";
const WOLFSSL_HEAD: &str = "\
/* Pre-shared keys for a TLS server with wolfSSL 4 or 5. They are secret: keep this file and what is built of it so.
 * Use: wolfSSL_CTX_set_psk_server_callback(context, tegata_psk);
 *      wolfSSL_CTX_set_psk_server_tls13_callback(context, tegata_psk_tls13); */
#ifndef TEGATA_PSK_H
#define TEGATA_PSK_H
#include <string.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
";
const TABLE: &str = "
static const struct {
    size_t identity_length;
    const char *identity;
    size_t key_length;
    const unsigned char *key;
} tegata_psk_table[] = {
";
// A table without rows is none in C.
const END: &str = "    {0, NULL, 0, NULL}
};
";
const MBEDTLS_TAIL: &str = "
static int tegata_psk(void *unused, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t length)
{
    size_t i;
    (void)unused;
    for (i = 0; tegata_psk_table[i].identity != NULL; i++)
        if (tegata_psk_table[i].identity_length == length && memcmp(tegata_psk_table[i].identity, identity, length) == 0)
            return mbedtls_ssl_set_hs_psk(ssl, tegata_psk_table[i].key, tegata_psk_table[i].key_length);
    return -1;
}

#endif
";
const WOLFSSL_TAIL: &str = "
static unsigned int tegata_psk(WOLFSSL *ssl, const char *identity, unsigned char *key, unsigned int limit)
{
    size_t i;
    (void)ssl;
    for (i = 0; tegata_psk_table[i].identity != NULL; i++)
        if (strcmp(tegata_psk_table[i].identity, identity) == 0) {
            if (tegata_psk_table[i].key_length > limit)
                return 0;
            memcpy(key, tegata_psk_table[i].key, tegata_psk_table[i].key_length);
            return (unsigned int)tegata_psk_table[i].key_length;
        }
    return 0;
}

#ifdef WOLFSSL_TLS13
static unsigned int tegata_psk_tls13(WOLFSSL *ssl, const char *identity, unsigned char *key, unsigned int limit,
                                     const char **suite)
{
    /* Keys from outside TLS go with SHA-256 unless both sides say otherwise (RFC 8446, 4.2.11). */
    *suite = \"TLS13-AES128-GCM-SHA256\";
    return tegata_psk(ssl, identity, key, limit);
}
#endif

#endif
";

/// The header: the table, then what looks into it.
pub(super) fn header(entries: &[(&str, &[u8])], library: Library, out: &mut Out<'_>) {
    let (head, tail) = match library {
        Library::MbedTls => (MBEDTLS_HEAD, MBEDTLS_TAIL),
        Library::WolfSsl => (WOLFSSL_HEAD, WOLFSSL_TAIL),
    };
    out(head.as_bytes());
    let longest = entries.iter().map(|(_, secret)| secret.len()).max().unwrap_or_default();
    if library == Library::MbedTls && longest > 0 {
        let check = format!(
            "#if MBEDTLS_PSK_MAX_LEN < {longest}\n\
             #error \"build mbedTLS with MBEDTLS_PSK_MAX_LEN {longest} or more: there is a key of that length\"\n\
             #endif\n"
        );
        out(check.as_bytes());
    }
    out(TABLE.as_bytes());
    for (identity, secret) in entries {
        out(format!("    {{{}, \"", identity.len()).as_bytes());
        text(identity, out);
        out(format!("\", {}, (const unsigned char *)\"", secret.len()).as_bytes());
        for &byte in *secret {
            // In octal: three digits are the end of such an escape, while a hexadecimal one goes on as long as it can.
            out(&octal(byte));
        }
        out(b"\"},\n");
    }
    out(END.as_bytes());
    out(tail.as_bytes());
}

/// As a string literal has it; escaped is whatever could mean something else to a compiler, or to one of its time.
fn text(text: &str, out: &mut Out<'_>) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' | 0..=0x1f | 0x7f.. => out(&octal(byte)),
            _ => out(&[byte]),
        }
    }
}

const fn octal(byte: u8) -> [u8; 4] {
    [b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    /// The rows of the table, as a C compiler reads the literals.
    pub(in crate::pack) fn read(header: &str) -> Vec<(String, Vec<u8>)> {
        let rows = header.lines().filter(|line| line.starts_with("    {") && !line.starts_with("    {0,"));
        rows.map(|row| {
            let parts: Vec<_> = row.split('"').collect();
            let [head, identity, between, secret, "},"] = parts.as_slice() else { panic!("{row}") };
            let (identity, secret) = (literal(identity), literal(secret));
            assert_eq!(*head, format!("    {{{}, ", identity.len()));
            assert_eq!(*between, format!(", {}, (const unsigned char *)", secret.len()));
            (String::from_utf8(identity).unwrap(), secret)
        })
        .collect()
    }

    fn literal(text: &str) -> Vec<u8> {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let Some((&first, others)) = rest.split_first() {
            rest = others;
            bytes.push(if first == b'\\' {
                let (digits, others) = rest.split_at(3);
                rest = others;
                u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 8).unwrap()
            } else {
                first
            });
        }
        bytes
    }
}
