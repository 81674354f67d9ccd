//! Whether everything that the store holds fits together.

use super::place;
use super::walk::{Walk, portion};
use crate::Result;
use crate::error::{Error, InputError, StoreError};
use crate::model::{
    Assignment, Authority, Certificate, CertificateState, CrlChunk, Device, Document, Event, Group, KeyShare, Product,
    Profile, Psk, Revocation, SymmetricKey,
};
use crate::registry::call::{Progress, tell};
use crate::registry::numbers::{counted, stand};
use crate::registry::page::rows_in;
use crate::registry::{Inner, Registry};
use crate::store::record::{Record, at};
use crate::store::schema::Table;
use crate::store::tables::{META, SCHEMA};
use crate::store::{Row, RowRef};

/// How many rows are looked at together, if they are small.
const PORTION: u32 = 500;
/// How many findings are told; a store with more has one trouble, not many.
const MOST: usize = 1_000;

/// What [`Registry::check_integrity`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Integrity {
    /// How many rows were looked at.
    pub rows: u64,
    /// What does not fit together, a sentence each; nothing when all is well. At most a thousand.
    pub findings: Vec<String>,
}

impl Integrity {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn tell(&mut self, finding: String) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        }
    }
}

impl Registry {
    /// Reads everything and tells what does not fit together: what the store finds out about itself, values that this version
    /// cannot have written, sealed ones that do not open, records that lead to others which are not there, serial numbers that
    /// lead elsewhere, entries of CRLs that do not say what the certificates do, and numbers that may be given twice. It
    /// changes nothing and goes on beside everything else; what is written meanwhile is looked at twice before it is told.
    ///
    /// Whether events were altered or removed, [`Events::verify`](crate::Events::verify) says.
    ///
    /// `progress` is called with the rows looked at and the rows there are.
    ///
    /// # Errors
    /// `input.cancelled` after `Break` from `progress`; store errors.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// let found = registry.check_integrity(None)?;
    /// assert!(found.is_sound(), "{:?}", found.findings);
    /// # Ok::<(), tegata::Error>(())
    /// ```
    pub fn check_integrity(&self, progress: Option<Progress<'_>>) -> Result<Integrity> {
        let inner = &*self.inner;
        let store = inner.store()?;
        let mut found = Integrity::default();
        if let Some(maintenance) = store.maintenance() {
            maintenance.check()?.into_iter().for_each(|finding| found.tell(finding));
        }
        let mut total = 0;
        for &table in SCHEMA.tables {
            total += rows_in(store, table)?;
        }
        for &table in SCHEMA.tables {
            let mut rows = Walk::new(store, table);
            let most = portion(table).min(PORTION) as usize;
            loop {
                let mut together = Vec::with_capacity(most);
                while together.len() < most
                    && let Some(row) = rows.next()?
                {
                    together.push(row);
                }
                if together.is_empty() {
                    break;
                }
                found.rows += together.len() as u64;
                inner.look_at(&together, &mut found)?;
                tell(progress, found.rows, total)?;
            }
        }
        Ok(found)
    }
}

impl Inner {
    /// Looks at rows, and once more, as they are then, at those that something is wrong with.
    fn look_at(&self, rows: &[Row], found: &mut Integrity) -> Result<()> {
        let suspects: Vec<_> = self.faults(rows)?.into_iter().map(|(at, _)| at).collect();
        if suspects.is_empty() {
            return Ok(());
        }
        let refs: Vec<_> = rows.iter().map(|row| RowRef { table: row.table, key: row.key }).collect();
        let refs: Vec<_> = suspects.iter().filter_map(|&at| refs.get(at).copied()).collect();
        let again: Vec<_> = self.store()?.get(&refs)?.into_iter().flatten().collect();
        for (at, fault) in self.faults(&again)? {
            if let Some(row) = again.get(at) {
                found.tell(format!("{} {}: {fault}", row.table.name, row.key));
            }
        }
        Ok(())
    }

