//! Devices become known and their information changes.

use super::Devices;
use crate::Result;
use crate::error::{DeviceError, Error};
use crate::id::{DeviceId, GroupId, ProductId};
use crate::model::{Attributes, Certificate, Device, DeviceState, Entity, Group, Owner, Product, check_name};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Bulk, Call, Inner};
use crate::store::Write;

/// A device to be registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDevice {
    /// Its name; unique among devices that are not deleted. Without one, its ID serves.
    pub name: Option<String>,
    /// The product it is a unit of.
    pub product: Option<ProductId>,
    /// The manufacturer's identifier of the unit; needs a product.
    pub unit: Option<String>,
    /// Its group.
    pub group: Option<GroupId>,
    /// What else is known.
    pub attributes: Attributes,
}

impl NewDevice {
    /// A device called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }
}

/// What of a device changes; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceChange {
    /// The name.
    pub name: Option<String>,
    /// All attributes at once.
    pub attributes: Option<Attributes>,
}

/// Checks what was given for a new device and makes its record.
pub(super) fn new_device(view: &View<'_>, new: &NewDevice, state: DeviceState) -> Result<(u64, Device)> {
    let number = view.number::<Device>()?;
    let id: DeviceId = view.registry.ids.id(number);
    let name = new.name.clone().unwrap_or_else(|| id.to_string());
    check_name("device name", &name)?;
    view.registry.check_no_id(&name, number)?;
    new.attributes.check()?;
    if let Some(unit) = &new.unit {
        check_name("unit", unit)?;
        if new.product.is_none() {
            return Err(Error::input("unit", "is unique only within a product; name the product too"));
        }
    }
    let device = Device {
        id,
        name,
        state,
        reason: None,
        product: new.product,
        unit: new.unit.clone(),
        group: new.group,
        attributes: new.attributes.clone(),
        subject: None,
        created: view.now,
        updated: view.now,
    };
    view.check_name_free::<Device>(&device.name, view.number_of(device.id)?, DeviceError::NameTaken)?;
    Ok((number, device))
}

/// The writes of a device that joins a group: that the group is as it was read, and one member more.
pub(super) fn join(view: &View<'_>, group: Option<GroupId>) -> Result<Vec<Write>> {
    let Some(group) = group else { return Ok(Vec::new()) };
    Ok(vec![view.require(&view.get::<Group, _>(group)?)?, view.members(group, 1)?])
}

/// The write of a device that leaves its group.
pub(super) fn leave(view: &View<'_>, group: Option<GroupId>) -> Result<Option<Write>> {
    group.map(|group| view.members(group, -1)).transpose()
}

