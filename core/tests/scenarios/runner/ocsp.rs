//! Calls of OCSP.

use serde_json::Value as Json;

use super::Fault;
use super::world::Step;

pub fn ocsp(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.ocsp(), &s.call);
    match method {
        "configure" => s.show(&handle.configure(s.arg("authority")?, &s.arg("options")?, call)?),
        "responder" => s.show(&handle.responder(s.arg("authority")?, call)?),
        "respond" => s.show(&handle.respond(&s.list("request")?)?),
        "respond_get" => s.show(&handle.respond_get(&s.arg::<String>("path")?)?),
        "presign" => s.show(&handle.presign(s.arg("authority")?, s.arg("hash")?, &s.arg("page")?)?),
        _ => s.unknown(),
    }
}
