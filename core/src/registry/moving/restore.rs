//! After a restore: the world has seen more than the store knows.
//!
//! A backup says that it is one when it is opened. A store that was put back in another way (a copied file, a snapshot,
//! `pg_dump`) does not, but the world does: an identifier, a serial number or a version that this registry made, and that is
//! beyond all it remembers to have given out, proves it. Either way numbers go on above what may be out there.

use std::collections::BTreeMap;

use super::leap::{FARTHEST, KEY_VERSIONS_SEEN, Leap, PSK_VERSIONS_SEEN, gaps_of};
use super::place;
use crate::Result;
use crate::error::{CertificateError, Error, InputError};
use crate::id::{AuthorityId, CertificateId, DeviceId, KeyId, PskId};
use crate::key::PublicKey;
use crate::model::{Certificate, Device, Gap, Meta, Psk, SymmetricKey};
use crate::registry::call::Call;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::issuers::Issuer;
use crate::registry::numbers::{counted, stand};
use crate::registry::{Inner, Registry};
use crate::store::Counter;
use crate::store::record::Record;
use crate::x509::Certificate as X509;

/// How far beyond all that is known a version may lie to be believed.
const FARTHEST_VERSION: u32 = 1 << 20;

/// How many keys' versions are recorded together.
const PORTION: usize = 256;

/// Who writes the events about restores.
const OWN_ACTOR: &str = "tegata";

/// Something that was seen in the field: at a gateway, in a log, on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// A certificate, DER or PEM.
    Certificate(Vec<u8>),
    /// The serial number of a certificate of this authority: the content of its INTEGER. Without the certificate, nothing
    /// proves that it was issued, so it is looked up only.
    Serial {
        /// Whose certificate it is.
        authority: AuthorityId,
        /// The octets.
        serial: Vec<u8>,
    },
    /// A device's identifier.
    Device(DeviceId),
    /// A certificate's identifier.
    CertificateId(CertificateId),
    /// A version of a symmetric key.
    Key {
        /// Which key.
        id: KeyId,
        /// Which version.
        version: u32,
    },
    /// A version of a pre-shared key's secret.
    Psk {
        /// Which key.
        id: PskId,
        /// Which version.
        version: u32,
    },
}

/// What a registry knows of something that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeenState {
    /// It is in the store.
    Known,
    /// This registry made it, and the store does not remember: it was restored to an earlier state. No number, serial or
    /// version of this kind up to the one that was seen is given out again.
    Lost,
    /// Not of this registry, removed from it by its rules of retention, or a version too far away to be believed.
    Unknown,
}

impl SeenState {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }
}

impl Registry {
    /// Tells the registry what was seen in the field, with an answer for each: for the time after a restore, when gateways and
    /// devices know more than the store. What is lost is enrolled or issued anew; see the event `restore.noticed`.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// use tegata::{Call, NewDevice, Seen, SeenState};
    /// let device = registry.devices().register(&NewDevice::named("first"), &Call::by("admin"))?;
    /// let states = registry.report_seen(&[Seen::Device(device.id)])?;
    /// assert_eq!(states, [SeenState::Known]);
    /// # Ok::<(), tegata::Error>(())
    /// ```
    ///
    /// # Errors
    /// `certificate.malformed` and the like for what is no certificate; `input.unknown_id` for authorities that are not of this
    /// registry; store errors.
    pub fn report_seen(&self, seen: &[Seen]) -> Result<Vec<SeenState>> {
        let inner = &*self.inner;
        let mut versions = Versions::new();
        let states: Result<_> = seen
            .iter()
            .map(|seen| match seen {
                Seen::Certificate(bytes) => known(inner.recognise(&X509::from_bytes(bytes)?, &[])),
                Seen::Serial { authority, serial } => {
                    let found = inner.certificate_by_serial(*authority, serial)?;
                    Ok(if found.is_some() { SeenState::Known } else { SeenState::Unknown })
                }
                Seen::Device(id) => known(inner.get_record::<Device, _>(*id)),
                Seen::CertificateId(id) => known(inner.get_record::<Certificate, _>(*id)),
                Seen::Key { id, version } => match inner.get_record::<SymmetricKey, _>(*id) {
                    Ok(key) => {
                        let counter = Counter { name: KEY_VERSIONS_SEEN, of: inner.ids.number(*id)? };
                        Ok(version_seen(&mut versions, counter, key.record.version, *version))
                    }
                    other => known(other),
                },
                Seen::Psk { id, version } => match inner.get_record::<Psk, _>(*id) {
                    Ok(psk) => {
                        let counter = Counter { name: PSK_VERSIONS_SEEN, of: inner.ids.number(*id)? };
                        Ok(version_seen(&mut versions, counter, psk.record.version, *version))
                    }
                    other => known(other),
                },
            })
            .collect();
        // Also when one of the rest cannot be understood: what was seen before it was seen.
        inner.notice(&versions)?;
        states
    }
}

