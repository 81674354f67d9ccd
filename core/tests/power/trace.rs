//! `strace`: lets system calls of a child fail, and records what it writes and when that is durable.

use std::path::Path;
use std::process::Command;
use std::sync::Once;

/// A command that runs what follows under `strace`.
fn strace() -> Command {
    static TRIED: Once = Once::new();
    TRIED.call_once(|| {
        let mut trial = Command::new("strace");
        trial.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "true"]);
        let why = match trial.output() {
            Ok(output) if output.status.success() => return,
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        panic!(
            "these tests make disks fail with strace, which does not work here: {why}\n\
             `make setup` installs it; in a container it needs the right to trace (`--cap-add=SYS_PTRACE`)"
        );
    });
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "--seccomp-bpf"]);
    command
}

/// Runs what follows with these `calls` failing as `how` says (`error=EIO:when=3+7`).
pub fn failing(calls: &str, how: &str) -> Command {
    let mut command = strace();
    command.args(["-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:{how}")]);
    command
}

/// Runs what follows and records in `file` what it does to files and what it tells; with `failing` syncs, if any.
pub fn recording(file: &Path, failing: Option<&str>) -> Command {
    let mut command = strace();
    command.arg("-o").arg(file).args(["-y", "-s", "1000000"]);
    command.args(["-e", "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename,fallocate"]);
    if let Some(how) = failing {
        command.args(["-e", &format!("inject=fsync,fdatasync:{how}")]);
    }
    command
}

/// What a process did.
#[derive(Debug)]
pub enum Call {
    Open {
        path: String,
        create: bool,
    },
    Write {
        path: String,
        offset: u64,
        data: Vec<u8>,
    },
    Sync {
        path: String,
    },
    Truncate {
        path: String,
        length: u64,
    },
    Unlink {
        path: String,
    },
    /// A line to whoever listens.
    Tell(String),
}

/// A call begins or returns; calls of several threads overlap.
#[derive(Debug)]
pub enum Event {
    Begin(Call),
    /// The call that began at this place returned; whether it succeeded.
    End(usize, bool),
}

/// Reads a record.
pub fn read(file: &Path) -> Vec<Event> {
    let mut events = Vec::new();
    let mut open = std::collections::BTreeMap::new();
    for line in std::fs::read(file).unwrap().split(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(line).expect("strace escapes what is not ASCII");
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("<... ") {
            if let Some(begun) = open.remove(pid) {
                events.push(Event::End(begun, succeeded(rest)));
            }
            continue;
        }
        let Some(call) = parse(rest) else { continue };
        let begun = events.len();
        events.push(Event::Begin(call));
        if rest.ends_with("<unfinished ...>") {
            open.insert(pid.to_owned(), begun);
        } else {
            events.push(Event::End(begun, succeeded(rest)));
        }
    }
    events
}

fn succeeded(line: &str) -> bool {
    line.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with('-') && !result.starts_with('?'))
}

fn parse(line: &str) -> Option<Call> {
    let (name, arguments) = line.split_once('(')?;
    // `4</path>` where a descriptor is asked for.
    let descriptor = || Some(arguments.split_once('<')?.1.split_once('>')?.0.to_owned());
    let text = || {
        let (data, rest) = unescape(arguments.split_once('"')?.1);
        Some((String::from_utf8_lossy(&data).into_owned(), data, rest))
    };
    Some(match name {
        "openat" => {
            let (path, _, rest) = text()?;
            Call::Open { path, create: rest.contains("O_CREAT") }
        }
        "pwrite64" => {
            let (_, data, rest) = text()?;
            let offset = rest.split(", ").nth(2)?.split([')', ' ']).next()?.parse().ok()?;
            Call::Write { path: descriptor()?, offset, data }
        }
        "write" if arguments.starts_with("2<") => Call::Tell(text()?.0),
        "fsync" | "fdatasync" => Call::Sync { path: descriptor()? },
        "ftruncate" => {
            let length = arguments.split_once(">, ")?.1.split([')', ' ']).next()?.parse().ok()?;
            Call::Truncate { path: descriptor()?, length }
        }
        "unlink" => Call::Unlink { path: text()?.0 },
        // What the model of the disk does not know must not happen unseen.
        "rename" | "fallocate" | "write" if line.contains("registry.sqlite") => {
            panic!("the model does not know: {line}")
        }
        _ => return None,
    })
}

/// The octets of a C string up to its closing quote, and what follows.
fn unescape(text: &str) -> (Vec<u8>, &str) {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let mut at = 0;
    while bytes[at] != b'"' {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let simple = match bytes[at + 1] {
            b'n' => Some(b'\n'),
            b't' => Some(b'\t'),
            b'r' => Some(b'\r'),
            b'v' => Some(0x0b),
            b'f' => Some(0x0c),
            b'0'..=b'7' => None,
            other => Some(other),
        };
        at += 1;
        if let Some(byte) = simple {
            out.push(byte);
            at += 1;
        } else {
            let mut value = 0_u32;
            let end = (at + 3).min(bytes.len());
            while at < end && matches!(bytes[at], b'0'..=b'7') {
                value = value * 8 + u32::from(bytes[at] - b'0');
                at += 1;
            }
            out.push(u8::try_from(value).unwrap());
        }
    }
    (out, &text[at + 1..])
}
