//! From one store into another, row by row, until both hold the same.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::leap::version_counter;
use super::place;
use super::walk::Walk;
use crate::Result;
use crate::callback;
use crate::error::{SealError, StoreError};
use crate::model::{Gap, Meta};
use crate::registry::call::{Call, Progress, tell};
use crate::registry::driver::{Operation, Plan};
use crate::registry::host::Host;
use crate::registry::numbers::stand;
use crate::registry::page::{Wanted, rows_in};
use crate::registry::{Inner, Registry};
use crate::secret::Secret;
use crate::store::record::{Stored, at, put, read};
use crate::store::schema::Table;
use crate::store::seal::associated;
use crate::store::tables::{AUTHORITIES, GROUPS, META, PRODUCTS, SCHEMA};
use crate::store::{Counter, Expect, RowRef, Store, Write};

/// How often both sides are compared before the source is said to change too fast.
const PASSES: u32 = 8;
/// How many writes share a commit.
const PORTION: usize = 1_000;

/// What [`Registry::copy_to`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// How many rows the copy holds, each compared with its original.
    pub rows: u64,
    /// How many of them were written, in all passes together.
    pub written: u64,
    /// How many rows were removed that the source had no more.
    pub deleted: u64,
    /// How often both sides were compared from one end to the other.
    pub passes: u32,
}

impl Registry {
    /// Copies the whole registry into `target`: from SQLite to PostgreSQL, back, or into anything else that is a
    /// [`Store`]. The sealing key stays the same, and so do all identifiers, serial numbers and secrets.
    ///
    /// `target` must be empty, or hold a copy of this registry that was not opened since. What it holds already is compared
    /// and not written again, so a copy that was stopped (by `Break` from `progress`, an error, a crash) goes on where it
    /// was when it is called again. The registry may be used meanwhile: both sides are compared, row by row, again and again
    /// until nothing differs. The last comparison is the proof that the copy is complete. To move, therefore: copy; stop whoever
    /// writes; copy again, which is quick; open the registry in its new store. A store whose copy was not finished cannot be
    /// opened as a registry.
    ///
    /// `progress` is called with the rows compared in this pass and the rows there are.
    ///
    /// # Errors
    /// `store.other_registry` when `target` holds anything else, or was opened since; `store.keeps_changing`;
    /// `input.cancelled` after `Break`; errors of both stores.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tegata::store::{MemoryStore, SoftwareSealer};
    /// # use tegata::{Call, Options, Registry};
    /// # let sealer = Arc::new(SoftwareSealer::generate()?);
    /// # let registry = Registry::open(MemoryStore::new(), sealer.clone(), Options::default())?;
    /// let target = tegata::open_store("memory:")?;
    /// let copied = registry.copy_to(&target, None, &Call::by("admin"))?;
    /// println!("{} rows are the same in both", copied.rows);
    /// registry.close();
    /// let registry = Registry::open(target, sealer, Options::default())?;
    /// # Ok::<(), tegata::Error>(())
    /// ```
    pub fn copy_to(&self, target: &dyn Store, progress: Option<Progress<'_>>, call: &Call) -> Result<Copied> {
        let inner = &*self.inner;
        callback::refuse_inside()?;
        call.check()?;
        // As the registry's own store is: each call of it is marked as a callback.
        let told = Host(target);
        told.migrate(&SCHEMA)?;
        inner.admit(&told)?;
        let operation = Operation { action: "registry.copy", content: &[] };
        inner.change(
            &Call { request_id: None, ..call.clone() },
            operation,
            |view| Ok(Plan::done(0, vec![view.event_about("registry.copy", None, None, None)?], ())),
            |_| Ok(()),
        )?;
        Copy { inner, target: &told, progress, copied: Copied::default() }.run()
    }
}

impl Inner {
    /// Whether `target` may be written to; if so, it says from now on that it is a copy.
    fn admit(&self, target: &dyn Store) -> Result<()> {
        let own =
            self.meta(self.store()?, place::OWN)?.ok_or_else(|| crate::Error::defect("a registry without a record"))?;
        let (theirs, mark) = (self.meta(target, place::OWN)?, self.meta(target, place::COPY)?);
        match (theirs, mark) {
            (None, None) => {
                for table in SCHEMA.tables {
                    if rows_in(target, table)? > 0 {
                        return Err(StoreError::OtherRegistry.into());
                    }
                }
                let mark = Meta { key: place::COPY, ..own.record };
                Ok(target.commit(&[put(&mark, Expect::Absent, &self.ids)?])?)
            }
            // The mark is gone as soon as somebody opens the copy. Whose copy it is, the registry's own secret tells.
            (_, Some(mark)) if self.own_secret_in(&mark.record)? == self.own_secret_in(&own.record)? => Ok(()),
            _ => Err(StoreError::OtherRegistry.into()),
        }
    }

    pub(super) fn meta(&self, store: &dyn Store, key: u64) -> Result<Option<Stored<Meta>>> {
        Ok(read(store.get(&[at::<Meta>(key)])?.pop().flatten(), &self.ids)?)
    }

