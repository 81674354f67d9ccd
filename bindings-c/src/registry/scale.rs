//! Other stores, copies, backups, housekeeping.

use std::collections::BTreeMap;
use std::time::Duration;

use tegata::store::{PostgresOptions, PostgresStore, Store};
use tegata::{Backup, Copied, Integrity, Maintained, Retention, Seen, SeenState};

use super::others::{tegata_writer, with_writer};
use super::store::tegata_store;
use crate::number::same_variants;
use crate::registry::prelude::*;

/// How to connect to PostgreSQL. NULL in place of the struct stands for all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_postgres_options {
    /// `sizeof(tegata_postgres_options)`.
    pub size: usize,
    /// Whether to make the schema if there is none. NULL for yes.
    pub create: *const bool,
    /// The schema that holds the registry, unless the URL names one; NULL for `tegata`. One tenant, one schema.
    pub schema: *const c_char,
    /// The password, in place of one in the URL. May be left out (NULL).
    pub password: *const c_char,
    /// How many milliseconds to go on trying when the server cannot be reached or a connection breaks. NULL for 10,000.
    pub wait: *const u64,
    /// How many milliseconds to wait for one connection. NULL for 5,000.
    pub connect_timeout: *const u64,
    /// How many milliseconds a statement may take. NULL for 30,000.
    pub statement_timeout: *const u64,
    /// How many connections write. NULL for 2.
    pub writers: *const usize,
    /// How many connections read rows by key. NULL for 2.
    pub getters: *const usize,
    /// How many connections search, count and reserve numbers. NULL for 4.
    pub searchers: *const usize,
}
growing!(tegata_postgres_options);

impl ToCore for tegata_postgres_options {
    type Core = PostgresOptions;

    fn to_core(&self) -> Result<PostgresOptions> {
        let default = PostgresOptions::default();
        let time = |given: *const u64, usual: Duration| optional(given).copied().map_or(usual, Duration::from_millis);
        Ok(PostgresOptions {
            create: optional(self.create).copied().unwrap_or(default.create),
            schema: maybe_string(self.schema, "schema")?,
            password: maybe_string(self.password, "password")?.map(Secret::new),
            wait: time(self.wait, default.wait),
            connect_timeout: time(self.connect_timeout, default.connect_timeout),
            statement_timeout: time(self.statement_timeout, default.statement_timeout),
            writers: optional(self.writers).copied().unwrap_or(default.writers),
            getters: optional(self.getters).copied().unwrap_or(default.getters),
            searchers: optional(self.searchers).copied().unwrap_or(default.searchers),
        })
    }
}

/// Connects to the PostgreSQL database at `url`, such as `postgres://user:password@host/database?schema=tenant`.
/// `options` may be NULL. After `?` follow parameters, with `&` between them: the fields of `tegata_postgres_options` but
/// the password, with times in whole seconds, which go before those of `options`; `sslmode`, `sslrootcert` (a file, or
/// `system`), `sslcert` and `sslkey`; and what other clients know as `channel_binding`, `application_name`,
/// `target_session_attrs`, `load_balance_hosts` and `keepalives`. Several hosts may be named, `host1:5432,host2:5432`;
/// the first that answers is used. Free the store with `tegata_store_free()`; a registry opened on it keeps it alive.
///
/// Errors: `store.unavailable`, `store.not_a_database`, `store.invalid_query` for a URL that is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_postgres_store_connect(
    url: *const c_char,
    options: *const tegata_postgres_options,
    store: *mut *mut tegata_store,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let store = out(store, "store")?;
        let connected = PostgresStore::connect(text(url, "url")?, &given_or_default(options, "options")?)?;
        store.own(tegata_store(Arc::new(connected)));
        Ok(())
    })
}

