//! A proxy between store and server that breaks connections where a test wants it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens to the next COMMIT that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It reaches the server; its answer and the connection are lost.
    LosesItsAnswer,
    /// It never reaches the server, and the connection is lost.
    IsLost,
    /// It never reaches the server, which believes the connection to be there still.
    Lingers,
    /// It reaches the server; the answer is that nobody knows whether it happened.
    IsInDoubt,
    /// The same, though it never reaches the server.
    IsInDoubtAndLost,
}

#[derive(Default)]
struct State {
    fate: Mutex<Option<Fate>>,
    /// Whether bytes are held back.
    silent: AtomicBool,
    /// Whether the server's next answer is replaced by [`DOUBT`].
    doubt: AtomicBool,
    /// How many bytes may pass until the next cut; 0 is no limit.
    left: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

pub(super) struct Proxy {
    pub(super) port: u16,
    state: Arc<State>,
}

const COMMIT: &[u8] = b"COMMIT\0";
/// SQLSTATE 40003, as engines with several nodes answer a COMMIT, and that the connection is ready for more.
const DOUBT: &[u8] = b"E\0\0\0\x29SERROR\0VERROR\0C40003\0Mambiguous now\0\0Z\0\0\0\x05I";

impl Proxy {
    pub(super) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&this.state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                state.open.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                for (from, to, asks) in [(&client, &server, true), (&server, &client, false)] {
                    let (from, to, state) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&state));
                    thread::spawn(move || pass(&from, &to, asks, &state));
                }
            }
        });
        this
    }

    /// Decides over the next COMMIT.
    pub(super) fn next_commit(&self, fate: Fate) {
        *self.state.fate.lock().unwrap() = Some(fate);
    }

    /// Whether the COMMIT that was decided over has come.
    pub(super) fn has_come(&self) -> bool {
        self.state.fate.lock().unwrap().is_none()
    }

    /// Ends all connections when so many more bytes have passed.
    pub(super) fn cut_after(&self, bytes: u64) {
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Whether bytes are held back, in both directions.
    pub(super) fn set_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }
}

fn cut(state: &State) {
    for stream in state.open.lock().unwrap().drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, asks: bool, state: &State) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..count];
        while state.silent.load(Ordering::SeqCst) {
            thread::sleep(std::time::Duration::from_millis(10));
        }
        let left = state.left.load(Ordering::SeqCst);
        if left > 0 {
            if left <= count as u64 {
                state.left.store(0, Ordering::SeqCst);
                let _ = to.write_all(&bytes[..usize::try_from(left).unwrap()]);
                cut(state);
                return;
            }
            state.left.store(left - count as u64, Ordering::SeqCst);
        }
        if asks && bytes.windows(COMMIT.len()).any(|window| window == COMMIT) {
            // Not in the `match`, which would keep the lock.
            let fate = state.fate.lock().unwrap().take();
            match fate {
                None => {}
                Some(Fate::IsLost) => {
                    cut(state);
                    return;
                }
                Some(Fate::Lingers) => {
                    // The server's side stays open, in the hands of this thread.
                    let _ = from.shutdown(Shutdown::Both);
                    thread::sleep(std::time::Duration::from_secs(8));
                    return;
                }
                Some(Fate::IsInDoubt) => state.doubt.store(true, Ordering::SeqCst),
                Some(Fate::IsInDoubtAndLost) => {
                    let _ = from.write_all(DOUBT);
                    continue;
                }
                Some(Fate::LosesItsAnswer) => {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.write_all(bytes);
                    thread::sleep(std::time::Duration::from_millis(100));
                    return;
                }
            }
        }
        let bytes = if !asks && state.doubt.swap(false, Ordering::SeqCst) { DOUBT } else { bytes };
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
