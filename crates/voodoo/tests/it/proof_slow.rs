//! Readers that stop reading, in the short form: `cargo xtask bench --scenario slow-readers` is the
//! long one.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::run;

/// The first half wakes while the server still waits for it, the second once it has given up.
const SCENARIO: &str = "name = 'slow'\nabout = 'a test'\nkind = 'slow_readers'\nusers = 550\n\
    slow = 500\nprocesses = 2\npairs = 25\nper_s = 100.0\nseconds = 1.0\nrounds = 250\n\
    text_bytes = 2000\nnot_writable_ms = 8000\n";

#[test]
fn five_hundred_that_stop_reading_cost_little_and_lose_nothing() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("slow.toml");
    fs::write(&file, SCENARIO).expect("the scenario is written");
    let (file, name) = (file.display().to_string(), folder.join("slow-report"));
    let report = name.display().to_string();
    let arguments = ["bench", "--scenario", &file, "--repetitions", "1", "--report", &report];
    let said = run(&arguments, &[]);
    // The ratio of times may be missed on a busy machine: then the code is 69.
    assert!(matches!(said.code, 0 | 69), "{said:?}");
    let written = fs::read_to_string(name.with_extension("json")).expect("a report");
    let report: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(report["failures"], Value::Array(Vec::new()), "{report}");
    let found = &report["measured"][0]["details"];
    assert_eq!(found["checked"], 550, "{report}");
    assert_eq!(found["woken_in_time"]["n_lagging"], 250, "{report}");
    assert_eq!(found["woken_late"]["n_closed"], 250, "{report}");
    assert!(found["woken_late"]["n_pulled"].as_u64() > Some(250 * 100), "{report}");
    // 256 KiB of outbox for each would be 125 MiB: what is told to all is kept once.
    assert!(found["growth_mib"].as_f64() < Some(32.0), "{report}");
}
