//! Lists come in pages; iterators fetch one after the other.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use crate::convert::Show;
use crate::error::raise;
use crate::host::take_raised;
use crate::macros::{listing, options};
use crate::records::{
    Assignment, Authority, Campaign, CertificateRecord, Checkpoint, Client, Device, Event, Group, Presigned, Product,
    Profile, Psk, SymmetricKey,
};
use crate::sums::DueItem;

options! {
    /// Which part of a list: how many items, and where to begin.
    Page(tegata::Page): () = tegata::Page::default(); {
        /// How many items at most.
        def limit: Option<u32> = None => u32;
        /// The `next` of the page before.
        opt after: Option<String> = None => Option<String>;
        /// Whether to count all items, as it does unless told otherwise.
        def total: Option<bool> = None => bool;
    }
}

/// The page that was asked for, or the first one.
pub(crate) fn or_first(page: Option<&Page>) -> tegata::Page {
    page.map(|page| page.0.clone()).unwrap_or_default()
}

/// The item at `index`, counted from the end if negative.
pub(crate) fn at<T>(items: &[T], index: isize) -> PyResult<&T> {
    let from_end = |index: isize| items.len().checked_add_signed(index);
    let index = if index < 0 { from_end(index) } else { usize::try_from(index).ok() };
    index.and_then(|index| items.get(index)).ok_or_else(|| PyIndexError::new_err("there is no such item"))
}

/// Fetches one page.
type Fetch<T> = Box<dyn Fn(&tegata::Page) -> tegata::Result<tegata::Listing<T>> + Send + Sync>;

/// Goes through all pages.
pub(crate) struct Pages<T> {
    fetch: Fetch<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Fetched, not yet given out.
    ready: VecDeque<T>,
    /// The page to fetch next; none after the last.
    next: Option<tegata::Page>,
}

impl<T: Send> Pages<T> {
    pub(crate) fn new(size: u32, fetch: Fetch<T>) -> Self {
        let first = tegata::Page { limit: size, ..tegata::Page::default() };
        Self { fetch, state: Mutex::new(State { ready: VecDeque::new(), next: Some(first) }) }
    }

    /// The next item, from the next page if need be.
    pub(crate) fn next(&self, py: Python<'_>) -> PyResult<Option<T>> {
        // Waiting for another thread's page happens without the interpreter, like the fetching itself.
        drop(take_raised());
        let next = crate::ending::detached(py, || {
            // Perhaps of the very page that a thread, which holds the lock, waits for.
            if tegata::callback::is_inside() {
                return Err(tegata::error::InputError::CalledBack.into());
            }
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if let Some(item) = state.ready.pop_front() {
                    return Ok(Some(item));
                }
                let Some(page) = state.next.clone() else { return Ok(None) };
                let listing = (self.fetch)(&page)?;
                state.next = listing.next.map(|after| tegata::Page { after: Some(after), ..page });
                state.ready = listing.items.into();
            }
        });
        next.map_err(|error| raise(py, &error))
    }
}

listing!(AssignmentListing, AssignmentPages, Assignment(tegata::model::Assignment));
listing!(AuthorityListing, AuthorityPages, Authority(tegata::model::Authority));
listing!(CampaignListing, CampaignPages, Campaign(tegata::model::Campaign));
listing!(CertificateListing, CertificatePages, CertificateRecord(tegata::model::Certificate));
listing!(CheckpointListing, CheckpointPages, Checkpoint(tegata::model::Checkpoint));
listing!(ClientListing, ClientPages, Client(tegata::model::Client));
listing!(DeviceListing, DevicePages, Device(tegata::model::Device));
listing!(DueListing, DuePages, DueItem(tegata::DueItem));
listing!(EventListing, EventPages, Event(tegata::model::Event));
listing!(GroupListing, GroupPages, Group(tegata::model::Group));
listing!(PresignedListing, PresignedPages, Presigned(tegata::Presigned));
listing!(ProductListing, ProductPages, Product(tegata::model::Product));
listing!(ProfileListing, ProfilePages, Profile(tegata::model::Profile));
listing!(PskListing, PskPages, Psk(tegata::model::Psk));
listing!(SymmetricKeyListing, SymmetricKeyPages, SymmetricKey(tegata::model::SymmetricKey));