/// The highest version that was seen of each key, and the highest that is known.
type Versions = BTreeMap<Counter, (u32, u32)>;

/// As [`Inner::is_lost`], of a version, which `counter` counts.
fn version_seen(versions: &mut Versions, counter: Counter, current: u32, seen: u32) -> SeenState {
    if seen <= current {
        return SeenState::Known;
    }
    // Nobody rotated a key so often, and above the last version there is no other: a mistyped one would end the key's life.
    if seen - current > FARTHEST_VERSION {
        return SeenState::Unknown;
    }
    let (highest, _) = versions.entry(counter).or_insert((seen, current));
    *highest = seen.max(*highest);
    SeenState::Lost
}

fn known<T>(found: Result<T>) -> Result<SeenState> {
    match found {
        Ok(_) => Ok(SeenState::Known),
        Err(Error::Certificate(CertificateError::Lost) | Error::Input(InputError::LostId { .. })) => {
            Ok(SeenState::Lost)
        }
        Err(Error::Certificate(CertificateError::Unknown) | Error::Input(InputError::UnknownId { .. })) => {
            Ok(SeenState::Unknown)
        }
        Err(other) => Err(other),
    }
}

impl Inner {
    /// What the store says of itself besides being a registry: a copy that is opened is none any more, and a backup that is
    /// opened was restored.
    pub(in crate::registry) fn settle_in(&self) -> Result<()> {
        let backup = self.find_record::<Meta>(place::BACKUP)?;
        if backup.is_none() && self.find_record::<Meta>(place::COPY)?.is_none() {
            return Ok(());
        }
        let leap = backup.map(|backup| self.draw_leap(backup.created)).transpose()?;
        if let Some(leap) = &leap {
            self.leap_ahead(leap)?;
        }
        let operation = Operation { action: "registry.restored", content: &[] };
        self.change(&Call::by(OWN_ACTOR), operation, |view| settling(view, leap), |_| Ok(()))
    }

    /// Why there is no record with this number: it never was, or it is lost.
    pub(in crate::registry) fn missing<T: Record>(&self, what: &'static str, number: u64) -> Error {
        match self.is_lost(T::TABLE.name, what, number) {
            Ok(true) => InputError::LostId { what }.into(),
            Ok(false) => InputError::UnknownId { what }.into(),
            Err(error) => error,
        }
    }

    /// Why `presented`, which names `issuer` and whose serial number leads to `number`, has no record.
    pub(in crate::registry) fn missing_certificate(&self, presented: &X509, issuer: &Issuer, number: u64) -> Error {
        let unknown = || Error::from(CertificateError::Unknown);
        // Any serial number leads to some number. That it was issued, only the signature proves.
        let is_ours = || {
            let key = PublicKey::from_spki(&issuer.public_key).ok();
            key.is_some_and(|key| presented.verify_signed_by(&key).is_ok())
        };
        match self.is_beyond(Certificate::TABLE.name, number) {
            Ok(true) if is_ours() => match self.is_lost(Certificate::TABLE.name, "certificate", number) {
                Ok(true) => CertificateError::Lost.into(),
                Ok(false) => unknown(),
                Err(error) => error,
            },
            Ok(_) => unknown(),
            Err(error) => error,
        }
    }

    /// Whether a number was never given out here, but may have been before the store was restored.
    fn is_in_gap(&self, counter: Counter, number: u64) -> Result<bool> {
        let mut found = false;
        self.scan::<Gap>(&gaps_of(counter.name), |gap| {
            found |= (gap.first..=gap.last).contains(&number);
            Ok(())
        })?;
        Ok(found)
    }

    /// Whether a number that somebody shows was never given out by what the store remembers.
    fn is_beyond(&self, table: &'static str, number: u64) -> Result<bool> {
        let Some((counter, count)) = counted(table, number) else { return Ok(false) };
        Ok(self.is_news(counter, count)? || self.is_in_gap(counter, count)?)
    }

