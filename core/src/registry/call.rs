//! Who calls, and under which request ID.

use std::ops::ControlFlow;

use crate::Result;
use crate::callback;
use crate::error::InputError;
use crate::model::check_text;

/// Who asks for a change, and whether it may be a repetition.
///
/// ```
/// use tegata::Call;
/// let call = Call::by("provisioning").with_request_id("batch-17/unit-4");
/// assert_eq!(call.actor, "provisioning");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Who acts, as the host knows them; it stands in the event. At most 255 bytes, no control characters.
    pub actor: String,
    /// Repeating a call with the same request ID and content changes nothing and returns the first result. A call that
    /// was refused changed nothing either and may be repeated with the same ID. Each actor has request IDs of its own: what
    /// another did under the same one is not returned. At most 255 bytes.
    pub request_id: Option<String>,
}

impl Call {
    /// A call by `actor`.
    pub fn by(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), request_id: None }
    }

    /// The same call with a request ID.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check_text("actor", &self.actor)?;
        self.request_id.as_deref().map_or(Ok(()), |id| super::super::model::check_name("request ID", id))
    }
}

/// What happens to the rest when one item of a bulk call is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Atomicity {
    /// Nothing is done unless everything can be.
    All,
    /// Each item is done or refused on its own.
    #[default]
    Each,
}

/// Is called now and then while something long goes on, with how much is done and how much there is; `Break` stops it. A
/// call to a registry from inside it gets `input.called_back`.
pub type Progress<'a> = &'a dyn Fn(usize, usize) -> ControlFlow<()>;

/// Tells how much is done; `input.cancelled` when that is answered with `Break`.
pub(super) fn tell(progress: Option<Progress<'_>>, done: u64, total: u64) -> Result<()> {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let Some(progress) = progress else { return Ok(()) };
    // What came meanwhile is looked at as well.
    match callback::run(|| progress(number(done), number(total.max(done)))) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(InputError::Cancelled.into()),
    }
}

/// How a bulk call runs.
#[derive(Clone, Copy, Default)]
pub struct Bulk<'a> {
    /// What happens to the rest when one item is refused.
    pub atomicity: Atomicity,
    /// Called now and then with (items done, items in all); `Break` stops before the next portion.
    pub progress: Option<Progress<'a>>,
}

impl std::fmt::Debug for Bulk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bulk").field("atomicity", &self.atomicity).finish_non_exhaustive()
    }
}

impl Bulk<'_> {
    /// Everything or nothing, in one commit.
    pub const fn all() -> Self {
        Self { atomicity: Atomicity::All, progress: None }
    }

    /// Each item on its own.
    pub const fn each() -> Self {
        Self { atomicity: Atomicity::Each, progress: None }
    }
}
