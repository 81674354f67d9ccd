//! How an authority's CRLs are kept up: shards, deltas, what is due.

use tegata::model::{CrlPolicy, CrlState};

use crate::registry::prelude::*;

/// How an authority tells who is revoked: one CRL, or several so that each stays small, and how often they are made.
/// The addresses may be `http://crl.example.com/{authority}/{shard}.crl` and
/// `http://crl.example.com/{authority}/{shard}-delta.crl`. NULL in place of the struct stands for all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_crl_policy {
    /// `sizeof(tegata_crl_policy)`.
    pub size: usize,
    /// How many shards; 0 for one list of all certificates, at most 4,096. A certificate's shard is fixed when it is
    /// issued: another number of shards opens new ones, and the old ones are kept up for their certificates. NULL for
    /// 0.
    pub shards: *const u32,
    /// Where a CRL can be fetched: `http://` addresses with `{authority}` (its identifier) and `{shard}` (its
    /// number). They stand in the certificates (RFC 5280, 4.2.1.13) instead of the profile's `crl_urls`, and in
    /// the CRLs of shards, which need them. May be empty.
    pub urls: tegata_texts,
    /// Where a delta CRL can be fetched, likewise. With `delta_hours`, they stand in the certificates (RFC 5280,
    /// 4.2.1.15). May be empty.
    pub delta_urls: tegata_texts,
    /// When the next complete CRL will have come, in hours; 1 to 8,784 (a leap year). NULL for 168.
    pub next_update_hours: *const u32,
    /// When the next delta CRL will have come, in hours, less than `next_update_hours`; NULL for no delta CRLs.
    pub delta_hours: *const u32,
    /// How long before that a CRL is due to be made anew, in hours, so that it is at its address in time; less than
    /// `next_update_hours`. Of a delta CRL it is at most half its time. NULL for 24.
    pub overlap_hours: *const u32,
}
growing!(tegata_crl_policy);

impl ToCore for tegata_crl_policy {
    type Core = CrlPolicy;

    fn to_core(&self) -> Result<CrlPolicy> {
        let default = CrlPolicy::default();
        Ok(CrlPolicy {
            shards: optional(self.shards).copied().unwrap_or(default.shards),
            urls: self.urls.strings("urls")?,
            delta_urls: self.delta_urls.strings("delta_urls")?,
            next_update_hours: optional(self.next_update_hours).copied().unwrap_or(default.next_update_hours),
            delta_hours: optional(self.delta_hours).copied(),
            overlap_hours: optional(self.overlap_hours).copied().unwrap_or(default.overlap_hours),
        })
    }
}

impl ToC for CrlPolicy {
    type C = tegata_crl_policy;

    fn to_c(&self, arena: &mut Arena) -> tegata_crl_policy {
        tegata_crl_policy {
            size: size_of::<tegata_crl_policy>(),
            shards: arena.maybe(Some(self.shards)),
            urls: arena.texts(&self.urls),
            delta_urls: arena.texts(&self.delta_urls),
            next_update_hours: arena.maybe(Some(self.next_update_hours)),
            delta_hours: arena.maybe(self.delta_hours),
            overlap_hours: arena.maybe(Some(self.overlap_hours)),
        }
    }
}

/// How one of the CRLs that an authority keeps up stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_crl_state {
    /// Whose: the identifier of the authority.
    pub authority: *const c_char,
    /// Which shard; 0 for the list of all certificates.
    pub shard: u32,
    /// Whether it is the delta CRL.
    pub delta: bool,
    /// The number of the newest; NULL while there is none yet.
    pub number: *const u64,
    /// When that was made; NULL while there is none yet.
    pub this_update: *const i64,
    /// When a newer one will have come; NULL while there is none yet.
    pub next_update: *const i64,
    /// When it is to be made anew; NULL when it is not kept up any more.
    pub refresh_at: *const i64,
    /// Where it can be fetched, as far as the authority's policy says so.
    pub addresses: tegata_texts,
}

impl ToC for CrlState {
    type C = tegata_crl_state;

    fn to_c(&self, arena: &mut Arena) -> tegata_crl_state {
        tegata_crl_state {
            authority: arena.shown(self.authority),
            shard: self.shard,
            delta: self.delta,
            number: arena.maybe(self.number),
            this_update: arena.maybe(self.this_update.map(Timestamp::unix)),
            next_update: arena.maybe(self.next_update.map(Timestamp::unix)),
            refresh_at: arena.maybe(self.refresh_at.map(Timestamp::unix)),
            addresses: arena.texts(&self.addresses),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_state_free(crl_state: *const tegata_crl_state) {
    free_record(crl_state);
}

/// A page of them.
pub type tegata_crl_state_list = List<tegata_crl_state>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_state_list_free(list: *const tegata_crl_state_list) {
    free_record(list);
}

/// What became of many.
pub type tegata_crl_state_results = Results<tegata_crl_state>;

/// Frees results and what is in them; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_state_results_free(results: *const tegata_crl_state_results) {
    free_record(results);
}

/// Says how the authority's CRLs are made. Its addresses stand in the certificates issued from now on, each
/// of which belongs to one shard for good; other addresses or another number of shards open new shards, while
/// the old ones are kept up for their certificates. All that is new is due at once. The list of all
/// certificates, shard 0, is the one of certificates from before there were shards; beside shards it is kept
/// up once it was made. A rebuilt authority begins with its predecessor's policy.
///
/// Errors: `input.invalid`, naming the field; `authority.compromised`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_set_crl_policy(
    registry: *const tegata_registry,
    id: *const c_char,
    policy: *const tegata_crl_policy,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        let policy = given_or_default(policy, "policy")?;
        authority.give(&registry_of(registry)?.authorities().set_crl_policy(
            parsed(id, "id")?,
            &policy,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// How the CRLs stand that the authority keeps up, by shard, each complete one before its delta.
///
/// Errors: `input.unknown_id`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_crls(
    registry: *const tegata_registry,
    id: *const c_char,
    list: *mut *const tegata_crl_state_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&Whole(&registry_of(registry)?.authorities().crls(parsed(id, "id")?)?));
        Ok(())
    })
}

/// Makes every CRL that is due until a moment (`tegata_registry_due()` lists them), each with the times of its
/// authority's policy, and answers how each stands then; those of an authority that cannot sign now carry the reason.
/// To be called regularly: with the present moment, or a later one to be ahead. The request ID of `call` is not used.
///
/// Errors: store errors that keep it from finding out what is due.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_refresh_crls(
    registry: *const tegata_registry,
    until: i64,
    call: *const tegata_call,
    results: *mut *const tegata_crl_state_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let until = Timestamp::from_unix(until);
        results.give(registry_of(registry)?.authorities().refresh_crls(until, &call_of(call)?)?.as_slice());
        Ok(())
    })
}
