//! Runs scenarios: files of calls with what they must lead to, in a form that every language reads. The format is
//! described in `core/tests/scenarios/README.md`.

mod arguments;
mod campaigns;
mod certificates;
mod clients;
mod compare;
mod entities;
mod free;
mod keys;
mod ocsp;
mod psks;
mod read;
mod show;
mod show_records;
mod surface;
mod values;
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

pub use compare::differences;
pub use surface::operations;
pub use world::World;

use world::Step;

/// Why a step did not give a value.
#[derive(Debug)]
pub enum Fault {
    /// The library refused the call.
    Refused(tegata::Error),
    /// The scenario, or this runner, is wrong.
    Broken(String),
}

impl<E: Into<tegata::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl Fault {
    /// The scenario, or this runner, is wrong.
    pub fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }
}

/// One file.
pub struct Scenario {
    pub file: String,
    pub name: String,
    pub clock: String,
    pub steps: Vec<Map<String, Json>>,
}

/// Where the scenarios are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// All scenarios, by file name.
pub fn load_all() -> Vec<Result<Scenario, String>> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .expect("the folder of scenarios")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path).map_err(|e| format!("{file}: {e}"))?;
            Scenario::parse(&file, &text)
        })
        .collect()
}

impl Scenario {
    /// Reads a scenario, and refuses what no runner would look at.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let fault = |what: &str| format!("{file}: {what}");
        let Json::Object(mut top) = serde_json::from_str(text).map_err(|e| fault(&e.to_string()))? else {
            return Err(fault("is not an object"));
        };
        let mut text_of = |key: &str| match top.remove(key) {
            Some(Json::String(text)) => Ok(text),
            _ => Err(fault(&format!("has no \"{key}\""))),
        };
        let (name, clock) = (text_of("name")?, text_of("clock")?);
        let Some(Json::Array(steps)) = top.remove("steps") else { return Err(fault("has no \"steps\"")) };
        if let Some(unknown) = top.keys().next() {
            return Err(fault(&format!("has an unknown field \"{unknown}\"")));
        }
        let steps = steps
            .into_iter()
            .map(|step| match step {
                Json::Object(step) => Ok(step),
                _ => Err(fault("has a step that is not an object")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { file: file.to_owned(), name, clock, steps })
    }

    /// Runs it; the text of a failure names the file, the step and the difference.
    pub fn run(&self) -> Result<(), String> {
        self.run_inside(usize::MAX)
    }

    /// As [`run`](Self::run), with the steps from this one on (counted from 0) made from inside a callback.
    pub fn run_inside(&self, callback: usize) -> Result<(), String> {
        let fault = |what: String| format!("{} ({}): {what}", self.file, self.name);
        let clock = self.clock.parse().map_err(|e: tegata::Error| fault(format!("clock: {e}")))?;
        let mut world = World::new(clock);
        let mut stored = BTreeSet::new();
        for (index, step) in self.steps.iter().enumerate() {
            let at = |what: String| {
                let call = step.get("call").and_then(Json::as_str).unwrap_or("no call");
                fault(format!("step {}, {call}: {what}", index + 1))
            };
            let mut run = || run_step(&mut world, step);
            let outcome = if index < callback { run() } else { tegata::callback::run(run) };
            if let Some(name) = outcome.map_err(at)?
                && !stored.insert(name.clone())
            {
                return Err(at(format!("\"{name}\" is stored twice")));
            }
        }
        if let Some(unused) = stored.iter().find(|name| !world.was_used(name)) {
            return Err(fault(format!("\"{unused}\" is stored, but never used")));
        }
        Ok(())
    }
}

const STEP: &[&str] = &["call", "on", "args", "actor", "request_id", "atomicity", "as", "expect", "error"];

/// Runs one step; answers the name under which its result was stored.
fn run_step(world: &mut World, step: &Map<String, Json>) -> Result<Option<String>, String> {
    if let Some(seconds) = step.get("advance") {
        let seconds = seconds.as_i64().ok_or("\"advance\" is not a number of seconds")?;
        if step.len() > 1 {
            return Err("a step that moves the clock does nothing else".to_owned());
        }
        world.clock.advance(seconds);
        return Ok(None);
    }
    if let Some(unknown) = step.keys().find(|key| !STEP.contains(&key.as_str())) {
        return Err(format!("has an unknown field \"{unknown}\""));
    }
    let text = |key: &str| match step.get(key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("\"{key}\" is not a text")),
    };
    let call = text("call")?.ok_or("has no \"call\"")?;
    let operation = surface::operation(call).ok_or("is no operation of core/tests/operations.json")?;
    let resolved = |key: &str| step.get(key).map(|value| world.resolve(value)).transpose();
    let args = match resolved("args")? {
        None => Map::new(),
        Some(Json::Object(args)) => args,
        Some(_) => return Err("\"args\" is not an object".to_owned()),
    };
    if let Some(unknown) = args.keys().find(|name| !operation.parameters.contains(name)) {
        return Err(format!("has no parameter \"{unknown}\", but {}", operation.parameters.join(", ")));
    }
    let on = resolved("on")?;
    if on.is_some() != operation.on.is_some() {
        return Err(if on.is_some() { "takes no \"on\"" } else { "needs an \"on\"" }.to_owned());
    }
    let (actor, request_id, atomicity) = (text("actor")?, text("request_id")?, text("atomicity")?);
    if (actor.is_some() || request_id.is_some()) && !operation.call {
        return Err("takes no actor and no request ID".to_owned());
    }
    let all = match atomicity {
        None | Some("each") => false,
        Some("all") => true,
        Some(other) => return Err(format!("\"{other}\" is no atomicity")),
    };
    if atomicity.is_some() && !operation.bulk {
        return Err("is no bulk call".to_owned());
    }
    let (expect, error) = (resolved("expect")?, text("error")?);
    if expect.is_some() && error.is_some() {
        return Err("expects a result and an error".to_owned());
    }
    let call = tegata::Call { actor: actor.unwrap_or_default().to_owned(), request_id: request_id.map(str::to_owned) };
    let outcome = surface::run(&Step { world, operation, args: &args, on: on.as_ref(), call, all });
    let result = match (outcome, error) {
        (Err(Fault::Broken(what)), _) => return Err(what),
        (Err(Fault::Refused(refused)), Some(code)) if refused.code() == code => return Ok(None),
        (Err(Fault::Refused(refused)), Some(code)) => {
            return Err(format!("was refused with {}, not {code}: {refused}", refused.code()));
        }
        (Err(Fault::Refused(refused)), None) => return Err(format!("was refused with {}: {refused}", refused.code())),
        (Ok(result), Some(code)) => return Err(format!("was not refused with {code}, but gave {result}")),
        (Ok(result), None) => result,
    };
    if let Some(expected) = expect {
        let found = differences(&expected, &result)?;
        if !found.is_empty() {
            return Err(found.join("; "));
        }
    }
    let name = text("as")?.map(str::to_owned);
    if let Some(name) = &name {
        world.store(name, result);
    }
    Ok(name)
}

/// Whether a step expects the call to succeed; of a bulk call, one of its items at least.
pub fn succeeds(step: &Map<String, Json>) -> bool {
    let items = step.get("expect").and_then(Json::as_array).filter(|_| !expected_errors(step).is_empty());
    !step.contains_key("error") && items.is_none_or(|items| items.iter().any(|item| item.get("ok").is_some()))
}

/// The error codes that a step expects, at its top or in the items of a bulk call.
pub fn expected_errors(step: &Map<String, Json>) -> Vec<&str> {
    let items = step.get("expect").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let top = step.get("error").and_then(Json::as_str);
    let bulk = items.iter().filter_map(|item| item.as_object().filter(|item| item.len() == 1)?.get("error")?.as_str());
    top.into_iter().chain(bulk).collect()
}

/// Bytes, as they stand in a result.
pub fn base64(bytes: &[u8]) -> Json {
    json!({ "base64": data_encoding::BASE64.encode(bytes) })
}
