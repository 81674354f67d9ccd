//! Devices: what is done with them.

use tegata::{Call, DeviceChange, DeviceId, Enroll, GroupId, NewDevice, Page, Provision, Release};

use crate::bulk::{Bulk, DeviceOutcome, EnrolledOutcome, ProvisionedOutcome, each};
use crate::devices::{Device, DeviceFilter, DeviceUpdate, Enrolled};
use crate::error::Result;
use crate::lists::DeviceListing;
use crate::provision::{Credentials, Provisioned};

/// Devices: registered, enrolled, shut out, let in, deleted.
#[derive(uniffi::Object)]
pub struct Devices {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Devices {
    /// Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
    /// certificate, in one commit.
    pub fn enroll(&self, request: Enroll, call: Call) -> Result<Enrolled> {
        Ok(self.core.devices().enroll(&request, &call)?.into())
    }

    /// Enrolls many units, with a result per item in their order.
    pub fn enroll_many(&self, requests: Vec<Enroll>, bulk: Bulk, call: Call) -> Result<Vec<EnrolledOutcome>> {
        each(bulk.run(|bulk| self.core.devices().enroll_many(&requests, bulk, &call)))
    }

    /// Registers a device: it is valid from now on and gets its ID; its credentials follow.
    pub fn register(&self, new: NewDevice, call: Call) -> Result<Device> {
        Ok(self.core.devices().register(&new, &call)?.into())
    }

    /// Registers many devices, with a result per item in their order.
    pub fn register_many(&self, new: Vec<NewDevice>, bulk: Bulk, call: Call) -> Result<Vec<DeviceOutcome>> {
        each(bulk.run(|bulk| self.core.devices().register_many(&new, bulk, &call)))
    }

    /// Notes a device that was seen somewhere. It is admitted when it enrolls or is enabled.
    pub fn discover(&self, new: NewDevice, call: Call) -> Result<Device> {
        Ok(self.core.devices().discover(&new, &call)?.into())
    }

    /// Notes many devices, with a result per item in their order.
    pub fn discover_many(&self, new: Vec<NewDevice>, bulk: Bulk, call: Call) -> Result<Vec<DeviceOutcome>> {
        each(bulk.run(|bulk| self.core.devices().discover_many(&new, bulk, &call)))
    }

    /// The device with this identifier.
    pub fn get(&self, id: DeviceId) -> Result<Device> {
        Ok(self.core.devices().get(id)?.into())
    }

    /// The devices that match: by name when a name is asked for, else in the order in which they became known.
    pub fn find(&self, filter: DeviceFilter, page: Page) -> Result<DeviceListing> {
        Ok(self.core.devices().find(&filter.into(), &page)?.into())
    }

    /// How many devices match.
    pub fn count(&self, filter: DeviceFilter) -> Result<u64> {
        Ok(self.core.devices().count(&filter.into())?)
    }

    /// All that a device has: its certificates, its pre-shared keys, the symmetric keys that it may use.
    pub fn credentials(&self, id: DeviceId) -> Result<Credentials> {
        Ok(self.core.devices().credentials(id)?.into())
    }

    /// Registers a device and gives it its password, symmetric key and certificate, as far as they are wished, in one commit.
    pub fn provision(&self, wish: Provision, call: Call) -> Result<Provisioned> {
        Ok(self.core.devices().provision(&wish, &call)?.into())
    }

    /// Provisions many devices, with a result per item in their order.
    pub fn provision_many(&self, wishes: Vec<Provision>, bulk: Bulk, call: Call) -> Result<Vec<ProvisionedOutcome>> {
        each(bulk.run(|bulk| self.core.devices().provision_many(&wishes, bulk, &call)))
    }

    /// Changes a device's information.
    pub fn update(&self, id: DeviceId, change: DeviceChange, call: Call) -> Result<Device> {
        Ok(self.core.devices().update(id, &change, &call)?.into())
    }

    /// Changes many devices' information, with a result per item in their order.
    pub fn update_many(&self, changes: Vec<DeviceUpdate>, bulk: Bulk, call: Call) -> Result<Vec<DeviceOutcome>> {
        let changes: Vec<_> = changes.into_iter().map(|update| (update.id, update.change)).collect();
        each(bulk.run(|bulk| self.core.devices().update_many(&changes, bulk, &call)))
    }

    /// Moves a device into a group, or out of its group. Its certificates' due dates follow the group's interval.
    pub fn set_group(&self, id: DeviceId, group: Option<GroupId>, call: Call) -> Result<Device> {
        Ok(self.core.devices().set_group(id, group, &call)?.into())
    }

    /// Moves many devices into a group, or out of theirs, with a result per item in their order.
    pub fn set_group_many(
        &self,
        ids: Vec<DeviceId>,
        group: Option<GroupId>,
        bulk: Bulk,
        call: Call,
    ) -> Result<Vec<DeviceOutcome>> {
        each(bulk.run(|bulk| self.core.devices().set_group_many(&ids, group, bulk, &call)))
    }

    /// Shuts a device out at once: none of its credentials counts.
    pub fn disable(&self, id: DeviceId, call: Call) -> Result<Device> {
        Ok(self.core.devices().disable(id, &call)?.into())
    }

    /// Shuts many devices out, with a result per item in their order.
    pub fn disable_many(&self, ids: Vec<DeviceId>, bulk: Bulk, call: Call) -> Result<Vec<DeviceOutcome>> {
        each(bulk.run(|bulk| self.core.devices().disable_many(&ids, bulk, &call)))
    }

    /// Lets a disabled device in again, or admits a discovered one. A revocation is never undone.
    pub fn enable(&self, id: DeviceId, call: Call) -> Result<Device> {
        Ok(self.core.devices().enable(id, &call)?.into())
    }

    /// Lets many devices in, with a result per item in their order.
    pub fn enable_many(&self, ids: Vec<DeviceId>, bulk: Bulk, call: Call) -> Result<Vec<DeviceOutcome>> {
        each(bulk.run(|bulk| self.core.devices().enable_many(&ids, bulk, &call)))
    }

    /// Deletes a device for good: certificates that it alone holds are revoked, its name and unit are free again, its ID is
    /// never used again. Its record stays, as a tombstone.
    pub fn delete(&self, id: DeviceId, call: Call) -> Result<Device> {
        Ok(self.core.devices().delete(id, &call)?.into())
    }

    /// Deletes many devices, with a result per item in their order.
    pub fn delete_many(&self, ids: Vec<DeviceId>, bulk: Bulk, call: Call) -> Result<Vec<DeviceOutcome>> {
        each(bulk.run(|bulk| self.core.devices().delete_many(&ids, bulk, &call)))
    }

    /// Ends a quarantine after somebody looked at the unit.
    pub fn release_quarantine(&self, id: DeviceId, release: Release, call: Call) -> Result<Device> {
        Ok(self.core.devices().release_quarantine(id, release, &call)?.into())
    }
}