    /// Whether a number proves a restore that nobody found out before.
    fn is_news(&self, counter: Counter, count: u64) -> Result<bool> {
        let stand = stand(self.store()?, counter)?;
        Ok((count > stand && count - stand <= FARTHEST) || self.numbers.is_waiting(counter.name, count))
    }

    /// Whether a number that was seen was never given out here, so far as the store remembers. If so, it never will be.
    fn is_lost(&self, table: &'static str, what: &'static str, number: u64) -> Result<bool> {
        let Some((counter, count)) = counted(table, number) else { return Ok(false) };
        if self.is_in_gap(counter, count)? {
            return Ok(true);
        }
        if !self.is_news(counter, count)? {
            return Ok(false);
        }
        self.found_out(counter, count, &format!("a {what} with a number beyond all that are known"))?;
        Ok(true)
    }

    /// One number was given out before a restore, so others of every kind were: all leap. Whatever else is shown of the same life
    /// lies in what is left out then.
    fn found_out(&self, counter: Counter, seen: u64, detail: &str) -> Result<()> {
        let leap = self.draw_leap(self.now()?)?;
        // The event that says so must have no number that was given before. Numbers that this process and others have reserved
        // are given up: those of events when the log is closed, and the rest by whoever reads the log's row anew.
        self.leap_ahead(&leap)?;
        self.close_event_log()?;
        let given_up = self.numbers.renew(self.store()?)?;
        let operation = Operation { action: "restore.noticed", content: &[] };
        self.change(
            &Call::by(OWN_ACTOR),
            operation,
            |view| {
                // Somebody else may have been told the same.
                if self.is_in_gap(counter, seen)? {
                    return Ok(Plan::done(0, Vec::new(), ()));
                }
                let mut writes = view.leap_all(leap, self.now()?, Some((counter, seen)))?;
                for (table, left) in &given_up {
                    let (key, counter) = (view.number::<Gap>()?, (*table).to_owned());
                    let gap = Gap { key, counter, first: left.start, last: left.end - 1, at: view.now };
                    writes.push(view.insert(&gap)?);
                }
                writes.push(view.event_about("restore.noticed", None, None, Some(detail.to_owned()))?);
                Ok(Plan::done(0, writes, ()))
            },
            |_| Ok(()),
        )?;
        // Whoever reserved numbers anew before all had leapt.
        self.close_event_log()?;
        self.numbers.renew(self.store()?)?;
        Ok(())
    }

    /// Lifts counters of versions to what was seen, and records why. Whoever else does the same adds to it, which does no harm.
    fn notice(&self, versions: &Versions) -> Result<()> {
        let all: Vec<_> = versions.iter().collect();
        let operation = Operation { action: "restore.noticed", content: &[] };
        for portion in all.chunks(PORTION) {
            let plan = |view: &View<'_>| {
                let mut writes = Vec::new();
                for (counter, (seen, current)) in portion {
                    let stand = stand(self.store()?, **counter)?;
                    let missing = u64::from(*seen).saturating_sub(stand);
                    if missing > 0 {
                        let what = if counter.name == KEY_VERSIONS_SEEN { "key" } else { "PSK" };
                        let detail =
                            format!("version {seen} of a {what} where version {current} is the newest that is known");
                        writes.extend(view.leap(**counter, stand, missing.cast_signed())?);
                        writes.push(view.event_about("restore.noticed", None, None, Some(detail))?);
                    }
                }
                Ok(Plan::done(0, writes, ()))
            };
            self.change(&Call::by(OWN_ACTOR), operation, plan, |_| Ok(()))?;
        }
        Ok(())
    }
}

fn settling<'a>(view: &View<'_>, leap: Option<Leap>) -> Result<Plan<'a, ()>> {
    let mut writes = Vec::new();
    if let Some(copy) = view.find::<Meta>(place::COPY)? {
        writes.push(view.delete(&copy)?);
    }
    if let (Some(backup), Some(leap)) = (view.find::<Meta>(place::BACKUP)?, leap) {
        writes.extend(view.leap_all(leap, backup.created, None)?);
        let detail = format!("to the state of {}", backup.created);
        writes.push(view.delete(&backup)?);
        writes.push(view.event_about("registry.restored", None, None, Some(detail))?);
    }
    Ok(Plan::done(0, writes, ()))
}
