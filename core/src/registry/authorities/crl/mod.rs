//! CRLs: complete ones and deltas, of all certificates of an authority or of a shard.

mod build;
mod fold;
mod policy;
mod refresh;

use build::{Built, Scope};
pub(super) use policy::inherited;

use super::Authorities;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{CertificateError, Error, InputError, SignerError};
use crate::id::AuthorityId;
use crate::key::{PublicKey, SignatureAlgorithm, Signer, sign_with};
use crate::model::{Crl, CrlList, CrlPlace, CrlPolicy, CrlScheme, Entity, KeptCrl, MAX_HOURS, SignerLocation};
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::issuers::Issuer;
use crate::registry::{Call, Inner};
use crate::store::record::Stored;
use crate::store::{Counter, Write};

/// Which CRL is made, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CrlOptions {
    /// When the next one will have come, in hours, at most 8,784 (a leap year); 0 for what the authority's policy says,
    /// which is a week without one.
    pub next_update_hours: u32,
    /// Which shard; 0 for the list of all certificates.
    pub shard: u32,
    /// Whether the delta CRL is made: what changed since the newest complete one.
    pub delta: bool,
}

impl CrlOptions {
    /// The complete CRL of a shard.
    pub const fn shard(shard: u32) -> Self {
        Self { next_update_hours: 0, shard, delta: false }
    }

    /// The delta CRL.
    #[must_use]
    pub const fn as_delta(mut self) -> Self {
        self.delta = true;
        self
    }

    fn check(&self) -> Result<()> {
        if self.next_update_hours > MAX_HOURS {
            return Err(Error::input("next_update_hours", "is above 8784"));
        }
        check_shard(self.shard)
    }
}

fn check_shard(shard: u32) -> Result<()> {
    if shard < CrlPlace::SHARDS { Ok(()) } else { Err(InputError::UnknownId { what: "CRL shard" }.into()) }
}

impl Authorities<'_> {
    /// Makes a CRL anew: every certificate in its scope that is revoked, or on hold under a profile that says so.
    /// Certificates whose grace period has ended are revoked (superseded) first. Where the authority's policy wants deltas,
    /// a complete CRL comes with one that leads to it from the complete CRL before (RFC 5280, 5.2.4), under the same number.
    ///
    /// # Errors
    /// `authority.compromised`, `authority.expired`, `authority.signer_missing`; `input.unknown_id` for a shard that the
    /// authority never had; `certificate.crl_no_base` for a delta before there is a complete CRL, to one that a clock made that was
    /// ahead, or of the list of all certificates when there are shards; signer and store errors.
    pub fn crl(&self, id: AuthorityId, options: &CrlOptions, call: &Call) -> Result<Crl> {
        options.check()?;
        let inner = self.inner;
        inner.issuer(id)?.signs(inner.now()?)?;
        inner.retire_superseded(Some(id), call)?;
        inner.adopt_revocations(id)?;
        inner.make_crl(id, options, call)
    }

    /// The newest CRL that was made: the complete one of a shard or its delta ([`CrlOptions::next_update_hours`] means
    /// nothing here).
    ///
    /// # Errors
    /// `certificate.crl_stale` when it is past its nextUpdate, `input.unknown_id` when there is none yet.
    pub fn current_crl(&self, id: AuthorityId, options: &CrlOptions) -> Result<Crl> {
        options.check()?;
        self.inner.current_crl(CrlPlace::complete(id, options.shard).with_delta(options.delta))
    }
}

/// What making a CRL leaves to do once it is committed.
struct Made {
    crl: Crl,
    /// What was not moved at once, and how often any moved before.
    built: Option<(Built, u64)>,
}

impl Inner {
    /// Numbers the CRLs of an authority, those of all its shards and deltas.
    pub(in crate::registry) const fn crl_numbers(authority: u64) -> Counter {
        Counter { name: "crl", of: authority }
    }

    fn current_crl(&self, place: CrlPlace) -> Result<Crl> {
        use crate::store::record::Key;
        let crl = self
            .find_record::<KeptCrl>(place.to_key(&self.ids)?)?
            .ok_or(InputError::UnknownId { what: "CRL" })?
            .record
            .shown();
        if self.now()? > crl.next_update {
            return Err(CertificateError::CrlStale.into());
        }
        Ok(crl)
    }

