//! What certificates are issued, renewed and found by.

use pyo3::prelude::*;

use crate::convert::{Bytes, Show, Time};
use crate::macros::options;
use crate::sums::Text;
use crate::words::{CertificateKind, CertificateState, Encoding, HandOut, KeyAlgorithm};

options! {
    /// A certificate to be issued for a CSR.
    Issue(tegata::Issue): (csr: Bytes, profile: String, authority: String) = { let csr: Vec<u8> = csr; tegata::Issue::new(csr, profile, authority) }; {
        /// The device that it is for, if any; it must be valid.
        opt device: Option<String> = None => Option<String>;
        /// The applicant's name, which profiles may put into the subject; not for devices, which have their own.
        opt name: Option<String> = None => Option<String>;
    }
    /// The CSR (PKCS#10), PEM or DER.
    #[getter]
    fn csr(&self) -> Bytes {
        Show::show(&self.0.csr)
    }

    /// The profile that decides what the certificate holds.
    #[getter]
    fn profile(&self) -> String {
        Show::show(&self.0.profile)
    }

    /// The authority; after a rebuild its newest generation issues.
    #[getter]
    fn authority(&self) -> String {
        Show::show(&self.0.authority)
    }

}

options! {
    /// A certificate to be issued for a key that is made here (NAV-15).
    IssueWithKey(tegata::IssueWithKey): (profile: String, authority: String) = tegata::IssueWithKey::new(profile, authority); {
        /// The device that it is for, if any; it must be valid.
        opt device: Option<String> = None => Option<String>;
        /// The applicant's name, which profiles may put into the subject; not for devices, which have their own.
        opt name: Option<String> = None => Option<String>;
        /// What kind of key; the first that the profile lists by default.
        opt algorithm: Option<KeyAlgorithm> = None => Option<KeyAlgorithm>;
        /// When the key is handed out.
        def hand_out: Option<HandOut> = None => HandOut;
    }
    /// The profile that decides what the certificate holds.
    #[getter]
    fn profile(&self) -> String {
        Show::show(&self.0.profile)
    }

    /// The authority; after a rebuild its newest generation issues.
    #[getter]
    fn authority(&self) -> String {
        Show::show(&self.0.authority)
    }

}

options! {
    /// A certificate to be renewed. The subject and the alternative names stay as they are.
    Renew(tegata::Renew): (certificate: String) = tegata::Renew::same_key(certificate); {
        /// A CSR (PKCS#10, PEM or DER) with the key of the new certificate; None certifies the old key again.
        opt csr: Option<Bytes> = None => Option<Bytes>;
        /// Another profile than before, such as a newer version of it.
        opt profile: Option<String> = None => Option<String>;
        /// Whether the holder showed another proof of who it is, which the caller vouches for: only then an expired
        /// certificate is renewed. A revoked one never is.
        flag other_proof: bool = false => bool;
    }
    /// The certificate to renew.
    #[getter]
    fn certificate(&self) -> String {
        Show::show(&self.0.certificate)
    }

}

options! {
    /// A certificate to be renewed with a new key that is made here.
    RenewWithKey(tegata::RenewWithKey): (certificate: String) = tegata::RenewWithKey::new(certificate); {
        /// Another profile than before.
        opt profile: Option<String> = None => Option<String>;
        /// What kind of key; the first that the profile lists by default.
        opt algorithm: Option<KeyAlgorithm> = None => Option<KeyAlgorithm>;
        /// When the key is handed out.
        def hand_out: Option<HandOut> = None => HandOut;
    }
    /// The certificate to renew.
    #[getter]
    fn certificate(&self) -> String {
        Show::show(&self.0.certificate)
    }

}

options! {
    /// Which certificates to list: those that match everything given.
    CertificateFilter(tegata::CertificateFilter): () = tegata::CertificateFilter::default(); {
        /// By the common name, exactly or by its beginning; opaque ones are not searched.
        opt name: Option<Text> = None => Option<Text>;
        /// With these hexadecimal digits somewhere in the serial number; colons and spaces do not count (NAV-8).
        opt serial: Option<String> = None => Option<String>;
        /// Attached to this device.
        opt device: Option<String> = None => Option<String>;
        /// Attached to the device with exactly this name (NAV-8).
        opt device_name: Option<String> = None => Option<String>;
        /// In this stored state; what the clock adds is in `expired`.
        opt state: Option<CertificateState> = None => Option<CertificateState>;
        /// Whether notAfter has passed (SOL-11).
        opt expired: Option<bool> = None => Option<bool>;
        /// Of this kind.
        opt kind: Option<CertificateKind> = None => Option<CertificateKind>;
        /// Of devices in this group.
        opt group: Option<String> = None => Option<String>;
        /// Of this product or its units.
        opt product: Option<String> = None => Option<String>;
        /// Issued by this generation of an authority.
        opt authority: Option<String> = None => Option<String>;
        /// Issued under this version of a profile.
        opt profile: Option<String> = None => Option<String>;
        /// With a key of this kind. The first question of this sort after an upgrade reads the certificates whose records do
        /// not say it yet, and completes the records (NEC-63).
        opt algorithm: Option<KeyAlgorithm> = None => Option<KeyAlgorithm>;
        /// Due for renewal before this moment.
        opt due_before: Option<Time> = None => Option<Time>;
        /// Deleted ones too.
        flag deleted: bool = false => bool;
        /// The newest first instead of the oldest.
        flag newest_first: bool = false => bool;
    }
}

options! {
    /// Which files to make, by name; None leaves one out.
    FileNames(tegata::pack::FileNames): () = tegata::pack::FileNames { certificate: None, chain: None, full_chain: None, root: None, key: None }; {
        /// The certificate alone.
        opt certificate: Option<String> = None => Option<String>;
        /// The intermediate CA certificates, nearest first.
        opt chain: Option<String> = None => Option<String>;
        /// The certificate followed by the intermediates: what most TLS servers want.
        opt full_chain: Option<String> = None => Option<String>;
        /// The root, for those who shall trust it.
        opt root: Option<String> = None => Option<String>;
        /// The private key as PKCS#8.
        opt key: Option<String> = None => Option<String>;
    }

    /// The names that servers commonly use.
    #[staticmethod]
    fn usual(encoding: Encoding) -> Self {
        Self(tegata::pack::FileNames::usual(encoding.0))
    }
}
