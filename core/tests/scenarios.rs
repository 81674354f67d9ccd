//! Runs every scenario of `core/tests/scenarios`, and checks that they cover the whole surface. Each binding runs the same
//! files; `core/tests/scenarios/README.md` describes them.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value, unreachable_pub)]

#[path = "scenarios/runner/mod.rs"]
mod runner;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use runner::{Scenario, expected_errors, load_all, operations};
use serde_json::json;

/// All of `core/tests/scenarios`; `TEGATA_SCENARIO=part-of-a-file-name` runs some.
#[test]
fn every_scenario_holds() {
    let wanted = std::env::var("TEGATA_SCENARIO").unwrap_or_default();
    let mut failures = Vec::new();
    let mut ran = 0;
    for scenario in load_all() {
        let outcome = match &scenario {
            Ok(scenario) if !scenario.file.contains(&wanted) => continue,
            Ok(scenario) => scenario.run(),
            Err(why) => Err(why.clone()),
        };
        ran += 1;
        failures.extend(outcome.err());
    }
    assert!(ran > 0, "no scenario was found");
    assert!(failures.is_empty(), "{} of {ran} scenarios fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_scenario_has_the_name_of_its_file() {
    for scenario in load_all().into_iter().map(Result::unwrap) {
        let words: Vec<String> = scenario
            .name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        assert_eq!(scenario.file, format!("{}.json", words.join("-")), "of \"{}\"", scenario.name);
    }
}

/// Operations that only a failing store refuses: that the closed registry refuses them is enough.
const REFUSED_BY_THE_STORE_ONLY: &[&str] = &[
    "certificates.count",
    "certificates.erase_uncollected",
    "certificates.retire_superseded",
    "devices.count",
    // Its output cannot fail in a scenario either.
    "events.export",
    "keys.count",
    "keys.erase_expired",
    // What it cannot read it answers too.
    "ocsp.respond",
    "ocsp.respond_get",
    "psks.erase_expired",
    // What is wrong it tells.
    "registry.check_integrity",
    "registry.counts",
    "registry.trust_bundle",
];

/// Operations whose refusal no scenario can bring about, and why.
const NEVER_REFUSED: &[(&str, &str)] = &[
    ("CertificateExtensions.names", "a certificate whose names cannot be read is refused when it is read"),
    ("Crl.get", "a CRL whose entries cannot be read is refused when it is read"),
    ("IssuedWithKey.algorithm", "the registry returns no certificate that it cannot read"),
    ("PrivateKey.sign", "a software key signs everything"),
    ("SoftwareSealer.from_key", "the type does not admit a key of another length"),
    ("make_key", "only a build without `aws-lc` refuses, and only RSA"),
    ("SoftwareSealer.generate", "only the operating system's generator can fail"),
];

#[test]
fn every_operation_is_in_a_scenario_with_success_and_refused() {
    let mut succeeds = BTreeSet::new();
    let mut refused: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for scenario in load_all().into_iter().map(Result::unwrap) {
        for step in &scenario.steps {
            let Some(call) = step.get("call").and_then(|call| call.as_str()) else { continue };
            if runner::succeeds(step) {
                succeeds.insert(call.to_owned());
            }
            let codes = expected_errors(step).into_iter().map(str::to_owned);
            refused.entry(call.to_owned()).or_default().extend(codes);
        }
    }
    let mut missing = String::new();
    for operation in operations() {
        let name = operation.name.as_str();
        if !succeeds.contains(name) {
            writeln!(missing, "{name} never succeeds").unwrap();
        }
        let codes = refused.get(name).into_iter().flatten();
        let store_only = REFUSED_BY_THE_STORE_ONLY.contains(&name);
        let was_refused = codes.clone().any(|code| code != "store.closed" || store_only);
        let exempt = NEVER_REFUSED.iter().any(|(exempt, _)| *exempt == name);
        if operation.refuses && !was_refused && !exempt {
            writeln!(missing, "{name} is never refused").unwrap();
        }
        if store_only && codes.clone().any(|code| code != "store.closed") || exempt && was_refused {
            writeln!(missing, "{name} is refused, so it needs no exemption").unwrap();
        }
    }
    let known: BTreeSet<_> = operations().iter().map(|operation| operation.name.as_str()).collect();
    let exempt = REFUSED_BY_THE_STORE_ONLY.iter().chain(NEVER_REFUSED.iter().map(|(name, _)| name));
    for name in exempt.filter(|name| !known.contains(*name)) {
        writeln!(missing, "{name} is exempt, but no operation").unwrap();
    }
    assert!(missing.is_empty(), "scenarios lack:\n{missing}");
}

/// Runs `steps` as a scenario and answers how it fails.
fn failure(steps: serde_json::Value) -> String {
    let text = json!({ "name": "it fails", "clock": "2026-01-01T00:00:00Z", "steps": steps }).to_string();
    let outcome = Scenario::parse("it-fails.json", &text).and_then(|scenario| scenario.run());
    outcome.expect_err("the scenario holds")
}

/// What a closed registry refuses, a callback is refused as well: the same calls, made from inside one.
#[test]
fn every_call_from_inside_a_callback_is_refused() {
    let closed = load_all().into_iter().map(Result::unwrap).find(|s| s.file.starts_with("a-closed-registry")).unwrap();
    let close = closed.steps.iter().position(|step| step.get("call") == Some(&json!("registry.close"))).unwrap();
    let mut steps = closed.steps.clone();
    steps.remove(close);
    for step in steps.iter_mut().skip(close) {
        assert_eq!(expected_errors(step), ["store.closed"], "{step:?}");
        // A bulk call is refused as a whole.
        step.remove("expect");
        step.insert("error".to_owned(), json!("input.called_back"));
    }
    assert!(steps.len() - close > 90);
    let refused = Scenario { steps, ..closed };
    refused.run_inside(close).unwrap();
    // And only there.
    assert!(refused.run().unwrap_err().contains("was not refused with input.called_back"));
}

/// `wrong-scenarios.json` is for the runner of every language: none may pass there.
#[test]
fn a_scenario_that_expects_something_else_fails_with_file_step_and_difference() {
    let wrong: Vec<serde_json::Value> = serde_json::from_str(include_str!("wrong-scenarios.json")).unwrap();
    assert!(wrong.len() > 30);
    for scenario in wrong {
        let text = failure(scenario["steps"].clone());
        assert!(text.starts_with("it-fails.json (it fails): step "), "{text}");
        assert!(text.contains(scenario["fails"].as_str().unwrap()), "{scenario}: {text}");
    }
}

#[test]
fn what_no_runner_would_look_at_is_refused() {
    let key = json!({ "call": "make_key", "args": { "algorithm": "ed25519" }, "as": "key" });
    let wrong = [
        (json!([{ "call": "devices.enrol" }]), "is no operation"),
        (json!([{ "expect": 1 }]), "has no \"call\""),
        (json!([{ "call": "registry.counts", "expects": {} }]), "unknown field \"expects\""),
        (json!([{ "call": "registry.counts", "args": { "of": 1 } }]), "has no parameter \"of\""),
        (json!([{ "call": "devices.register", "args": { "new": { "nam": "x" } } }]), "unknown field \"nam\""),
        (json!([{ "call": "make_key", "args": { "algorithm": "rsa" } }]), "is not a KeyAlgorithm"),
        (json!([{ "call": "groups.create", "args": {} }]), "\"name\" is not a text: null"),
        (json!([{ "call": "registry.counts", "actor": "a" }]), "takes no actor"),
        (json!([{ "call": "devices.delete", "atomicity": "all" }]), "is no bulk call"),
        (json!([{ "call": "devices.delete_many", "atomicity": "some" }]), "is no atomicity"),
        (json!([{ "call": "registry.counts", "on": "x" }]), "takes no \"on\""),
        (json!([{ "call": "Issued.pem" }]), "needs an \"on\""),
        (json!([key, { "call": "Issued.pem", "on": "$key" }]), "is no "),
        (json!([{ "call": "registry.counts", "expect": {}, "error": "x" }]), "a result and an error"),
        (json!([{ "advance": 1, "call": "registry.counts" }]), "does nothing else"),
        (json!([{ "advance": "1" }]), "not a number of seconds"),
        (json!([key]), "\"key\" is stored, but never used"),
        (
            json!([key, { "call": "make_csr", "args": { "signer": "$key", "subject": "", "san": [] }, "as": "key" }]),
            "twice",
        ),
        (json!([{ "call": "devices.get", "args": { "id": "$nobody.id" } }]), "nothing is stored as \"nobody\""),
        (json!([key, { "call": "devices.get", "args": { "id": "$key.id" } }]), "$key.id: there is no \"id\""),
    ];
    for (steps, why) in wrong {
        let text = failure(steps.clone());
        assert!(text.contains(why), "{steps}: {text}");
    }
    let top = json!({ "name": "x", "clock": "2026-01-01T00:00:00Z", "steps": [], "skip": true }).to_string();
    assert!(Scenario::parse("x.json", &top).is_err_and(|why| why.contains("unknown field \"skip\"")));
}
