//! Keys as the lists that TLS servers read.

use super::secret::Place;
use super::{PskFilter, Psks};
use crate::Result;
use crate::env::Timestamp;
use crate::error::PskError;
use crate::model::{Device, Entity, Psk, PskKind, PskState};
use crate::pack::{PskFormat, psk_file};
use crate::registry::driver::{Operation, Plan};
use crate::registry::page::Page;
use crate::registry::{Call, Inner};
use crate::secret::Secret;
use crate::store::record::{at, read};

/// How many keys are read at once.
const PORTION: u32 = 1_000;

/// An identity and its secret.
type Entry = (String, Secret<Vec<u8>>);

impl Psks<'_> {
    /// A list for a TLS server (NEC-2): the keys that match `filter`, can be read and count now, that is, are active and of a
    /// valid device, in the order of their numbers. A rotated key in its grace period is there twice if its identity changed
    /// with it; where the identity stayed, a server looks for one secret, which is the new one.
    ///
    /// It is read page by page: a key that changes meanwhile is there as it was before or after, and whatever changes later
    /// needs another export. An export leaves one event, with the format and how many identities it has; a call's request ID
    /// is not looked at, since a repetition would get another list.
    ///
    /// # Errors
    /// `psk.not_readable` when `filter` asks for keys that can only be checked; as [`psk_file`] when the form cannot say one
    /// of the keys, or its server would not take it: then there is no list rather than one that lacks somebody.
    pub fn export(&self, filter: &PskFilter, format: PskFormat, call: &Call) -> Result<Secret<Vec<u8>>> {
        let inner = self.inner;
        if filter.kind == Some(PskKind::VerifyOnly) {
            return Err(PskError::NotReadable.into());
        }
        let call = Call { request_id: None, ..call.clone() };
        let action = "psk.export";
        inner.change(
            &call,
            Operation { action, content: &[] },
            |view| {
                let entries = self.entries(filter, format, view.now)?;
                let borrowed: Vec<(&str, &[u8])> =
                    entries.iter().map(|(identity, secret)| (identity.as_str(), secret.expose().as_slice())).collect();
                let file = psk_file(&borrowed, format)?;
                let about = (filter.device.map(Entity::Device)).or_else(|| filter.group.map(Entity::Group));
                let detail = format!("{format}: {} identities", entries.len());
                Ok(Plan::done(0, vec![view.event_about(action, about, None, Some(detail))?], file))
            },
            |_| Err(crate::Error::defect("an export without a request ID was repeated")),
        )
    }

    fn entries(self, filter: &PskFilter, format: PskFormat, now: Timestamp) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        if !filter.states.is_empty() && !filter.states.contains(&PskState::Active) {
            return Ok(entries);
        }
        let filter = PskFilter { states: vec![PskState::Active], kind: Some(PskKind::Readable), ..filter.clone() };
        let mut page = Page { limit: PORTION, after: None, total: false };
        loop {
            let found = self.find(&filter, &page)?;
            for psk in self.inner.of_valid_devices(found.items)? {
                self.inner.add(&psk, format, now, &mut entries)?;
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(entries),
            }
        }
    }
}

impl Inner {
    /// Those keys whose devices may come in.
    fn of_valid_devices(&self, psks: Vec<Psk>) -> Result<Vec<Psk>> {
        let wanted =
            psks.iter().map(|psk| Ok(at::<Device>(self.ids.number(psk.device)?))).collect::<Result<Vec<_>>>()?;
        let rows = self.store()?.get(&wanted)?;
        let mut valid = Vec::with_capacity(psks.len());
        for (psk, row) in psks.into_iter().zip(rows) {
            if read::<Device>(row, &self.ids)?.is_some_and(|device| device.check_valid().is_ok()) {
                valid.push(psk);
            }
        }
        Ok(valid)
    }

    fn add(&self, psk: &Psk, format: PskFormat, now: Timestamp, entries: &mut Vec<Entry>) -> Result<()> {
        let mut push = |identity: &str, place| -> Result<()> {
            let Some(secret) = self.kept_secret(psk, place)? else { return Ok(()) };
            // Which key it is that cannot be said, of the thousands that may be.
            format.check(identity, secret.expose()).map_err(|error| match error {
                PskError::Identity { reason } => PskError::Identity { reason: format!("{reason} (key {})", psk.id) },
                other => other,
            })?;
            entries.push((identity.to_owned(), secret));
            Ok(())
        };
        push(&psk.identity, Place::Current)?;
        match &psk.previous_identity {
            Some(previous) if psk.in_grace(now) => push(previous, Place::Previous),
            _ => Ok(()),
        }
    }
}
