//! The handle for profiles.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::bindings::Tag;
use super::driver::{Operation, Plan};
use super::issuers::Issuer;
use super::page::{Listing, Page, Wanted};
use super::{Call, Inner};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{CsrError, Error, InputError, ProfileError};
use crate::id::{AuthorityId, ProfileId};
use crate::model::{Binding, Entity, Owner, Profile, ProfileSpec, address, check_name};
use crate::policy::{Applicant, Bound, CompiledProfile, Issuance, IssuerView, KeySource};
use crate::store::record::Cell;
use crate::x509::{Name, VerifiedCsr};

/// Profiles made ready for use, and their extensions by issuer. Neither ever changes, so neither is ever dropped.
#[derive(Default)]
pub(super) struct Compiled {
    profiles: HashMap<ProfileId, Arc<CompiledProfile>>,
    /// By generation of the authority's CRL policy and shard too, on which the addresses depend.
    bound: HashMap<(ProfileId, AuthorityId, u32, u32), Arc<Bound>>,
}

/// What a CSR would become under a profile.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preview {
    /// The subject that the certificate would have.
    pub subject: Name,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
    /// When it would be due for renewal.
    pub renew_at: Timestamp,
}

/// Profiles: what a certificate may and will hold. Versions are never changed; `put` adds one.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, model::ProfileSpec};
/// let profile = registry.profiles().put("device", &ProfileSpec::device(), &Call::by("admin"))?;
/// assert_eq!((profile.name.as_str(), profile.revision), ("device", 1));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Profiles<'r> {
    inner: &'r Inner,
}

impl<'r> Profiles<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// Adds a version of the profile `name`, unless the newest already says the same.
    ///
    /// # Errors
    /// `profile.invalid`, naming the field and the reason.
    pub fn put(&self, name: &str, spec: &ProfileSpec, call: &Call) -> Result<Profile> {
        check_name("profile name", name)?;
        CompiledProfile::new(spec.clone())?;
        let inner = self.inner;
        let content = format!("{name}\n{}", spec.to_json());
        let operation = Operation { action: "profile.put", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let tag = inner.name_tag("profile", name);
                let owner = view.bound(tag)?;
                let newest = match owner.as_ref().map(|binding| binding.owner) {
                    Some(Owner::Profile(id)) => Some(view.get::<Profile, _>(id)?),
                    _ => None,
                };
                if let Some(newest) = &newest
                    && newest.spec == *spec
                {
                    return Ok(Plan::done(view.number_of(newest.id)?, Vec::new(), newest.record.clone()));
                }
                let number = view.number::<Profile>()?;
                let profile = Profile {
                    id: inner.ids.id(number),
                    name: name.to_owned(),
                    revision: newest.map_or(1, |newest| newest.revision.saturating_add(1)),
                    spec: spec.clone(),
                    created: view.now,
                };
                let owns = Owner::Profile(profile.id);
                let writes = vec![
                    view.insert(&profile)?,
                    match &owner {
                        Some(binding) => view.rebind(binding, owns)?,
                        None => view.bind(tag, owns)?,
                    },
                    view.event("profile.put", Entity::Profile(profile.id), None, Some(profile.name.clone()))?,
                ];
                Ok(Plan::done(number, writes, profile))
            },
            |number| self.get(inner.ids.id(number)),
        )
    }

    /// Adds a version from a file: TOML, or JSON when its name ends in `.json`. The profile's name is the file's,
    /// without its ending.
    ///
    /// # Errors
    /// `input.invalid` when the file cannot be read, `profile.syntax`, `profile.invalid`.
    pub fn load(&self, file: impl AsRef<Path>, call: &Call) -> Result<Profile> {
        let file = file.as_ref();
        let text = std::fs::read_to_string(file)
            .map_err(|e| Error::input("profile file", &format!("cannot be read: {}", e.kind())))?;
        let json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let spec = if json { ProfileSpec::from_json(&text)? } else { ProfileSpec::from_toml(&text)? };
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        self.put(name, &spec, call)
    }

    /// The version with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: ProfileId) -> Result<Profile> {
        Ok(self.inner.get_record::<Profile, _>(id)?.record)
    }

    /// The newest version of the profile `name`.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn newest(&self, name: &str) -> Result<Profile> {
        let tag = self.inner.name_tag("profile", name);
        let binding = self.inner.find_record::<Binding>(tag.key)?;
        match binding.filter(|b| b.check == tag.check).map(|b| b.owner) {
            Some(Owner::Profile(id)) => self.get(id),
            _ => Err(InputError::UnknownId { what: "profile" }.into()),
        }
    }

    /// All versions of the profile `name`, the newest first.
    ///
    /// # Errors
    /// Store errors.
    pub fn versions(&self, name: &str, page: &Page) -> Result<Listing<Profile>> {
        let mut wanted = Wanted::default().eq("name", name.to_owned().to_value(&self.inner.ids));
        wanted.descending = true;
        self.inner.list(wanted, page)
    }

    /// All versions of all profiles, by name.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, page: &Page) -> Result<Listing<Profile>> {
        self.inner.list(Wanted { order: Some("name"), ..Wanted::default() }, page)
    }

    /// What `csr` would become if `authority` issued it under `profile` now, to an applicant called `name` who is no
    /// device; nothing is issued.
    ///
    /// # Errors
    /// The very reason for which issuing would be refused.
    pub fn preview(
        &self,
        profile: ProfileId,
        authority: AuthorityId,
        csr: &[u8],
        name: Option<&str>,
    ) -> Result<Preview> {
        let inner = self.inner;
        let csr = VerifiedCsr::parse(csr)?;
        let compiled = inner.profile(profile)?;
        Inner::check_no_approval(&compiled)?;
        name.map_or(Ok(()), |name| check_name("name", name))?;
        let issuer = inner.current_issuer(authority)?;
        let now = inner.now()?;
        let signer = issuer.issues(now)?;
        let bound = inner.bound(profile, &compiled, &issuer, 0)?;
        let facts = IssuerView {
            subject: &issuer.subject,
            key_identifier: &issuer.key_identifier,
            not_after: issuer.not_after,
            algorithm: signer.algorithm(),
        };
        let id = inner.ids.id::<crate::id::DeviceKind>(0).to_string();
        let applicant = Applicant { id: &id, name, ..Applicant::default() };
        let issuance = Issuance { issuer: facts, bound: &bound, serial: &issuer.serial(0, 0), now };
        let decided = compiled.decide(&applicant, KeySource::Csr(&csr), &issuance)?;
        inner.check_free(inner.key_tag(csr.public_key()), CsrError::KeyBound)?;
        if !compiled.subject_is_unique() {
            inner.check_free(inner.subject_tag(&decided.subject), CsrError::SubjectBound)?;
            if inner.holds_foreign_id(&decided.subject, &id) {
                return Err(CsrError::SubjectBound.into());
            }
        }
        Ok(Preview {
            subject: decided.subject,
            not_before: decided.not_before,
            not_after: decided.not_after,
            renew_at: decided.renew_at,
        })
    }
}

