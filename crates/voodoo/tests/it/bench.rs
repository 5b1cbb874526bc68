//! The load tool, end to end with few users: that it works, not what it measures.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::run;

/// A scenario in a file, small enough for a test.
fn scenario(name: &str, text: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    let head = format!("name = '{name}'\nabout = 'a test'\nusers = 50\nprocesses = 2\n");
    fs::write(&file, head + text).expect("the scenario is written");
    file
}

#[test]
fn fifty_users_are_measured_and_every_delivery_is_checked() {
    let files = [
        scenario("small-broadcast", "kind = 'broadcast'\nrounds = 3\n"),
        scenario("small-direct", "kind = 'direct'\npairs = 25\nwindow = 2\nseconds = 0.3\n"),
    ];
    let name = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("small-report");
    let (one, other) = (files[0].display().to_string(), files[1].display().to_string());
    let report = name.display().to_string();
    let arguments = ["bench", "--scenario", &one, "--scenario", &other, "--repetitions", "1"];
    let said = run(&[&arguments[..], &["--report", &report]].concat(), &[]);
    // A must may be missed by a build with checks on a busy machine: then the code is 69.
    assert!(matches!(said.code, 0 | 69), "{said:?}");
    assert!(said.out.contains("| small-broadcast |"), "{said:?}");
    let written = fs::read_to_string(name.with_extension("json")).expect("a report");
    let report: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(report["failures"], Value::Array(Vec::new()), "{report}");
    let measured = |number: usize| &report["measured"][number]["details"]["server"];
    assert_eq!(measured(0)["deliveries"], 3 * 49);
    assert_eq!((&measured(0)["checked"], &measured(1)["checked"]), (&50.into(), &50.into()));
    let (sent, acked) = (&measured(1)["sent"], &measured(1)["acked"]);
    assert!(sent.as_u64() > Some(50) && sent == acked, "{report}");
    assert_eq!(sent, &measured(1)["delivered"], "{report}");
}

#[test]
fn a_scenario_that_is_none_is_told_in_words() {
    let file = scenario("wrong", "kind = 'broadcast'\nround = 3\n").display().to_string();
    run(&["bench", "--scenario", &file], &[]).failed(70, "round");
}