    /// Makes one CRL, and moves what it listed for good into chunks.
    fn make_crl(&self, id: AuthorityId, options: &CrlOptions, call: &Call) -> Result<Crl> {
        let authority = self.ids.number(id)?;
        // The number is taken before the revocations are read, so a later number never lists fewer.
        let number = self.store()?.reserve(Self::crl_numbers(authority), 1)?.start;
        let place = CrlPlace::complete(id, options.shard).with_delta(options.delta);
        let content = [id.as_bytes().as_slice(), &options.shard.to_be_bytes(), &[options.delta.into()]].concat();
        let operation = Operation { action: "crl.issue", content: &content };
        let made = self.change(
            call,
            operation,
            |view| self.plan_crl(view, authority, place, options, number),
            |_| Ok(Made { crl: self.current_crl(place)?, built: None }),
        )?;
        if let Some((built, times)) = made.built {
            // The CRL is made. What cannot move now does so after the next one.
            _ = self.fold(id, Scope::of(authority, place.shard).own, made.crl.this_update, &built, times);
        }
        Ok(made.crl)
    }

    fn plan_crl<'a>(
        &self,
        view: &View<'_>,
        authority: u64,
        place: CrlPlace,
        options: &CrlOptions,
        number: u64,
    ) -> Result<Plan<'a, Made>> {
        let issuer = self.issuer(place.authority)?;
        let signer = issuer.signs(view.now)?;
        // Before the lists: what moved after the complete CRL that a delta builds on is in no row any more.
        let folding = self.folding(place.authority)?;
        let kept = Kept::read(view, &issuer, place)?;
        // Somebody made a newer one meanwhile: what is revoked since is listed under a number after that, or whoever has the
        // newest would never learn it. Or a restore was found out, and what was reserved before may be in use elsewhere.
        let newest = kept.complete.record.number.max(kept.delta.record.number);
        let number = if newest >= number || view.attempt > 0 {
            self.store()?.reserve(Self::crl_numbers(authority), 1)?.start
        } else {
            number
        };
        let default = CrlPolicy::default();
        let policy = issuer.crl_policy().unwrap_or(&default);
        let times = Times::new(policy, options, view.now);
        let scope = Scope::of(authority, place.shard);
        let checked = Checked(&*signer);
        let maker = build::Maker {
            inner: self,
            issuer: &issuer,
            signer: match issuer.signer {
                SignerLocation::Store => &*signer,
                SignerLocation::External => &checked,
            },
            number,
            now: view.now,
            addresses: if place.shard == 0 { Vec::new() } else { kept.complete.record.addresses() },
        };
        let mut changes = vec![issuer.require(view)?];
        let mut moved = Vec::new();
        let (crl, built) = if place.delta {
            let crl = maker.delta(scope, place, kept.base(view.now)?, times, None)?;
            changes.extend(keep(view, &kept.delta, &crl)?);
            (crl, None)
        } else {
            let (built, crl) = maker.complete(scope, place, kept.complete.made(view.now), times)?;
            let options = CrlOptions { next_update_hours: 0, delta: true, ..*options };
            let times = Times::new(policy, &options, view.now);
            match (policy.delta_hours, kept.base(view.now)) {
                // Those who have the complete CRL before go on with it for a while.
                (Some(_), Ok(base)) if built.whole && built.all_removals && base < number => {
                    let delta = maker.delta(scope, place.with_delta(true), base, times, Some(&built))?;
                    changes.extend(keep(view, &kept.delta, &delta)?);
                }
                (Some(_), _) if kept.has_deltas => {
                    // One by a clock that was ahead is of no use to anybody.
                    let next = if kept.delta.is_ahead(view.now) { view.now } else { times.refresh_at };
                    changes.push(kept_list(view, &kept.delta, |list| list.refresh_at = Some(next))?);
                }
                _ => {}
            }
            changes.extend(keep(view, &kept.complete, &crl)?);
            // Somebody who goes on changing what is listed does not hold up the CRL for ever.
            let at_once = view.attempt < 3 && kept.complete.number < number;
            let at_once = if at_once { self.folded_at_once(scope.own, view.now, &built)? } else { None };
            let times = folding.as_ref().map_or(0, |folding| folding.times);
            let built = if at_once.is_some() { None } else { Some((built, times)) };
            moved = at_once.unwrap_or_default();
            (crl, built)
        };
        changes.push(match &folding {
            Some(folding) if moved.is_empty() => view.require(folding)?,
            folding => self.folding_moves(issuer.id, folding.as_ref())?,
        });
        changes.extend(moved);
        let crl = crl.shown();
        Ok(Plan::done(number, changes, Made { crl, built }))
    }
}

