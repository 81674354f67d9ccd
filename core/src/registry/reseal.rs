//! Sealing anew whatever the current key did not seal.

use std::ops::ControlFlow;

use super::call::{Atomicity, Bulk, Call};
use super::page::rows_in;
use super::{Inner, Registry};
use crate::Result;
use crate::callback;
use crate::env::Timestamp;
use crate::error::{InputError, SealError, StoreError};
use crate::secret::Sealed;
use crate::store::record::corrupt;
use crate::store::schema::{Schema, Table};
use crate::store::seal::associated;
use crate::store::tables::{META, SCHEMA};
use crate::store::{Expect, Query, Row, RowRef, Value, Write};

/// How many records are read at once, and how many share a commit when each stands on its own.
const PORTION: u32 = 512;
/// How often the records of a portion are read again together before each is changed alone.
const TOGETHER: u32 = 4;
/// How often a commit that cannot be divided starts again after a conflict.
const ATTEMPTS: u32 = 24;

/// What [`Registry::reseal`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resealed {
    /// How many records were looked at: all that have room for something sealed.
    pub checked: u64,
    /// How many of them held something that was not sealed with the current key. Now it is.
    pub resealed: u64,
}

impl Registry {
    /// Seals anew, with the current key, whatever another key sealed. After that the other key is not needed any more.
    ///
    /// To replace a sealing key, whose old and new sealer are `old` and `new`:
    ///
    /// 1. Open the registry with [`SealingKeys::new(new, vec![old])`](crate::store::SealingKeys), in every process that uses
    ///    the store, and only then go on. From now on everything is sealed with `new`; what `old` sealed can still be
    ///    opened. Where processes are restarted one after another, open it first everywhere with
    ///    `SealingKeys::new(old, vec![new])`, so that those that come later can open what the earlier ones seal.
    /// 2. Call `reseal` in one of them. It runs beside all other operations, in every process. If it is stopped, by `Break`
    ///    from the progress callback, by an error or by a crash, what was sealed anew stays so, and the next call does the rest.
    /// 3. Open the registry with `new` alone. This succeeds only once `reseal` came to its end, since it seals the
    ///    registry's own secret last.
    ///
    /// Keep `old` as long as there are backups that it sealed. If `old` is replaced because others may know it, consider
    /// what they may have read with it: authorities' keys are better rebuilt
    /// ([`Authorities::rebuild`](crate::Authorities::rebuild)) than sealed anew.
    ///
    /// A sealer whose keys change inside a vault says by [`Sealer::is_current`](crate::store::Sealer::is_current) what it
    /// wants sealed anew, and needs steps 1 and 3 not at all.
    ///
    /// All values are opened before the first is changed. A new value replaces the old one only after it was opened
    /// too. The progress callback is told of each record twice, therefore: once it was opened, and once it was dealt with.
    /// With [`Atomicity::All`], all changes are one commit. Otherwise they are committed in portions, each with its event
    /// `registry.reseal`. A request ID changes nothing here: a repetition finds nothing left to do.
    ///
    /// # Errors
    /// `seal.wrong_key` and `seal.damaged` when something does not open: nothing was changed, unless it was written
    /// meanwhile. `input.cancelled` after `Break`; `store.busy` when a record changes too fast; errors of the sealer and
    /// of the store.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tegata::{Bulk, Call, NewAuthority, Options, Registry, Secret};
    /// # use tegata::store::{MemoryStore, SealingKeys, SoftwareSealer};
    /// # let old = Arc::new(SoftwareSealer::from_key(Secret::new([1; 32]))?);
    /// # let store = Arc::new(MemoryStore::new());
    /// # let registry = Registry::open(store.clone(), old.clone(), Options::default())?;
    /// # registry.authorities().create_root(&NewAuthority::new("root", "CN=Root".parse()?), &Call::default())?;
    /// let new = Arc::new(SoftwareSealer::generate()?);
    /// let keys = SealingKeys::new(new.clone(), vec![old]);
    /// let registry = Registry::open(store.clone(), Arc::new(keys), Options::default())?;
    /// assert_eq!(registry.reseal(&Bulk::each(), &Call::by("admin"))?.resealed, 2);
    /// let registry = Registry::open(store, new, Options::default())?;
    /// # assert_eq!(registry.reseal(&Bulk::each(), &Call::by("admin"))?.resealed, 0);
    /// # Ok::<(), tegata::Error>(())
    /// ```
    pub fn reseal(&self, bulk: &Bulk<'_>, call: &Call) -> Result<Resealed> {
        self.inner.reseal(&SCHEMA, bulk, call)
    }
}

