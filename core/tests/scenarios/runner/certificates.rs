//! Calls of `certificates`.

use serde_json::Value as Json;

use super::Fault;
use super::world::Step;

pub fn certificates(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call, bulk) = (registry.certificates(), &s.call, &s.bulk());
    match method {
        "issue" => s.show(&handle.issue(&s.arg("issue")?, call)?),
        "issue_many" => s.show(&handle.issue_many(&s.list("issues")?, bulk, call)?),
        "issue_with_key" => s.show(&handle.issue_with_key(&s.arg("issue")?, call)?),
        "request" => s.show(&handle.request(&s.arg("issue")?, call)?),
        "approve" => s.show(&handle.approve(s.arg("id")?, call)?),
        "deny" => s.show(&handle.deny(s.arg("id")?, call)?),
        "collect_key" => s.show(&handle.collect_key(s.arg("id")?, call)?),
        "confirm_key" => s.show(&handle.confirm_key(s.arg("id")?, call)?),
        "erase_uncollected" => s.show(&handle.erase_uncollected(call)?),
        "renew" => s.show(&handle.renew(&s.arg("renew")?, call)?),
        "renew_many" => s.show(&handle.renew_many(&s.list("renewals")?, bulk, call)?),
        "renew_with_key" => s.show(&handle.renew_with_key(&s.arg("renew")?, call)?),
        "confirm" => s.show(&handle.confirm(s.arg("id")?, call)?),
        "suspend" => s.show(&handle.suspend(s.arg("id")?, call)?),
        "suspend_many" => s.show(&handle.suspend_many(&s.list("ids")?, bulk, call)?),
        "resume" => s.show(&handle.resume(s.arg("id")?, call)?),
        "resume_many" => s.show(&handle.resume_many(&s.list("ids")?, bulk, call)?),
        "revoke" => s.show(&handle.revoke(s.arg("id")?, s.arg("reason")?, call)?),
        "revoke_many" => s.show(&handle.revoke_many(&s.list("ids")?, s.arg("reason")?, bulk, call)?),
        "delete" => s.show(&handle.delete(s.arg("id")?, call)?),
        "delete_many" => s.show(&handle.delete_many(&s.list("ids")?, bulk, call)?),
        "retire_superseded" => s.show(&handle.retire_superseded(call)?),
        "attach" => s.show(&handle.attach(s.arg("id")?, s.arg("device")?, call)?),
        "detach" => s.show(&handle.detach(s.arg("id")?, s.arg("device")?, call)?),
        "attachments" => s.show(&handle.attachments(s.arg("id")?, &s.arg("page")?)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "by_serial" => s.show(&handle.by_serial(s.arg("authority")?, &s.list("serial")?)?),
        "issued" => s.show(&handle.issued(s.arg("id")?)?),
        "der" => s.show(&handle.der(s.arg("id")?)?),
        "pem" => s.show(&handle.pem(s.arg("id")?)?),
        "chain" => s.show(&handle.chain(s.arg("id")?)?),
        "export" => s.show(&handle.export(s.arg("id")?, &s.arg("format")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "count" => s.show(&handle.count(&s.arg("filter")?, s.arg("by")?)?),
        _ => s.unknown(),
    }
}
