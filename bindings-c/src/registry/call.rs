//! What accompanies calls: who calls, which page, how a bulk call runs.

use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;

use tegata::{Atomicity, Bulk, Call, Page, Result, Text};

use crate::boundary::optional;
use crate::callback::marked;
use crate::input::{ToCore, given_or_default, growing, maybe_sized};
use crate::number::{Number, same_variants};
use crate::text::{maybe_string, text};

/// Who asks for a change, and whether it may be a repetition. NULL stands for nobody and no request ID.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_call {
    /// `sizeof(tegata_call)`.
    pub size: usize,
    /// Who acts, as the host knows them; it stands in the event. At most 255 bytes, no control characters. May be NULL.
    pub actor: *const c_char,
    /// Repeating a call with the same request ID and content changes nothing and returns the first result. A call that
    /// was
    /// refused changed nothing either and may be repeated with the same ID. Each actor has request IDs of its own. At
    /// most 255 bytes. May be NULL.
    pub request_id: *const c_char,
}
growing!(tegata_call);

impl ToCore for tegata_call {
    type Core = Call;

    fn to_core(&self) -> Result<Call> {
        let actor = maybe_string(self.actor, "actor")?.unwrap_or_default();
        Ok(Call { actor, request_id: maybe_string(self.request_id, "request_id")? })
    }
}

/// The call that C passes, or nobody's.
pub(super) fn call_of(call: *const tegata_call) -> Result<Call> {
    given_or_default(call, "call")
}

/// Which page of a list is wanted. NULL stands for the first 100, with the total.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_page {
    /// `sizeof(tegata_page)`.
    pub size: usize,
    /// How many records at most, clamped to 1 to 10,000; NULL for 100.
    pub limit: *const u32,
    /// Where the page before ended: `next` of the list. NULL for the first.
    pub after: *const c_char,
    /// Whether to count all matches too; NULL for true.
    pub total: *const bool,
}
growing!(tegata_page);

impl ToCore for tegata_page {
    type Core = Page;

    fn to_core(&self) -> Result<Page> {
        let mut page = Page::default();
        page.limit = optional(self.limit).copied().unwrap_or(page.limit);
        page.after = maybe_string(self.after, "after")?;
        page.total = optional(self.total).copied().unwrap_or(page.total);
        Ok(page)
    }
}

/// What happens to the rest when one item of a bulk call is refused.
#[repr(C)]
pub enum tegata_atomicity {
    /// Nothing is done unless everything can be.
    All = 1,
    /// Each item is done or refused on its own. The default.
    Each = 2,
}
same_variants!(tegata_atomicity = Atomicity { All, Each });

/// How a bulk call runs. NULL stands for each item on its own, without progress.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_bulk {
    /// `sizeof(tegata_bulk)`.
    pub size: usize,
    /// What happens to the rest when one item is refused; 0 for each on its own.
    pub atomicity: Number<tegata_atomicity>,
    /// Given to `progress`.
    pub userdata: *mut c_void,
    /// Called now and then, on the thread of the call, with how many items are done and how many there are; false stops
    /// before the next portion. May be NULL.
    pub progress: Option<unsafe extern "C" fn(userdata: *mut c_void, done: usize, total: usize) -> bool>,
}
growing!(tegata_bulk);

/// Runs `body` with the bulk options that C passes.
pub(super) fn with_bulk<R>(bulk: *const tegata_bulk, body: impl FnOnce(&Bulk<'_>) -> Result<R>) -> Result<R> {
    let Some(bulk) = maybe_sized(bulk, "bulk")? else { return body(&Bulk::default()) };
    let atomicity = bulk.atomicity.or_default("atomicity")?;
    let Some(progress) = bulk.progress else { return body(&Bulk { atomicity, progress: None }) };
    let userdata = bulk.userdata;
    let tell = |done, total| {
        // SAFETY: the host's function with the arguments that the header tells.
        let goes_on = marked(|| unsafe { progress(userdata, done, total) });
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    body(&Bulk { atomicity, progress: Some(&tell) })
}

/// How a text must compare.
#[repr(C)]
pub enum tegata_text_type {
    /// Exactly so.
    Is = 1,
    /// Beginning so.
    StartsWith = 2,
    /// With this somewhere.
    Contains = 3,
}

/// A text to compare with.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_text {
    /// How.
    pub r#type: Number<tegata_text_type>,
    /// With what.
    pub value: *const c_char,
}

/// The text filter that C passes, if any.
pub(super) fn text_filter(filter: *const tegata_text, field: &str) -> Result<Option<Text>> {
    let Some(filter) = optional(filter) else { return Ok(None) };
    let make: fn(String) -> Text = filter.r#type.core(field)?;
    Ok(Some(make(text(filter.value, field)?.to_owned())))
}

impl crate::number::Means<fn(String) -> Text> for Number<tegata_text_type> {
    fn meaning(self) -> Option<fn(String) -> Text> {
        match self.get() {
            1 => Some(Text::Is),
            2 => Some(Text::StartsWith),
            3 => Some(Text::Contains),
            _ => None,
        }
    }
}
