//! What the host brought, called so that it cannot call back.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::Inner;
use crate::Result;
use crate::callback::{refuse_inside, run, told};
use crate::env::{Timestamp, draw};
use crate::error::StoreError;
use crate::secret::{Sealed, Secret};
use crate::store::schema::Schema;
use crate::store::{Counter, Maintenance, Page, Query, Row, RowRef, Sealer, Store, Tally, Value, Write};

/// A store or a sealer, each call of which is marked as a callback. That costs a thread-local count, no more.
pub(super) struct Host<T>(pub(super) T);

impl<S: Store> Store for Host<S> {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        run(|| self.0.migrate(schema))
    }
    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        run(|| self.0.reserve(counter, count))
    }
    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        run(|| self.0.get(rows))
    }
    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        run(|| self.0.find(query))
    }
    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        run(|| self.0.count(tally))
    }
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        run(|| self.0.commit(writes))
    }
    fn maintenance(&self) -> Option<&dyn Maintenance> {
        self.0.maintenance()?;
        Some(self)
    }
}

impl<S: Store> Maintenance for Host<S> {
    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        run(|| self.upkeep()?.backup(to))
    }
    fn check(&self) -> Result<Vec<String>, StoreError> {
        run(|| self.upkeep()?.check())
    }
    fn shrink(&self, bytes: u64) -> Result<u64, StoreError> {
        run(|| self.upkeep()?.shrink(bytes))
    }
}

impl<S: Store> Host<S> {
    fn upkeep(&self) -> Result<&dyn Maintenance, StoreError> {
        let missing = || StoreError::Backend { reason: "the store offers no maintenance any more".to_owned() };
        self.0.maintenance().ok_or_else(missing)
    }
}

impl Sealer for Host<Arc<dyn Sealer>> {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed> {
        refuse_inside()?;
        run(|| self.0.seal(associated, plaintext)).map_err(told)
    }
    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>> {
        refuse_inside()?;
        run(|| self.0.open(associated, sealed)).map_err(told)
    }
    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> Result<bool> {
        refuse_inside()?;
        run(|| self.0.is_current(associated, sealed)).map_err(told)
    }
}

impl Inner {
    /// The current moment.
    pub(super) fn now(&self) -> Result<Timestamp> {
        refuse_inside()?;
        run(|| self.clock.try_now()).map_err(told)
    }

    /// `N` random bytes.
    pub(super) fn draw<const N: usize>(&self) -> Result<[u8; N]> {
        // Callbacks are refused here too: some operations draw before they look at anything else.
        refuse_inside()?;
        draw(&*self.random)
    }
}
