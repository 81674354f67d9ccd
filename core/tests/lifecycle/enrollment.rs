//! Devices that come in: registered by somebody, or enrolled with a key of their own.

use super::{Certificate, Device, Enrolled, Fate, KeyOwner, Life, Model, Verdict};

impl Model {
    pub fn register(&mut self, life: Life, name: Option<usize>, unit: Option<usize>) -> Verdict {
        if unit.is_some_and(|unit| self.units[unit].is_some()) {
            return Err("device.unit_taken");
        }
        if name.is_some() && self.devices.iter().any(|d| d.life != Life::Deleted && d.name == name) {
            return Err("device.name_taken");
        }
        if let Some(unit) = unit {
            self.units[unit] = Some(self.devices.len());
        }
        self.devices.push(Device { life, unit, name, group: None, certified: false });
        Ok(())
    }

    /// A new certificate; its validity is entered when the registry has said it.
    pub(super) fn certify(&mut self, device: Option<usize>, key: usize, renews: Option<usize>, holders: &[usize]) {
        let id = self.certificates.len();
        self.certificates.push(Certificate {
            device,
            key,
            from: i64::MIN,
            until: i64::MAX,
            fate: Fate::Good,
            group: device.and_then(|d| self.devices[d].group),
            renews,
            successor: None,
            confirmed: renews.is_none(),
            retires: None,
            deleted: false,
            compromised: false,
        });
        for holder in holders {
            self.attached.push((id, *holder));
        }
        if let Some(device) = device {
            self.devices[device].certified = true;
        }
        if let Some(old) = renews {
            let old = &mut self.certificates[old];
            old.successor = Some(id);
            old.retires = Some(old.until.min(self.now + self.rules.grace));
        }
    }

    /// `former`: a key whose signature comes along.
    pub fn enroll(&mut self, key: usize, unit: Option<usize>, former: Option<usize>) -> Verdict<Enrolled> {
        if self.product_suspended {
            return Err("product.suspended");
        }
        match self.keys[key] {
            KeyOwner::Compromised => return Err("csr.key_compromised"),
            KeyOwner::NoDevice => return Err("csr.key_bound"),
            KeyOwner::Device(device) => return self.give_back(device, key, unit),
            KeyOwner::Nobody => {}
        }
        let Some(device) = unit.and_then(|unit| self.units[unit]) else {
            let device = self.devices.len();
            if let Some(unit) = unit {
                self.units[unit] = Some(device);
            }
            self.devices.push(Device { life: Life::Valid, unit, name: None, group: None, certified: false });
            self.keys[key] = KeyOwner::Device(device);
            self.certify(Some(device), key, None, &[device]);
            return Ok(Enrolled::New);
        };
        let known = &mut self.devices[device];
        if !known.certified || known.life == Life::Discovered {
            if known.life == Life::Discovered {
                known.life = Life::Valid;
            }
            self.admitted(device)?;
            self.keys[key] = KeyOwner::Device(device);
            self.certify(Some(device), key, None, &[device]);
            return Ok(Enrolled::Admitted);
        }
        self.admitted(device)?;
        let Some(former) = former else {
            self.devices[device].life = Life::Quarantined;
            return Err("device.quarantined");
        };
        let proven = |c: &usize| self.renewable(*c).is_ok() && self.certificates[*c].key == former;
        let Some(old) = self.held(device).into_iter().rev().find(proven) else {
            return Err("device.old_key_proof_invalid");
        };
        self.keys[key] = KeyOwner::Device(device);
        self.certify(Some(device), key, Some(old), &[device]);
        Ok(Enrolled::Rekeyed)
    }

    /// A known key gets the certificate that it has.
    pub(super) fn give_back(&mut self, device: usize, key: usize, unit: Option<usize>) -> Verdict<Enrolled> {
        if unit.is_some() && self.devices[device].unit.is_some() && unit != self.devices[device].unit {
            return Err("csr.key_bound");
        }
        self.admitted(device)?;
        let mut refusal = "certificate.revoked";
        let mut barred = false;
        for found in self.held(device).into_iter().rev() {
            if self.certificates[found].key != key {
                continue;
            }
            match self.renewable(found) {
                Ok(()) => return Ok(Enrolled::Known(found)),
                // Its own key and the product's are another proof besides the expired certificate.
                Err("certificate.renewal_of_expired") if barred => {}
                Err("certificate.renewal_of_expired") => {
                    let before = self.certificates.len();
                    if self.renew(found, None, true)? == before {
                        return Ok(Enrolled::Renewed);
                    }
                }
                Err(reason) => {
                    barred |= matches!(reason, "certificate.renewal_of_revoked" | "certificate.suspended");
                    refusal = reason;
                }
            }
        }
        Err(refusal)
    }

    pub(super) fn claim(&mut self, key: usize, owner: KeyOwner) -> Verdict {
        match self.keys[key] {
            KeyOwner::Compromised => Err("csr.key_compromised"),
            KeyOwner::Nobody => {
                self.keys[key] = owner;
                Ok(())
            }
            bound if bound == owner => Ok(()),
            _ => Err("csr.key_bound"),
        }
    }
}
