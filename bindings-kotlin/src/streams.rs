//! Streams of the host, which what is long goes to or comes from, and progress of what takes long.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::bulk::{BulkProgress, count};
use crate::error::{Result, TegataError};
use crate::host::guarded;

/// How many octets go over the language's border at once.
const PORTION: usize = 1 << 16;

/// Where what is long goes: a file, a connection. It must not call the registry.
#[uniffi::export(with_foreign)]
pub trait HostOutput: Send + Sync {
    /// Takes all of `octets`.
    fn write(&self, octets: Vec<u8>) -> Result<()>;

    /// Makes sure that everything up to here is where it belongs.
    fn flush(&self) -> Result<()>;
}

/// Where what is long comes from: a file, a connection. It must not call the registry.
#[uniffi::export(with_foreign)]
pub trait HostInput: Send + Sync {
    /// The next octets, at most `most`; none at the end.
    fn read(&self, most: u32) -> Result<Vec<u8>>;
}

fn failed(error: TegataError) -> io::Error {
    io::Error::other(error.into_text())
}

struct Output(Arc<dyn HostOutput>);

impl Write for Output {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        guarded(|| self.0.write(octets.to_vec())).map_err(failed)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        guarded(|| self.0.flush()).map_err(failed)
    }
}

/// The host's output as the core knows it. The core flushes it whenever what it wrote must be there.
pub(crate) fn output(host: Arc<dyn HostOutput>) -> impl Write {
    BufWriter::with_capacity(PORTION, Output(host))
}

struct Input(Arc<dyn HostInput>);

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let octets = guarded(|| self.0.read(most)).map_err(failed)?;
        let place = buffer.get_mut(..octets.len());
        place
            .ok_or_else(|| io::Error::other("the host gave more octets than were asked for"))?
            .copy_from_slice(&octets);
        Ok(octets.len())
    }
}

/// The host's input as the core knows it.
pub(crate) fn input(host: Arc<dyn HostInput>) -> impl Read {
    BufReader::with_capacity(PORTION, Input(host))
}

/// A host's progress callback as the core knows it.
pub(crate) fn told(progress: Option<Arc<dyn BulkProgress>>) -> Option<impl Fn(usize, usize) -> ControlFlow<()>> {
    progress.map(|progress| {
        move |done, total| {
            let goes_on = guarded(|| progress.report(count(done), count(total)));
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    })
}
