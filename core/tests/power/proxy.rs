//! A network that fails: forwards connections to a server, and breaks them.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How connections fail.
#[derive(Clone, Copy, Debug)]
pub enum Mischief {
    /// Every so many COMMITs (over all connections), one of four ways, in turn: the answer is swallowed; the COMMIT never
    /// arrives; it arrives when its client is long gone; the connection is cut while it is under way.
    Commits { every: usize },
    /// Each connection is cut after some octets, in one direction or the other.
    Cut { least: usize, most: usize },
    /// So many connections fall silent after so many octets, in one direction, and stay open.
    Silence { after: usize, connections: usize },
}

/// What the connections share.
struct State {
    server: u16,
    mischief: Mischief,
    armed: AtomicBool,
    commits: AtomicUsize,
    connections: AtomicUsize,
    silent: AtomicUsize,
    done: AtomicUsize,
}

/// A running proxy on 127.0.0.1, until the process ends.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

impl Proxy {
    pub fn before(server: u16, mischief: Mischief) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            server,
            mischief,
            armed: AtomicBool::new(false),
            commits: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            silent: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                Connection::serve(client.unwrap(), &shared);
            }
        });
        Self { port, state }
    }

    /// From now on connections fail; until then it only forwards.
    pub fn arm(&self) {
        self.state.armed.store(true, Ordering::SeqCst);
    }

    /// How often it did what it is there for.
    pub fn done(&self) -> usize {
        self.state.done.load(Ordering::Relaxed)
    }
}

/// Both ends of one connection.
struct Connection {
    client: TcpStream,
    server: TcpStream,
    number: usize,
    /// Whether what the server says next is its last word, which nobody hears.
    swallow: AtomicBool,
    state: Arc<State>,
}

impl Connection {
    fn serve(client: TcpStream, state: &Arc<State>) {
        // A server that is down: the client sees its connection closed.
        let Ok(server) = TcpStream::connect(("127.0.0.1", state.server)) else { return };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let number = state.connections.fetch_add(1, Ordering::Relaxed);
        let this = Arc::new(Self { client, server, number, swallow: AtomicBool::new(false), state: Arc::clone(state) });
        let other = Arc::clone(&this);
        std::thread::spawn(move || this.forward(true));
        std::thread::spawn(move || other.forward(false));
    }

    fn cut(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    fn counted(&self) {
        self.state.done.fetch_add(1, Ordering::Relaxed);
    }

    fn forward(&self, to_server: bool) {
        let (mut from, mut to) = if to_server { (&self.client, &self.server) } else { (&self.server, &self.client) };
        let mut limit = None;
        let mut buffer = [0; 16 << 10];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            let chunk = &buffer[..read];
            if read == 0 || self.swallow.load(Ordering::SeqCst) {
                break;
            }
            let armed = self.state.armed.load(Ordering::SeqCst);
            if armed && limit.is_none() {
                limit = Some(self.limit(to_server));
            }
            if armed && to_server && chunk.ends_with(b"COMMIT\0") && !self.commit(chunk) {
                return;
            }
            let left = limit.unwrap_or(usize::MAX);
            let part = chunk.len().min(left);
            if to.write_all(&chunk[..part]).is_err() {
                break;
            }
            limit = limit.map(|limit| limit - part);
            if limit == Some(0) {
                self.counted();
                match self.state.mischief {
                    // Whatever else comes is read by nobody.
                    Mischief::Silence { .. } => loop {
                        if from.read(&mut buffer).unwrap_or(0) == 0 {
                            return;
                        }
                    },
                    _ => break,
                }
            }
        }
        self.cut();
    }

    /// After how many octets a direction fails.
    fn limit(&self, to_server: bool) -> usize {
        match self.state.mischief {
            Mischief::Cut { least, most } if self.number.is_multiple_of(2) == to_server => {
                least + self.number.wrapping_mul(7_919) % (most - least)
            }
            Mischief::Silence { after, connections }
                if self.state.silent.fetch_add(1, Ordering::Relaxed) < connections =>
            {
                after
            }
            // As good as never.
            _ => usize::MAX,
        }
    }

    /// Whether a COMMIT is to be forwarded as it came.
    fn commit(&self, chunk: &[u8]) -> bool {
        let Mischief::Commits { every } = self.state.mischief else { return true };
        let number = self.state.commits.fetch_add(1, Ordering::Relaxed);
        if number % every != every - 1 {
            return true;
        }
        self.counted();
        let mut server = &self.server;
        match number / every % 4 {
            0 => {
                self.swallow.store(true, Ordering::SeqCst);
                return true;
            }
            1 => self.cut(),
            2 => {
                let _ = self.client.shutdown(Shutdown::Both);
                std::thread::sleep(Duration::from_millis(300));
                let _ = server.write_all(chunk);
                std::thread::sleep(Duration::from_millis(50));
                self.cut();
            }
            _ => {
                let _ = server.write_all(chunk);
                self.cut();
            }
        }
        false
    }
}
