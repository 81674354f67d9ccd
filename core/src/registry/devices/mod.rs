//! The handle for devices.

mod change;
mod credentials;
pub(super) mod enroll;
mod provision;
mod secrets;
pub(in crate::registry) mod state;

pub use change::{DeviceChange, NewDevice};
pub use credentials::Credentials;
pub use enroll::{Enroll, Enrolled, Enrollment};
pub use provision::{CertificateWish, Provision, Provisioned, PskWish};
pub use state::Release;

use super::Inner;
use super::page::{Listing, Page, Text, Wanted};
use crate::Result;
use crate::error::{DeviceError, InputError};
use crate::id::{DeviceId, GroupId, ProductId};
use crate::model::{Device, DeviceState};
use crate::store::record::{Cell, Record};
use crate::store::{Match, Value};

/// Which devices to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// By name. A device without a name of its own is called by its ID, and found by the whole of it.
    pub name: Option<Text>,
    /// In one of these states; empty for all, deleted ones included (NEC-29).
    pub states: Vec<DeviceState>,
    /// Units of this product.
    pub product: Option<ProductId>,
    /// Members of this group.
    pub group: Option<GroupId>,
    /// By the manufacturer's identifier.
    pub unit: Option<Text>,
    /// With this attribute: `ip`, `mac`, `host_name`, `os_name` or the name of a free-form one, and its exact value.
    pub attribute: Option<(String, String)>,
}

/// Devices: registered, enrolled, shut out, let in, deleted.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Bulk, Call, DeviceFilter, NewDevice, Page, Text};
/// let call = Call::by("admin");
/// let devices = registry.devices();
/// devices.register(&NewDevice::named("camera-1"), &call)?;
/// let results = devices.register_many(&[NewDevice::named("camera-2"), NewDevice::named("camera-1")], &Bulk::each(), &call)?;
/// assert!(results[0].is_ok());
/// assert_eq!(results[1].as_ref().unwrap_err().code(), "device.name_taken");
///
/// let cameras = DeviceFilter { name: Some(Text::StartsWith("camera-".into())), ..DeviceFilter::default() };
/// assert_eq!(devices.find(&cameras, &Page::of(10))?.total, Some(2));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Devices<'r> {
    inner: &'r Inner,
}

impl<'r> Devices<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The device with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: DeviceId) -> Result<Device> {
        Ok(self.inner.get_record::<Device, _>(id)?.record)
    }

    fn wanted(&self, filter: &DeviceFilter) -> Wanted {
        let ids = &self.inner.ids;
        let mut wanted = Wanted::default();
        if let Some(name) = &filter.name {
            wanted.order = Some("name");
            wanted.and("name", name.clone().into_match());
        }
        if !filter.states.is_empty() {
            wanted.and("state", Match::In(filter.states.iter().map(|s| Value::Int(s.number())).collect()));
        }
        if let Some(product) = filter.product {
            wanted.and("product", Match::Eq(product.to_value(ids)));
        }
        if let Some(group) = filter.group {
            wanted.and("group", Match::Eq(group.to_value(ids)));
        }
        if let Some(unit) = &filter.unit {
            wanted.and("unit", unit.clone().into_match());
        }
        if let Some((name, value)) = &filter.attribute {
            // As the attribute stands in the stored JSON text.
            let pair = format!("{}:{}", serde_json::json!(name), serde_json::json!(value));
            wanted.and("attributes", Match::Contains(pair));
        }
        wanted
    }

    /// The devices that match: by name when a name is asked for, else in the order in which they became known.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &DeviceFilter, page: &Page) -> Result<Listing<Device>> {
        let Some(name) = self.id_as_name(filter) else { return self.inner.list(self.wanted(filter), page) };
        if page.after.is_some() {
            return Err(InputError::PageCursor.into());
        }
        let items: Vec<_> = self.called_by_id(name, filter)?.into_iter().collect();
        Ok(Listing { total: page.total.then_some(items.len() as u64), items, next: None })
    }

    /// A name that is asked for and is the ID of a device.
    fn id_as_name<'f>(&self, filter: &'f DeviceFilter) -> Option<&'f str> {
        match &filter.name {
            Some(Text::Is(name)) => self.inner.device_number(name).map(|_| name.as_str()),
            _ => None,
        }
    }

    /// The device with this name, if it passes all else that the filter says.
    fn called_by_id(&self, name: &str, filter: &DeviceFilter) -> Result<Option<Device>> {
        let rest = self.wanted(&DeviceFilter { name: None, ..filter.clone() });
        let named = self.inner.device_named(name)?;
        Ok(named.filter(|device| rest.passes::<Device>(&device.values(&self.inner.ids))))
    }

    /// How many devices match.
    ///
    /// # Errors
    /// Store errors.
    pub fn count(&self, filter: &DeviceFilter) -> Result<u64> {
        if let Some(name) = self.id_as_name(filter) {
            return Ok(self.called_by_id(name, filter)?.map_or(0, |_| 1));
        }
        Ok(self.inner.tally::<Device>(self.wanted(filter), None, None)?.first().map_or(0, |(_, count)| *count))
    }
}

impl Inner {
    /// The number of the device whose ID this text is.
    pub(super) fn device_number(&self, text: &str) -> Option<u64> {
        self.ids.number(text.parse::<DeviceId>().ok()?).ok()
    }

    /// The device with this name. Those without a name of their own are called by their IDs, which are in no index.
    pub(super) fn device_named(&self, name: &str) -> Result<Option<Device>> {
        if let Some(number) = self.device_number(name)
            && let Some(device) = self.find_record::<Device>(number)?
            && device.name == name
        {
            return Ok(Some(device.record));
        }
        self.first(Wanted::default().eq("name", Value::Text(name.to_owned())))
    }

    /// That a name is not another device's ID, by which that may be called.
    fn check_no_id(&self, name: &str, own: u64) -> Result<()> {
        match self.device_number(name) {
            Some(other) if other != own => Err(DeviceError::NameTaken.into()),
            _ => Ok(()),
        }
    }
}
