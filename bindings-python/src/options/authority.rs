//! What authorities are made from.

use pyo3::prelude::*;

use crate::convert::{Bytes, Show};
use crate::host::Signer;
use crate::macros::options;
use crate::secret::GivenBytes;
use crate::sums::Text;
use crate::words::{AuthorityState, KeyAlgorithm};

options! {
    /// An authority to be made.
    NewAuthority(tegata::NewAuthority): (name: String, subject: String) = { let name: String = name; tegata::NewAuthority::new(name, subject) }; {
        /// Its key's algorithm; ignored when it brings a signer.
        def algorithm: Option<KeyAlgorithm> = None => KeyAlgorithm;
        /// How long its certificate is valid, in days.
        def validity_days: Option<u32> = None => u32;
        /// How many intermediates may follow it; None sets no limit.
        opt path_len: Option<u8> = None => Option<u8>;
        /// Where the CRL of its issuer will be, for intermediates.
        def crl_urls: Option<Vec<String>> = None => Vec<String>;
        /// Where its issuer's certificate will be, for intermediates.
        def issuer_urls: Option<Vec<String>> = None => Vec<String>;
    } hidden {
        // Its key, when that is not to be made and sealed here: an HSM, a KMS.
        opt signer: Option<Signer>;
    }
    /// The name that operators use; unique.
    #[getter]
    fn name(&self) -> String {
        Show::show(&self.0.name)
    }

    /// Its subject.
    #[getter]
    fn subject(&self) -> String {
        Show::show(&self.0.subject)
    }

}

options! {
    /// An authority that exists already, with its key.
    ImportAuthority(tegata::ImportAuthority): (name: String, certificate: Bytes) = tegata::ImportAuthority { name, certificate, chain: Vec::new(), key: None, signer: None, last_crl_number: 0 }; {
        /// The certificates above it up to the root, PEM; empty for a root.
        def chain: Option<Bytes> = None => Bytes;
        /// The number of the last CRL that it signed elsewhere, so that the next one here is higher (RFC 5280, 5.2.3);
        /// 0 when it signed none.
        def last_crl_number: Option<u64> = None => u64;
    } hidden {
        // Its key (PKCS#8, SEC1 or PKCS#1, PEM or DER), to be sealed here.
        opt key: Option<GivenBytes>;
        // Its key, when that stays with the host.
        opt signer: Option<Signer>;
    }
    /// The name that operators will use; unique.
    #[getter]
    fn name(&self) -> String {
        Show::show(&self.0.name)
    }

    /// Its certificate, PEM or DER.
    #[getter]
    fn certificate(&self) -> Bytes {
        Show::show(&self.0.certificate)
    }

}

options! {
    /// How an authority is rebuilt. What is None stays as it was.
    Rebuild(tegata::Rebuild): () = tegata::Rebuild::default(); {
        /// The new subject; by default the old one with its generation in the common name, since two authorities with
        /// one subject confuse every reader.
        opt subject: Option<String> = None => Option<String>;
        /// The new key's algorithm.
        opt algorithm: Option<KeyAlgorithm> = None => Option<KeyAlgorithm>;
        /// The new certificate's validity in days; by default as long as the old one's.
        opt validity_days: Option<u32> = None => Option<u32>;
    } hidden {
        // The new key, when that stays with the host.
        opt signer: Option<Signer>;
    }
}

options! {
    /// Which authorities to list.
    AuthorityFilter(tegata::AuthorityFilter): () = tegata::AuthorityFilter::default(); {
        /// By name.
        opt name: Option<Text> = None => Option<Text>;
        /// By state.
        opt state: Option<AuthorityState> = None => Option<AuthorityState>;
    }
}

options! {
    /// How a CRL is made.
    CrlOptions(tegata::CrlOptions): () = tegata::CrlOptions::default(); {
        /// When the next one will have come, in hours, at most 8,784 (a leap year); 0 for what the authority's policy says,
        /// which is a week without one.
        def next_update_hours: Option<u32> = None => u32;
        /// Which shard; 0 for the list of all certificates.
        def shard: Option<u32> = None => u32;
        /// Whether the delta CRL is made: what changed since the newest complete one.
        def delta: Option<bool> = None => bool;
    }
}
