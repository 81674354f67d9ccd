//! The upkeep of a database in use: copying it, checking it, giving back what it does not need any more.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use rusqlite::{Connection, Error, ErrorCode};

use super::ddl;
use super::open::{Place, create_private, sync_directory_of};
use super::statements::Catalog;
use super::trouble::{At, explain};
use super::{SqliteStore, WHOLE};
use crate::store::{Maintenance, StoreError};

/// How much is given back in one transaction, in bytes: others wait for so much only.
const SHRINK_STEP: u64 = 1 << 20;

/// How many findings are told at most; a broken file has one per row.
const FINDINGS: u32 = 100;

impl Maintenance for SqliteStore {
    /// The copy is written anew, row by row, from one snapshot: it holds nothing that was deleted, and is as small as can be. Meanwhile
    /// the log beside the original grows by what is written.
    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.pool.check_process()?; // Before a file is made.
        // SQLite takes some names for others than files.
        let to = std::path::absolute(to).map_err(|e| refused(e.kind()))?;
        create_private(&to).map_err(|e| refused(e.kind()))?;
        // From here on the file is ours to remove.
        // A connection is lent meanwhile, since the file is opened anew after a failure of the disk only when nobody has it open.
        let copied = self.pool.read(|_| copy(self.pool.place(), &to));
        if copied.is_err() {
            let _ = fs::remove_file(&to);
        }
        copied
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let catalog = self.catalog()?;
        let checked = self.pool.read(|connection| {
            let mut findings = integrity(connection)?;
            findings.extend(structure(connection, &catalog)?);
            Ok(findings)
        });
        match checked {
            // Too broken to be read through is what was asked about.
            Err(error @ (StoreError::Corrupt { .. } | StoreError::NotADatabase { .. })) => Ok(vec![error.to_string()]),
            other => other,
        }
    }

    /// Databases that were made before version 0.3 give nothing back; a backup of one does, once it took the place of the original.
    fn shrink(&self, bytes: u64) -> Result<u64, StoreError> {
        let mut given = 0;
        while given < bytes {
            match self.writer.shrink((bytes - given).min(SHRINK_STEP))? {
                0 => break,
                step => given += step,
            }
        }
        Ok(given)
    }
}

// The path is left out: it may hold a person's name.
fn refused(kind: std::io::ErrorKind) -> StoreError {
    let reason = match kind {
        std::io::ErrorKind::AlreadyExists => {
            "there is a file at the copy's place already; choose another name".to_owned()
        }
        kind => format!("the copy cannot be written: {kind}"),
    };
    StoreError::Unavailable { reason }
}

fn copy(place: &Place, to: &Path) -> Result<(), StoreError> {
    let name = to.to_str().ok_or_else(|| refused(std::io::ErrorKind::InvalidInput))?;
    let connection = place.connect()?;
    // A copy can give space back, also where the original could not.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").at(WHOLE)?;
    // Read once and never again; a large cache would only push others' pages out.
    connection.pragma_update(None, "cache_size", -8_192).at(WHOLE)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| match &error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => refused(std::io::ErrorKind::StorageFull),
            ErrorCode::CannotOpen | ErrorCode::ReadOnly => refused(std::io::ErrorKind::PermissionDenied),
            _ => explain(&error, WHOLE),
        },
        _ => explain(&error, WHOLE),
    })?;
    // SQLite leaves it to the system when the copy gets to the disk.
    File::open(to).and_then(|file| file.sync_all()).map_err(|e| refused(e.kind()))?;
    sync_directory_of(to).map_err(|e| refused(e.kind()))
}

/// What SQLite finds when it reads every page, row and index.
fn integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS})")).at(WHOLE)?;
    let found = statement.query_map([], |row| row.get::<_, String>(0)).at(WHOLE)?;
    let mut findings = found.collect::<Result<Vec<_>, _>>().at(WHOLE)?;
    findings.retain(|finding| finding != "ok");
    Ok(findings)
}

/// Where the tables are not what was declared, and what else there is: SQLite calls a file sound in which a table or index is
/// missing, or which runs somebody's trigger.
fn structure(connection: &Connection, catalog: &Catalog) -> Result<Vec<String>, StoreError> {
    let mut findings = Vec::new();
    let mut ours: BTreeSet<String> = BTreeSet::from(["tegata_counter".to_owned()]);
    for table in catalog.declared() {
        if !ddl::is_as_declared(connection, table)? {
            findings.push(format!("the columns or indexes of table {} are not what this version made", table.name));
        }
        ours.insert(table.name.to_owned());
    }
    let mut statement = connection.prepare("SELECT type, name, tbl_name FROM sqlite_schema").at(WHOLE)?;
    let mut objects = statement.query([]).at(WHOLE)?;
    while let Some(object) = objects.next().at(WHOLE)? {
        let (kind, name): (String, String) = (object.get(0).at(WHOLE)?, object.get(1).at(WHOLE)?);
        let table: String = object.get(2).at(WHOLE)?;
        let is_known = ours.contains(&table) && (kind == "table" || kind == "index");
        // SQLite's own, such as the statistics that an operator let it gather.
        if !is_known && !name.starts_with("sqlite_") {
            findings.push(format!("there is a {kind} {name:?} that is not tegata's"));
        }
    }
    let wrong = "SELECT count(*) FROM tegata_counter WHERE value < 0";
    if connection.query_row(wrong, [], |row| row.get::<_, i64>(0)).at("the counters")? > 0 {
        findings.push("a counter is below zero".to_owned());
    }
    Ok(findings)
}