    /// What is wrong, by the row's place.
    fn faults(&self, rows: &[Row]) -> Result<Vec<(usize, String)>> {
        let mut faults = Vec::new();
        let mut leads: Vec<(usize, RowRef)> = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            match self.check_row(row) {
                Ok(refs) => leads.extend(refs.into_iter().map(|to| (place, to))),
                Err(Error::Store(StoreError::Corrupt { at })) => faults.push((place, format!("{at} cannot be read"))),
                Err(Error::Seal(error)) => faults.push((place, error.to_string())),
                Err(Error::Input(InputError::Invalid { reason, .. })) => faults.push((place, reason)),
                Err(other) => return Err(other),
            }
        }
        let refs: Vec<_> = leads.iter().map(|(_, to)| *to).collect();
        for ((place, to), row) in leads.iter().zip(self.store()?.get(&refs)?) {
            if row.is_none() {
                faults.push((*place, format!("it leads to {} {}, which is not there", to.table.name, to.key)));
            }
        }
        faults.sort_by_key(|(place, _)| *place);
        faults.dedup_by_key(|(place, _)| *place);
        Ok(faults)
    }

    /// Whether a row is well in itself, and which other rows there must be.
    fn check_row(&self, row: &Row) -> Result<Vec<RowRef>> {
        let wrong = |what: &str| Error::input("row", what);
        if *row.table != META || row.key == place::OWN {
            self.check_opens(row)?;
        }
        if let Some((counter, count)) = counted(row.table.name, row.key)
            && is_numbered(row.table)
            && count > stand(self.store()?, counter)?
        {
            return Err(wrong("its number lies beyond those that were given out, and may be given again"));
        }
        let ids = &self.ids;
        let table = row.table.name;
        let row = row.clone();
        let key = row.key;
        Ok(match table {
            "certificates" => {
                let certificate = Certificate::read(row, ids)?;
                let mut refs = vec![at::<Authority>(ids.number(certificate.authority)?)];
                refs.push(at::<Profile>(ids.number(certificate.profile)?));
                if !matches!(certificate.state, CertificateState::Denied) {
                    refs.push(at::<Document>(key));
                }
                let leads = match self.issuers()?.get(&certificate.authority) {
                    Some(issuer) => issuer.number_in(&certificate.serial).is_none_or(|number| number == key),
                    None => true,
                };
                if !leads {
                    return Err(wrong("its serial number leads to another record"));
                }
                refs
            }
            "documents" => vec![at::<Certificate>(key)],
            "revocations" => {
                let revocation = Revocation::read(row, ids)?;
                vec![at::<Authority>(ids.number(revocation.authority)?)]
            }
            "assignments" => {
                let assignment = Assignment::read(row, ids)?;
                vec![
                    at::<Certificate>(ids.number(assignment.certificate)?),
                    at::<Device>(ids.number(assignment.device)?),
                ]
            }
            "devices" => {
                let device = Device::read(row, ids)?;
                let product = device.product.map(|id| ids.number(id)).transpose()?.map(at::<Product>);
                let group = device.group.map(|id| ids.number(id)).transpose()?.map(at::<Group>);
                product.into_iter().chain(group).collect()
            }
            "products" => {
                let product = Product::read(row, ids)?;
                vec![
                    at::<Authority>(ids.number(product.authority)?),
                    at::<Profile>(ids.number(product.device_profile)?),
                ]
            }
            "psks" => vec![at::<Device>(ids.number(Psk::read(row, ids)?.device)?)],
            "keys" => SymmetricKey::read(row, ids)?
                .device
                .map(|id| ids.number(id))
                .transpose()?
                .map(at::<Device>)
                .into_iter()
                .collect(),
            "key_shares" => vec![at::<SymmetricKey>(ids.number(KeyShare::read(row, ids)?.of)?)],
            "crl_chunks" => vec![self.check_chunk(&CrlChunk::read(row, ids)?)?],
            "events" => {
                Event::read(row, ids)?;
                Vec::new()
            }
            _ => Vec::new(),
        })
    }
}

/// Whether the keys of a table's rows are numbers that a counter of the table's name gave out.
fn is_numbered(table: &Table) -> bool {
    let own = ["authorities", "profiles", "products", "groups", "devices", "certificates", "events", "psks", "keys"];
    own.contains(&table.name) || ["campaigns", "clients", "assignments"].contains(&table.name)
}
