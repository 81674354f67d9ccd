//! Certificates as files.

use tegata::ExportFormat;
use tegata::pack::{Encoding, FileNames, PackedFile, Pkcs12Target};

use crate::values::{SecretBytes, SecretText};

/// How the files are encoded.
#[uniffi::remote(Enum)]
pub enum Encoding {
    /// Text; several certificates stand one after the other.
    Pem,
    /// Binary; where several certificates belong into one file, it is PKCS#7.
    Der,
}

/// Which files to make, by name; what is left out is not made.
#[uniffi::remote(Record)]
pub struct FileNames {
    /// The certificate alone.
    #[uniffi(default)]
    pub certificate: Option<String>,
    /// The intermediate CA certificates, nearest first.
    #[uniffi(default)]
    pub chain: Option<String>,
    /// The certificate followed by the intermediates: what most TLS servers want.
    #[uniffi(default)]
    pub full_chain: Option<String>,
    /// The root, for those who shall trust it.
    #[uniffi(default)]
    pub root: Option<String>,
    /// The private key as PKCS#8.
    #[uniffi(default)]
    pub key: Option<String>,
}

/// The usual names: `cert`, `chain`, `fullchain` and `key` with `.pem` or `.der`, and `cacert.crt`.
#[uniffi::export]
pub fn usual_file_names(encoding: Encoding) -> FileNames {
    FileNames::usual(encoding)
}

/// One file: its name and what is in it.
#[uniffi::remote(Record)]
pub struct PackedFile {
    /// The name, without any folder.
    pub name: String,
    /// The content.
    pub content: SecretBytes,
    /// Whether it holds a private key, so that only its owner may read it.
    pub secret: bool,
}

/// For whom a PKCS#12 file is written.
#[uniffi::remote(Enum)]
pub enum Pkcs12Target {
    /// AES-256 and SHA-256: everything of the last years.
    Modern,
    /// Triple DES and SHA-1: older Windows, Apple and Android; everything newer opens it as well.
    Legacy,
}

/// As what a certificate is exported.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum ExportFormat {
    /// The certificate alone, in PEM.
    Pem,
    /// The certificate and the intermediates above it, in PEM: what a TLS server sends.
    FullChainPem,
    /// The certificate alone, in DER.
    Der,
    /// The certificate and all above it, the root included, as PKCS#7 in DER.
    Pkcs7,
    /// The key, the certificate and all above it, the root included, as PKCS#12.
    Pkcs12 {
        /// The private key: PKCS#8, SEC1 or PKCS#1, PEM or DER.
        key: SecretBytes,
        /// What the file opens with; printable ASCII.
        password: SecretText,
        /// For whom it is written.
        target: Pkcs12Target,
    },
    /// A file each for the certificate, the intermediates, both together, the root and the key, with chosen names.
    Files {
        /// Which files, under which names.
        names: FileNames,
        /// PEM or DER.
        encoding: Encoding,
        /// The private key, if it shall be among them.
        #[uniffi(default)]
        key: Option<SecretBytes>,
    },
}