/// The tables with sealed columns. The registry's own secret comes last: it is what tells at opening whether the sealer is
/// the right one, so a registry that is not through opens with the ring (or the old key), and not yet with the new one.
fn holding(schema: &Schema) -> Vec<&'static Table> {
    let mut tables: Vec<_> = schema.tables.iter().copied().filter(|table| table.sealed().next().is_some()).collect();
    tables.sort_by_key(|table| **table == META);
    tables
}

/// How far a run has come, for the host.
struct Stand<'b> {
    bulk: &'b Bulk<'b>,
    done: usize,
    total: usize,
    stopped: bool,
}

impl Stand<'_> {
    /// The host is told after a portion, and obeyed before the next one.
    fn check(&self) -> Result<()> {
        if self.stopped { Err(InputError::Cancelled.into()) } else { Ok(()) }
    }

    fn tell(&mut self, records: usize) {
        self.done += records;
        // Records that came meanwhile are looked at as well.
        self.total = self.total.max(self.done);
        if let Some(progress) = self.bulk.progress {
            self.stopped = callback::run(|| progress(self.done, self.total)) == ControlFlow::Break(());
        }
    }
}

/// Who asked, and when: what each event says.
struct Run<'c> {
    call: &'c Call,
    now: Timestamp,
}

impl Inner {
    fn reseal(&self, schema: &Schema, bulk: &Bulk<'_>, call: &Call) -> Result<Resealed> {
        callback::refuse_inside()?;
        call.check()?;
        let tables = holding(schema);
        let run = Run { call, now: self.now()? };
        let mut records = 0;
        for &table in &tables {
            records += rows_in(self.store()?, table)?;
        }
        let total = usize::try_from(records.saturating_mul(2)).unwrap_or(usize::MAX);
        let mut progress = Stand { bulk, done: 0, total, stopped: false };
        self.portions(&tables, &mut progress, |rows| rows.iter().try_for_each(|row| self.check_opens(row)))?;
        let mut resealed = Resealed::default();
        let mut kept = Vec::new();
        self.portions(&tables, &mut progress, |rows| {
            resealed.checked += rows.len() as u64;
            for row in rows {
                kept.extend(self.sealed_anew(row)?);
            }
            if bulk.atomicity == Atomicity::Each {
                resealed.resealed += self.replace(std::mem::take(&mut kept), &run, TOGETHER)?;
            }
            Ok(())
        })?;
        if !kept.is_empty() {
            progress.check()?;
            resealed.resealed += self.replace(kept, &run, ATTEMPTS)?;
        }
        Ok(resealed)
    }

