//! What can go wrong between processes and a PostgreSQL server: killed clients, servers that stop at once, connections
//! that break in every way at every point, a disk of the server's that is full. No acknowledged result is lost, nothing
//! happens twice, errors are typed, and work goes on by itself.

#![cfg(all(target_os = "linux", feature = "postgres", feature = "sqlite", feature = "testing"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "power/life.rs"]
mod life;
mod postgres_server;
#[path = "power/proxy.rs"]
mod proxy;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use life::{Fact, Ledger, Told, Work, command, found, open, start};
use postgres_server::{Server, Stop, shared};
use proxy::{Mischief, Proxy};
use tegata::DeviceFilter;

/// Not a test by itself: what the children do.
#[test]
fn child() {
    life::child();
}

/// A registry on `server`, known to children by the file `url` in its folder.
struct Scene {
    folder: tempfile::TempDir,
    url: String,
}

impl Scene {
    fn new(server: &Server) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap(), url: server.url() };
        scene.reach(&scene.url);
        found(scene.folder.path());
        scene
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// From now on the server is reached so.
    fn reach(&self, url: &str) {
        std::fs::write(self.path().join("url"), url).unwrap();
    }

    fn reach_through(&self, proxy: &Proxy, server: &Server, seconds: u64) {
        let through = self.url.replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port));
        self.reach(&format!("{through}\n{seconds}"));
    }

    /// That everything told is there, all of it once, and that the errors were only such.
    fn check(&self, told: &[&Told], codes: &[&str]) {
        let mut ledger = Ledger::default();
        for told in told {
            let errors = told.errors();
            println!("  {} facts, errors: {errors:?}", told.facts().count());
            assert!(errors.keys().all(|code| codes.contains(&code.as_str())), "{errors:?}\n{}", told.tail());
            ledger.note(told.facts());
        }
        self.reach(&self.url);
        ledger.check(self.path()).unwrap_or_else(|why| panic!("{why}"));
        if told.iter().all(|told| told.ended()) {
            let devices = open(self.path()).unwrap().devices().count(&DeviceFilter::default()).unwrap();
            let lives: usize = told.iter().map(|t| t.facts().filter(|fact| *fact == Fact::Life).count()).sum();
            assert_eq!(devices, lives as u64, "an enrollment happened twice, or not at all");
        }
    }
}

const UNAVAILABLE: &[&str] = &["store.unavailable"];

#[test]
fn a_server_that_stops_at_once_again_and_again_loses_nothing_and_is_waited_for() {
    let server = Server::start();
    let scene = Scene::new(&server);
    let running = start(command(None, scene.path(), Work::of(50))).at_work();
    for milliseconds in [250, 400, 150] {
        std::thread::sleep(Duration::from_millis(milliseconds));
        server.stop(Stop::Immediate);
        server.start_again();
    }
    let told = running.finish();
    assert!(told.ended(), "{}", told.tail());
    scene.check(&[&told], UNAVAILABLE);
    assert!(told.errors().is_empty(), "a server that comes back within seconds is waited for");
}

#[test]
fn clients_that_are_killed_leave_everything_whole_to_the_others() {
    let server = shared();
    let scene = Scene::new(server);
    let mut told = Vec::new();
    let others = start(command(None, scene.path(), Work::of(40)));
    for round in 0..5_u64 {
        let running = start(command(None, scene.path(), Work::of(10_000))).at_work();
        std::thread::sleep(Duration::from_millis(50 + round * 97));
        told.push(running.kill());
    }
    let others = others.finish();
    assert!(others.ended() && others.errors().is_empty(), "{}", others.tail());
    told.push(others);
    scene.check(&told.iter().collect::<Vec<_>>(), &[]);
    let killed: usize = told[..5].iter().map(|told| told.facts().count()).sum();
    assert!(killed > 20, "the children that were killed did almost nothing: {killed} facts");
}

#[test]
fn connections_that_the_server_ends_at_any_moment_are_opened_again() {
    let server = Server::start();
    let scene = Scene::new(&server);
    let running = start(command(None, scene.path(), Work::of(25))).at_work();
    let mut ended = 0;
    while !running.is_over() {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        ended += server.sql(end).parse::<u32>().unwrap();
        std::thread::sleep(Duration::from_millis(60));
    }
    let told = running.finish();
    assert!(told.ended() && ended > 10, "{ended} connections\n{}", told.tail());
    scene.check(&[&told], UNAVAILABLE);
}