/// What is known of a complete CRL and its delta.
struct Kept {
    complete: Stored<CrlList>,
    delta: Stored<CrlList>,
    /// Whether the complete CRL has deltas at all.
    has_deltas: bool,
}

impl Kept {
    fn read(view: &View<'_>, issuer: &Issuer, place: CrlPlace) -> Result<Self> {
        let scheme = issuer.crls.as_ref();
        let shards = scheme.map_or(1, |scheme| scheme.first_shard.saturating_add(scheme.policy.shards));
        let read = |place: CrlPlace| -> Result<Stored<CrlList>> {
            match view.registry.find_list(place)? {
                Some(list) => Ok(list),
                // The list of all is everybody's; shards come with the policy that opens them.
                None if place.shard < shards => {
                    let addresses = scheme.map_or_else(Vec::new, |scheme| policy::addresses(scheme, place));
                    Ok(Stored { version: 0, record: CrlList::new(place, &addresses, None) })
                }
                None => Err(InputError::UnknownId { what: "CRL shard" }.into()),
            }
        };
        let complete = read(place.with_delta(false))?;
        let delta = read(place.with_delta(true))?;
        // What moved into chunks is forgotten by whom the list of all would need it for.
        let has_deltas = place.shard > 0 || !scheme.is_some_and(CrlScheme::has_shards);
        Ok(Self { complete, delta, has_deltas })
    }

    /// The complete CRL that a delta is the difference to: not one by a clock that was ahead, which left out who had ended by it.
    fn base(&self, now: Timestamp) -> Result<u64> {
        let list = &self.complete.record;
        let serves = list.number > 0 && self.has_deltas && !list.is_ahead(now);
        if serves { Ok(list.number) } else { Err(CertificateError::CrlNoBase.into()) }
    }
}

/// When a CRL was made, when the next will have come, and when that is to be made.
#[derive(Clone, Copy)]
struct Times {
    this_update: Timestamp,
    next_update: Timestamp,
    refresh_at: Timestamp,
}

impl Times {
    fn new(policy: &CrlPolicy, options: &CrlOptions, now: Timestamp) -> Self {
        let own = if options.delta { policy.delta_hours.unwrap_or(24) } else { policy.next_update_hours };
        let hours = if options.next_update_hours == 0 { own } else { options.next_update_hours };
        let lasts = i64::from(hours) * 3_600;
        let overlap = (i64::from(policy.overlap_hours) * 3_600).min(lasts / 2);
        Self { this_update: now, next_update: now.plus(lasts), refresh_at: now.plus(lasts - overlap) }
    }
}

/// The writes that keep `crl` as the newest of its list, unless somebody made a newer one meanwhile, and its event.
fn keep(view: &View<'_>, list: &Stored<CrlList>, crl: &KeptCrl) -> Result<Vec<Write>> {
    let event = view.event("crl.issue", Entity::Authority(crl.place.authority), None, Some(describe(crl)))?;
    if list.number >= crl.number {
        return Ok(vec![event]);
    }
    let listed = kept_list(view, list, |list| {
        list.number = crl.number;
        list.this_update = Some(crl.this_update);
        list.next_update = Some(crl.next_update);
        list.refresh_at = crl.refresh_at;
    })?;
    Ok(vec![view.replace(crl)?, listed, event])
}

fn kept_list(view: &View<'_>, list: &Stored<CrlList>, change: impl FnOnce(&mut CrlList)) -> Result<Write> {
    let mut changed = list.record.clone();
    change(&mut changed);
    if list.version == 0 { view.insert(&changed) } else { view.update(list.version, &changed) }
}

fn describe(crl: &KeptCrl) -> String {
    let KeptCrl { number, entries, place, .. } = crl;
    let shard = if place.shard > 0 { format!(", shard {}", place.shard) } else { String::new() };
    let base = crl.base.map_or_else(String::new, |base| format!(", delta to {base}"));
    format!("number {number}, {entries} entries{shard}{base}")
}

/// A signer outside, whose signatures are checked before they are used: it may be broken.
struct Checked<'s>(&'s dyn Signer);

impl Signer for Checked<'_> {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature = sign_with(self.0, message)?;
        let checked = self.public_key().verify(self.algorithm(), message, &signature);
        checked.map(|()| signature).map_err(|_| SignerError::BadSignature)
    }
}

impl Inner {
    fn find_list(&self, place: CrlPlace) -> Result<Option<Stored<CrlList>>> {
        use crate::store::record::Key;
        self.find_record(place.to_key(&self.ids)?)
    }
}
