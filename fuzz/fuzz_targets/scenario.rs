//! A scenario file: whatever parses can be asked for its steps and officers without a panic.
#![no_main]

use khatt_core::scenario::Scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(scenario) = Scenario::parse(text) {
        for step in &scenario.steps {
            assert_eq!(
                scenario.step(&step.name).map(|found| &found.name),
                Some(&step.name)
            );
            let _ = scenario.pause_ms(&step.name);
        }
    }
});
