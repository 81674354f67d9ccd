//! Authorities: what is done with them.

use std::sync::Arc;

use tegata::{AuthorityFilter, AuthorityId, Call, CrlOptions, Page};

use crate::authorities::{Authority, ImportAuthority, NewAuthority, Rebuild};
use crate::crl::CrlRecord;
use crate::error::Result;
use crate::host::{HostSigner, Signing};
use crate::lists::AuthorityListing;

/// Authorities: the private CA. Every generation of an authority is a record of its own.
#[derive(uniffi::Object)]
pub struct Authorities {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Authorities {
    /// Makes a root: an authority that certifies itself.
    pub fn create_root(&self, new: NewAuthority, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().create_root(&new.core()?, &call)?.into())
    }

    /// Makes an authority that `parent` certifies.
    pub fn create_intermediate(&self, parent: AuthorityId, new: NewAuthority, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().create_intermediate(parent, &new.core()?, &call)?.into())
    }

    /// Takes over an authority that exists, with its key and the certificates above it.
    pub fn import(&self, import: ImportAuthority, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().import(&import.core()?, &call)?.into())
    }

    /// Makes a key and a CSR for an authority that an outside CA is to certify; `install` completes it.
    pub fn request(&self, new: NewAuthority, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().request(&new.core()?, &call)?.into())
    }

    /// Installs what the outside CA issued for `request`: the certificate, and those above it as PEM.
    pub fn install(&self, id: AuthorityId, certificate: Vec<u8>, chain: Vec<u8>, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().install(id, &certificate, &chain, &call)?.into())
    }

    /// The authority with this identifier.
    pub fn get(&self, id: AuthorityId) -> Result<Authority> {
        Ok(self.core.authorities().get(id)?.into())
    }

    /// The authorities that match, by name.
    pub fn find(&self, filter: AuthorityFilter, page: Page) -> Result<AuthorityListing> {
        Ok(self.core.authorities().find(&filter, &page)?.into())
    }

    /// The authority's certificate and those above it, in DER, its own first and the root last.
    pub fn chain(&self, id: AuthorityId) -> Result<Vec<Vec<u8>>> {
        Ok(self.core.authorities().chain(id)?)
    }

    /// Connects the key of an authority that lives outside the store. To be done after every opening.
    pub fn use_signer(&self, id: AuthorityId, signer: Arc<dyn HostSigner>) -> Result<()> {
        Ok(self.core.authorities().use_signer(id, Arc::new(Signing::of(signer)?))?)
    }

    /// Ends issuing: from now on the authority only revokes and signs CRLs.
    pub fn retire(&self, id: AuthorityId, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().retire(id, &call)?.into())
    }

    /// Ends all trust in the authority: it signs nothing more, and nothing that it or an authority below it issued
    /// authenticates.
    pub fn mark_compromised(&self, id: AuthorityId, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().mark_compromised(id, &call)?.into())
    }

    /// Makes the next generation: a new key, a new certificate, a distinct subject. The old generation retires.
    pub fn rebuild(&self, id: AuthorityId, rebuild: Rebuild, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().rebuild(id, &rebuild.core()?, &call)?.into())
    }

    /// Certifies the key and subject of `id` by `by` as well, and returns the cross-certificate in DER.
    pub fn cross_certify(&self, id: AuthorityId, by: AuthorityId, call: Call) -> Result<Vec<u8>> {
        Ok(self.core.authorities().cross_certify(id, by, &call)?)
    }

    /// Makes the authority's CRL anew.
    pub fn crl(&self, id: AuthorityId, options: CrlOptions, call: Call) -> Result<CrlRecord> {
        Ok(self.core.authorities().crl(id, &options, &call)?.into())
    }

    /// The newest CRL that was made.
    pub fn current_crl(&self, id: AuthorityId) -> Result<CrlRecord> {
        Ok(self.core.authorities().current_crl(id, &CrlOptions::default())?.into())
    }
}