impl Inner {
    /// The profile with this identifier, ready for use.
    pub(super) fn profile(&self, id: ProfileId) -> Result<Arc<CompiledProfile>> {
        self.store()?;
        if let Some(profile) = self.profiles.read().unwrap_or_else(PoisonError::into_inner).profiles.get(&id) {
            return Ok(Arc::clone(profile));
        }
        let stored = self.get_record::<Profile, _>(id)?;
        let compiled = Arc::new(CompiledProfile::new(stored.record.spec)?);
        let mut known = self.profiles.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.profiles.entry(id).or_insert(compiled)))
    }

    /// A profile's extensions as `issuer` writes them into certificates whose CRL is that of `shard`. The addresses in the
    /// authority's policy count before the profile's, since the CRLs of shards name them.
    pub(super) fn bound(
        &self,
        id: ProfileId,
        profile: &CompiledProfile,
        issuer: &Issuer,
        shard: u32,
    ) -> Result<Arc<Bound>> {
        let scheme = issuer.crls.as_ref();
        let key = (id, issuer.id, scheme.map_or(0, |scheme| scheme.generation), shard);
        if let Some(bound) = self.profiles.read().unwrap_or_else(PoisonError::into_inner).bound.get(&key) {
            return Ok(Arc::clone(bound));
        }
        let own = scheme.map_or(&[][..], |scheme| &scheme.policy.urls);
        let urls = if own.is_empty() { &profile.spec().crl_urls } else { own };
        let deltas = scheme.map_or(&[][..], |scheme| &scheme.policy.delta_urls);
        let filled = |urls: &[String]| urls.iter().map(|url| address(url, issuer.id, shard)).collect::<Vec<_>>();
        let bound = Arc::new(profile.bind(&issuer.key_identifier, &filled(urls), &filled(deltas))?);
        let mut known = self.profiles.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.bound.entry(key).or_insert(bound)))
    }

    /// That a certificate of no device could have what `tag` stands for, as [`View::claim`](super::driver::View::claim)
    /// decides it.
    fn check_free(&self, tag: Tag, taken: CsrError) -> Result<()> {
        let bound = self.find_record::<Binding>(tag.key)?.filter(|bound| bound.check == tag.check);
        match bound.map(|bound| bound.owner) {
            None | Some(Owner::Certificate(_)) => Ok(()),
            Some(Owner::Compromised) => Err(CsrError::KeyCompromised.into()),
            Some(_) => Err(taken.into()),
        }
    }

    /// That the profile wants no approval.
    pub(super) fn check_no_approval(profile: &CompiledProfile) -> Result<()> {
        if profile.spec().approval { Err(ProfileError::ApprovalNeeded.into()) } else { Ok(()) }
    }
}
