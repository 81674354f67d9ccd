//! A store that fails on purpose, to see what an operation leaves behind when any of its calls goes wrong.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use tegata::store::faults::{Fault, FaultyStore};
//! use tegata::store::{MemoryStore, Store};
//!
//! let store = FaultyStore::new(MemoryStore::new());
//! store.fail_at(0, Fault::Before);
//! assert!(store.commit(&[]).is_err());
//! assert!(store.commit(&[]).is_ok());
//! assert_eq!(store.calls(), ["commit", "commit"]);
//! # }
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::schema::Schema;
use super::{Counter, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller gets [`StoreError::Unavailable`] and nothing was done.
    Before,
    /// The caller gets [`StoreError::Unavailable`] though the call was done and lasts: the answer got lost.
    After,
    /// The call succeeds, late.
    Delay(Duration),
}

/// One call, as seen by [`FaultyStore::fail_when`].
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// How many calls came before it.
    pub number: usize,
    /// The method's name.
    pub method: &'static str,
    /// What a `commit` wants written; empty for other methods.
    pub writes: &'a [Write],
}

type Decide = Box<dyn FnMut(&Call<'_>) -> Option<Fault> + Send>;

#[derive(Default)]
struct Plan {
    calls: Vec<&'static str>,
    at: BTreeMap<usize, Fault>,
    when: Option<Decide>,
}

/// Passes every call on to another store, but for those that were told to fail, and remembers all of them.
pub struct FaultyStore<S> {
    store: S,
    plan: Mutex<Plan>,
}

impl<S: Store> FaultyStore<S> {
    /// A store that fails never, so far.
    pub fn new(store: S) -> Self {
        Self { store, plan: Mutex::default() }
    }

    /// The store behind, whose calls neither fail nor count.
    pub const fn inner(&self) -> &S {
        &self.store
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets call number `call` (counted from 0, since the last [`reset`](Self::reset)) fail.
    pub fn fail_at(&self, call: usize, fault: Fault) {
        self.plan().at.insert(call, fault);
    }

    /// Lets every call fail for which `decide` names a fault. It must not use this store.
    pub fn fail_when(&self, decide: impl FnMut(&Call<'_>) -> Option<Fault> + Send + 'static) {
        self.plan().when = Some(Box::new(decide));
    }

    /// The methods called since the last [`reset`](Self::reset), in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.plan().calls.clone()
    }

    /// Forgets all calls and faults.
    pub fn reset(&self) {
        *self.plan() = Plan::default();
    }

    fn call<T>(
        &self,
        method: &'static str,
        writes: &[Write],
        work: impl FnOnce(&S) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut plan = self.plan();
            let number = plan.calls.len();
            plan.calls.push(method);
            let call = Call { number, method, writes };
            let decided = plan.when.as_mut().and_then(|decide| decide(&call));
            plan.at.get(&number).copied().or(decided)
        };
        let failed = |when: &str| StoreError::Unavailable { reason: format!("an injected fault {when} {method}") };
        match fault {
            None => work(&self.store),
            Some(Fault::Before) => Err(failed("before")),
            Some(Fault::After) => work(&self.store).and_then(|_| Err(failed("after"))),
            Some(Fault::Delay(time)) => {
                std::thread::sleep(time);
                work(&self.store)
            }
        }
    }
}

impl<S: std::fmt::Debug> std::fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultyStore").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        self.call("migrate", &[], |store| store.migrate(schema))
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.call("reserve", &[], |store| store.reserve(counter, count))
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        self.call("get", &[], |store| store.get(rows))
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        self.call("find", &[], |store| store.find(query))
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.call("count", &[], |store| store.count(tally))
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.call("commit", writes, |store| store.commit(writes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::{MemoryStore, conformance};

    const COUNTER: Counter = Counter { name: "test", of: 0 };

    fn store() -> FaultyStore<MemoryStore> {
        FaultyStore::new(MemoryStore::new())
    }

    #[test]
    fn without_faults_it_is_the_store_behind() {
        conformance::suite(&|| Box::new(store()) as Box<dyn Store>).unwrap();
    }

    #[test]
    fn a_fault_before_does_nothing_and_one_after_does_it_all_the_same() {
        let store = store();
        store.fail_at(0, Fault::Before);
        store.fail_at(2, Fault::After);
        let add = [Write::Add { counter: COUNTER, by: 1, at_most: 10 }];
        assert_eq!(store.commit(&add).unwrap_err().code(), "store.unavailable");
        assert_eq!(store.reserve(COUNTER, 0).unwrap(), 1..1);
        assert_eq!(store.commit(&add).unwrap_err().code(), "store.unavailable");
        assert_eq!(store.reserve(COUNTER, 0).unwrap(), 2..2);
        assert_eq!(store.calls(), ["commit", "reserve", "commit", "reserve"]);
        store.reset();
        assert_eq!(store.calls(), [""; 0]);
    }

    #[test]
    fn a_conflict_stays_a_conflict_when_the_answer_would_get_lost() {
        let store = store();
        store.fail_at(0, Fault::After);
        let add = [Write::Add { counter: COUNTER, by: -1, at_most: 10 }];
        assert_eq!(store.commit(&add), Err(StoreError::Conflict { write: 0 }));
    }

    #[test]
    fn faults_can_depend_on_what_is_written() {
        let store = store();
        store.fail_when(|call| call.writes.iter().any(|w| matches!(w, Write::Add { .. })).then_some(Fault::Before));
        assert!(store.commit(&[]).is_ok());
        assert!(store.commit(&[Write::Add { counter: COUNTER, by: 1, at_most: 10 }]).is_err());
    }
}
