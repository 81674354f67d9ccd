//! What can go wrong, each with a sentence and a code.

use std::fmt;
use std::path::Path;

/// Why the demo ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// tegata refused or failed; it has its own text and code.
    Tegata(tegata::Error),
    /// Anything outside it.
    Demo { code: &'static str, text: String },
}

impl Failure {
    fn new(code: &'static str, text: String) -> Self {
        Self::Demo { code, text }
    }

    pub(crate) fn usage(trouble: &str, usage: &str) -> Self {
        // One line, so that whoever reads the first line sees the code.
        Self::new("demo.usage", format!("{trouble}; {}", usage.lines().next().unwrap_or_default()))
    }

    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::new("demo.file", format!("{}: {error}", path.display()))
    }

    pub(crate) fn no_openssl() -> Self {
        let text = "the openssl command was not found; install it (Debian: apt install openssl, macOS: brew install \
                    openssl) or put it on the PATH";
        Self::new("demo.openssl_missing", text.to_owned())
    }

    pub(crate) fn openssl(command: &str, said: &str) -> Self {
        Self::new("demo.openssl_failed", format!("openssl {command} failed: {}", said.trim()))
    }

    /// Something happened that the demo promises not to happen.
    pub(crate) fn unexpected(what: &str) -> Self {
        Self::new("demo.unexpected", format!("{what}; this is a defect, please report it"))
    }
}

impl From<tegata::Error> for Failure {
    fn from(error: tegata::Error) -> Self {
        Self::Tegata(error)
    }
}

impl From<tegata::error::StoreError> for Failure {
    fn from(error: tegata::error::StoreError) -> Self {
        Self::Tegata(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tegata(error) => write!(f, "{error} [{}]", error.code()),
            Self::Demo { code, text } => write!(f, "{text} [{code}]"),
        }
    }
}
