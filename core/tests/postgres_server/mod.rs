//! A PostgreSQL server of the tests' own, on a free loopback port, which ends with the test process however that ends.
//!
//! A small shell script keeps the server and listens at a pipe for what to do: when the pipe closes, because the process is
//! gone, it stops the server and removes its files. One server serves all tests of a binary ([`shared`]); what stops servers
//! starts one for itself ([`Server::start`]). Each test uses a schema of its own ([`Server::url`]).

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The supervisor: `$1` the folder with the data, `$2` the port, `$3` the folder with the programs, `$4` more settings. PostgreSQL
/// does not run as root, so then it runs as the user that Debian made for it.
const SUPERVISOR: &str = r#"
dir=$1 port=$2 bin=$3 more=$4 pid=
as() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else exec "$@"; fi; }
trap '' INT TERM HUP
while read -r command signal; do
    case $command in
    init)
        [ "$(id -u)" != 0 ] || chown postgres "$dir"
        (as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1)
        ;;
    start)
        (as "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
            -c fsync=off -c max_connections=200 -c shared_buffers=64MB $more >>"$dir/log" 2>&1) &
        pid=$!
        ;;
    stop)
        # The first process of the server, whose number is in the first line.
        kill "-$signal" "$(head -n 1 "$dir/data/postmaster.pid")" && wait "$pid"
        ;;
    esac
    echo "done $?"
done
[ ! -s "$dir/data/postmaster.pid" ] || kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid")"
wait
rm -rf "$dir"
"#;

/// A running server.
pub struct Server {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Its files: `data`, and `log`.
    pub folder: PathBuf,
    programs: PathBuf,
    supervisor: Mutex<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

/// How to stop a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Connections are cut, transactions undone, everything written (`-m fast`).
    Fast,
    /// At once, as in a crash: what is not in the log is lost (`-m immediate`).
    Immediate,
}

/// The server that all tests of this binary share. Nobody stops it.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(Server::start)
}

/// Where Debian keeps PostgreSQL's programs: the newest version.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|v| v.path().join("bin")).filter(|b| b.join("postgres").exists()).collect();
    found.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|v| v.to_str()).unwrap_or_default();
        version.parse::<u32>().unwrap_or(0)
    });
    let elsewhere = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    found.pop().or_else(elsewhere).expect("PostgreSQL is not installed; run tools/setup.sh all")
}

impl Server {
    /// A server of the caller's own.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// A server with more settings, such as `-c max_wal_size=32MB`.
    pub fn start_with(settings: &str) -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("tegata-postgres-").tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervisor"])
            .args([folder.as_os_str(), port.to_string().as_ref(), programs.as_os_str(), settings.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let server = Self { port, folder, programs, supervisor: Mutex::new((child, stdin, stdout)) };
        server.tell("init");
        server.start_again();
        server
    }

    fn tell(&self, command: &str) {
        let (_, stdin, stdout) = &mut *self.supervisor.lock().unwrap();
        stdin.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        // Stopping answers with how the server ended, which is not always well.
        assert!(answer == "done 0\n" || command.starts_with("stop"), "{command}: {answer}{}", self.log());
    }

    /// What the server wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Starts it after it was stopped, and waits until it answers.
    pub fn start_again(&self) {
        self.tell("start");
        let until = Instant::now() + Duration::from_secs(60);
        while !self.program("pg_isready", &["-q"]).status().unwrap().success() {
            assert!(Instant::now() < until, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Stops it and waits until it is gone.
    pub fn stop(&self, how: Stop) {
        self.tell(match how {
            Stop::Fast => "stop INT",
            Stop::Immediate => "stop QUIT",
        });
    }

    /// Whether it ended by itself.
    pub fn is_gone(&self) -> bool {
        !self.program("pg_isready", &["-q"]).status().unwrap().success()
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres"]).args(arguments);
        command
    }

    /// What `psql` answers, a row a line, values with `|` between.
    pub fn sql(&self, sql: &str) -> String {
        let done =
            self.program("psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, "postgres"]).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// The URL of a schema that nobody else has.
    pub fn url(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.url_of(&format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// The URL of this schema.
    pub fn url_of(&self, schema: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?schema={schema}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closing the pipe would do; but whoever drops it may look whether its files are gone.
        let (child, stdin, _) = self.supervisor.get_mut().unwrap();
        let null = Command::new("true").stdin(Stdio::piped()).spawn().unwrap().stdin.take().unwrap();
        drop(std::mem::replace(stdin, null));
        child.wait().unwrap();
    }
}
