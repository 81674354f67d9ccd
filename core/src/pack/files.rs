//! A credential as a set of files with chosen names, as a device's web server or an operator wants them.

use std::collections::HashSet;

use super::pem::certificates_pem;
use super::pkcs7::write_pkcs7;
use crate::error::Error;
use crate::key::PrivateKey;
use crate::secret::Secret;
use crate::x509::Certificate;

/// How the files are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Text; several certificates stand one after the other.
    #[default]
    Pem,
    /// Binary; where several certificates belong into one file, it is PKCS#7.
    Der,
}

/// Which files to make, by name; `None` leaves one out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNames {
    /// The certificate alone.
    pub certificate: Option<String>,
    /// The intermediate CA certificates, nearest first.
    pub chain: Option<String>,
    /// The certificate followed by the intermediates: what most TLS servers want.
    pub full_chain: Option<String>,
    /// The root, for those who shall trust it.
    pub root: Option<String>,
    /// The private key as PKCS#8.
    pub key: Option<String>,
}

impl FileNames {
    /// The usual names: `cert`, `chain`, `fullchain` and `key` with `.pem` or `.der` (`.p7c` for several certificates),
    /// and `cacert.crt`, which browsers and phones offer to install.
    pub fn usual(encoding: Encoding) -> Self {
        let (single, several) = match encoding {
            Encoding::Pem => ("pem", "pem"),
            Encoding::Der => ("der", "p7c"),
        };
        Self {
            certificate: Some(format!("cert.{single}")),
            chain: Some(format!("chain.{several}")),
            full_chain: Some(format!("fullchain.{several}")),
            root: Some("cacert.crt".to_owned()),
            key: Some(format!("key.{single}")),
        }
    }
}

/// What goes into the files.
#[derive(Clone, Copy, Debug)]
pub struct FileSet<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// The intermediate CA certificates, nearest first, without the root.
    pub chain: &'a [Certificate],
    /// The root.
    pub root: Option<&'a Certificate>,
    /// The private key.
    pub key: Option<&'a PrivateKey>,
}

/// One file: its name and what is in it.
#[derive(Clone, Debug)]
pub struct PackedFile {
    /// The name, without any folder.
    pub name: String,
    /// The content.
    pub content: Secret<Vec<u8>>,
    /// Whether it holds a private key, so that only its owner may read it.
    pub secret: bool,
}

impl FileSet<'_> {
    /// The files, in the order of [`FileNames`]. One whose content is missing (no intermediates, root or key) is left out.
    ///
    /// # Errors
    /// `input.invalid` when a name is empty, names a folder, or is there twice; `certificate.key_mismatch` when the key is
    /// not the certificate's.
    pub fn files(&self, names: &FileNames, encoding: Encoding) -> Result<Vec<PackedFile>, Error> {
        if let Some(key) = self.key {
            super::pkcs12::check_pair(key, self.certificate)?;
        }
        let several = |certificates: Vec<&Certificate>| match encoding {
            Encoding::Pem => certificates_pem(certificates).into_bytes(),
            Encoding::Der => write_pkcs7(certificates),
        };
        let single = |certificate: &Certificate| match encoding {
            Encoding::Pem => certificate.pem().into_bytes(),
            Encoding::Der => certificate.der().to_vec(),
        };
        let key = |key: &PrivateKey| match encoding {
            Encoding::Pem => Secret::new(key.to_pkcs8_pem().expose().clone().into_bytes()),
            Encoding::Der => key.to_pkcs8_der(),
        };
        let full_chain = std::iter::once(self.certificate).chain(self.chain).collect();
        let chain = (!self.chain.is_empty()).then(|| several(self.chain.iter().collect()));
        let parts = [
            (&names.certificate, Some(Secret::new(single(self.certificate))), false),
            (&names.chain, chain.map(Secret::new), false),
            (&names.full_chain, Some(Secret::new(several(full_chain))), false),
            (&names.root, self.root.map(single).map(Secret::new), false),
            (&names.key, self.key.map(key), true),
        ];
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        for (name, content, secret) in parts {
            let Some(name) = name else { continue };
            check_name(name)?;
            // Some file systems do not tell capitals apart.
            if !seen.insert(name.to_lowercase()) {
                return Err(Error::input("a file name", "is there twice; give each file a name of its own"));
            }
            files.extend(content.map(|content| PackedFile { name: name.clone(), content, secret }));
        }
        Ok(files)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let wrong = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    if name.is_empty() || name.len() > 255 || name.chars().all(|c| c == '.') || name.contains(wrong) {
        return Err(Error::input("a file name", "is empty, too long, or holds a character that names a folder"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::read_pkcs7;
    use crate::x509::fixture::{Wish, issue, root};

    #[test]
    fn each_file_holds_what_its_name_says() {
        let ca = root("CN=Root");
        let leaf = issue(&ca, Wish::default());
        let chain = [issue(&ca, Wish { subject: "CN=Other", ..Wish::default() }).certificate];
        let set = FileSet {
            certificate: &leaf.certificate,
            chain: &chain,
            root: Some(&ca.certificate),
            key: Some(&leaf.key),
        };
        let files = set.files(&FileNames::usual(Encoding::Pem), Encoding::Pem).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["cert.pem", "chain.pem", "fullchain.pem", "cacert.crt", "key.pem"]);
        let full = Certificate::many_from_pem(files[2].content.expose()).unwrap();
        assert_eq!(full, [leaf.certificate.clone(), chain[0].clone()]);
        assert_eq!(Certificate::from_bytes(files[3].content.expose()).unwrap(), ca.certificate);
        assert!(files[4].secret && !files[2].secret);
        let key = PrivateKey::from_bytes(files[4].content.expose()).unwrap();
        assert!(super::super::pkcs12::check_pair(&key, &leaf.certificate).is_ok());

        let files = set.files(&FileNames::usual(Encoding::Der), Encoding::Der).unwrap();
        assert_eq!(files[2].name, "fullchain.p7c");
        assert_eq!(read_pkcs7(files[2].content.expose()).unwrap(), full);
    }

    #[test]
    fn names_that_leave_the_folder_or_collide_are_refused() {
        let ca = root("CN=Root");
        let set = FileSet { certificate: &ca.certificate, chain: &[], root: None, key: None };
        let none = FileNames { certificate: None, chain: None, full_chain: None, root: None, key: None };
        for name in ["", "..", ".", "a/b", "..\\x", "c:x", "a\0"] {
            let names = FileNames { certificate: Some(name.into()), ..none.clone() };
            assert!(set.files(&names, Encoding::Pem).is_err(), "{name:?}");
        }
        let names = FileNames { certificate: Some("A.pem".into()), full_chain: Some("a.pem".into()), ..none };
        assert!(set.files(&names, Encoding::Pem).is_err());
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (ca, other) = (root("CN=Root"), root("CN=Root"));
        let set = FileSet { certificate: &ca.certificate, chain: &[], root: None, key: Some(&other.key) };
        let error = set.files(&FileNames::usual(Encoding::Pem), Encoding::Pem).unwrap_err();
        assert_eq!(error.code(), "certificate.key_mismatch");
    }
}
