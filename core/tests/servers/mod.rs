//! TLS servers of other people, on the loopback: started for a test, ended with it.

#![allow(dead_code, unreachable_pub)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take; it takes a small part of it unless something is wrong.
const LIMIT: Duration = Duration::from_secs(20);

/// A program under way, ended when this is dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server and where it listens.
pub struct Server {
    running: Running,
    pub port: u16,
}

fn spawn(command: &mut Command) -> Running {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.spawn();
    Running(child.unwrap_or_else(|error| panic!("{program} cannot be run ({error}); `make setup` installs it")))
}

/// Writes a file that only its owner may read, as servers want it.
pub fn write_secret(path: &Path, content: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt;
    let file = File::options().create(true).truncate(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(content)).unwrap();
}

impl Server {
    /// Starts a server that is told its port. Which one is free may change before the server takes it: then once more.
    pub fn start(directory: &Path, command: impl Fn(u16) -> Command) -> Self {
        let log = directory.join("server.log");
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap().port();
            let output = File::create(&log).unwrap();
            let mut command = command(port);
            command.current_dir(directory).stdin(Stdio::null());
            command.stdout(output.try_clone().unwrap()).stderr(output);
            let mut running = spawn(&mut command);
            let end = Instant::now() + LIMIT;
            while Instant::now() < end && running.0.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { running, port };
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("no server: {}", std::fs::read_to_string(log).unwrap());
    }

    /// Builds a server of this folder in `directory` and starts it; it says itself where it listens.
    pub fn build(
        directory: &Path,
        source: &str,
        libraries: &[&str],
        header: Option<&Path>,
        arguments: &[&Path],
    ) -> Self {
        let program = directory.join(source.strip_suffix(".c").unwrap());
        let mut compiler = Command::new("cc");
        compiler.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o"]).arg(&program).arg(here(source));
        if let Some(header) = header {
            compiler.arg(format!("-DTEGATA_PSK=\"{}\"", header.display()));
        }
        let output = compiler.args(libraries).output().expect("a C compiler; `make setup` installs it");
        assert!(output.status.success(), "{source}:\n{}", String::from_utf8_lossy(&output.stderr));
        let log = File::create(directory.join("server.log")).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut running = spawn(&mut command);
        let mut said = Said::of(running.0.stdout.take().unwrap());
        assert!(said.until("\n"), "{source} does not start");
        let port = said.text.trim().strip_prefix("port ").and_then(|port| port.parse().ok());
        Self { running, port: port.unwrap_or_else(|| panic!("{source} said {}", said.text)) }
    }

    /// Has the server read its files again.
    pub fn reload(&self) {
        let status = Command::new("kill").arg("-HUP").arg(self.running.0.id().to_string()).status().unwrap();
        assert!(status.success());
    }
}

/// A file of this folder.
pub fn here(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/servers").join(file)
}

/// What a program says, read by a thread of its own.
struct Said {
    text: String,
    parts: mpsc::Receiver<Vec<u8>>,
}

impl Said {
    fn of(mut source: impl Read + Send + 'static) -> Self {
        let (sender, parts) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { text: String::new(), parts }
    }

    /// Whether it says `expected` before it ends.
    fn until(&mut self, expected: &str) -> bool {
        let end = Instant::now() + LIMIT;
        while !self.text.contains(expected) {
            match self.parts.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(part) => self.text.push_str(&String::from_utf8_lossy(&part)),
                Err(mpsc::RecvTimeoutError::Disconnected) => return false,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing after {LIMIT:?}: {}", self.text),
            }
        }
        true
    }
}

/// Whether `command` hears `expected` after it was told `told`. What it said is the other half.
pub fn hears(command: &mut Command, told: &str, expected: &str) -> (bool, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut running = spawn(command);
    // The command keeps the writing ends of the pipe, which therefore would not end.
    *command = Command::new("true");
    let mut input = running.0.stdin.take().unwrap();
    let _ = input.write_all(told.as_bytes());
    let mut said = Said::of(reader);
    let heard = said.until(expected);
    (heard, said.text)
}

/// A device with openssl: whether it gets through to the server, and in which version of TLS.
pub fn openssl_device(server: &Server, version: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-brief", "-connect", &format!("127.0.0.1:{}", server.port), version]).args(arguments);
    let (heard, said) = hears(&mut command, "hello\n", "olleh");
    let protocol = if version == "-tls1_3" { "TLSv1.3" } else { "TLSv1.2" };
    assert!(!heard || said.contains(&format!("Protocol version: {protocol}")), "{said}");
    heard
}

/// mosquitto with these keys and nothing else, who shows one being known by its identity.
pub fn mosquitto(directory: &Path, port: u16, keys: &Path) -> Command {
    // Started by root it would become a user who may not read the list; otherwise `user` is passed over.
    let settings = format!(
        "user root\nlistener {port} 127.0.0.1\npsk_hint here\npsk_file {}\nuse_identity_as_username true\nallow_anonymous false\n",
        keys.display()
    );
    let path = directory.join("mosquitto.conf");
    std::fs::write(&path, settings).unwrap();
    // Debian has servers where only root looks for programs.
    let folder = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let mut command = Command::new("mosquitto");
    command.arg("-c").arg(path).env("PATH", folder);
    command
}

/// A device with one of mosquitto's own clients.
pub fn mosquitto_client(server: &Server, program: &str, identity: &str, secret: &[u8]) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "--psk-identity", identity]);
    command.args(["--psk", &data_encoding::HEXLOWER.encode(secret)]);
    command
}
