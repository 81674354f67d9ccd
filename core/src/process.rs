//! Which process something belongs to.
//!
//! A fork has the memory of its parent but none of its threads, and shares its files. A registry or a database connection
//! that both used would hang in the child, give both the same numbers, or damage the file. So what is opened remembers its
//! process, and any other one is refused.

use crate::error::StoreError;

/// The process that opened something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// The one that runs.
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Whether it is still the one that runs.
    ///
    /// # Errors
    /// [`StoreError::Forked`] if it is not.
    pub(crate) fn check(self) -> Result<(), StoreError> {
        if self == Self::this() { Ok(()) } else { Err(StoreError::Forked) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A fork itself needs `unsafe`; the tests of the Python binding make one.
    #[test]
    fn only_the_process_that_opened_is_let_in() {
        assert_eq!(Process::this().check(), Ok(()));
        assert_eq!(Process(std::process::id().wrapping_add(1)).check(), Err(StoreError::Forked));
    }
}
