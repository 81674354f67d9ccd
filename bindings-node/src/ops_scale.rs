//! What a large registry needs: other stores, copies and backups, housekeeping, OCSP, and the log of events as evidence.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use tegata::error::StoreError;
use tegata::model::{Checkpoint, Responder};
use tegata::store::{PostgresOptions, PostgresStore, Store};
use tegata::{
    AuthorityId, Backup, Certificate, CertificateId, CheckedOcsp, Copied, DeviceId, EventId, EventProof, Integrity,
    KeyId, Listing, LogProblem, Maintained, OcspAnswer, OcspHash, OcspOptions, OcspResponseStatus, OcspStatus, Page,
    Presigned, PrunedEvents, PskId, Result, Retention, RevocationReason, Secret, Seen, SeenState, Tampering, Timestamp,
    Verification, VerifyEvents,
};

use crate::database::Database;
use crate::handle::Handle;
use crate::input::Pem;
use crate::ops::{MadeOpened, MadePostgres, operations};
use crate::ops_registry::Out as Target;
use crate::out::{Item, Out, Writer};
use crate::shape::{Types, names, record_in, record_out, union_in, union_out};

names!(OcspHash => "OcspHash" from ALL);
names!(OcspResponseStatus => "OcspResponseStatus" from ALL);
names!(Tampering => "Tampering" {
    "altered" = Tampering::Altered, "missing" = Tampering::Missing, "added" = Tampering::Added,
    "checkpoint-broken" = Tampering::CheckpointBroken, "rolled-back" = Tampering::RolledBack,
});
names!(SeenState => "SeenState" { "known" = SeenState::Known, "lost" = SeenState::Lost, "unknown" = SeenState::Unknown });

record_out!(Backup => "Backup" { at, bytes });
record_out!(Copied => "Copied" { rows, written, deleted, passes });
record_out!(Integrity => "Integrity" { rows, findings });
record_out!(Maintained => "Maintained" { looked_at, removed, freed, finished });
record_in!(Retention => "Retention" (optional) {
    certificate_days = Self::default().certificate_days, device_days = Self::default().device_days,
    request_days = Self::default().request_days, claim_code_days = Self::default().claim_code_days,
    secret_days = Self::default().secret_days, campaign_days = Self::default().campaign_days, event_days,
    leap_days = Self::default().leap_days, limit = Self::default().limit,
});
union_in!(Seen => "Seen" {
    "certificate" { value: Pem } => Seen::Certificate(value.0),
    "serial" { authority: AuthorityId, serial: Vec<u8> } => Seen::Serial { authority, serial },
    "device" { value: DeviceId } => Seen::Device(value),
    "certificate-id" { value: CertificateId } => Seen::CertificateId(value),
    "key" { id: KeyId, version: u32 } => Seen::Key { id, version },
    "psk" { id: PskId, version: u32 } => Seen::Psk { id, version },
});
impl Item for Seen {}

record_in!(OcspOptions => "OcspOptions" (optional) {
    validity_hours = Self::default().validity_hours, delegated = Self::default().delegated,
    algorithm = Self::default().algorithm, certificate_days = Self::default().certificate_days,
});
record_out!(Responder => "Responder" {
    authority, delegated, algorithm, validity_hours, certificate_days, certificate, not_before, not_after, renew_at,
});
record_out!(OcspAnswer => "OcspAnswer" {
    der, status, cause, content_type, cache_control, etag, expires, last_modified,
});
record_out!(Presigned => "Presigned" { certificate, serial, path, der, next_update });
record_out!(CheckedOcsp => "CheckedOcsp" { status, produced_at, this_update, next_update });
union_out!(OcspStatus => "OcspStatus" {
    "good" {} = OcspStatus::Good,
    "revoked" { at: Timestamp, reason: RevocationReason } = OcspStatus::Revoked { at, reason },
    "unknown" {} = OcspStatus::Unknown,
});

record_out!(Checkpoint => "Checkpoint" { number, at, actor, events, root, note });
record_in!(VerifyEvents => "VerifyEvents" (optional) { since, known, public_key });
record_out!(LogProblem => "LogProblem" { what, event, checkpoint, line });
record_out!(Verification => "Verification" { events, uncovered, pruned, checkpoints, last_checkpoint, first });
record_out!(EventProof => "EventProof" { event, proof });
record_out!(PrunedEvents => "PrunedEvents" { events, latest });

impl Out for BTreeMap<String, u64> {
    fn shape(_: &mut Types) -> String {
        "counts".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        for (key, value) in self {
            out.text(key);
            out.number(value);
        }
        out.close();
    }
}

/// How to connect, as JavaScript gives it: times in milliseconds.
struct Postgres {
    create: bool,
    schema: Option<String>,
    password: Option<Secret<String>>,
    wait: u32,
    connect_timeout: u32,
    statement_timeout: u32,
    writers: u32,
    getters: u32,
    searchers: u32,
}

record_in!(Postgres => "PostgresOptions" (optional) {
    create = true, schema, password, wait = 10_000, connect_timeout = 5_000, statement_timeout = 30_000, writers = 2, getters = 2,
    searchers = 4,
});

impl From<Postgres> for PostgresOptions {
    fn from(given: Postgres) -> Self {
        let time = |milliseconds: u32| Duration::from_millis(milliseconds.into());
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            create: given.create,
            schema: given.schema,
            password: given.password,
            wait: time(given.wait),
            connect_timeout: time(given.connect_timeout),
            statement_timeout: time(given.statement_timeout),
            writers: count(given.writers),
            getters: count(given.getters),
            searchers: count(given.searchers),
        }
    }
}

