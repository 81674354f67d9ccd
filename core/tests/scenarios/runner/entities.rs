//! Calls of the registry and of its handles, certificates apart.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tegata::store::Store;
use tegata::{DeviceChange, DeviceId, Text};

use super::Fault;
use super::clients::OwnPresented;
use super::show::Show;
use super::world::Step;

pub fn registry(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    match method {
        "authenticate" => {
            let shown: OwnPresented = s.arg("presented")?;
            s.show(&shown.with(|shown| registry.authenticate(shown))?)
        }
        "due" => s.show(&registry.due(&s.arg("due")?, &s.arg("page")?)?),
        "counts" => s.show(&registry.counts()?),
        "trust_bundle" => s.show(&registry.trust_bundle()?),
        "reseal" => s.show(&registry.reseal(&s.bulk(), &s.call)?),
        "backup" => s.show(&registry.backup(&s.arg::<std::path::PathBuf>("path")?, &s.call)?),
        "copy_to" => s.show(&registry.copy_to(&s.arg::<Arc<dyn Store>>("target")?, None, &s.call)?),
        "check_integrity" => s.show(&registry.check_integrity(None)?),
        "report_seen" => s.show(&registry.report_seen(&s.list("seen")?)?),
        "maintain" => {
            let mut archive = Vec::new();
            let done = registry.maintain(&s.arg("retention")?, Some(&mut archive), &s.call)?;
            // Its lines are told apart from what was done: how many there are.
            let lines = archive.split(|octet| *octet == b'\n').count() - 1;
            let mut shown = s.show(&done)?;
            if let Some(fields) = shown.as_object_mut() {
                fields.insert("archived".to_owned(), json!(lines));
            }
            Ok(shown)
        }
        "maintainable" => s.show(&registry.maintainable(&s.arg("retention")?)?),
        "close" => s.show(&registry.close()),
        _ => s.unknown(),
    }
}

pub fn authorities(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.authorities(), &s.call);
    match method {
        "create_root" => s.show(&handle.create_root(&s.arg("new")?, call)?),
        "create_intermediate" => s.show(&handle.create_intermediate(s.arg("parent")?, &s.arg("new")?, call)?),
        "import" => s.show(&handle.import(&s.arg("import")?, call)?),
        "request" => s.show(&handle.request(&s.arg("new")?, call)?),
        "install" => {
            let (certificate, chain) = (s.list("certificate")?, s.list("chain")?);
            s.show(&handle.install(s.arg("id")?, &certificate, &chain, call)?)
        }
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "chain" => s.show(&handle.chain(s.arg("id")?)?),
        "rebuild" => s.show(&handle.rebuild(s.arg("id")?, &s.arg("rebuild")?, call)?),
        "cross_certify" => s.show(&handle.cross_certify(s.arg("id")?, s.arg("by")?, call)?),
        "retire" => s.show(&handle.retire(s.arg("id")?, call)?),
        "mark_compromised" => s.show(&handle.mark_compromised(s.arg("id")?, call)?),
        "crl" => s.show(&handle.crl(s.arg("id")?, &s.arg("options")?, call)?),
        "current_crl" => s.show(&handle.current_crl(s.arg("id")?, &s.arg("options")?)?),
        "crls" => s.show(&handle.crls(s.arg("id")?)?),
        "set_crl_policy" => s.show(&handle.set_crl_policy(s.arg("id")?, &s.arg("policy")?, call)?),
        "refresh_crls" => s.show(&handle.refresh_crls(s.arg("until")?, call)?),
        "use_signer" => s.show(&handle.use_signer(s.arg("id")?, s.arg("signer")?)?),
        _ => s.unknown(),
    }
}

pub fn profiles(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.profiles(), &s.call);
    match method {
        "put" => s.show(&handle.put(&s.arg::<String>("name")?, &s.arg("spec")?, call)?),
        "load" => s.show(&handle.load(s.arg::<std::path::PathBuf>("file")?, call)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "newest" => s.show(&handle.newest(&s.arg::<String>("name")?)?),
        "versions" => s.show(&handle.versions(&s.arg::<String>("name")?, &s.arg("page")?)?),
        "find" => s.show(&handle.find(&s.arg("page")?)?),
        "preview" => {
            let (csr, name) = (s.list("csr")?, s.arg::<Option<String>>("name")?);
            s.show(&handle.preview(s.arg("profile")?, s.arg("authority")?, &csr, name.as_deref())?)
        }
        _ => s.unknown(),
    }
}