/// Opens the store at `sqlite:path`, `postgres://...` or `memory:`, with options after a `?`. Those of SQLite are
/// `create` (`true` or `false`), `wait` (seconds), `readers`, `cache`, `log`, `max_size` and `map` (bytes), as in
/// `tegata_sqlite_options`; those of PostgreSQL are told at `tegata_postgres_store_connect()`. In a path, `?`, `#` and `%`
/// are written as `%3F`, `%23` and `%25`. An SQLite file is made if there is none, a schema in PostgreSQL too; the
/// database itself must be there. Free the store with `tegata_store_free()`; a registry opened on it keeps it alive.
///
/// Errors: `input.invalid` for what is no such address; otherwise those of `tegata_sqlite_store_open()` and
/// `tegata_postgres_store_connect()`. No error shows the address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_open_store(
    url: *const c_char,
    store: *mut *mut tegata_store,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let store = out(store, "store")?;
        let opened: Arc<dyn Store> = tegata::open_store(text(url, "url")?)?.into();
        store.own(tegata_store(opened));
        Ok(())
    })
}

/// What a registry knows of something that was seen.
#[repr(C)]
pub enum tegata_seen_state {
    /// It is in the store.
    Known = 1,
    /// This registry made it, and the store does not remember: it was restored to an earlier state.
    Lost = 2,
    /// Not of this registry, or removed from it by its rules of retention.
    Unknown = 3,
}
same_variants!(tegata_seen_state = SeenState { Known, Lost, Unknown });

/// What was seen.
#[repr(C)]
pub enum tegata_seen_type {
    /// A certificate: `value` is its DER or PEM.
    Certificate = 1,
    /// The serial number of a certificate: `authority` and `serial`.
    Serial = 2,
    /// A device: `id`.
    Device = 3,
    /// A certificate's identifier: `id`.
    CertificateId = 4,
    /// A version of a symmetric key: `id` and `version`.
    Key = 5,
    /// A version of a pre-shared key's secret: `id` and `version`.
    Psk = 6,
}

/// Something that was seen in the field: at a gateway, in a log, on a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_seen {
    /// `sizeof(tegata_seen)`.
    pub size: usize,
    /// What it is. Required.
    pub r#type: Number<tegata_seen_type>,
    /// The certificate.
    pub value: tegata_bytes,
    /// The identifier of the authority, for a serial number; NULL for others.
    pub authority: *const c_char,
    /// The octets of a serial number, the most significant first; empty for others.
    pub serial: tegata_bytes,
    /// The identifier, for a device, a certificate's identifier or a key; NULL for others.
    pub id: *const c_char,
    /// Which version, for keys; 0 for others.
    pub version: u32,
}
growing!(tegata_seen);

impl ToCore for tegata_seen {
    type Core = Seen;

    fn to_core(&self) -> Result<Seen> {
        Ok(match self.r#type.get() {
            1 => Seen::Certificate(self.value.get("value")?.to_vec()),
            2 => Seen::Serial {
                authority: parsed(self.authority, "authority")?,
                serial: self.serial.get("serial")?.to_vec(),
            },
            3 => Seen::Device(parsed(self.id, "id")?),
            4 => Seen::CertificateId(parsed(self.id, "id")?),
            5 => Seen::Key { id: parsed(self.id, "id")?, version: self.version },
            6 => Seen::Psk { id: parsed(self.id, "id")?, version: self.version },
            _ => return Err(invalid("type", "is none of tegata_seen_type")),
        })
    }
}

/// What a registry knows of what was seen, in its order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_seen_states {
    /// The states; NULL when there are none.
    pub items: *const Number<tegata_seen_state>,
    /// How many.
    pub len: usize,
}

impl ToC for [SeenState] {
    type C = tegata_seen_states;

    fn to_c(&self, arena: &mut Arena) -> tegata_seen_states {
        let items: Vec<Number<tegata_seen_state>> = self.iter().map(|state| (*state).into()).collect();
        tegata_seen_states { items: arena.put_all(&items), len: items.len() }
    }
}

/// Frees what a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_seen_states_free(states: *const tegata_seen_states) {
    free_record(states);
}

/// How many records of a kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_record_count {
    /// The kind, such as `certificates`.
    pub name: *const c_char,
    /// How many.
    pub count: u64,
}

/// How many records of each kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_record_counts {
    /// The counts; NULL when there are none.
    pub items: *const tegata_record_count,
    /// How many kinds.
    pub len: usize,
}