fn database(store: impl Store + 'static) -> Handle {
    Handle::Database(Arc::new(Database::new(store)))
}

/// Hands what `write` writes to the target in large pieces, to the last octet.
fn into<T>(target: Target, write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let mut buffered = BufWriter::with_capacity(1 << 16, target.0);
    let result = write(&mut buffered)?;
    buffered.flush().map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
    Ok(result)
}

operations! { LIST:
    "open_store" (url: String) -> MadeOpened = |_it| MadeOpened(database(tegata::open_store(&url)?));
    "PostgresStore.connect" (url: String, options: Postgres) -> MadePostgres
        = |_it| MadePostgres(database(PostgresStore::connect(&url, &options.into())?));

    "registry.backup" (path: String, call: tegata::Call) -> Backup
        = |it| it.registry()?.backup(path.as_ref(), &call)?;
    "registry.copy_to" (target: Arc<dyn Store>, call: tegata::Call) bulk -> Copied
        = |it| it.many()?.run(|bulk| {
            it.registry()?.copy_to(&target, bulk.progress, &call)
        })?;
    "registry.check_integrity" (call: tegata::Call) bulk -> Integrity
        = |it| it.many()?.run(|bulk| {
            let _ = &call;
            it.registry()?.check_integrity(bulk.progress)
        })?;
    "registry.report_seen" (seen: Vec<Seen>) -> Vec<SeenState> = |it| it.registry()?.report_seen(&seen)?;
    "registry.maintain" (retention: Retention, archive: Option<Target>, call: tegata::Call) -> Maintained = |it| {
        let registry = it.registry()?;
        match archive {
            None => registry.maintain(&retention, None, &call)?,
            Some(archive) => into(archive, |out| registry.maintain(&retention, Some(out), &call))?,
        }
    };
    "registry.maintainable" (retention: Retention) -> Maintained = |it| it.registry()?.maintainable(&retention)?;

    "ocsp.configure" (authority: AuthorityId, options: OcspOptions, call: tegata::Call) -> Responder
        = |it| it.registry()?.ocsp().configure(authority, &options, &call)?;
    "ocsp.responder" (authority: AuthorityId, call: tegata::Call) -> Responder
        = |it| it.registry()?.ocsp().responder(authority, &call)?;
    "ocsp.respond" (request: Vec<u8>) -> OcspAnswer = |it| it.registry()?.ocsp().respond(&request)?;
    "ocsp.respond_get" (path: String) -> OcspAnswer = |it| it.registry()?.ocsp().respond_get(&path)?;
    "ocsp.presign" (authority: AuthorityId, hash: Option<OcspHash>, page: Page) -> Listing<Presigned>
        = |it| it.registry()?.ocsp().presign(authority, hash.unwrap_or(OcspHash::Sha1), &page)?;
    "make_ocsp_request" (certificates: Vec<Certificate>, issuer: Certificate, hash: Option<OcspHash>, nonce: Option<Vec<u8>>)
        sync -> Vec<u8> = |_it| {
            tegata::make_ocsp_request(&certificates, &issuer, hash.unwrap_or(OcspHash::Sha1), nonce.as_deref())?
        };
    "check_ocsp" (response: Vec<u8>, certificate: Certificate, issuer: Certificate, nonce: Option<Vec<u8>>, at: Timestamp)
        sync -> CheckedOcsp
        = |_it| tegata::check_ocsp(&response, &certificate, &issuer, nonce.as_deref(), at)?;

    "events.checkpoint" (call: tegata::Call) -> Checkpoint = |it| it.registry()?.events().checkpoint(&call)?;
    "events.checkpoints" (page: Page) -> Listing<Checkpoint> = |it| it.registry()?.events().checkpoints(&page)?;
    "events.public_key" () -> String = |it| it.registry()?.events().public_key()?;
    "events.verify" (options: VerifyEvents, call: tegata::Call) bulk -> Verification
        = |it| it.many()?.run(|bulk| {
            let _ = &call;
            it.registry()?.events().verify(&options, bulk.progress)
        })?;
    "events.prove" (id: EventId) -> EventProof = |it| it.registry()?.events().prove(id)?;
    "events.prove_consistency" (old: u64, new: u64) -> String
        = |it| it.registry()?.events().prove_consistency(old, new)?;
    "events.export_log" (from: Option<u64>, out: Target) -> u64
        = |it| { let registry = it.registry()?; into(out, |out| registry.events().export_log(from, out))? };
    "events.prune" (before: Timestamp, archive: Option<Target>, call: tegata::Call) -> PrunedEvents = |it| {
        let registry = it.registry()?;
        match archive {
            None => registry.events().prune(before, None, &call)?,
            Some(archive) => into(archive, |out| registry.events().prune(before, Some(out), &call))?,
        }
    };
    "verify_event" (event: String, proof: String, public_key: String) sync -> ()
        = |_it| tegata::verify_event(&event, &proof, &public_key)?;
    "verify_consistency" (old: String, proof: String, public_key: String) sync -> ()
        = |_it| tegata::verify_consistency(&old, &proof, &public_key)?;
    "verify_export" (input: Pem, public_key: String) -> Verification
        = |_it| tegata::verify_export(&mut input.0.as_slice(), &public_key)?;
}
