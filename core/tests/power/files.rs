//! The file moves, vanishes, is replaced or may not be written, and the disk is really full.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::{SqliteOptions, SqliteStore};
use tegata::{CertificateId, Options, Registry, Result};

use crate::common::{World, code, sealer};
use crate::life::{End, Fact, Ledger, Work, command, found, open, run};

/// A registry in a file of a folder, and one enrolled unit.
struct Scene {
    folder: tempfile::TempDir,
    world: World,
    known: CertificateId,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("t.db"), SqliteOptions::default()).unwrap();
        let world = World::with(store, EnrollmentPolicy::default(), ProfileSpec::device());
        let known = world.enrolled(None).1.issued.certificate.id;
        Self { folder, world, known }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// That an enrollment is refused because of the file, and says what to do.
    fn refused(&self) {
        let error = self.world.enroll(&self.world.request(None).1).unwrap_err();
        assert_eq!(error.code(), "store.unavailable");
        assert!(error.to_string().contains("open it again"), "{error}");
    }

    fn enrolled(&self) -> CertificateId {
        self.world.enrolled(None).1.issued.certificate.id
    }
}

fn reopen(path: &Path) -> Result<Registry> {
    let there = SqliteOptions { create: false, ..SqliteOptions::default() };
    Registry::open(SqliteStore::open(path, there)?, sealer(), Options::default())
}

#[test]
fn a_file_that_was_moved_away_holds_what_was_acknowledged_and_nothing_is_acknowledged_after() {
    let scene = Scene::new();
    let acknowledged = scene.enrolled();
    // Its log stays behind, as when somebody moves just the one file.
    scene.rename("t.db", "moved.db");
    scene.refused();
    scene.refused();
    let moved = reopen(&scene.path("moved.db")).unwrap();
    moved.certificates().get(acknowledged).unwrap();
    drop(moved);
    // Back in its place it is the same file again.
    scene.rename("moved.db", "t.db");
    let later = scene.enrolled();
    let path = scene.path("t.db");
    drop(scene.world);
    let registry = reopen(&path).unwrap();
    for id in [scene.known, acknowledged, later] {
        registry.certificates().get(id).unwrap();
    }
}

#[test]
fn a_deleted_file_is_noticed_before_anything_more_is_acknowledged() {
    let scene = Scene::new();
    fs::remove_file(scene.path("t.db")).unwrap();
    scene.refused();
    let Scene { folder, world, .. } = scene;
    drop(world);
    assert_eq!(code(reopen(&folder.path().join("t.db")).map(drop)), "store.unavailable");
}

#[test]
fn a_deleted_log_costs_nothing_that_was_acknowledged() {
    let scene = Scene::new();
    let acknowledged = scene.enrolled();
    fs::remove_file(scene.path("t.db-wal")).unwrap();
    scene.refused();
    // Even if the process is never able to close the file.
    fs::copy(scene.path("t.db"), scene.path("copy.db")).unwrap();
    reopen(&scene.path("copy.db")).unwrap().certificates().get(acknowledged).unwrap();
    let Scene { folder, world, known } = scene;
    drop(world);
    let registry = reopen(&folder.path().join("t.db")).unwrap();
    registry.certificates().get(known).unwrap();
    registry.certificates().get(acknowledged).unwrap();
}

#[test]
fn a_backup_put_in_place_under_way_is_neither_written_nor_read_as_if_it_were_the_file() {
    let scene = Scene::new();
    let there = SqliteStore::open(scene.path("t.db"), SqliteOptions::default()).unwrap();
    drop(there);
    rusqlite::Connection::open(scene.path("t.db"))
        .and_then(|db| db.execute("VACUUM INTO ?1", [scene.path("backup.db").to_str().unwrap()]))
        .unwrap();
    let before = fs::read(scene.path("backup.db")).unwrap();
    let later = scene.enrolled();
    scene.rename("backup.db", "t.db");
    scene.refused();
    // Many readers at once, so that connections have to be opened anew: none of them sees the other file.
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| match scene.world.registry.certificates().get(later) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.code(), "store.unavailable", "{error}"),
            });
        }
    });
    let Scene { folder, world, known } = scene;
    drop(world);
    assert!(fs::read(folder.path().join("t.db")).unwrap() == before, "the backup was written to");
    let registry = reopen(&folder.path().join("t.db")).unwrap();
    registry.certificates().get(known).unwrap();
    assert_eq!(code(registry.certificates().get(later)), "input.unknown_id");
}

/// A tool under which even root needs permissions, if this is root.
fn without_privileges() -> Option<Command> {
    let id = Command::new("id").arg("-u").output().expect("the id command");
    if id.stdout != b"0\n" {
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]);
    Some(command)
}

#[test]
fn who_may_not_write_is_told_so_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    found(folder.path());
    let file = folder.path().join("registry.sqlite");
    let before = fs::read(&file).unwrap();
    let permit = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let fragile = Work { end: End::Error, ..Work::of(1) };
    let attempt = || run(command(without_privileges(), folder.path(), fragile));

    permit(&file, 0o400);
    assert_eq!(attempt().errors().keys().collect::<Vec<_>>(), ["store.read_only"]);
    permit(&file, 0o200);
    assert_eq!(attempt().errors().keys().collect::<Vec<_>>(), ["store.unavailable"]);
    permit(&file, 0o600);
    // The log has no place.
    permit(folder.path(), 0o500);
    assert_eq!(attempt().errors().keys().collect::<Vec<_>>(), ["store.read_only"]);
    permit(folder.path(), 0o700);
    assert!(fs::read(&file).unwrap() == before);

    let told = attempt();
    assert!(told.errors().is_empty() && told.facts().any(|fact| matches!(fact, Fact::Issued(..))), "{}", told.tail());
}

const FULL: &str = "TEGATA_POWER_FULL";

/// Not a test by itself: fills the small file system in which it finds itself.
#[test]
fn full_child() {
    let Ok(folder) = std::env::var(FULL) else { return };
    let folder = Path::new(&folder);
    found(folder);
    let registry = open(folder).unwrap();
    let mut ledger = Ledger::default();
    let credential = fs::read(folder.join("credential.der")).unwrap();
    let enroll = |ledger: &mut Ledger| crate::life::enroll(&registry, &credential, ledger);
    for _ in 0..3 {
        enroll(&mut ledger).unwrap();
    }
    // All but a little is taken by somebody else.
    let filler = folder.join("filler");
    let mut size: u64 = 64 << 20;
    while size > 16 << 10 {
        let more = fs::read(&filler).map_or(0, |filled| filled.len() as u64);
        if fs::write(&filler, vec![1; usize::try_from(more + size).unwrap()]).is_err() {
            fs::write(&filler, vec![1; usize::try_from(more).unwrap()]).unwrap();
            size /= 2;
        }
    }
    let refused = (0..10_000).find_map(|_| enroll(&mut ledger).err()).expect("the disk was never full");
    assert_eq!(refused.code(), "store.full", "{refused}");
    // What is there can be read, and nothing is half done.
    ledger.compare(&registry).unwrap();
    fs::remove_file(filler).unwrap();
    enroll(&mut ledger).unwrap();
    ledger.compare(&registry).unwrap();
    drop(registry);
    ledger.check(folder).unwrap();
    println!("full and empty again, {} facts", ledger.facts());
}

#[test]
fn on_a_full_disk_nothing_is_lost_and_work_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    // A file system of 4 MB that only the child sees; as root of its own namespace where this is not root.
    let script =
        "mount -t tmpfs -o size=4m none \"$TEGATA_POWER_FULL\" && exec \"$0\" files::full_child --exact --nocapture";
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
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