pub fn products(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.products(), &s.call);
    match method {
        "register" => s.show(&handle.register(&s.arg("new")?, call)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "enrolled" => s.show(&handle.enrolled(s.arg("id")?)?),
        "update" => s.show(&handle.update(s.arg("id")?, &s.arg("change")?, call)?),
        "set_enrollment_policy" => s.show(&handle.set_enrollment_policy(s.arg("id")?, &s.arg("policy")?, call)?),
        "suspend" => s.show(&handle.suspend(s.arg("id")?, call)?),
        "resume" => s.show(&handle.resume(s.arg("id")?, call)?),
        "discontinue" => s.show(&handle.discontinue(s.arg("id")?, call)?),
        "add_units" => s.show(&handle.add_units(s.arg("id")?, &s.list("units")?, &s.bulk(), call)?),
        "issue_claim_codes" => {
            s.show(&handle.issue_claim_codes(s.arg("id")?, s.arg("count")?, s.arg("expires")?, call)?)
        }
        "renew_credential" => {
            let hand_out = s.arg::<Option<_>>("hand_out")?.unwrap_or_default();
            s.show(&handle.renew_credential(s.arg("id")?, s.arg("algorithm")?, hand_out, call)?)
        }
        "credentials" => s.show(&handle.credentials(s.arg("id")?)?),
        "revoke_credential" => s.show(&handle.revoke_credential(s.arg("credential")?, s.arg("reason")?, call)?),
        _ => s.unknown(),
    }
}

pub fn devices(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call, bulk) = (registry.devices(), &s.call, &s.bulk());
    match method {
        "register" => s.show(&handle.register(&s.arg("new")?, call)?),
        "register_many" => s.show(&handle.register_many(&s.list("new")?, bulk, call)?),
        "discover" => s.show(&handle.discover(&s.arg("new")?, call)?),
        "discover_many" => s.show(&handle.discover_many(&s.list("new")?, bulk, call)?),
        "enroll" => s.show(&handle.enroll(&s.arg("request")?, call)?),
        "enroll_many" => s.show(&handle.enroll_many(&s.list("requests")?, bulk, call)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "count" => s.show(&handle.count(&s.arg("filter")?)?),
        "credentials" => s.show(&handle.credentials(s.arg("id")?)?),
        "provision" => s.show(&handle.provision(&s.arg("wish")?, call)?),
        "provision_many" => s.show(&handle.provision_many(&s.list("wishes")?, bulk, call)?),
        "update" => s.show(&handle.update(s.arg("id")?, &s.arg("change")?, call)?),
        "update_many" => s.show(&handle.update_many(&s.list::<(DeviceId, DeviceChange)>("changes")?, bulk, call)?),
        "set_group" => s.show(&handle.set_group(s.arg("id")?, s.arg("group")?, call)?),
        "set_group_many" => s.show(&handle.set_group_many(&s.list("ids")?, s.arg("group")?, bulk, call)?),
        "disable" => s.show(&handle.disable(s.arg("id")?, call)?),
        "disable_many" => s.show(&handle.disable_many(&s.list("ids")?, bulk, call)?),
        "enable" => s.show(&handle.enable(s.arg("id")?, call)?),
        "enable_many" => s.show(&handle.enable_many(&s.list("ids")?, bulk, call)?),
        "delete" => s.show(&handle.delete(s.arg("id")?, call)?),
        "delete_many" => s.show(&handle.delete_many(&s.list("ids")?, bulk, call)?),
        "release_quarantine" => s.show(&handle.release_quarantine(s.arg("id")?, s.arg("release")?, call)?),
        _ => s.unknown(),
    }
}

pub fn groups(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.groups(), &s.call);
    match method {
        "create" => s.show(&handle.create(&s.arg::<String>("name")?, &s.arg("settings")?, call)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "find" => s.show(&handle.find(s.arg::<Option<Text>>("name")?.as_ref(), &s.arg("page")?)?),
        "update" => s.show(&handle.update(s.arg("id")?, &s.arg("change")?, call)?),
        "delete" => s.show(&handle.delete(s.arg("id")?, call)?),
        _ => s.unknown(),
    }
}

pub fn events(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let handle = registry.events();
    match method {
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "export" => {
            let mut out = Vec::new();
            let count = handle.export(&s.arg("filter")?, &mut out)?;
            let text = String::from_utf8(out).map_err(|e| Fault::broken(e.to_string()))?;
            Ok(json!({ "count": count.show(s.world), "text": text }))
        }
        "export_log" => {
            let mut out = Vec::new();
            let count = handle.export_log(s.arg("from")?, &mut out)?;
            let text = String::from_utf8(out).map_err(|e| Fault::broken(e.to_string()))?;
            Ok(json!({ "count": count.show(s.world), "text": text }))
        }
        "checkpoint" => s.show(&handle.checkpoint(&s.call)?),
        "checkpoints" => s.show(&handle.checkpoints(&s.arg("page")?)?),
        "public_key" => s.show(&handle.public_key()?),
        "verify" => s.show(&handle.verify(&s.arg("options")?, None)?),
        "prove" => s.show(&handle.prove(s.arg("id")?)?),
        "prove_consistency" => s.show(&handle.prove_consistency(s.arg("old")?, s.arg("new")?)?),
        "prune" => s.show(&handle.prune(s.arg("before")?, None, &s.call)?),
        _ => s.unknown(),
    }
}