    /// `None` for what another key sealed.
    fn own_secret_in(&self, meta: &Meta) -> Result<Option<Vec<u8>>> {
        let place = associated(META.name, place::OWN, "secret");
        match self.sealer().open(&place, &meta.secret) {
            Ok(secret) => Ok(Some(Secret::expose(&secret).clone())),
            Err(crate::Error::Seal(SealError::Damaged { .. } | SealError::WrongKey)) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// A copy under way.
struct Copy<'c> {
    inner: &'c Inner,
    target: &'c dyn Store,
    progress: Option<Progress<'c>>,
    copied: Copied,
}

/// One comparison of both sides.
#[derive(Default)]
struct Pass {
    compared: u64,
    total: u64,
    differences: u64,
    writes: Vec<Write>,
}

impl Copy<'_> {
    fn run(mut self) -> Result<Copied> {
        for _ in 0..PASSES {
            let mut pass = Pass::default();
            for table in copied_tables() {
                pass.total += rows_in(self.inner.store()?, table)?;
            }
            // Before the rows, so that no row is there whose number may be given again.
            self.counters(&mut pass)?;
            for table in copied_tables() {
                self.table(table, &mut pass)?;
            }
            self.copied.passes += 1;
            self.copied.rows = pass.compared;
            if pass.differences == 0 {
                return self.finish();
            }
        }
        Err(StoreError::KeepsChanging.into())
    }

    /// The registry's own record comes last: with it, the copy is one.
    fn finish(self) -> Result<Copied> {
        let own = self.inner.meta(self.inner.store()?, place::OWN)?;
        let own = own.ok_or_else(|| crate::Error::defect("a registry without a record"))?.record;
        self.target.commit(&[put(&own, Expect::Any, &self.inner.ids)?])?;
        Ok(self.copied)
    }

    fn table(&mut self, table: &'static Table, pass: &mut Pass) -> Result<()> {
        let mut from = Walk::new(self.inner.store()?, table);
        let mut to = Walk::new(self.target, table);
        loop {
            let order = match (from.peek()?, to.peek()?) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(from), Some(to)) => from.cmp(&to),
            };
            let there = if order == Ordering::Less { None } else { to.next()? };
            let here = if order == Ordering::Greater { None } else { from.next()? };
            match (here, there) {
                (Some(here), Some(there)) if here.values == there.values => pass.compared += 1,
                (Some(here), _) => {
                    pass.compared += 1;
                    pass.writes.push(Write::Put(here, Expect::Any));
                }
                (None, Some(there)) => {
                    pass.writes.push(Write::Delete(RowRef { table, key: there.key }, Expect::Any));
                }
                (None, None) => {}
            }
            if pass.writes.len() >= PORTION {
                self.write(pass)?;
            }
            if pass.compared.is_multiple_of(PORTION as u64) {
                self.tell(pass)?;
            }
        }
        self.write(pass)?;
        self.tell(pass)
    }

    fn tell(&self, pass: &Pass) -> Result<()> {
        tell(self.progress, pass.compared, pass.total)
    }

    fn write(&mut self, pass: &mut Pass) -> Result<()> {
        let mut writes = std::mem::take(&mut pass.writes);
        pass.differences += writes.len() as u64;
        while !writes.is_empty() {
            match self.target.commit(&writes) {
                Ok(()) => {
                    for write in &writes {
                        match write {
                            Write::Delete(..) => self.copied.deleted += 1,
                            _ => self.copied.written += 1,
                        }
                    }
                    return Ok(());
                }
                Err(StoreError::Conflict { write }) if write < writes.len() => {
                    // A row further on still has the value that is unique here. It is written in this pass, and this row in
                    // the next. Should both have changed places, they would wait for each other: so this one makes room.
                    if let Write::Put(row, _) = writes.remove(write) {
                        self.target.commit(&[Write::Delete(RowRef { table: row.table, key: row.key }, Expect::Any)])?;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Numbers are never given twice, by none of both; and what else is counted is the same.
    fn counters(&self, pass: &mut Pass) -> Result<()> {
        let source = self.inner.store()?;
        for table in SCHEMA.tables {
            let counter = Counter { name: table.name, of: 0 };
            let (here, there) = (stand(source, counter)?, stand(self.target, counter)?);
            if here > there {
                self.set(counter, here, there)?;
            }
        }
        let kept = [(&AUTHORITIES, "crl"), (&GROUPS, "members"), (&PRODUCTS, "quota")];
        for (table, name) in kept {
            let mut rows = Walk::new(source, table);
            while let Some(row) = rows.next()? {
                self.align(Counter { name, of: row.key }, pass)?;
            }
        }
        // Few of the keys had versions seen that are lost; those that had are named where numbers were left out.
        let mut seen = BTreeSet::new();
        self.inner.scan::<Gap>(&Wanted::default(), |gap| {
            seen.extend(version_counter(&gap.counter).map(|name| (name, gap.first)));
            Ok(())
        })?;
        for (name, of) in seen {
            self.align(Counter { name, of }, pass)?;
        }
        Ok(())
    }

    /// Both sides count the same from now on.
    fn align(&self, counter: Counter, pass: &mut Pass) -> Result<()> {
        let (here, there) = (stand(self.inner.store()?, counter)?, stand(self.target, counter)?);
        if here != there {
            pass.differences += 1;
            self.set(counter, here, there)?;
        }
        Ok(())
    }

    fn set(&self, counter: Counter, to: u64, from: u64) -> Result<()> {
        let by = to.cast_signed().saturating_sub(from.cast_signed());
        Ok(self.target.commit(&[Write::Add { counter, by, at_most: u64::MAX }])?)
    }
}

/// All but the registry's own.
fn copied_tables() -> impl Iterator<Item = &'static Table> {
    SCHEMA.tables.iter().copied().filter(|table| **table != META)
}
