//! Authorities: what is done with them.

use std::sync::Arc;

use tegata::model::CrlPolicy;
use tegata::{AuthorityFilter, AuthorityId, Call, CrlOptions, Page, Timestamp};

use crate::authorities::{Authority, ImportAuthority, NewAuthority, Rebuild};
use crate::bulk::{CrlStateOutcome, each};
use crate::crl::{CrlRecord, CrlState};
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

    /// Makes a CRL anew: every certificate in its scope that is revoked, or on hold under a profile that says so. Where
    /// the authority's policy wants deltas, a complete CRL comes with one that leads to it from the complete CRL before.
    pub fn crl(&self, id: AuthorityId, options: CrlOptions, call: Call) -> Result<CrlRecord> {
        Ok(self.core.authorities().crl(id, &options, &call)?.into())
    }

    /// The newest CRL that was made: the complete one of a shard, or its delta.
    pub fn current_crl(&self, id: AuthorityId, options: CrlOptions) -> Result<CrlRecord> {
        Ok(self.core.authorities().current_crl(id, &options)?.into())
    }

    /// Says how the authority's CRLs are made. Its addresses stand in the certificates issued from now on, each of which
    /// belongs to one shard for good; other addresses or another number of shards open new shards, while the old ones are kept
    /// up for their certificates. All that is new is due at once. A rebuilt authority begins with its predecessor's policy.
    pub fn set_crl_policy(&self, id: AuthorityId, policy: CrlPolicy, call: Call) -> Result<Authority> {
        Ok(self.core.authorities().set_crl_policy(id, &policy, &call)?.into())
    }

    /// How the CRLs stand that the authority keeps up, by shard, each complete one before its delta.
    pub fn crls(&self, id: AuthorityId) -> Result<Vec<CrlState>> {
        Ok(self.core.authorities().crls(id)?.into_iter().map(CrlState::from).collect())
    }

    /// Makes every CRL that is due until a moment (`due` lists them), each with the times of its authority's policy, and
    /// answers how each stands then; those of an authority that cannot sign now carry the reason. To be called regularly:
    /// with the present moment, or a later one to be ahead.
    pub fn refresh_crls(&self, until: Timestamp, call: Call) -> Result<Vec<CrlStateOutcome>> {
        each(self.core.authorities().refresh_crls(until, &call))
    }
}
