//! The proof from outside, in its short form: many clients talk to the real binary while it is
//! killed, stopped, cut off and left without a disk, and a checker compares what each of them was
//! told with what everyone reads in the end.

use std::time::Duration;

use voodoo_proof::run::people::QUICK;
use voodoo_proof::run::{Outcome, Plan, Trouble, carry_out};

use crate::server::program;

/// Longer than a client waits for a server that says nothing.
const LONG: Duration = Duration::from_millis(1_500);
const SILENCE: Duration = Duration::from_millis(700);

pub(crate) fn plan(name: &str, troubles: Vec<Trouble>) -> Plan {
    Plan {
        program: program(name, QUICK),
        n_people: 26,
        n_clients_each: 2,
        group: Some(13),
        window: 4,
        troubles,
        n_acked_between: 500,
        n_acked: 0,
        silence: SILENCE,
        seed: 1,
        n_starts: 0,
    }
}

pub(crate) fn prove(plan: &Plan) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(carry_out(plan)).unwrap();
    let first: Vec<_> = outcome.anomalies.iter().take(20).collect();
    assert!(first.is_empty(), "{} anomalies: {first:#?}", outcome.anomalies.len());
    assert_eq!(outcome.recoveries.len(), plan.troubles.len());
    let n_acked = u64::try_from(outcome.history.n_acked()).unwrap();
    assert!(n_acked >= plan.n_acked_between * u64::try_from(plan.troubles.len()).unwrap());
    outcome
}

#[test]
fn acknowledged_messages_survive_twenty_kills() {
    prove(&Plan {
        silence: Duration::from_secs(20),
        ..plan("proof_kills", vec![Trouble::Kill; 20])
    });
}

/// Everyone comes back at the same moment, and there are twenty times as many.
#[test]
fn a_crowd_that_comes_back_at_once_loses_nothing() {
    prove(&Plan {
        n_people: 520,
        window: 1,
        n_acked_between: 2_000,
        silence: Duration::from_secs(20),
        ..plan("proof_crowd", vec![Trouble::Kill; 2])
    });
}

#[test]
fn a_server_that_stood_still_is_left_and_found_again() {
    prove(&plan("proof_stop", vec![Trouble::Stop(LONG); 3]));
}

#[test]
fn connections_that_are_cut_in_the_middle_lose_nothing() {
    prove(&plan("proof_cut", vec![Trouble::Cut; 20]));
}

#[test]
fn a_way_that_swallows_everything_loses_nothing() {
    prove(&plan("proof_hold", vec![Trouble::Hold(LONG); 3]));
}

#[test]
fn a_full_disk_loses_nothing_and_is_got_over() {
    prove(&plan("proof_full", vec![Trouble::Full(Duration::from_millis(500)); 3]));
}

#[test]
fn troubles_of_all_kinds_one_after_the_other_lose_nothing() {
    let pause = Duration::from_millis(300);
    let kinds = [
        Trouble::Kill,
        Trouble::Cut,
        Trouble::Full(pause),
        Trouble::Kill,
        Trouble::Stop(pause),
        Trouble::Hold(pause),
    ];
    prove(&plan("proof_all", kinds.repeat(2)));
}
