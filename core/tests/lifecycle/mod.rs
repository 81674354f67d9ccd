//! What the registry should do with devices and certificates, said a second time: a table of facts without storage,
//! signatures or encodings. Written from the documentation, not from the code.

#![allow(unreachable_pub, clippy::missing_panics_doc)]

/// The code of the error, or what it led to.
pub type Verdict<T = ()> = Result<T, &'static str>;

pub const KEYS: usize = 5;
pub const UNITS: usize = 3;
pub const NAMES: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Discovered,
    Valid,
    Disabled,
    Quarantined,
    Deleted,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub life: Life,
    pub unit: Option<usize>,
    pub name: Option<usize>,
    pub group: Option<usize>,
    /// Whether it ever had a certificate.
    pub certified: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Good,
    HeldByOperator,
    HeldByDevice,
    Superseded,
    Revoked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    NotYetValid,
    Active,
    Suspended,
    Superseded,
    Revoked,
    Expired,
}

#[derive(Clone, Debug)]
pub struct Certificate {
    pub device: Option<usize>,
    pub key: usize,
    pub from: i64,
    pub until: i64,
    pub fate: Fate,
    pub group: Option<usize>,
    pub renews: Option<usize>,
    pub successor: Option<usize>,
    pub confirmed: bool,
    pub retires: Option<i64>,
    pub deleted: bool,
    /// Revoked since its key is known to others.
    pub compromised: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    Nobody,
    Device(usize),
    NoDevice,
    Compromised,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    New,
    Admitted,
    Known(usize),
    Renewed,
    Rekeyed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Superseded,
    KeyCompromise,
    Cessation,
}

/// What the profile says.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub grace: i64,
    pub crl_hold: bool,
    pub new_key: bool,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub rules: Rules,
    pub now: i64,
    pub product_suspended: bool,
    pub devices: Vec<Device>,
    pub certificates: Vec<Certificate>,
    pub keys: [KeyOwner; KEYS],
    pub units: [Option<usize>; UNITS],
    /// (certificate, device), the first attached first.
    pub attached: Vec<(usize, usize)>,
}

impl Model {
    pub fn new(rules: Rules, now: i64) -> Self {
        Self {
            rules,
            now,
            product_suspended: false,
            devices: Vec::new(),
            certificates: Vec::new(),
            keys: [KeyOwner::Nobody; KEYS],
            units: [None; UNITS],
            attached: Vec::new(),
        }
    }

    pub fn holders(&self, certificate: usize) -> Vec<usize> {
        self.attached.iter().filter(|(c, _)| *c == certificate).map(|(_, d)| *d).collect()
    }

    pub fn held(&self, device: usize) -> Vec<usize> {
        self.attached.iter().filter(|(_, d)| *d == device).map(|(c, _)| *c).collect()
    }

    pub fn standing(&self, certificate: usize) -> Standing {
        let c = &self.certificates[certificate];
        match c.fate {
            Fate::Revoked => Standing::Revoked,
            Fate::Superseded => Standing::Superseded,
            _ if self.now > c.until => Standing::Expired,
            _ if c.retires.is_some_and(|at| at <= self.now) => Standing::Superseded,
            Fate::HeldByDevice | Fate::HeldByOperator => Standing::Suspended,
            Fate::Good if self.now < c.from => Standing::NotYetValid,
            Fate::Good => Standing::Active,
        }
    }

    /// In force, or the reason why not.
    fn in_force(&self, certificate: usize) -> Verdict {
        match self.standing(certificate) {
            Standing::Active => Ok(()),
            Standing::NotYetValid => Err("certificate.not_yet_valid"),
            Standing::Suspended => Err("certificate.suspended"),
            Standing::Superseded => Err("certificate.superseded"),
            Standing::Revoked => Err("certificate.revoked"),
            Standing::Expired => Err("certificate.expired"),
        }
    }

    fn renewable(&self, certificate: usize) -> Verdict {
        match self.standing(certificate) {
            Standing::NotYetValid => Ok(()),
            Standing::Revoked => Err("certificate.renewal_of_revoked"),
            Standing::Expired => Err("certificate.renewal_of_expired"),
            _ => self.in_force(certificate),
        }
    }

    pub fn admitted(&self, device: usize) -> Verdict {
        match self.devices[device].life {
            Life::Valid => Ok(()),
            Life::Discovered => Err("device.not_enrolled"),
            Life::Disabled => Err("device.disabled"),
            Life::Quarantined => Err("device.quarantined"),
            Life::Deleted => Err("device.deleted"),
        }
    }

