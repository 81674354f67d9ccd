//! From the identity that somebody shows to the key that it belongs to: this is on the way of every authentication.

use crate::Result;
use crate::error::Error;
use crate::id::{DeviceId, Identity};
use crate::model::{Device, Owner, Psk};
use crate::registry::Inner;
use crate::registry::bindings::Tag;
use crate::registry::numbers::BEYOND_DEVICES;
use crate::registry::page::Wanted;
use crate::store::RowRef;
use crate::store::record::{Cell, Stored, at, read};

/// Which of a key's identities somebody showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) enum Which {
    /// The one that it has.
    Current,
    /// The one that it had before its last rotation. Whether that still counts, the clock says.
    Previous,
}

/// A key that was found by an identity, in whatever state it is.
#[derive(Clone, Debug)]
pub(in crate::registry) struct Found {
    pub(in crate::registry) psk: Stored<Psk>,
    pub(in crate::registry) which: Which,
    /// Its device, where it was read along.
    pub(in crate::registry) device: Option<Stored<Device>>,
}

impl Inner {
    /// The key with this identity, and which of its identities that is. One read for a device's ID or an unlinkable
    /// identity, two for a chosen one; as many when there is none.
    pub(in crate::registry) fn psk_by_identity(&self, identity: &str) -> Result<Option<(Stored<Psk>, Which)>> {
        Ok(self.look_up(identity, false)?.map(|found| (found.psk, found.which)))
    }

    /// The same with the key's device, if it has been read along: a device's ID leads to both in one read.
    pub(in crate::registry) fn psk_and_device(&self, identity: &str) -> Result<Option<Found>> {
        self.look_up(identity, true)
    }

    fn look_up(&self, identity: &str, with_device: bool) -> Result<Option<Found>> {
        // A row that cannot be stands in for the one that an unknown identity lacks, so that both take as long.
        let (number, device) = match self.ids.open_identity(identity) {
            Some(Identity::Device(number)) => (number, with_device.then_some(number)),
            Some(Identity::Psk(number)) => (number, None),
            None if is_made_here(identity) => (BEYOND_DEVICES, with_device.then_some(BEYOND_DEVICES)),
            None => (self.chosen(identity)?.unwrap_or(BEYOND_DEVICES), None),
        };
        let mut wanted = vec![at::<Psk>(number)];
        wanted.extend(device.map(at::<Device>));
        let mut rows = self.rows(&wanted)?.into_iter();
        let psk = read::<Psk>(rows.next().flatten(), &self.ids)?;
        let device = read::<Device>(rows.next().flatten(), &self.ids)?;
        // Anybody can make up 16 octets that decrypt to a row.
        let which = |psk: &Psk| {
            if psk.identity == identity {
                Some(Which::Current)
            } else {
                (psk.previous_identity.as_deref() == Some(identity)).then_some(Which::Previous)
            }
        };
        Ok(psk.and_then(|psk| which(&psk).map(|which| Found { psk, which, device })))
    }

    fn rows(&self, wanted: &[RowRef]) -> Result<Vec<Option<crate::store::Row>>> {
        let rows = self.store()?.get(wanted)?;
        if rows.len() == wanted.len() {
            Ok(rows)
        } else {
            Err(Error::defect("a store answered with too few or too many rows"))
        }
    }

    /// Where a chosen identity is bound.
    pub(super) fn identity_tag(&self, identity: &str) -> Tag {
        let (key, check) = self.tags.digest("psk identity", &[identity.as_bytes()]);
        Tag { key, check }
    }

    /// The number of the key that a chosen identity belongs to.
    fn chosen(&self, identity: &str) -> Result<Option<u64>> {
        let tag = self.identity_tag(identity);
        let bound = self.find_record::<crate::model::Binding>(tag.key)?.filter(|bound| bound.check == tag.check);
        match bound.map(|bound| bound.record.owner) {
            Some(Owner::Psk(id)) => self.ids.number(id).map(Some),
            _ => Ok(None),
        }
    }

    /// A device's keys in the order of their numbers, deleted ones included.
    pub(in crate::registry) fn psks_of(&self, device: DeviceId) -> Result<Vec<Stored<Psk>>> {
        let mut found = Vec::new();
        self.scan::<Psk>(&Wanted::default().eq("device", device.to_value(&self.ids)), |psk| {
            found.push(psk);
            Ok(())
        })?;
        Ok(found)
    }
}

/// Whether a text looks like an identity that is made here. Nobody may choose one of these.
pub(super) fn is_made_here(identity: &str) -> bool {
    identity.len() == 26 && identity.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'A'..=b'Z' | b'2'..=b'7'))
}
