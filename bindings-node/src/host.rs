//! Signer, sealer, clock, source of random bytes, progress and output in JavaScript.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tegata::callback;
use tegata::error::{SealError, SignerError};
use tegata::store::Sealer;
use tegata::{Clock, Error, PublicKey, Random, Result, Sealed, Secret, SignatureAlgorithm, Signer, Timestamp};

use crate::bridge::Link;
use crate::input::In;
use crate::out::Writer;
use crate::val::Val;

/// A host object: JavaScript knows it by a number.
pub(crate) struct Host {
    link: Arc<Link>,
    number: u32,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.link.release(self.number);
    }
}

/// Why a callback gave no answer: a code of ours if the host chose one, and a sentence.
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) reason: String,
    /// Which write conflicts, or which version of the schema was found.
    pub(crate) number: usize,
}

impl Failure {
    fn new(reason: &str) -> Self {
        Self { code: String::new(), reason: reason.to_owned(), number: 0 }
    }

    fn read(value: Val) -> Self {
        let mut parts = value.list().unwrap_or_default().into_iter();
        let mut text = || parts.next().and_then(|part| String::read(part).ok()).unwrap_or_default();
        let (code, reason) = (text(), text());
        Self { code, reason, number: parts.next().and_then(|part| usize::read(part).ok()).unwrap_or(0) }
    }
}

impl Host {
    pub(crate) const fn new(link: Arc<Link>, number: u32) -> Self {
        Self { link, number }
    }

    /// Calls a method of the host object.
    pub(crate) fn call(&self, method: u32, arguments: Writer) -> Result<Val, Failure> {
        match callback::run(|| self.link.ask(self.number, method, arguments)) {
            None => Err(Failure::new("the JavaScript environment has ended")),
            Some(answer) if answer.worked => Ok(answer.value),
            Some(answer) => Err(Failure::read(answer.value)),
        }
    }

    fn octets(&self, method: u32, inputs: &[&[u8]]) -> Result<Vec<u8>, Failure> {
        let mut arguments = Writer::default();
        arguments.open();
        for input in inputs {
            arguments.octets(input);
        }
        arguments.close();
        Vec::read(self.call(method, arguments)?).map_err(|_| Failure::new("the callback returned no octets"))
    }
}

/// A signer in JavaScript.
pub(crate) struct JsSigner {
    pub(crate) host: Host,
    pub(crate) public: PublicKey,
    pub(crate) algorithm: SignatureAlgorithm,
}

impl Signer for JsSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.host.octets(0, &[message]).map_err(|failure| callback::signer_failed(&failure.reason))
    }
}

/// A sealer in JavaScript.
pub(crate) struct JsSealer(pub(crate) Host);

#[allow(clippy::needless_pass_by_value, reason = "errors are mapped by value")]
fn seal_error(failure: Failure) -> Error {
    match failure.code.as_str() {
        "seal.wrong_key" => SealError::WrongKey.into(),
        "seal.damaged" => SealError::Damaged { at: callback::reason(&failure.reason) }.into(),
        _ => callback::sealer_failed(&failure.reason),
    }
}

impl Sealer for JsSealer {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed> {
        self.0.octets(0, &[associated, plaintext]).map(Sealed::from_bytes).map_err(seal_error)
    }
    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>> {
        self.0.octets(1, &[associated, sealed.as_bytes()]).map(Secret::new).map_err(seal_error)
    }
    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> Result<bool> {
        let mut arguments = Writer::default();
        arguments.open();
        arguments.octets(associated);
        arguments.octets(sealed.as_bytes());
        arguments.close();
        let told = self.0.call(2, arguments).map_err(seal_error)?;
        bool::read(told).map_err(|_| callback::sealer_failed("the callback returned neither true nor false"))
    }
}

/// A clock in JavaScript.
pub(crate) struct JsClock(pub(crate) Host);

impl Clock for JsClock {
    fn now(&self) -> Timestamp {
        // A registry asks `try_now`. Nothing is valid yet at the beginning of time, so nothing else can come of this.
        self.try_now().unwrap_or_default()
    }

    fn try_now(&self) -> Result<Timestamp> {
        let mut arguments = Writer::default();
        arguments.raw("[]");
        let told = self.0.call(0, arguments).map_err(|failure| callback::clock_failed(&failure.reason))?;
        Timestamp::read(told).map_err(|_| callback::clock_failed("the callback returned no valid Date"))
    }
}

/// A source of random bytes in JavaScript.
pub(crate) struct JsRandom(pub(crate) Host);

impl Random for JsRandom {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        let mut arguments = Writer::default();
        arguments.open();
        arguments.number(out.len());
        arguments.close();
        let given = self.0.call(0, arguments);
        let given = given.map_err(|failure| callback::random_failed(&failure.reason))?;
        let bytes = Vec::read(given).unwrap_or_default();
        if bytes.len() != out.len() {
            let reason = format!("{} bytes were wanted and {} came", out.len(), bytes.len());
            return Err(callback::random_failed(&reason));
        }
        out.copy_from_slice(&bytes);
        Ok(())
    }
}

/// How a bulk call reports and is stopped.
pub(crate) struct Progress {
    host: Option<Host>,
    stopped: Arc<AtomicBool>,
}

impl Progress {
    pub(crate) const fn new(host: Option<Host>, stopped: Arc<AtomicBool>) -> Self {
        Self { host, stopped }
    }

    /// Tells how far the call is; `Break` when the host wants it to stop.
    pub(crate) fn tell(&self, done: usize, total: usize) -> ControlFlow<()> {
        let go_on = match &self.host {
            None => true,
            Some(host) => {
                let mut arguments = Writer::default();
                arguments.open();
                arguments.number(done);
                arguments.number(total);
                arguments.close();
                matches!(host.call(0, arguments), Ok(Val::Bool(true)))
            }
        };
        if go_on && !self.stopped.load(Ordering::Acquire) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Where an export goes.
pub(crate) struct Sink(pub(crate) Arc<Host>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut arguments = Writer::default();
        arguments.open();
        arguments.octets(bytes);
        arguments.close();
        match self.0.call(0, arguments) {
            Ok(_) => Ok(bytes.len()),
            Err(failure) => Err(io::Error::other(failure.reason)),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
