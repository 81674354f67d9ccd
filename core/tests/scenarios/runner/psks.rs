//! Calls of the handle for pre-shared keys.

use serde_json::Value as Json;

use super::Fault;
use super::world::Step;

pub fn psks(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call, bulk) = (registry.psks(), &s.call, &s.bulk());
    match method {
        "issue" => s.show(&handle.issue(&s.arg("new")?, call)?),
        "issue_many" => s.show(&handle.issue_many(&s.list("new")?, bulk, call)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "read" => s.show(&handle.read(s.arg("id")?, call)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "export" => s.show(&handle.export(&s.arg("filter")?, s.arg("format")?, call)?),
        "verify" => s.show(&handle.verify(&s.arg::<String>("identity")?, &s.list("secret")?)?),
        "rotate" => s.show(&handle.rotate(s.arg("id")?, &s.arg("rotate")?, call)?),
        "rotate_many" => s.show(&handle.rotate_many(&s.list("ids")?, &s.arg("rotate")?, bulk, call)?),
        "end_grace" => s.show(&handle.end_grace(s.arg("id")?, call)?),
        "erase_expired" => s.show(&handle.erase_expired(call)?),
        "suspend" => s.show(&handle.suspend(s.arg("id")?, call)?),
        "suspend_many" => s.show(&handle.suspend_many(&s.list("ids")?, bulk, call)?),
        "resume" => s.show(&handle.resume(s.arg("id")?, call)?),
        "resume_many" => s.show(&handle.resume_many(&s.list("ids")?, bulk, call)?),
        "delete" => s.show(&handle.delete(s.arg("id")?, call)?),
        "delete_many" => s.show(&handle.delete_many(&s.list("ids")?, bulk, call)?),
        _ => s.unknown(),
    }
}
