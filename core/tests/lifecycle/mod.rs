//! What the registry should do with devices and certificates, said a second time: a table of facts without storage,
//! signatures or encodings. Written from the documentation, not from the code.

#![allow(unreachable_pub, clippy::missing_panics_doc)]

mod certificates;
mod devices;
mod enrollment;

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
}
