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
use crate::id::{DeviceId, GroupId, ProductId};
use crate::model::{Device, DeviceState};
use crate::store::record::Cell;
use crate::store::{Match, Value};

/// Which devices to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// By name.
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
        self.inner.list(self.wanted(filter), page)
    }

    /// How many devices match.
    ///
    /// # Errors
    /// Store errors.
    pub fn count(&self, filter: &DeviceFilter) -> Result<u64> {
        Ok(self.inner.tally::<Device>(self.wanted(filter), None, None)?.first().map_or(0, |(_, count)| *count))
    }
}
