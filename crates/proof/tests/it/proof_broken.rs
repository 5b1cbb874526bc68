//! A server that breaks a promise on purpose is found out, and one that does not is not.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use voodoo_history::Kind;
use voodoo_proof::run::server::Program;
use voodoo_proof::run::{Plan, Trouble, carry_out};

/// What is found wrong with a server in this mood that goes through a few troubles.
fn found(mood: &str, troubles: Vec<Trouble>) -> BTreeSet<Kind> {
    let plan = Plan {
        program: Program {
            under: Vec::new(),
            binary: Path::new(env!("CARGO_BIN_EXE_broken-server")).to_owned(),
            data: Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("proof_{mood}")),
            settings: vec![("VOODOO_BROKEN".to_owned(), mood.to_owned())],
        },
        n_people: 10,
        n_clients_each: 2,
        group: Some(10),
        window: 4,
        troubles,
        n_acked_between: 200,
        n_acked: 0,
        silence: Duration::from_secs(20),
        seed: 1,
        n_starts: 0,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(carry_out(&plan)).unwrap();
    outcome.anomalies.iter().map(|anomaly| anomaly.kind).collect()
}

#[test]
fn a_server_that_keeps_its_promises_is_not_accused() {
    assert_eq!(found("sound", vec![Trouble::Kill, Trouble::Cut]), BTreeSet::new());
}

#[test]
fn a_server_that_answers_before_it_commits_is_found_out() {
    let found = found("answers_early", vec![Trouble::Kill; 5]);
    assert!(found.contains(&Kind::LostAfterAck), "{found:?}");
}

#[test]
fn a_server_that_forgets_what_was_sent_is_found_out() {
    let found = found("forgets_names", vec![Trouble::Cut; 10]);
    assert!(found.contains(&Kind::Duplicate), "{found:?}");
}

#[test]
fn a_server_that_skips_an_event_is_found_out() {
    let mut found = found("skips_events", vec![Trouble::Cut]);
    // Of what was said last, no later event tells that it was left out.
    found.remove(&Kind::StaysBehind);
    assert_eq!(found, BTreeSet::from([Kind::LineSkips]));
}
