//! The list of operations, and which part of the runner makes which call.

use std::sync::OnceLock;

use serde_json::Value as Json;

use super::Fault;
use super::world::Step;

/// One operation of `core/tests/operations.json`.
pub struct Operation {
    pub name: String,
    pub parameters: Vec<String>,
    /// The type that the method belongs to, for methods of values.
    pub on: Option<String>,
    pub call: bool,
    pub bulk: bool,
    pub refuses: bool,
}

/// All operations of the surface.
pub fn operations() -> &'static [Operation] {
    static ALL: OnceLock<Vec<Operation>> = OnceLock::new();
    ALL.get_or_init(|| {
        let list: Vec<Json> = serde_json::from_str(include_str!("../../operations.json")).expect("a list");
        list.iter()
            .map(|entry| {
                let flag = |key: &str| entry[key].as_bool().expect(key);
                let parameters = entry["parameters"].as_array().expect("parameters");
                Operation {
                    name: entry["operation"].as_str().expect("a name").to_owned(),
                    parameters: parameters.iter().map(|p| p["name"].as_str().expect("a name").to_owned()).collect(),
                    on: entry.get("on").and_then(Json::as_str).map(str::to_owned),
                    call: flag("call"),
                    bulk: flag("bulk"),
                    refuses: flag("refuses"),
                }
            })
            .collect()
    })
}

/// The operation of this name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    operations().iter().find(|operation| operation.name == name)
}

/// Makes the call.
pub fn run(step: &Step<'_>) -> Result<Json, Fault> {
    let (area, method) = step.operation.name.split_once('.').unwrap_or(("", &step.operation.name));
    match area {
        "registry" => super::entities::registry(step, method),
        "authorities" => super::entities::authorities(step, method),
        "profiles" => super::entities::profiles(step, method),
        "products" => super::entities::products(step, method),
        "devices" => super::entities::devices(step, method),
        "groups" => super::entities::groups(step, method),
        "campaigns" => super::campaigns::campaigns(step, method),
        "keys" => super::keys::keys(step, method),
        "clients" => super::clients::clients(step, method),
        "ocsp" => super::ocsp::ocsp(step, method),
        "psks" => super::psks::psks(step, method),
        "events" => super::entities::events(step, method),
        "certificates" => super::certificates::certificates(step, method),
        "" => super::free::function(step, method),
        of_a_type => super::values::method(step, of_a_type, method),
    }
}