    /// Hands all rows of `tables` to `work`, a portion at a time.
    fn portions(
        &self,
        tables: &[&'static Table],
        progress: &mut Stand<'_>,
        mut work: impl FnMut(Vec<Row>) -> Result<()>,
    ) -> Result<()> {
        for &table in tables {
            let mut after = None;
            loop {
                let page = self.store()?.find(&Query {
                    table,
                    filters: Vec::new(),
                    order: None,
                    descending: false,
                    after,
                    limit: PORTION,
                    total: false,
                })?;
                if !page.rows.is_empty() {
                    progress.check()?;
                    let records = page.rows.len();
                    work(page.rows)?;
                    progress.tell(records);
                }
                match page.next {
                    Some(cursor) => after = Some(cursor),
                    None => break,
                }
            }
        }
        Ok(())
    }

    pub(super) fn check_opens(&self, row: &Row) -> Result<()> {
        sealed_values(row).try_for_each(|value| {
            let (_, place, sealed) = value?;
            self.sealer().open(&place, &sealed).map(drop)
        })
    }

    /// The row with what is not sealed with the current key sealed with it; `None` when there is nothing to do.
    fn sealed_anew(&self, mut row: Row) -> Result<Option<Row>> {
        let mut changes = Vec::new();
        for value in sealed_values(&row) {
            let (position, place, sealed) = value?;
            if self.sealer().is_current(&place, &sealed)? {
                continue;
            }
            let opened = self.sealer().open(&place, &sealed)?;
            let anew = self.sealer().seal(&place, opened.expose())?;
            // The old value is gone after this: better a look too many than a registry that nobody can open.
            if self.sealer().open(&place, &anew)?.expose() != opened.expose() {
                let reason = "what it sealed opens as something else".to_owned();
                return Err(SealError::Failed { reason }.into());
            }
            changes.push((position, anew));
        }
        let is_changed = !changes.is_empty();
        for (position, anew) in changes {
            if let Some(value) = row.values.get_mut(position) {
                *value = Value::Bytes(anew.as_bytes().to_vec());
            }
        }
        Ok(is_changed.then_some(row))
    }

    /// Puts the rows in place of the versions that were read, in one commit, and says how many there were in the end: what
    /// somebody else changed meanwhile is read and sealed again. After `attempts` conflicts, each goes on its own.
    fn replace(&self, mut rows: Vec<Row>, run: &Run<'_>, attempts: u32) -> Result<u64> {
        for _ in 0..attempts {
            if rows.is_empty() {
                return Ok(0);
            }
            let mut writes: Vec<_> =
                rows.iter().map(|row| Write::Put(row.clone(), Expect::Version(row.version))).collect();
            writes.push(self.event_of_tables(
                "registry.reseal",
                rows.iter().map(|row| row.table),
                run.call,
                run.now,
            )?);
            match self.commit(&mut writes) {
                Ok(()) => return Ok(rows.len() as u64),
                Err(StoreError::Conflict { .. }) => {
                    let refs: Vec<_> = rows.iter().map(|row| RowRef { table: row.table, key: row.key }).collect();
                    let found = self.store()?.get(&refs)?.into_iter().flatten();
                    rows = found.filter_map(|row| self.sealed_anew(row).transpose()).collect::<Result<_>>()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if attempts == ATTEMPTS {
            return Err(StoreError::Busy.into());
        }
        rows.into_iter().map(|row| self.replace(vec![row], run, ATTEMPTS)).sum()
    }
}

/// The sealed values of a row: where each stands, for which place it was sealed, and what it is.
fn sealed_values(row: &Row) -> impl Iterator<Item = Result<(usize, Vec<u8>, Sealed)>> {
    row.table.sealed().filter_map(|(position, column)| match row.values.get(position) {
        Some(Value::Null) => None,
        Some(Value::Bytes(bytes)) => {
            let place = associated(row.table.name, row.key, column.name);
            Some(Ok((position, place, Sealed::from_bytes(bytes.clone()))))
        }
        _ => Some(Err(corrupt(row.table, row.key, column.name).into())),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secret::Secret;
    use crate::store::record::Cell;
    use crate::store::schema::{Column, Index};
    use crate::store::{MemoryStore, Sealer, SealingKeys, SoftwareSealer, Store};
    use crate::{Options, Registry};

    const fn column<C: Cell>(name: &'static str) -> Column {
        Column { name, kind: C::KIND, index: Index::None, sealed: C::SEALED }
    }

    /// A table that nobody told the resealing about.
    static TOKENS: Table = Table {
        name: "tokens",
        columns: &[column::<Vec<u8>>("open"), column::<Sealed>("first"), column::<Option<Sealed>>("second")],
    };

    #[test]
    fn a_table_with_a_sealed_column_is_covered_by_its_declaration() {
        let software = |octet| Arc::new(SoftwareSealer::from_key(Secret::new([octet; 32])).unwrap());
        let (old, new) = (software(1), software(2));
        let store = Arc::new(MemoryStore::new());
        let keys = Arc::new(SealingKeys::new(new.clone(), vec![old.clone()]));
        let registry = Registry::open(store.clone(), keys, Options::default()).unwrap();
        let tables: &[&Table] = SCHEMA.tables;
        let schema = Schema { version: 99, tables: [tables, &[&TOKENS]].concat().leak() };
        store.migrate(&schema).unwrap();
        let seal = |key, column| {
            let sealed = old.seal(&associated("tokens", key, column), b"secret").unwrap();
            Value::Bytes(sealed.as_bytes().to_vec())
        };
        // Keys that are digests may have the highest bit set.
        for (key, second) in [(1, Value::Null), (2, seal(2, "second")), (u64::MAX, Value::Null)] {
            let values = vec![Value::Bytes(vec![1]), seal(key, "first"), second];
            store.commit(&[Write::Put(Row { table: &TOKENS, key, version: 0, values }, Expect::Absent)]).unwrap();
        }
        let done = registry.inner.reseal(&schema, &Bulk::each(), &Call::default()).unwrap();
        // The registry's own secret is under the new key: it was made with the ring.
        assert_eq!((done.checked, done.resealed), (4, 3));
        for key in [1, 2, u64::MAX] {
            let row = store.get(&[RowRef { table: &TOKENS, key }]).unwrap().pop().flatten().unwrap();
            assert_eq!((row.version, &row.values[0]), (2, &Value::Bytes(vec![1])));
            let values: Vec<_> = sealed_values(&row).map(Result::unwrap).collect();
            assert_eq!(values.len(), if key == 2 { 2 } else { 1 });
            for (_, place, sealed) in values {
                assert_eq!(new.open(&place, &sealed).unwrap().expose(), b"secret");
            }
        }
    }

    #[test]
    fn the_registrys_own_secret_comes_last() {
        let names: Vec<_> = holding(&SCHEMA).iter().map(|table| table.name).collect();
        assert_eq!(names.last(), Some(&"meta"));
        assert!(names.contains(&"authorities") && names.contains(&"deliveries") && !names.contains(&"devices"));
    }
}
