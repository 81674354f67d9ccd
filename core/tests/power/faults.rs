//! System calls fail while the child works: it gets typed errors, goes on by itself, and nothing is lost.

use crate::life::{Ledger, Work, command, found, run};
use crate::trace::failing;

/// Which calls fail and how, and the codes that the child may get.
struct Fault {
    what: &'static str,
    calls: &'static str,
    how: &'static str,
    codes: &'static [&'static str],
}

const UNAVAILABLE: &[&str] = &["store.unavailable"];

/// `when` counts the calls of each thread by itself; the first few belong to the opening.
#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    Fault { what: "a sync fails now and then", calls: "fsync,fdatasync", how: "error=EIO:when=9+7", codes: UNAVAILABLE },
    Fault { what: "no sync works for a while", calls: "fsync,fdatasync", how: "error=EIO:when=12..60", codes: UNAVAILABLE },
    Fault { what: "a sync finds the disk full", calls: "fsync,fdatasync", how: "error=ENOSPC:when=10+9", codes: UNAVAILABLE },
    Fault { what: "a write fails now and then", calls: "pwrite64", how: "error=EIO:when=50+83", codes: UNAVAILABLE },
    Fault { what: "no write works for a while", calls: "pwrite64", how: "error=EIO:when=200..260", codes: UNAVAILABLE },
    Fault { what: "the disk is full for a while", calls: "pwrite64", how: "error=ENOSPC:when=200..260", codes: &["store.full"] },
    Fault { what: "the quota is used up for a while", calls: "pwrite64", how: "error=EDQUOT:when=200..260", codes: UNAVAILABLE },
    Fault { what: "the file system turns read-only for a while", calls: "pwrite64", how: "error=EROFS:when=200..260", codes: UNAVAILABLE },
    // SQLite calls what the disk does not read damaged, whatever the system's reason.
    Fault { what: "a read fails now and then", calls: "pread64", how: "error=EIO:when=20+2003", codes: &["store.corrupt"] },
    Fault { what: "calls are interrupted", calls: "pwrite64,pread64", how: "error=EINTR:when=3+2", codes: &[] },
];

#[test]
fn whatever_call_fails_nothing_acknowledged_is_lost_and_work_goes_on() {
    for fault in FAULTS {
        let what = fault.what;
        let folder = tempfile::tempdir().unwrap();
        found(folder.path());
        let told = run(command(Some(failing(fault.calls, fault.how)), folder.path(), Work::of(8)));
        let errors = told.errors();
        println!("{what}: {errors:?}");
        assert!(told.ended(), "{what}: the child did not come to its end:\n{}", told.tail());
        assert!(errors.keys().all(|code| fault.codes.contains(&code.as_str())), "{what}: {errors:?}\n{}", told.tail());
        assert_eq!(errors.is_empty(), fault.codes.is_empty(), "{what}: {errors:?}");
        assert!(told.after_errors() > 0, "{what}: nothing worked any more after the last error");
        let mut ledger = Ledger::default();
        ledger.note(told.facts());
        ledger.check(folder.path()).unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(ledger.facts(), 8 * 3 * 4, "{what}");
    }
}
