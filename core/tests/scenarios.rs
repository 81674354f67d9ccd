//! Runs every scenario of `core/tests/scenarios`, and checks that they cover the whole surface. Each binding runs the same
//! files; `core/tests/scenarios/README.md` describes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

#[path = "scenarios/runner/mod.rs"]
mod runner;

use runner::{Scenario, load_all};

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
