//! What becomes of certificates.

use super::{Certificate, Fate, KeyOwner, Life, Model, Reason, Standing, Verdict};

impl Model {
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

    pub(super) fn supersede(&mut self, certificate: usize) {
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
    pub(super) fn shut_out(&self, certificate: usize) -> Verdict {
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
    pub(super) fn restore_predecessor(&mut self, withdrawn: usize) {
        let c = &self.certificates[withdrawn];
        let (Some(old), false) = (c.renews, c.confirmed) else { return };
        let counts = matches!(self.standing(old), Standing::Active | Standing::Suspended | Standing::NotYetValid);
        let old = &mut self.certificates[old];
        if counts && old.successor == Some(withdrawn) {
            old.successor = None;
            old.retires = None;
        }
    }

    pub(super) fn end(&mut self, certificate: usize, reason: Reason) {
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
}