impl Devices<'_> {
    /// Registers a device: it is valid from now on and gets its ID; its credentials follow.
    ///
    /// # Errors
    /// `device.name_taken`, `device.unit_taken`, `input.invalid`, `input.unknown_id` for the product or group.
    pub fn register(&self, new: &NewDevice, call: &Call) -> Result<Device> {
        self.add(new, DeviceState::Valid, "device.register", call)
    }

    /// Registers many devices, with a result per item in their order (NEC-21).
    ///
    /// # Errors
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    pub fn register_many(&self, new: &[NewDevice], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Device>>> {
        self.add_many(new, DeviceState::Valid, "device.register", bulk, call)
    }

    /// Notes a device that was seen somewhere (NEC-47). It is admitted when it enrolls or is enabled.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn discover(&self, new: &NewDevice, call: &Call) -> Result<Device> {
        self.add(new, DeviceState::Discovered, "device.discover", call)
    }

    /// Notes many devices, with a result per item in their order.
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn discover_many(&self, new: &[NewDevice], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Device>>> {
        self.add_many(new, DeviceState::Discovered, "device.discover", bulk, call)
    }

    fn add(&self, new: &NewDevice, state: DeviceState, action: &'static str, call: &Call) -> Result<Device> {
        let content = content(new);
        let operation = Operation { action, content: &content };
        self.inner.change(call, operation, |view| plan_new(view, new, state, action), |number| self.replay(number))
    }

    fn add_many(
        &self,
        new: &[NewDevice],
        state: DeviceState,
        action: &'static str,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Device>>> {
        let many = Many {
            action,
            content: &content,
            plan: &|view, new| plan_new(view, new, state, action),
            replay: &|number| self.replay(number),
        };
        self.inner.change_many(call, new, bulk, &many)
    }

    pub(super) fn replay(&self, number: u64) -> Result<Device> {
        self.get(self.inner.ids.id(number))
    }

    /// Changes a device's information.
    ///
    /// # Errors
    /// `device.name_taken`, `device.deleted`, `input.invalid`.
    pub fn update(&self, id: DeviceId, change: &DeviceChange, call: &Call) -> Result<Device> {
        let item = (id, change.clone());
        let content = update_content(&item);
        let operation = Operation { action: "device.update", content: &content };
        self.inner.change(call, operation, |view| plan_update(view, &item), |number| self.replay(number))
    }

    /// Changes many devices' information, with a result per item in their order (NEC-25).
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn update_many(
        &self,
        changes: &[(DeviceId, DeviceChange)],
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Device>>> {
        let many = Many {
            action: "device.update",
            content: &update_content,
            plan: &|view, item| plan_update(view, item),
            replay: &|number| self.replay(number),
        };
        self.inner.change_many(call, changes, bulk, &many)
    }

    /// Moves a device into a group, or out of its group. The due dates of its certificates
    /// and symmetric keys follow the group's intervals.
    ///
    /// # Errors
    /// `device.deleted`, `input.unknown_id`.
    pub fn set_group(&self, id: DeviceId, group: Option<GroupId>, call: &Call) -> Result<Device> {
        let content = group_content(id, group);
        let operation = Operation { action: "device.set_group", content: &content };
        self.inner.change(call, operation, |view| plan_group(view, id, group), |number| self.replay(number))
    }

    /// Moves many devices into a group, or out of theirs, with a result per item in their order.
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn set_group_many(
        &self,
        ids: &[DeviceId],
        group: Option<GroupId>,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Device>>> {
        let many = Many {
            action: "device.set_group",
            content: &|id: &DeviceId| group_content(*id, group),
            plan: &|view, id| plan_group(view, *id, group),
            replay: &|number| self.replay(number),
        };
        self.inner.change_many(call, ids, bulk, &many)
    }
}

fn content(new: &NewDevice) -> Vec<u8> {
    format!("{new:?}").into_bytes()
}

fn update_content((id, change): &(DeviceId, DeviceChange)) -> Vec<u8> {
    format!("{id} {change:?}").into_bytes()
}

fn group_content(id: DeviceId, group: Option<GroupId>) -> Vec<u8> {
    format!("{id} {group:?}").into_bytes()
}

fn plan_new(
    view: &View<'_>,
    new: &NewDevice,
    state: DeviceState,
    action: &'static str,
) -> Result<Plan<'static, Device>> {
    let (number, device) = new_device(view, new, state)?;
    let mut writes = vec![view.insert(&device)?, view.event(action, Entity::Device(device.id), None, None)?];
    writes.extend(join(view, device.group)?);
    if let Some(product) = device.product {
        writes.push(view.require(&view.get::<Product, _>(product)?)?);
        if let Some(unit) = &device.unit {
            writes.push(claim_unit(view, product, unit, device.id)?);
        }
    }
    Ok(Plan::done(number, writes, device))
}

/// Keeps a unit for one device; being on the allow-list is no obstacle.
pub(super) fn claim_unit(view: &View<'_>, product: ProductId, unit: &str, device: DeviceId) -> Result<Write> {
    let tag = view.registry.unit_tag(product, unit);
    match view.bound(tag)? {
        None => view.bind(tag, Owner::Device(device)),
        Some(bound) if matches!(bound.owner, Owner::Listed(_)) => view.rebind(&bound, Owner::Device(device)),
        Some(_) => Err(DeviceError::UnitTaken.into()),
    }
}

fn plan_update(view: &View<'_>, (id, change): &(DeviceId, DeviceChange)) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(*id)?;
    stored.check_alive()?;
    let mut device = stored.record.clone();
    if let Some(name) = &change.name {
        check_name("device name", name)?;
        view.registry.check_no_id(name, view.number_of(*id)?)?;
        device.name.clone_from(name);
    }
    if let Some(attributes) = &change.attributes {
        attributes.check()?;
        device.attributes.clone_from(attributes);
    }
    device.updated = view.now;
    view.check_name_free::<Device>(&device.name, view.number_of(device.id)?, DeviceError::NameTaken)?;
    let writes =
        vec![view.update(stored.version, &device)?, view.event("device.update", Entity::Device(*id), None, None)?];
    Ok(Plan::done(view.number_of(*id)?, writes, device))
}

fn plan_group(view: &View<'_>, id: DeviceId, group: Option<GroupId>) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(id)?;
    stored.check_alive()?;
    let mut device = stored.record.clone();
    device.group = group;
    device.updated = view.now;
    let entity = group.map(Entity::Group);
    let mut writes =
        vec![view.update(stored.version, &device)?, view.event("device.set_group", Entity::Device(id), entity, None)?];
    writes.push(view.gains_nothing(id)?);
    let joined = group.map(|group| view.get::<Group, _>(group)).transpose()?.map(|joined| joined.record);
    let days = joined.as_ref().and_then(|joined| joined.certificate_days);
    writes.extend(join(view, group)?);
    writes.extend(leave(view, stored.group)?);
    for (_, held) in view.registry.held_by(id)? {
        if held.device == Some(id) {
            writes.push(view.update(held.version, &moved(view.registry, &held.record, group, days)?)?);
        }
    }
    writes.extend(view.move_psks(id, group)?);
    writes.extend(view.move_keys(id, joined.as_ref())?);
    Ok(Plan::done(view.number_of(id)?, writes, device))
}

/// A certificate whose device moved to another group.
fn moved(inner: &Inner, certificate: &Certificate, group: Option<GroupId>, days: Option<u32>) -> Result<Certificate> {
    let renew_at = match certificate.renew_at {
        Some(_) => Some(inner.due_of(certificate, days)?),
        None => None,
    };
    Ok(Certificate { group, renew_at, ..certificate.clone() })
}