    fn alive(&self, device: usize) -> Verdict {
        if self.devices[device].life == Life::Deleted { Err("device.deleted") } else { Ok(()) }
    }

    /// Who presents the certificate, when `named` says that it is that device.
    pub fn authenticate(&self, certificate: usize, named: Option<usize>) -> Verdict<usize> {
        if self.certificates[certificate].deleted {
            return Err("certificate.unknown");
        }
        self.in_force(certificate)?;
        let holders = self.holders(certificate);
        let device = match (holders.as_slice(), named) {
            ([], _) => return Err("certificate.no_holder"),
            (_, Some(named)) if !holders.contains(&named) => return Err("device.mismatch"),
            (_, Some(named)) => named,
            ([only], None) => *only,
            _ => return Err("certificate.many_holders"),
        };
        self.admitted(device).map(|()| device)
    }

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
    fn certify(&mut self, device: Option<usize>, key: usize, renews: Option<usize>, holders: &[usize]) {
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
    fn give_back(&mut self, device: usize, key: usize, unit: Option<usize>) -> Verdict<Enrolled> {
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

    fn claim(&mut self, key: usize, owner: KeyOwner) -> Verdict {
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

    pub fn issue(&mut self, device: Option<usize>, key: usize) -> Verdict {
        let owner = device.map_or(KeyOwner::NoDevice, KeyOwner::Device);
        if let Some(device) = device {
            self.admitted(device)?;
        }
        self.claim(key, owner)?;
        let holders: Vec<_> = device.into_iter().collect();
        self.certify(device, key, None, &holders);
        Ok(())
    }

    /// The certificate that the renewal led to.
    pub fn renew(&mut self, certificate: usize, new_key: Option<usize>, other_proof: bool) -> Verdict<usize> {
        let old = self.certificates[certificate].clone();
        if old.deleted {
            return Err("certificate.deleted");
        }
        let holders = self.holders(certificate);
        match old.device {
            Some(device) => self.admitted(device)?,
            None if holders.iter().any(|d| self.admitted(*d).is_ok()) => {}
            None => holders.first().map_or(Ok(()), |d| self.admitted(*d))?,
        }
        match self.renewable(certificate) {
            Err("certificate.renewal_of_expired") if other_proof => {
                if old.successor.is_some_and(|successor| self.standing(successor) == Standing::Revoked) {
                    return Err("certificate.renewal_of_revoked");
                }
            }
            verdict => verdict?,
        }
        let key = new_key.unwrap_or(old.key);
        let waiting =
            old.successor.filter(|s| !self.certificates[*s].confirmed || self.standing(*s) == Standing::Suspended);
        let mut withdrawn = None;
        if let Some(successor) = waiting {
            match self.standing(successor) {
                Standing::Suspended => return Err("certificate.suspended"),
                Standing::Active | Standing::NotYetValid if self.certificates[successor].key == key => {
                    return Ok(successor);
                }
                Standing::Active | Standing::NotYetValid => withdrawn = Some(successor),
                _ => {}
            }
        }
        if self.rules.new_key && key == old.key {
            return Err("csr.key_unchanged");
        }
        self.claim(key, old.device.map_or(KeyOwner::NoDevice, KeyOwner::Device))?;
        if let Some(withdrawn) = withdrawn {
            self.supersede(withdrawn);
        }
        self.certify(old.device, key, Some(certificate), &holders);
        Ok(self.certificates.len() - 1)
    }

    fn supersede(&mut self, certificate: usize) {
        let c = &mut self.certificates[certificate];
        c.fate = Fate::Superseded;
        c.retires = None;
    }

    pub fn confirm(&mut self, certificate: usize) -> Verdict {
        let c = &self.certificates[certificate];
        let new = if c.renews.is_some() { certificate } else { c.successor.ok_or("certificate.no_successor")? };
        if self.certificates[new].confirmed {
            return Ok(());
        }
        if self.standing(new) != Standing::NotYetValid {
            self.in_force(new)?;
        }
        self.certificates[new].confirmed = true;
        let old = self.certificates[new].renews.unwrap();
        if !matches!(self.certificates[old].fate, Fate::Superseded | Fate::Revoked) {
            self.supersede(old);
        }
        Ok(())
    }

    pub fn suspend(&mut self, certificate: usize) -> Verdict {
        match (self.standing(certificate), self.certificates[certificate].fate) {
            (Standing::Active | Standing::NotYetValid, _) | (Standing::Suspended, Fate::HeldByDevice) => {
                self.certificates[certificate].fate = Fate::HeldByOperator;
                Ok(())
            }
            _ => self.in_force(certificate),
        }
    }

    /// Whether the device that the certificate was issued to, or one that holds it, is disabled.
    fn shut_out(&self, certificate: usize) -> Verdict {
        let devices = self.certificates[certificate].device.into_iter().chain(self.holders(certificate));
        for device in devices {
            if self.devices[device].life == Life::Disabled {
                return Err("device.disabled");
            }
        }
        Ok(())
    }

    pub fn resume(&mut self, certificate: usize) -> Verdict {
        match self.standing(certificate) {
            Standing::Suspended => {
                let alone = self.holders(certificate).len() <= 1;
                if alone || self.certificates[certificate].fate == Fate::HeldByDevice {
                    self.shut_out(certificate)?;
                }
                self.certificates[certificate].fate = Fate::Good;
                Ok(())
            }
            Standing::Active | Standing::NotYetValid => Err("certificate.not_suspended"),
            _ => self.in_force(certificate),
        }
    }

    pub fn revoke(&mut self, certificate: usize, reason: Reason) -> Verdict {
        let worse = reason == Reason::KeyCompromise && !self.certificates[certificate].compromised;
        if matches!(self.certificates[certificate].fate, Fate::Superseded | Fate::Revoked) && !worse {
            return Err("certificate.already_revoked");
        }
        if reason != Reason::KeyCompromise {
            self.restore_predecessor(certificate);
        }
        self.end(certificate, reason);
        if reason == Reason::KeyCompromise {
            let Certificate { key, device, .. } = self.certificates[certificate];
            self.keys[key] = KeyOwner::Compromised;
            // Whatever else the device has for that key is as worthless, and whatever it was renewed from and into.
            let held = device.map(|device| self.held(device)).unwrap_or_default();
            let before = std::iter::successors(self.certificates[certificate].renews, |c| self.certificates[*c].renews);
            let after =
                std::iter::successors(self.certificates[certificate].successor, |c| self.certificates[*c].successor);
            let others: Vec<usize> = held.into_iter().chain(before).chain(after).collect();
            for other in others {
                let c = &self.certificates[other];
                if c.key == key && c.device == device && !matches!(c.fate, Fate::Superseded | Fate::Revoked) {
                    self.end(other, reason);
                }
            }
        }
        Ok(())
    }

    /// When a renewal goes before anybody confirmed it, the certificate before counts as if it had not been renewed.
    fn restore_predecessor(&mut self, withdrawn: usize) {
        let c = &self.certificates[withdrawn];
        let (Some(old), false) = (c.renews, c.confirmed) else { return };
        let counts = matches!(self.standing(old), Standing::Active | Standing::Suspended | Standing::NotYetValid);
        let old = &mut self.certificates[old];
        if counts && old.successor == Some(withdrawn) {
            old.successor = None;
            old.retires = None;
        }
    }

    fn end(&mut self, certificate: usize, reason: Reason) {
        let c = &mut self.certificates[certificate];
        c.fate = if reason == Reason::Superseded { Fate::Superseded } else { Fate::Revoked };
        c.compromised |= reason == Reason::KeyCompromise;
        c.retires = None;
    }

    pub fn delete_certificate(&mut self, certificate: usize) -> Verdict {
        if self.certificates[certificate].deleted {
            return Err("certificate.deleted");
        }
        self.restore_predecessor(certificate);
        let ended = matches!(self.certificates[certificate].fate, Fate::Superseded | Fate::Revoked);
        if !ended && self.standing(certificate) != Standing::Expired {
            self.end(certificate, Reason::Cessation);
        }
        self.attached.retain(|(c, _)| *c != certificate);
        self.certificates[certificate].deleted = true;
        self.certificates[certificate].retires = None;
        Ok(())
    }

    pub fn attach(&mut self, certificate: usize, device: usize) -> Verdict {
        if !matches!(self.standing(certificate), Standing::Active | Standing::Suspended | Standing::NotYetValid) {
            return self.in_force(certificate);
        }
        self.alive(device)?;
        if self.attached.contains(&(certificate, device)) {
            return Err("certificate.already_attached");
        }
        self.attached.push((certificate, device));
        Ok(())
    }

    pub fn detach(&mut self, certificate: usize, device: usize) -> Verdict {
        let before = self.attached.len();
        self.attached.retain(|pair| *pair != (certificate, device));
        if self.attached.len() == before { Err("certificate.not_attached") } else { Ok(()) }
    }

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

    fn drop_credentials(&mut self, device: usize) {
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
