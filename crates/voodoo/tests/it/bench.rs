//! The load tool, end to end with few users: that it works, not what it measures.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::{command, run, said};

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
        scenario("small-log-in", "kind = 'log_in'\nwindow = 2\nseconds = 0.3\n"),
    ];
    let name = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("small-report");
    let [one, other, third] = files.map(|file| file.display().to_string());
    let report = name.display().to_string();
    let arguments = ["bench", "--scenario", &one, "--scenario", &other, "--scenario", &third];
    let rest = ["--repetitions", "1", "--report", &report];
    let said = run(&[&arguments[..], &rest].concat(), &[]);
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
    let judged = |number: usize| &report["judged"][number];
    let counts = ["clients", "attempts", "answers", "sights", "read", "beyond"];
    // The first round of a broadcast is not measured. All read what was seen or sent.
    let of_broadcast = counts.map(|name| judged(0)[name].as_u64());
    assert_eq!(of_broadcast, [50, 4, 4, 4 * 49, 4 * 50, 0].map(Some), "{report}");
    for name in ["attempts", "answers", "sights"] {
        assert_eq!(&judged(1)[name], sent, "{name}: {report}");
    }
    for number in 0..2 {
        assert_eq!(judged(number)["anomalies"], Value::Object(Default::default()), "{report}");
    }
    assert!(said.out.contains("Judged: small-broadcast, of 50 watched clients 4 messages"));
    let refused = &report["measured"][2]["details"]["at_once_unavailable"];
    assert!(refused.as_u64() > Some(0), "{report}");
}

#[test]
fn a_run_that_is_interrupted_ends_soon_and_reports() {
    // Longer than any test may take.
    let text = "kind = 'direct'\npairs = 25\nper_s = 100.0\nseconds = 3600.0\n";
    let file = scenario("endless", text).display().to_string();
    let name = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("endless-report");
    let report = name.display().to_string();
    let arguments = ["bench", "--scenario", &file, "--report", &report];
    let mut bench = command(&arguments, &[]);
    let mut bench = bench.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut progress = BufReader::new(bench.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("endless: server") {
        line.clear();
        assert!(progress.read_line(&mut line).expect("a line") > 0, "it ended by itself");
    }
    let pid = bench.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
    // Whatever it still says may not fill the pipe.
    let rest = std::thread::spawn(move || progress.read_to_string(&mut String::new()));
    let said = said(&bench.wait_with_output().expect("it ends"));
    rest.join().expect("no panic").expect("text");
    assert_eq!(said.code, 69, "{said:?}");
    assert!(said.out.contains("Ended early"), "{said:?}");
    let written = fs::read_to_string(name.with_extension("json")).expect("a report");
    let report: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(report["is_interrupted"], Value::Bool(true), "{report}");
    assert_eq!(report["measured"].as_array().map(Vec::len), Some(1), "{report}");
}

#[test]
fn a_scenario_that_is_none_is_told_in_words() {
    let file = scenario("wrong", "kind = 'broadcast'\nround = 3\n").display().to_string();
    run(&["bench", "--scenario", &file], &[]).failed(70, "round");
}
