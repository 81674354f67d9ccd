//! Calls of the handle for symmetric keys.

use serde_json::Value as Json;

use super::Fault;
use super::world::Step;

pub fn keys(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call, bulk) = (registry.keys(), &s.call, &s.bulk());
    match method {
        "issue" => s.show(&handle.issue(&s.arg("new")?, call)?),
        "issue_many" => s.show(&handle.issue_many(&s.list("new")?, bulk, call)?),
        "record" => s.show(&handle.record(s.arg("id")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "count" => s.show(&handle.count(&s.arg("filter")?)?),
        "get" => s.show(&handle.get(s.arg("id")?, s.arg("version")?, call)?),
        "get_many" => s.show(&handle.get_many(&s.list("ids")?, bulk, call)?),
        "verify" => s.show(&handle.verify(s.arg("id")?, &s.list("presented")?)?),
        "verify_check_value" => s.show(&handle.verify_check_value(s.arg("id")?, &s.arg("presented")?)?),
        "check_value" => s.show(&handle.check_value(s.arg("id")?, s.arg("method")?, s.arg("version")?)?),
        "versions" => s.show(&handle.versions(s.arg("id")?)?),
        "rotate" => s.show(&handle.rotate(s.arg("id")?, &s.arg("rotate")?, call)?),
        "rotate_many" => s.show(&handle.rotate_many(&s.list("ids")?, &s.arg("rotate")?, bulk, call)?),
        "end_grace" => s.show(&handle.end_grace(s.arg("id")?, call)?),
        "erase_expired" => s.show(&handle.erase_expired(call)?),
        "deliver" => s.show(&handle.deliver(s.arg("id")?, s.arg("device")?, call)?),
        "deliver_clear" => s.show(&handle.deliver_clear(s.arg("id")?, s.arg("device")?, call)?),
        "share" => s.show(&handle.share(s.arg("id")?, s.arg("device")?, call)?),
        "unshare" => s.show(&handle.unshare(s.arg("id")?, s.arg("device")?, call)?),
        "holders" => s.show(&handle.holders(s.arg("id")?)?),
        "suspend" => s.show(&handle.suspend(s.arg("id")?, call)?),
        "suspend_many" => s.show(&handle.suspend_many(&s.list("ids")?, bulk, call)?),
        "resume" => s.show(&handle.resume(s.arg("id")?, call)?),
        "resume_many" => s.show(&handle.resume_many(&s.list("ids")?, bulk, call)?),
        "mark_compromised" => s.show(&handle.mark_compromised(s.arg("id")?, call)?),
        "mark_compromised_many" => s.show(&handle.mark_compromised_many(&s.list("ids")?, bulk, call)?),
        "destroy" => s.show(&handle.destroy(s.arg("id")?, call)?),
        "destroy_many" => s.show(&handle.destroy_many(&s.list("ids")?, bulk, call)?),
        _ => s.unknown(),
    }
}