#[test]
fn a_commit_whose_answer_is_lost_happens_once_and_its_caller_hears_the_truth() {
    let server = shared();
    let scene = Scene::new(server);
    let proxy = Proxy::before(server.port, Mischief::Commits { every: 4 });
    scene.reach_through(&proxy, server, 10);
    let running = start(command(None, scene.path(), Work::of(12))).at_work();
    proxy.arm();
    let told = running.finish();
    assert!(told.ended(), "{}", told.tail());
    assert!(proxy.done() >= 12, "only {} commits were disturbed", proxy.done());
    scene.check(&[&told], UNAVAILABLE);
    assert!(told.errors().is_empty(), "the store finds out by itself what became of a commit");
}

#[test]
fn connections_that_are_cut_after_any_octet_lose_nothing() {
    let server = shared();
    let scene = Scene::new(server);
    let proxy = Proxy::before(server.port, Mischief::Cut { least: 300, most: 6_000 });
    scene.reach_through(&proxy, server, 10);
    let running = start(command(None, scene.path(), Work::of(12))).at_work();
    proxy.arm();
    let told = running.finish();
    assert!(told.ended(), "{}", told.tail());
    assert!(proxy.done() >= 10, "only {} connections were cut", proxy.done());
    scene.check(&[&told], UNAVAILABLE);
}

#[test]
fn a_server_that_falls_silent_is_given_up_in_time() {
    let server = shared();
    let scene = Scene::new(server);
    let proxy = Proxy::before(server.port, Mischief::Silence { after: 2_000, connections: 3 });
    // Statements may take a second.
    scene.reach_through(&proxy, server, 1);
    let begun = Instant::now();
    let running = start(command(None, scene.path(), Work::of(10))).at_work();
    proxy.arm();
    let told = running.finish();
    assert!(told.ended(), "{}", told.tail());
    assert!(proxy.done() >= 1, "no connection fell silent");
    println!("  {:?} with {} silent connections", begun.elapsed(), proxy.done());
    scene.check(&[&told], UNAVAILABLE);
}

#[test]
fn a_server_that_may_not_write_says_so_and_is_written_to_when_it_may() {
    let server = Server::start();
    let scene = Scene::new(&server);
    let running = start(command(None, scene.path(), Work::of(25))).at_work();
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on");
    server.sql("SELECT pg_reload_conf()");
    std::thread::sleep(Duration::from_millis(300));
    server.sql("ALTER SYSTEM RESET default_transaction_read_only");
    server.sql("SELECT pg_reload_conf()");
    let told = running.finish();
    assert!(told.ended(), "{}", told.tail());
    assert!(told.errors().contains_key("store.read_only"), "nobody noticed");
    scene.check(&[&told], &["store.read_only"]);
}

const FULL: &str = "TEGATA_POWER_FULL_SERVER";

/// Not a test by itself: a server whose disk is the small file system in which this finds itself.
#[test]
fn full_server_child() {
    let Ok(disk) = std::env::var(FULL) else { return };
    let server = Server::start_with("-c max_wal_size=32MB -c min_wal_size=32MB -c wal_recycle=off");
    let scene = Scene::new(&server);
    let mut ledger = Ledger::default();
    let credential = std::fs::read(scene.path().join("credential.der")).unwrap();
    let registry = open(scene.path()).unwrap();
    let enroll = |ledger: &mut Ledger| life::enroll(&registry, &credential, ledger);
    for _ in 0..5 {
        enroll(&mut ledger).unwrap();
    }
    let filler = Path::new(&disk).join("filler");
    let fill = Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filler.display())).output();
    assert!(!fill.unwrap().status.success(), "the disk is not small");
    let refused = (0..20_000).find_map(|_| enroll(&mut ledger).err()).expect("the disk was never full");
    println!("full: {refused}");
    assert!(["store.full", "store.unavailable"].contains(&refused.code()), "{} {refused}", refused.code());
    std::fs::remove_file(filler).unwrap();
    // With no room for its own log, the server ended itself; its operator starts it again.
    if server.is_gone() {
        server.start_again();
    }
    let until = Instant::now() + Duration::from_secs(20);
    while let Err(error) = enroll(&mut ledger) {
        assert!(Instant::now() < until, "{error}");
    }
    ledger.check(scene.path()).unwrap();
    println!("full and empty again, {} facts", ledger.facts());
}

#[test]
fn a_server_whose_disk_is_full_loses_nothing_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let rights: &[&str] = if root { &[] } else { &["--map-current-user", "--keep-caps"] };
    let script = "mount -t tmpfs -o size=100m,mode=1777 none \"$TMPDIR\" && \
                  exec \"$0\" full_server_child --exact --nocapture";
    let output = Command::new("unshare")
        .arg("--mount")
        .args(rights)
        .args(["sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("TMPDIR", folder.path())
        .env(FULL, folder.path())
        .output()
        .expect("unshare, of util-linux");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && told.contains("full and empty again"),
        "{told}\n(this test mounts a small file system in a namespace of its own; in a container that takes \
         `--privileged` or `--cap-add=SYS_ADMIN`)"
    );
}
