//! A registry on a store that can be watched, and another process on the same one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tegata::model::{self, CrlPolicy, EnrollmentPolicy, ProfileSpec, SuspendMode};
use tegata::store::faults::{self, FaultyStore};
use tegata::store::{MemoryStore, Store};
use tegata::{CrlOptions, FixedClock, Options, Registry};

use super::common::{World, sealer};

pub(super) struct Race {
    pub(super) world: World,
    /// What is stored, without whoever watches.
    pub(super) behind: Arc<dyn Store>,
    store: Arc<FaultyStore<Arc<dyn Store>>>,
    pub(super) other: Arc<Registry>,
}

/// One store, twice.
pub(super) fn in_memory() -> [Arc<dyn Store>; 2] {
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    [Arc::clone(&memory), memory]
}

impl Race {
    /// On two stores with the same content.
    pub(super) fn new(stores: [Arc<dyn Store>; 2], delta_hours: Option<u32>) -> Self {
        Self::with_clock(stores, delta_hours, |clock| clock)
    }

    /// The clock of the other process is made of the one that tells this one's time.
    pub(super) fn with_clock(
        [store, same]: [Arc<dyn Store>; 2],
        delta_hours: Option<u32>,
        others: impl FnOnce(Arc<FixedClock>) -> Arc<FixedClock>,
    ) -> Self {
        let store = Arc::new(FaultyStore::new(store));
        let profile = ProfileSpec { suspend: SuspendMode::CrlHold, validity_days: 30, ..ProfileSpec::device() };
        let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), profile);
        let policy =
            CrlPolicy { shards: 0, next_update_hours: 48, delta_hours, overlap_hours: 12, ..CrlPolicy::default() };
        world.registry.authorities().set_crl_policy(world.issuing.id, &policy, &world.call).unwrap();
        let options = Options::default().with_clock(others(world.clock.clone()));
        let other = Arc::new(Registry::open(Arc::clone(&same), sealer(), options).unwrap());
        Self { world, behind: same, store, other }
    }

    /// The complete CRL or the delta, a minute later.
    pub(super) fn made(&self, delta: bool) -> model::Crl {
        self.world.clock.advance(60);
        let options = if delta { CrlOptions::default().as_delta() } else { CrlOptions::default() };
        self.world.registry.authorities().crl(self.world.issuing.id, &options, &self.world.call).unwrap()
    }

    /// The other process does `what` right before call number `at` of those to the store that count; answers with how many there
    /// were.
    pub(super) fn meanwhile(
        &self,
        at: usize,
        counts: impl Fn(&faults::Call<'_>) -> bool + Send + 'static,
        what: impl Fn(&Registry) + Send + Sync + 'static,
    ) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let (calls, other, what) = (Arc::clone(&count), Arc::clone(&self.other), Arc::new(what));
        self.store.fail_when(move |call| {
            if counts(call) && calls.fetch_add(1, Ordering::SeqCst) == at {
                let (other, what) = (Arc::clone(&other), Arc::clone(&what));
                std::thread::spawn(move || what(&other)).join().unwrap();
            }
            None
        });
        count
    }

    /// Nobody does anything any more.
    pub(super) fn alone(&self) {
        self.store.reset();
    }
}