impl ToC for BTreeMap<String, u64> {
    type C = tegata_record_counts;

    fn to_c(&self, arena: &mut Arena) -> tegata_record_counts {
        let items: Vec<_> =
            self.iter().map(|(name, count)| tegata_record_count { name: arena.text(name), count: *count }).collect();
        tegata_record_counts { items: arena.put_all(&items), len: items.len() }
    }
}

/// A backup that was made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_backup {
    /// When, in seconds since 1970. What happened up to here is in it.
    pub at: i64,
    /// How large its file is, in bytes.
    pub bytes: u64,
}

impl ToC for Backup {
    type C = tegata_backup;

    fn to_c(&self, _: &mut Arena) -> tegata_backup {
        tegata_backup { at: self.at.unix(), bytes: self.bytes }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_backup_free(backup: *const tegata_backup) {
    free_record(backup);
}

/// What `tegata_registry_copy_to()` did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_copied {
    /// How many rows the copy holds, each compared with its original.
    pub rows: u64,
    /// How many of them were written, in all passes together.
    pub written: u64,
    /// How many rows were removed that the source had no more.
    pub deleted: u64,
    /// How often both sides were compared from one end to the other.
    pub passes: u32,
}

impl ToC for Copied {
    type C = tegata_copied;

    fn to_c(&self, _: &mut Arena) -> tegata_copied {
        tegata_copied { rows: self.rows, written: self.written, deleted: self.deleted, passes: self.passes }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_copied_free(copied: *const tegata_copied) {
    free_record(copied);
}

/// What `tegata_registry_check_integrity()` found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_integrity {
    /// How many rows were looked at.
    pub rows: u64,
    /// What does not fit together, a sentence each; nothing when all is well. At most a thousand.
    pub findings: tegata_texts,
    /// Whether nothing was found.
    pub is_sound: bool,
}

impl ToC for Integrity {
    type C = tegata_integrity;

    fn to_c(&self, arena: &mut Arena) -> tegata_integrity {
        tegata_integrity { rows: self.rows, findings: arena.texts(&self.findings), is_sound: self.is_sound() }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_integrity_free(integrity: *const tegata_integrity) {
    free_record(integrity);
}

/// What `tegata_registry_maintain()` did, or would do.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_maintained {
    /// How many rows were looked at.
    pub looked_at: u64,
    /// How many records went, by their kind: `certificates`, `devices`, `requests` ..., entries of CRLs
    /// some thousands at a time. What belonged to them (documents, attachments, revocations) is not counted.
    pub removed: tegata_record_counts,
    /// How many bytes went back to the file system.
    pub freed: u64,
    /// Whether everything was looked at since the round began; the next call begins another one.
    pub finished: bool,
    /// How many records went in all.
    pub total: u64,
}

impl ToC for Maintained {
    type C = tegata_maintained;

