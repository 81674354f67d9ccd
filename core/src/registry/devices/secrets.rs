//! What a device gets is found by looking for it, so who looks must know that nothing came since.

use crate::Result;
use crate::id::DeviceId;
use crate::registry::driver::View;
use crate::store::{Counter, Write};

impl View<'_> {
    /// Counts what a device gets. Counting does not conflict, so it may get two things at once.
    pub(in crate::registry) fn gains(&self, device: DeviceId) -> Result<Write> {
        Ok(Write::Add { counter: self.gained(device)?, by: 1, at_most: u64::MAX })
    }

    /// That a device gets nothing from now on until the commit. To be called before one looks at what it has: without this,
    /// a key that is issued meanwhile would outlive the device that is being deleted.
    pub(in crate::registry) fn gains_nothing(&self, device: DeviceId) -> Result<Write> {
        let counter = self.gained(device)?;
        Ok(Write::Add { counter, by: 0, at_most: self.counter(counter)? })
    }

    /// That what a device got is counted no more, since the device is not remembered any longer.
    pub(in crate::registry) fn forget_gains(&self, device: DeviceId) -> Result<Write> {
        let counter = self.gained(device)?;
        let by = self.counter(counter)?.cast_signed().saturating_neg();
        Ok(Write::Add { counter, by, at_most: u64::MAX })
    }

    fn gained(&self, device: DeviceId) -> Result<Counter> {
        Ok(Counter { name: "gains", of: self.number_of(device)? })
    }
}
