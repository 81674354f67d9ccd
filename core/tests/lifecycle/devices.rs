//! What becomes of devices, and what that does to their certificates.

use super::{Fate, KeyOwner, Life, Model, Reason, Standing, Verdict};

impl Model {
    pub fn disable(&mut self, device: usize) -> Verdict {
        match self.devices[device].life {
            Life::Disabled => return Err("device.already_disabled"),
            _ => self.admitted(device)?,
        }
        self.devices[device].life = Life::Disabled;
        for c in self.held(device) {
            let in_force = matches!(self.standing(c), Standing::Active | Standing::NotYetValid);
            if self.rules.crl_hold && in_force && self.holders(c) == [device] {
                self.certificates[c].fate = Fate::HeldByDevice;
            }
        }
        Ok(())
    }

    pub fn enable(&mut self, device: usize) -> Verdict {
        match self.devices[device].life {
            Life::Valid => return Err("device.already_enabled"),
            Life::Disabled | Life::Discovered => self.devices[device].life = Life::Valid,
            _ => self.admitted(device)?,
        }
        for c in self.held(device) {
            let held = self.certificates[c].fate == Fate::HeldByDevice && self.standing(c) == Standing::Suspended;
            if held && self.shut_out(c).is_ok() {
                self.certificates[c].fate = Fate::Good;
            }
        }
        Ok(())
    }

    pub fn delete_device(&mut self, device: usize) -> Verdict {
        self.alive(device)?;
        self.devices[device].life = Life::Deleted;
        self.drop_credentials(device);
        if let Some(unit) = self.devices[device].unit
            && self.units[unit] == Some(device)
        {
            self.units[unit] = None;
        }
        Ok(())
    }

    pub(super) fn drop_credentials(&mut self, device: usize) {
        for c in self.held(device) {
            let alone = self.holders(c) == [device];
            self.attached.retain(|pair| *pair != (c, device));
            if !alone {
                // What others hold goes on, also when only this device's disabling kept it.
                let held = self.certificates[c].fate == Fate::HeldByDevice && self.standing(c) == Standing::Suspended;
                if held && self.shut_out(c).is_ok() {
                    self.certificates[c].fate = Fate::Good;
                }
                continue;
            }
            if !matches!(self.certificates[c].fate, Fate::Superseded | Fate::Revoked) {
                self.end(c, Reason::Cessation);
            }
            let key = self.certificates[c].key;
            if self.keys[key] == KeyOwner::Device(device) {
                self.keys[key] = KeyOwner::Nobody;
            }
        }
    }

    pub fn release(&mut self, device: usize, keep_keys: bool) -> Verdict {
        self.alive(device)?;
        if self.devices[device].life != Life::Quarantined {
            return Err("device.not_quarantined");
        }
        if keep_keys {
            self.devices[device].life = Life::Valid;
        } else {
            self.devices[device].life = Life::Discovered;
            self.drop_credentials(device);
        }
        Ok(())
    }

    pub fn set_group(&mut self, device: usize, group: Option<usize>) -> Verdict {
        self.alive(device)?;
        self.devices[device].group = group;
        for c in self.held(device) {
            if self.certificates[c].device == Some(device) {
                self.certificates[c].group = group;
            }
        }
        Ok(())
    }

    /// Replaced certificates whose grace period is over are revoked.
    pub fn sweep(&mut self) {
        for c in 0..self.certificates.len() {
            let ended = matches!(self.certificates[c].fate, Fate::Superseded | Fate::Revoked);
            if !ended && self.certificates[c].retires.is_some_and(|at| at <= self.now) {
                self.supersede(c);
            }
        }
    }

    pub fn suspend_product(&mut self) -> Verdict {
        if self.product_suspended {
            return Err("product.suspended");
        }
        self.product_suspended = true;
        Ok(())
    }

    pub fn resume_product(&mut self) -> Verdict {
        if !self.product_suspended {
            return Err("product.not_suspended");
        }
        self.product_suspended = false;
        Ok(())
    }
}