    fn to_c(&self, arena: &mut Arena) -> tegata_maintained {
        tegata_maintained {
            looked_at: self.looked_at,
            removed: self.removed.to_c(arena),
            freed: self.freed,
            finished: self.finished,
            total: self.total(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_maintained_free(maintained: *const tegata_maintained) {
    free_record(maintained);
}

/// How long what is over is remembered, in days of 86,400 seconds, each at most 36,525. NULL in place of the struct
/// stands for all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_retention {
    /// `sizeof(tegata_retention)`.
    pub size: usize,
    /// Certificates and the entries of CRLs: after they expired, or were refused. What CRLs still list stays until it
    /// may leave them, and the last certificate of a device stays as long as the device, so that one that was away for years is known when it comes
    /// back. NULL for 90.
    pub certificate_days: *const u32,
    /// Deleted devices: after the deletion. All that they had goes with them. NULL for 730.
    pub device_days: *const u32,
    /// Request IDs: after the request, which can be repeated harmlessly until then. NULL for 30.
    pub request_days: *const u32,
    /// Claim codes that nobody used: after they expired. Used ones go with the device that used them. NULL for 30.
    pub claim_code_days: *const u32,
    /// Deleted pre-shared keys, after they were issued, but for those under a device's ID, which go with it; former
    /// versions of symmetric keys, after they ended. NULL for 365.
    pub secret_days: *const u32,
    /// Campaigns: after their end. NULL for 365.
    pub campaign_days: *const u32,
    /// Events: after they happened, once a checkpoint covers them. NULL keeps them for ever.
    pub event_days: *const u32,
    /// How many rows one call looks at, 1 to 1,000,000. Ten thousand take some tens of milliseconds. NULL for 10,000.
    pub limit: *const u32,
    /// How far the clock may have gone on since the last call, or before the first from one event to the next; at least 1.
    /// Beyond, it is taken for wrong, and nothing goes: a clock that jumps ahead makes everything look expired. Whoever
    /// calls seldom allows more. NULL for 90.
    pub leap_days: *const u32,
}
growing!(tegata_retention);

impl ToCore for tegata_retention {
    type Core = Retention;

    fn to_core(&self) -> Result<Retention> {
        let default = Retention::default();
        Ok(Retention {
            certificate_days: optional(self.certificate_days).copied().unwrap_or(default.certificate_days),
            device_days: optional(self.device_days).copied().unwrap_or(default.device_days),
            request_days: optional(self.request_days).copied().unwrap_or(default.request_days),
            claim_code_days: optional(self.claim_code_days).copied().unwrap_or(default.claim_code_days),
            secret_days: optional(self.secret_days).copied().unwrap_or(default.secret_days),
            campaign_days: optional(self.campaign_days).copied().unwrap_or(default.campaign_days),
            event_days: optional(self.event_days).copied(),
            leap_days: optional(self.leap_days).copied().unwrap_or(default.leap_days),
            limit: optional(self.limit).copied().unwrap_or(default.limit),
        })
    }
}

/// Writes the whole registry, as it is at one moment, into the new SQLite file `path`, while everything goes on;
/// durable when it answers. From another store than SQLite it is a copy, as `tegata_registry_copy_to()` makes it, which
/// needs a source that does not change all the time. To restore it, put the file in the place of the database (without
/// files called `-wal` or `-shm` beside it) and open it, or open it and copy it to where it belongs. The sealing key is
/// not in it: keep that elsewhere.
///
/// A backup knows that it is one. When it is opened as a registry, numbers go on far above those that may have been
/// given out since it was made, so that no identifier, serial number or CRL number comes twice, and the event
/// `registry.restored` says so. What was issued after the backup is unknown here; whoever shows it gets
/// `certificate.lost` or `input.lost_id`, and `tegata_registry_report_seen()` tells it in advance.
///
/// Errors: `store.unavailable` when there is a file already, or it cannot be written; `store.keeps_changing`; store
/// errors. No file is left then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_backup(
    registry: *const tegata_registry,
    path: *const c_char,
    call: *const tegata_call,
    backup: *mut *const tegata_backup,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let backup = out(backup, "backup")?;
        backup.give(&registry_of(registry)?.backup(text(path, "path")?.as_ref(), &call_of(call)?)?);
        Ok(())
    })
}

/// Copies the whole registry into `target`: from SQLite to PostgreSQL, back, or into a store of the host's own
/// (`tegata_host_store_new()`). The sealing key stays the same, and so do all identifiers, serial numbers and secrets.
///
/// `target` must be empty, or hold a copy of this registry that was not opened since. What it holds already is compared
/// and not written again, so a copy that was stopped (by `progress`, an error, a crash) goes on where it was when it is
/// called again. The registry may be used meanwhile: both sides are compared, row by row, again and again until nothing
/// differs. The last comparison is the proof that the copy is complete. To move, therefore: copy; stop whoever writes;
/// copy again, which is quick; open the registry in its new store. A store whose copy was not finished cannot be opened
/// as a registry.
///
/// Of `bulk`, which may be NULL, only `progress` counts. It is told how many rows were compared in this pass and how
/// many there are; when it answers false, the copy stops.
///
/// Errors: `store.other_registry` when `target` holds anything else, or was opened since; `store.keeps_changing`;
/// `input.cancelled` when `progress` stopped it; errors of both stores.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_copy_to(
    registry: *const tegata_registry,
    target: *const tegata_store,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    copied: *mut *const tegata_copied,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let copied = out(copied, "copied")?;
        let target = shared(target, "target")?.0.clone();
        let (registry, call) = (registry_of(registry)?, call_of(call)?);
        let done = with_bulk(bulk, |bulk| registry.copy_to(&target, bulk.progress, &call))?;
        copied.give(&done);
        Ok(())
    })
}

