//! Certificates as files that servers, browsers, phones and key stores take.

use super::Certificates;
use super::issued::Issued;
use crate::Result;
use crate::id::CertificateId;
use crate::key::PrivateKey;
use crate::pack::{
    Encoding, FileNames, FileSet, PackedFile, Pkcs12Bundle, Pkcs12Target, certificates_pem, write_pkcs7,
};
use crate::secret::Secret;
use crate::x509::Certificate as X509;

/// As what a certificate is exported. Private keys are given: one that was made here comes from
/// [`collect_key`](Certificates::collect_key), since handing it out happens once and leaves its trace.
#[derive(Clone, Debug)]
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
        key: Secret<Vec<u8>>,
        /// What the file opens with; printable ASCII.
        password: Secret<String>,
        /// For whom it is written.
        target: Pkcs12Target,
    },
    /// A file each for the certificate, the intermediates, both together, the root and the key, with chosen names
    /// (NEC-54).
    Files {
        /// Which files, under which names.
        names: FileNames,
        /// PEM or DER.
        encoding: Encoding,
        /// The private key, if it shall be among them.
        key: Option<Secret<Vec<u8>>>,
    },
}

impl Certificates<'_> {
    /// A certificate as files.
    ///
    /// # Errors
    /// `certificate.pending` or `certificate.denied` when it was not issued; `key.` codes and `key.inconsistent` when
    /// the key is not the certificate's; `certificate.password_not_ascii`; `input.invalid` for an empty password or a
    /// file name that cannot be one.
    pub fn export(&self, id: CertificateId, format: &ExportFormat) -> Result<Vec<PackedFile>> {
        let issued = self.issued(id)?;
        let certificate = X509::from_der(&issued.der)?;
        let above = issued.chain.iter().map(|der| X509::from_der(der)).collect::<Result<Vec<_>>>()?;
        let (root, intermediates) = match above.split_last() {
            Some((root, intermediates)) => (Some(root), intermediates),
            None => (None, &[][..]),
        };
        let public = |name: &str, content: Vec<u8>| {
            vec![PackedFile { name: name.to_owned(), content: Secret::new(content), secret: false }]
        };
        let leaf = std::iter::once(&certificate);
        let read = |key: &Secret<Vec<u8>>| PrivateKey::from_bytes_with(key.expose(), &certificate.public_key()?);
        Ok(match format {
            ExportFormat::Pem => public("cert.pem", certificate.pem().into_bytes()),
            ExportFormat::FullChainPem => {
                public("fullchain.pem", certificates_pem(leaf.chain(intermediates)).into_bytes())
            }
            ExportFormat::Der => public("cert.der", certificate.der().to_vec()),
            ExportFormat::Pkcs7 => public("chain.p7b", write_pkcs7(leaf.chain(&above))),
            ExportFormat::Pkcs12 { key, password, target } => {
                let name = friendly_name(&issued);
                let key = read(key)?;
                let bundle = Pkcs12Bundle { key: &key, certificate: &certificate, chain: &above, friendly_name: &name };
                let content = bundle.write(password, *target, &*self.inner.random)?;
                vec![PackedFile { name: "credential.p12".to_owned(), content, secret: true }]
            }
            ExportFormat::Files { names, encoding, key } => {
                let key = key.as_ref().map(read).transpose()?;
                let set = FileSet { certificate: &certificate, chain: intermediates, root, key: key.as_ref() };
                set.files(names, *encoding)?
            }
        })
    }
}

/// What lists of certificates show: the name, or the serial number of one that has none.
fn friendly_name(issued: &Issued) -> String {
    let name = issued.certificate.name.as_ref().filter(|name| name.chars().all(|c| c <= '\u{ffff}'));
    name.cloned().unwrap_or_else(|| issued.serial())
}
