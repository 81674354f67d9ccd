//! Authorities and their CRLs.

use pyo3::prelude::*;

use crate::convert::{Bytes, Show, Time};
use crate::macros::record;
use crate::options::CrlPolicy;
use crate::words::{AuthorityState, KeyAlgorithm, SignerLocation};

record! {
    /// One generation of an authority.
    Authority(tegata::model::Authority) {
        /// Names this generation.
        id: String,
        /// The name that operators use; all generations share it.
        name: String,
        /// 1 for the first, one more with every rebuild.
        generation: u32,
        /// Its state, but for expiry.
        state: AuthorityState,
        /// Its subject, which is the issuer of what it issues.
        subject: String,
        /// Its key's algorithm.
        algorithm: KeyAlgorithm,
        /// Its subject key identifier (RFC 5280, 4.2.1.2).
        key_identifier: Bytes,
        /// When its certificate begins to be valid.
        not_before: Time,
        /// When its certificate ends.
        not_after: Time,
        /// Who issued it; None for a root and for one issued outside.
        parent: Option<String>,
        /// The generation before.
        predecessor: Option<String>,
        /// The generation after.
        successor: Option<String>,
        /// Where its private key is.
        signer: SignerLocation,
        /// Its certificate in DER; empty while requested.
        certificate: Bytes,
        /// The certificates above it when it was issued outside, and cross-certificates for it: concatenated DER.
        outside: Bytes,
        /// The request in DER, while the certificate is awaited.
        request: Option<Bytes>,
        /// The public key (SPKI, DER).
        public_key: Bytes,
        /// When it was made.
        created: Time,
    }

    /// The certificate as PEM; empty while it is only requested.
    #[getter]
    fn pem(&self) -> String {
        self.0.pem()
    }

    /// How its CRLs are made, if that was ever said (`authorities.set_crl_policy`).
    #[getter]
    fn crl_policy(&self) -> Option<CrlPolicy> {
        self.0.crl_policy().map(Show::show)
    }
}

record! {
    /// A CRL of an authority.
    CrlRecord(tegata::model::Crl) {
        /// Whose.
        authority: String,
        /// Which shard; 0 for the list of all certificates.
        shard: u32,
        /// Its number (RFC 5280, 5.2.3); only grows.
        number: u64,
        /// For a delta CRL, the number of the complete CRL that it is the difference to (RFC 5280, 5.2.4).
        base: Option<u64>,
        /// When it was made.
        this_update: Time,
        /// When a newer one will have come.
        next_update: Time,
        /// When it is to be made anew, so that the newer one comes in time.
        refresh_at: Time,
        /// How many certificates it lists.
        entries: u64,
        /// The CRL in DER.
        der: Bytes,
    }

    /// As PEM.
    #[getter]
    fn pem(&self) -> String {
        self.0.pem()
    }
}

record! {
    /// The roots that whoever trusts this registry should trust: every generation that is still of use.
    TrustBundle(tegata::TrustBundle) {
        /// The root certificates in DER.
        roots: Vec<Bytes>,
    }

    /// All roots as PEM, one after the other.
    #[getter]
    fn pem(&self) -> String {
        self.0.pem()
    }
}

record! {
    /// How one of the CRLs that an authority keeps up stands.
    CrlState(tegata::model::CrlState) {
        /// Whose.
        authority: String,
        /// Which shard; 0 for the list of all certificates.
        shard: u32,
        /// Whether it is the delta CRL.
        delta: bool,
        /// The number of the newest; None while there is none yet.
        number: Option<u64>,
        /// When that was made.
        this_update: Option<Time>,
        /// When a newer one will have come.
        next_update: Option<Time>,
        /// When it is to be made anew; None when it is not kept up any more.
        refresh_at: Option<Time>,
        /// Where it can be fetched, as far as the authority's policy says so.
        addresses: Vec<String>,
    }
}