/// Reads everything and tells what does not fit together: what the store finds out about itself, values that
/// this version cannot have written, sealed ones that do not open, records that lead to others which are not
/// there, serial numbers that lead elsewhere, entries of CRLs that do not say what the certificates do, and
/// numbers that may be given twice. It changes nothing and goes on beside everything else; what is written
/// meanwhile is looked at twice before it is told.
///
/// Whether events were altered or removed, `tegata_events_verify()` says. What does not fit together is no error but a
/// finding in `integrity`.
///
/// Of `bulk`, which may be NULL, only `progress` counts. It is told how many rows were looked at and how many there
/// are; when it answers false, the check stops.
///
/// Errors: `input.cancelled` when `progress` stopped it; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_check_integrity(
    registry: *const tegata_registry,
    bulk: *const tegata_bulk,
    integrity: *mut *const tegata_integrity,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let integrity = out(integrity, "integrity")?;
        let registry = registry_of(registry)?;
        integrity.give(&with_bulk(bulk, |bulk| registry.check_integrity(bulk.progress))?);
        Ok(())
    })
}

/// Tells the registry what was seen in the field, `len` things from `seen` on, with an answer for each in their order:
/// for the time after a restore, when gateways and devices know more than the store. What is lost is enrolled or issued
/// anew; see the event `restore.noticed`.
///
/// Errors: `certificate.malformed` and the like for what is no certificate; `input.unknown_id` for
/// authorities that are not of this registry; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_report_seen(
    registry: *const tegata_registry,
    seen: *const tegata_seen,
    len: usize,
    states: *mut *const tegata_seen_states,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let states = out(states, "states")?;
        let seen = all_given(seen, len, "seen")?;
        states.give(registry_of(registry)?.report_seen(&seen)?.as_slice());
        Ok(())
    })
}

/// Removes what is over and was remembered long enough: expired certificates with all that belongs to them, deleted
/// devices, request IDs, used-up secrets, ended campaigns, and old events. To be called regularly, such as every
/// minute, or in a loop until `finished` is true; it looks at `limit` rows a call, and everything else goes on
/// meanwhile.
///
/// Each record is written to `archive` first, which may be NULL for none: one JSON object a line, without secrets.
/// `archive` has taken all of it before anything is removed, so its `write` should return when it is safe. After an
/// error it may hold records that are still there; it never lacks one that is not. If two processes do it at once, both
/// may archive the same.
///
/// `retention` may be NULL for all defaults. Numbers never come back: no identifier or serial number of what was
/// removed is given out again, and a key that is known to be compromised stays refused.
///
/// Errors: `input.invalid` for a retention that cannot be meant and when `archive` fails; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_maintain(
    registry: *const tegata_registry,
    retention: *const tegata_retention,
    archive: *const tegata_writer,
    call: *const tegata_call,
    maintained: *mut *const tegata_maintained,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let maintained = out(maintained, "maintained")?;
        let (registry, call) = (registry_of(registry)?, call_of(call)?);
        let retention = given_or_default(retention, "retention")?;
        maintained.give(&with_writer(archive, "archive", |archive| registry.maintain(&retention, archive, &call))?);
        Ok(())
    })
}

/// What `tegata_registry_maintain()` would remove in a whole round, events apart. `retention` may be NULL for all
/// defaults. Looks at everything, whatever the limit, and changes nothing.
///
/// Errors: `input.invalid` for a retention that cannot be meant; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_maintainable(
    registry: *const tegata_registry,
    retention: *const tegata_retention,
    maintained: *mut *const tegata_maintained,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let maintained = out(maintained, "maintained")?;
        maintained.give(&registry_of(registry)?.maintainable(&given_or_default(retention, "retention")?)?);
        Ok(())
    })
}
